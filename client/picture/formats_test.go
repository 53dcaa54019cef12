package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"
)

// withChunk puts a chunk behind the header of a PNG.
func withChunk(file []byte, name string, data []byte) []byte {
	const header = 33
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	chunk = append(append(chunk, name...), data...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return slices.Concat(file[:header], chunk, file[header:])
}

// withSegment puts one behind the first marker of a JPEG.
func withSegment(file []byte, marker byte, data string) []byte {
	head := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2))
	return slices.Concat(file[:2], head, []byte(data), file[2:])
}

func plainPNG(t testing.TB, c color.Color) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		img.Set(i%16, i/16, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func deflated(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return append([]byte("name\x00\x00"), b.Bytes()...)
}

// displayP3 is a profile as phones write it: matrix and curve in 548 bytes.
func displayP3() []byte {
	fixed := func(b []byte, values ...float64) []byte {
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(v*65536)))
		}
		return b
	}
	curve := fixed([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"),
		2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	tags := []struct {
		name string
		data []byte
	}{
		{"rXYZ", fixed([]byte("XYZ \x00\x00\x00\x00"), 0.51512, 0.24120, -0.00105)},
		{"gXYZ", fixed([]byte("XYZ \x00\x00\x00\x00"), 0.29198, 0.69225, 0.04189)},
		{"bXYZ", fixed([]byte("XYZ \x00\x00\x00\x00"), 0.15710, 0.06657, 0.78407)},
		{"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve},
	}
	b := make([]byte, 128)
	copy(b[16:], "RGB XYZ ")
	copy(b[36:], "acsp")
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	var data []byte
	for _, tag := range tags {
		b = binary.BigEndian.AppendUint32(append(b, tag.name...), uint32(132+72+len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(tag.data)))
		data = append(data, tag.data...)
	}
	return append(b, data...)
}

// TestWideColoursBecomeSRGB: (234, 51, 35) of Display P3 is sRGB's red. What is not read is said,
// what makes no sense is nothing, and a bomb in a profile is as small as it came.
func TestWideColoursBecomeSRGB(t *testing.T) {
	file := plainPNG(t, color.NRGBA{234, 51, 35, 255})
	p3, bomb := displayP3(), deflated(t, make([]byte, 64<<20))
	if len(bomb) > 1<<17 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	var photo bytes.Buffer
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&photo, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	half := len(p3) / 2
	cut := withSegment(photo.Bytes(), 0xe2, iccHeader+"\x02\x02"+string(p3[half:]))
	cut = withSegment(cut, 0xe2, iccHeader+"\x01\x02"+string(p3[:half]))
	tables := make([]byte, 200)
	copy(tables[16:], "CMYKLab ")
	copy(tables[36:], "acsp")
	gamma := binary.BigEndian.AppendUint32(nil, 100_000) // linear light: all is brighter
	red, same := [3]uint8{255, 0, 0}, [3]uint8{234, 51, 35}
	for name, c := range map[string]struct {
		file  []byte
		want  [3]uint8
		notes int
	}{
		"nothing said":      {file, same, 0},
		"iCCP":              {withChunk(file, "iCCP", deflated(t, p3)), red, 0},
		"cICP":              {withChunk(file, "cICP", []byte{12, 13, 0, 1}), red, 0},
		"JPEG":              {cut, red, 0},
		"linear light":      {withChunk(file, "gAMA", gamma), [3]uint8{246, 124, 104}, 0},
		"high range":        {withChunk(file, "cICP", []byte{9, 16, 0, 1}), same, 1},
		"tables":            {withChunk(file, "iCCP", deflated(t, tables)), same, 1},
		"a deflate bomb":    {withChunk(file, "iCCP", bomb), same, 1},
		"a profile of air":  {withChunk(file, "iCCP", []byte("x")), same, 1},
		"gamma of no sense": {withChunk(file, "gAMA", []byte{0, 0, 0, 1}), same, 0},
	} {
		p, err := Prepare(c.file, 1<<16, 4000)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		if err != nil {
			t.Fatal(err)
		}
		r, g, b, _ := got.At(8, 8).RGBA()
		for i, v := range []uint32{r >> 8, g >> 8, b >> 8} {
			if off := int(v) - int(c.want[i]); off < -6 || off > 6 {
				t.Errorf("%s: %d, %d, %d instead of %v", name, r>>8, g>>8, b>>8, c.want)
				break
			}
		}
		if len(p.Notes) != c.notes || c.notes > 0 && p.Notes[0] != Tables {
			t.Errorf("%s: notes %v", name, p.Notes)
		}
	}
}

// losslessWebP is a picture of one pixel, as cwebp writes it.
const losslessWebP = "\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

func webp(chunks ...[]byte) []byte {
	return appendChunk(nil, "RIFF", append([]byte("WEBP"), slices.Concat(chunks...)...))
}

// TestOnlyTheFirstFrameGoes of what is animated, and its author is told.
func TestOnlyTheFirstFrameGoes(t *testing.T) {
	pages := &gif.GIF{}
	for i := range 3 {
		page := image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{
			color.Black, color.Gray{uint8(80 * i)},
		})
		pages.Image, pages.Delay = append(pages.Image, page), append(pages.Delay, 5)
	}
	var moving, resting bytes.Buffer
	if err := gif.EncodeAll(&moving, pages); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&resting, pages.Image[0], nil); err != nil {
		t.Fatal(err)
	}
	frame := appendChunk(nil, "ANMF",
		append(make([]byte, frameHeader), appendChunk(nil, "VP8L", []byte(losslessWebP))...))
	canvas := appendChunk(nil, "VP8X", append([]byte{2}, make([]byte, 9)...))
	still := appendChunk(nil, "VP8L", []byte(losslessWebP))
	one := plainPNG(t, color.White)
	for name, c := range map[string]struct {
		file     []byte
		animated bool
	}{
		"GIF": {moving.Bytes(), true}, "one GIF": {resting.Bytes(), false},
		"APNG":     {withChunk(one, "acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), true},
		"one APNG": {withChunk(one, "acTL", []byte{0, 0, 0, 1, 0, 0, 0, 0}), false},
		"PNG":      {one, false},
		"WebP":     {webp(canvas, appendChunk(nil, "ANIM", make([]byte, 6)), frame, frame), true},
		"one WebP": {webp(still), false},
	} {
		p, err := Prepare(c.file, 1<<16, 4000)
		if err != nil || slices.Contains(p.Notes, FirstFrame) != c.animated {
			t.Errorf("%s: %v, %v", name, p.Notes, err)
		}
		told := strings.Contains(FirstFrame.String(), "only its first frame")
		found := slices.ContainsFunc(Inspect(c.file), func(f Found) bool {
			return strings.Contains(f.What, "frames")
		})
		if !told || found != c.animated {
			t.Errorf("%s: what is found of frames: %v", name, found)
		}
	}
}

// TestFormatsThatAreNotRead have each their own hint.
func TestFormatsThatAreNotRead(t *testing.T) {
	box := func(brand string) []byte { return []byte("\x00\x00\x00\x18ftyp" + brand + "\x00\x00") }
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"HEIC": {box("heic"), ErrHEIC}, "HEIF": {box("mif1"), ErrHEIC},
		"AVIF": {box("avif"), ErrAVIF},
		"film": {box("isom"), ErrNotPicture},
		"SVG":  {[]byte("\xef\xbb\xbf\n <?xml version='1.0'?><svg/>"), ErrDrawing},
		"HTML": {[]byte("<script>alert(1)</script>"), ErrDrawing},
		"TIFF": {[]byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00"), ErrNotPicture},
		"half": {[]byte("RIFF\x04\x00\x00\x00WEBP"), ErrNotPicture},
	} {
		_, err := Prepare(c.file, 1<<16, 4000)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(ErrHEIC.Hint(), "heif-convert") || ErrAVIF.Hint() == "" {
		t.Error("no hint what to do")
	}
}

// TestWhatStrangersSend is taken if it is a JPEG of the announced size, and never as it came.
func TestWhatStrangersSend(t *testing.T) {
	good := withSegment(withEXIF(encodeJPEG(t, scene(64, 40)), 1, "canary"), 0xfe, "<script>")
	again, err := Renew(good, 64, 40)
	if err != nil || bytes.Contains(again, []byte("canary")) ||
		bytes.Contains(again, []byte("<script>")) || red(t, again, true, false) ||
		!red(t, again, false, false) {
		t.Errorf("%d bytes, %v", len(again), err)
	}
	if w, h, err := Plain(again); err != nil || w != 64 || h != 40 {
		t.Errorf("%d × %d, %v", w, h, err)
	}
	if _, _, err := Plain(good); err == nil {
		t.Error("what came is plain")
	}
	noise, err := Prepare(encodeJPEG(t, scene(1600, 1200)), 128<<10, 4000)
	if err != nil {
		t.Fatal(err)
	}
	if large, err := Renew(noise.JPEG, noise.Width, noise.Height); err != nil ||
		len(large) > MaxRenewed {
		t.Errorf("%d bytes, %v", len(large), err)
	}
	if thumb, err := RenewThumb(noise.Thumb); err != nil || len(thumb) > MaxRenewedThumb {
		t.Errorf("a thumbnail: %d bytes, %v", len(thumb), err)
	}
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"another size": {encodeJPEG(t, scene(40, 64)), ErrAnnounced},
		"a PNG":        {plainPNG(t, color.White), ErrNotPicture},
		"an SVG":       {[]byte("<svg><image href='https://x/'/></svg>"), ErrNotPicture},
		"a cut one":    {good[:len(good)-30], ErrCut},
		"nothing":      {nil, ErrNotPicture},
	} {
		if _, err := Renew(c.file, 64, 40); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := RenewThumb(encodeJPEG(t, scene(900, 900))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large thumbnail: %v", err)
	}
}

// TestPlainIsStrict: nothing stands before, between or behind.
func TestPlainIsStrict(t *testing.T) {
	p, err := Prepare(encodeJPEG(t, scene(64, 40)), 1<<16, 4000)
	if err != nil {
		t.Fatal(err)
	}
	good := p.JPEG
	if _, _, err := Plain(good); err != nil {
		t.Errorf("the control: %v", err)
	}
	for name, bad := range map[string][]byte{
		"before": append([]byte("x"), good...), "behind": append(bytes.Clone(good), "x"...),
		"between": slices.Concat(good[:2], []byte("x"), good[2:]), "nothing": nil,
		"comment": withSegment(good, 0xfe, "x"), "EXIF": withSegment(good, 0xe1, "x"),
		"cut": good[:len(good)-2], "ends": []byte("\xff\xd8\xff\xd9"),
		"two": slices.Concat(good[:len(good)-2], good[2:]),
	} {
		if _, _, err := Plain(bad); err == nil {
			t.Errorf("%s: plain", name)
		}
	}
}

// TestWhatIsFound in files of each kind is named, on one line, however it is written.
func TestWhatIsFound(t *testing.T) {
	photo := withEXIF(encodeJPEG(t, scene(16, 16)), 6, "52.52 canary")
	photo = withSegment(photo, 0xfe, "by\x1b[31m Ada\u202e\nB.")
	photo = withSegment(photo, 0xe1, "http://ns.adobe.com/xap/1.0/\x00<x/>")
	photo = append(photo, make([]byte, 5000)...)
	drawn := withChunk(plainPNG(t, color.White), "tEXt", []byte("Author\x00Ada"))
	drawn = withChunk(drawn, "tIME", make([]byte, 7))
	moved := webp(
		appendChunk(nil, "VP8L", []byte(losslessWebP)), appendChunk(nil, "XMP ", []byte("x")),
	)
	for name, c := range map[string]struct {
		file []byte
		want []Found
	}{
		"JPEG": {photo, []Found{
			{"comment", "by [31m Ada B.", 17}, {What: "EXIF"}, {What: "XMP"},
			{What: "something behind the end of the picture", Bytes: 5000},
		}},
		"PNG":  {drawn, []Found{{"text “Author”", "Ada", 10}, {What: "time of the last change"}}},
		"WebP": {moved, []Found{{What: "XMP", Bytes: 1}}},
	} {
		all := Inspect(c.file)
		for _, want := range c.want {
			if !slices.ContainsFunc(all, func(f Found) bool {
				return f.What == want.What && (want.Value == "" || f.Value == want.Value) &&
					(want.Bytes == 0 || f.Bytes == want.Bytes)
			}) {
				t.Errorf("%s: no %+v in %+v", name, want, all)
			}
		}
	}
	if clean := Inspect(plainPNG(t, color.White)); len(clean) != 0 {
		t.Errorf("in nothing is %+v", clean)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(withEXIF(encodeJPEG(f, scene(8, 8)), 6, "x"))
	f.Add(withChunk(plainPNG(f, color.White), "tEXt", []byte("a\x00b")))
	f.Add(webp(appendChunk(nil, "VP8L", []byte(losslessWebP))))
	f.Fuzz(func(t *testing.T, file []byte) {
		found := Inspect(file)
		if len(found) > maxFound {
			t.Fatalf("%d", len(found))
		}
		for _, v := range found {
			if len(v.Value) > maxValue || strings.ContainsAny(v.Value, "\n\x1b\u202e") {
				t.Fatalf("%+v", v)
			}
		}
		Plain(file)
		still(file)
	})
}
