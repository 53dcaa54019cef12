package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"
)

// scene is a picture whose upper left quarter is red, with noise so that it does not compress away.
func scene(w, h int) *image.RGBA {
	rng := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{uint8(rng.IntN(90)), uint8(rng.IntN(90)), 120, 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{230, 20, 20, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withEXIF puts an EXIF segment behind a JPEG's first marker: an orientation, and a text that must
// not come through.
func withEXIF(file []byte, orientation uint16, secret string) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00")
	tiff = binary.LittleEndian.AppendUint16(tiff, 2)
	entry := func(tag, kind uint16, count, value uint32) {
		tiff = binary.LittleEndian.AppendUint16(tiff, tag)
		tiff = binary.LittleEndian.AppendUint16(tiff, kind)
		tiff = binary.LittleEndian.AppendUint32(tiff, count)
		tiff = binary.LittleEndian.AppendUint32(tiff, value)
	}
	entry(0x010f, 2, uint32(len(secret)), 8+2+24+4) // Make
	entry(0x0112, 3, 1, uint32(orientation))
	tiff = append(binary.LittleEndian.AppendUint32(tiff, 0), secret...)
	payload := append([]byte("Exif\x00\x00"), tiff...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(payload)+2))
	return bytes.Join([][]byte{file[:2], segment, payload, file[2:]}, nil)
}

func red(t *testing.T, file []byte, right, bottom bool) bool {
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	x, y := b.Dx()/4, b.Dy()/4
	if right {
		x = b.Dx() * 3 / 4
	}
	if bottom {
		y = b.Dy() * 3 / 4
	}
	r, _, blue, _ := img.At(x, y).RGBA()
	return r > 0x8000 && blue < 0x6000
}

func TestOrientation(t *testing.T) {
	file := encodeJPEG(t, scene(160, 100))
	for o, corner := range map[uint16][2]bool{ // where the red quarter belongs: right, bottom
		1: {false, false}, 2: {true, false}, 3: {true, true}, 4: {false, true},
		5: {false, false}, 6: {true, false}, 7: {true, true}, 8: {false, true},
		0: {false, false}, 9: {false, false}, 0xffff: {false, false}, // which EXIF does not know
	} {
		p, err := Prepare(withEXIF(file, o, "x"), 1<<19, 4000)
		if err != nil {
			t.Fatal(err)
		}
		if (p.Width > p.Height) != (o < 5 || o > 8) {
			t.Errorf("orientation %d: %d × %d", o, p.Width, p.Height)
		}
		for _, right := range []bool{false, true} {
			for _, bottom := range []bool{false, true} {
				want := corner == [2]bool{right, bottom}
				if red(t, p.JPEG, right, bottom) != want {
					t.Errorf(
						"orientation %d: red at right %v bottom %v is %v", o, right, bottom, !want,
					)
				}
			}
		}
	}
}

func TestNothingButPixelsComesThrough(t *testing.T) {
	const secret = "52.5200N 13.4050E canary"
	file := withEXIF(encodeJPEG(t, scene(64, 64)), 1, secret)
	if !bytes.Contains(file, []byte(secret)) {
		t.Fatal("the control: the secret is not in the file")
	}
	p, err := Prepare(file, 1<<19, 4000)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range [][]byte{p.JPEG, p.Thumb} {
		if bytes.Contains(out, []byte(secret)) || bytes.Contains(out, []byte("Exif")) {
			t.Error("metadata came through")
		}
	}
}

func TestSizes(t *testing.T) {
	file := encodeJPEG(t, scene(1700, 400))
	for _, limit := range []int{1 << 19, 60_000, 9_000} {
		p, err := Prepare(file, limit, 4000)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.JPEG) > limit || len(p.Thumb) > 4000 || max(p.Width, p.Height) > longSide {
			t.Errorf(
				"limit %d: file %d, thumbnail %d, %d × %d", limit, len(p.JPEG), len(p.Thumb),
				p.Width, p.Height,
			)
		}
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(p.JPEG))
		if err != nil || cfg.Width != p.Width || cfg.Height != p.Height {
			t.Errorf("the file has %d × %d, %v", cfg.Width, cfg.Height, err)
		}
	}
	if _, err := Prepare(file, 100, 4000); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a hundred bytes: %v", err)
	}
}

// hugePNG claims a picture of width × height in a few bytes.
func hugePNG(t testing.TB, width, height uint32) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	binary.BigEndian.PutUint32(file[16:], width)
	binary.BigEndian.PutUint32(file[20:], height)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestRefusals(t *testing.T) {
	good := encodeJPEG(t, scene(64, 64))
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"empty":     {nil, ErrNotPicture},
		"text":      {[]byte("hello, this is text"), ErrNotPicture},
		"truncated": {good[:len(good)/3], ErrCut},
		"cut short": {good[:len(good)-len(good)/4], ErrCut},  // whole headers
		"too many":  {hugePNG(t, 1<<14, 1<<13), ErrTooLarge}, // with sides that could be
		"huge":      {hugePNG(t, 100_000, 100_000), ErrTooLarge},
		"a line":    {hugePNG(t, maxPixels, 1), ErrTooLarge}, // took gigabytes to scale
		"long":      {make([]byte, MaxFile+1), ErrTooLarge},
	} {
		if _, err := Prepare(c.file, 1<<19, 4000); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Prepare(good, 1<<19, 4000); err != nil {
		t.Errorf("the control: %v", err)
	}
	longest := append(good, make([]byte, MaxFile-len(good))...)
	if _, err := Prepare(longest, 1<<19, 4000); err != nil {
		t.Errorf("the longest file: %v", err)
	}
	if _, err := Prepare(good, 1<<19, 10); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a thumbnail of ten bytes: %v", err)
	}
}

// rowless is a JPEG that says to be sixteen pixels wide and none high.
func rowless(t testing.TB) []byte {
	file := encodeJPEG(t, scene(16, 16))
	frame := bytes.Index(file, []byte{0xff, 0xc0}) // then two bytes of length, one of precision
	if frame < 0 {
		t.Fatal("no frame header")
	}
	binary.BigEndian.PutUint16(file[frame+5:], 0)
	return file
}

// TestTransparencyIsWhite, since a JPEG has none.
func TestTransparencyIsWhite(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 16, 16))); err != nil {
		t.Fatal(err)
	}
	p, err := Prepare(file.Bytes(), 1<<19, 4000)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	if c := color.GrayModel.Convert(img.At(8, 8)).(color.Gray); c.Y < 0xf0 {
		t.Errorf("what is transparent became a gray of %d", c.Y)
	}
}

// TestSmallPicturesStay as small as they are, down to a single pixel; only large ones shrink.
func TestSmallPicturesStay(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 40}, {64, 48}, {160, 1}} {
		p, err := Prepare(encodeJPEG(t, scene(size[0], size[1])), 1<<19, 4000)
		if err != nil || [2]int{p.Width, p.Height} != size {
			t.Errorf("of %v came %d × %d, %v", size, p.Width, p.Height, err)
			continue
		}
		thumb, err := jpeg.DecodeConfig(bytes.NewReader(p.Thumb))
		if err != nil || [2]int{thumb.Width, thumb.Height} != size {
			t.Errorf("of %v: thumbnail %d × %d, %v", size, thumb.Width, thumb.Height, err)
		}
	}
}

func FuzzPrepare(f *testing.F) {
	f.Add(encodeJPEG(f, scene(16, 16)))
	f.Add(withEXIF(encodeJPEG(f, scene(8, 8)), 6, "x"))
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if cfg, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil &&
			cfg.Width*cfg.Height > 1<<10 {
			return // slow, and the limit has its own test
		}
		p, err := Prepare(file, 1<<16, 4000)
		if err != nil {
			return
		}
		if _, err := jpeg.Decode(bytes.NewReader(p.JPEG)); err != nil || len(p.JPEG) > 1<<16 {
			t.Fatalf("%d bytes, %v", len(p.JPEG), err)
		}
	})
}
