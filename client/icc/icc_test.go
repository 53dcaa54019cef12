package icc

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"testing"
)

func s15(v float64) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(int32(v*(1<<16)+0.5)))
}

func numbers(kind string, head []byte, values ...float64) []byte {
	b := append([]byte(kind+"\x00\x00\x00\x00"), head...)
	for _, v := range values {
		b = append(b, s15(v)...)
	}
	return b
}

// parametric is the curve of sRGB as profiles have it.
var parametric = numbers("para", []byte{0, 3, 0, 0}, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)

// profile writes one of a colour space.
func profile(space string, tags map[string][]byte) []byte {
	b := make([]byte, headerSize)
	copy(b[16:], space+"XYZ ")
	copy(b[36:], "acsp")
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	from, data := len(b)+tagSize*len(tags), []byte(nil)
	for name, tag := range tags {
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, uint32(from+len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(tag)))
		data = append(data, tag...)
	}
	return append(b, data...)
}

func of(colours [3]xy, curve []byte) []byte {
	tags := map[string][]byte{"rTRC": curve, "gTRC": curve, "bTRC": curve}
	m := space(d65, colours)
	for i, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tags[name] = numbers("XYZ ", nil, m[0][i], m[1][i], m[2][i])
	}
	return profile("RGB ", tags)
}

func converted(p *Profile, c color.RGBA) color.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 1, 1))
	img.SetRGBA(0, 0, c)
	p.SRGB(img)
	return img.RGBAAt(0, 0)
}

func close(a, b color.RGBA) bool {
	off := func(x, y uint8) bool { return max(x, y)-min(x, y) > 4 }
	return !off(a.R, b.R) && !off(a.G, b.G) && !off(a.B, b.B) && a.A == b.A
}

// TestColoursOfSRGB are those that CSS Color 4 gives for sRGB's red and green in each space.
func TestColoursOfSRGB(t *testing.T) {
	parse := func(b []byte) *Profile {
		p, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	gamma := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33")
	red, green := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}
	p3red, p3green := color.RGBA{234, 51, 35, 255}, color.RGBA{117, 251, 76, 255}
	adobeRed, adobeGreen := color.RGBA{219, 0, 0, 255}, color.RGBA{144, 255, 60, 255}
	for name, c := range map[string]struct {
		profile           *Profile
		red, green, white color.RGBA
	}{
		"a file of Display P3": {parse(of(p3, parametric)), p3red, p3green, color.RGBA{}},
		"P3 by its code":       {Coded(12, 13), p3red, p3green, color.RGBA{}},
		"a file of Adobe RGB":  {parse(of(adobe, gamma)), adobeRed, adobeGreen, color.RGBA{}},
		"Adobe RGB":            {AdobeRGB(), adobeRed, adobeGreen, color.RGBA{}},
		"a file of sRGB":       {parse(of(rec709, parametric)), red, green, color.RGBA{}},
	} {
		if got := converted(c.profile, c.red); !close(got, red) {
			t.Errorf("%s: red is %v", name, got)
		}
		if got := converted(c.profile, c.green); !close(got, green) {
			t.Errorf("%s: green is %v", name, got)
		}
		white := color.RGBA{255, 255, 255, 255}
		if got := converted(c.profile, white); !close(got, white) {
			t.Errorf("%s: white is %v", name, got)
		}
		if plain := c.profile.Plain(); plain != (name == "a file of sRGB") {
			t.Errorf("%s: plain is %v", name, plain)
		}
	}
	if got := converted(Coded(12, 13), red); !close(got, red) { // it is redder than sRGB can be
		t.Errorf("P3's own red: %v", got)
	}
	if got := converted(Gamma(100_000, nil), color.RGBA{55, 55, 55, 255}); got.R < 120 ||
		got.R > 132 { // linear light of 0.2157 is 128 of sRGB
		t.Errorf("linear light: %v", got)
	}
}

func TestGray(t *testing.T) {
	linear := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00")
	p, err := Parse(profile("GRAY", map[string][]byte{"kTRC": linear}))
	if err != nil || !p.Gray || p.Plain() {
		t.Fatalf("%+v, %v", p, err)
	}
	if got := converted(p, color.RGBA{55, 55, 55, 255}); got.R != got.B || got.R < 120 {
		t.Errorf("%v", got)
	}
}

// TestProfilesThatAreNotRead say why: tables are somebody's, damage is damage.
func TestProfilesThatAreNotRead(t *testing.T) {
	good := of(p3, parametric)
	long := []byte("curv\x00\x00\x00\x00\xff\xff\xff\xff\x02\x33")
	outside := append([]byte(nil), good...)
	binary.BigEndian.PutUint32(outside[headerSize+8:], 1<<31)
	huge := profile("RGB ", map[string][]byte{
		"rTRC": parametric, "rXYZ": numbers("XYZ ", nil, 5, 0, 0),
	})
	for name, c := range map[string]struct {
		file  []byte
		table bool
	}{
		"tables":        {profile("RGB ", map[string][]byte{"A2B0": make([]byte, 40)}), true},
		"inks":          {profile("CMYK", map[string][]byte{"A2B0": make([]byte, 40)}), true},
		"nothing":       {nil, false},
		"no header":     {make([]byte, 200), false},
		"cut":           {good[:len(good)-60], false},
		"outside":       {outside, false},
		"a long curve":  {of(p3, long), false},
		"no curve":      {of(p3, make([]byte, 20)), false},
		"a huge colour": {huge, false},
	} {
		_, err := Parse(c.file)
		if err == nil || errors.Is(err, ErrTable) != c.table {
			t.Errorf("%s: %v", name, err)
		}
	}
	if Coded(9, 16) != nil || Coded(200, 13) != nil || Gamma(1, nil) != nil ||
		Gamma(45455, &[8]uint32{1, 0, 0, 0, 0, 0, 0, 0}) != nil ||
		Gamma(45455, &[8]uint32{1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}) != nil {
		t.Error("a space that is not known, or makes no sense")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(of(p3, parametric))
	f.Add(profile("GRAY", map[string][]byte{"kTRC": parametric}))
	f.Add(of(adobe, numbers("para", []byte{0, 4, 0, 0}, 2, 0, 1, 0, 1, 2, 3)))
	f.Add(of(adobe, numbers("para", []byte{0, 1, 0, 0}, -2, 0, 0)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		p.Plain()
		for _, v := range []uint8{0, 1, 128, 255} {
			converted(p, color.RGBA{v, 255 - v, v / 2, 255})
		}
	})
}
