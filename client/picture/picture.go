// Package picture makes pictures fit to be sent: decoded under limits, turned upright, stripped of
// everything that is not picture, made smaller and encoded again. It reads bytes and returns bytes.
package picture

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif" // formats that people have
	"image/jpeg"
	_ "image/png"

	"github.com/bep/imagemeta"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"murmuration/client/fault"
)

// Faults of pictures.
var (
	ErrNotPicture = fault.New(
		fault.User, "not a picture that this program reads",
		"It reads JPEG, PNG, GIF and WebP: convert it first.",
	)
	ErrTooLarge = fault.New(
		fault.User, "the picture is too large",
		"It may have 32 MiB, 64 million pixels, and 65,536 on a side: make it smaller first.",
	)
)

// Limits of what is read, and sizes of what comes out.
const (
	MaxFile   = 32 << 20
	maxPixels = 64 << 20 // 256 MiB while decoding
	maxSide   = 1 << 16  // scaling keeps 64 bytes a pixel of a side; only PNG knows longer ones
	longSide  = 1600
	thumbSide = 160
)

// qualities are tried in this order until the file is small enough; then the picture shrinks.
var qualities = []int{85, 75, 65, 50}

// Picture is a JPEG file without metadata, upright, and its thumbnail.
type Picture struct {
	JPEG          []byte
	Thumb         []byte
	Width, Height int
}

// Prepare makes a picture whose file has at most maxFile bytes and whose thumbnail has at most
// maxThumb. The pixels are the only thing that it takes over from file.
func Prepare(file []byte, maxFile, maxThumb int) (Picture, error) {
	img, format, err := decode(file)
	if err != nil {
		return Picture{}, err
	}
	upright := orient(shrink(img, longSide), orientation(file, format))
	data, final, err := fit(upright, longSide, maxFile)
	if err != nil {
		return Picture{}, err
	}
	thumb, _, err := fit(final, thumbSide, maxThumb)
	if err != nil {
		return Picture{}, err
	}
	return Picture{
		JPEG: data, Thumb: thumb, Width: final.Bounds().Dx(), Height: final.Bounds().Dy(),
	}, nil
}

// decode looks at the size before it decodes: a small file can claim a huge picture.
func decode(file []byte) (image.Image, string, error) {
	if len(file) > MaxFile {
		return nil, "", ErrTooLarge.With("%d bytes", len(file))
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, "", ErrNotPicture.With("%w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 {
		return nil, "", ErrNotPicture.With("%d × %d pixels", cfg.Width, cfg.Height)
	}
	if int64(cfg.Width)*int64(cfg.Height) > maxPixels || max(cfg.Width, cfg.Height) > maxSide {
		return nil, "", ErrTooLarge.With("%d × %d pixels", cfg.Width, cfg.Height)
	}
	img, format, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, "", ErrNotPicture.With("%w", err)
	}
	return img, format, nil
}

// shrink scales the picture down so that its longer side has at most `side` pixels, onto white.
func shrink(img image.Image, side int) *image.RGBA {
	from := img.Bounds()
	w, h := from.Dx(), from.Dy()
	if long := max(w, h); long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(out, out.Bounds(), img, from, draw.Over, nil)
	return out
}

// fit encodes at the best quality that has at most limit bytes, and makes the picture smaller by a
// quarter when none has.
func fit(img *image.RGBA, side, limit int) ([]byte, *image.RGBA, error) {
	for ; side >= 16; side = side * 3 / 4 {
		small := shrink(img, side)
		for _, q := range qualities {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: q}); err != nil {
				return nil, nil, ErrNotPicture.With("encoding: %w", err)
			}
			if b.Len() <= limit {
				return b.Bytes(), small, nil
			}
		}
	}
	return nil, nil, ErrTooLarge.With("it does not fit into %d bytes", limit)
}

// metaFormats are the formats that can carry EXIF, by the names of package image.
var metaFormats = map[string]imagemeta.ImageFormat{
	"jpeg": imagemeta.JPEG, "png": imagemeta.PNG, "webp": imagemeta.WebP,
}

// orientation is the EXIF orientation of a picture, 1 (upright) to 8; 1 when there is none, or when
// the metadata cannot be read, since they are dropped anyway.
func orientation(file []byte, format string) int {
	value := 1
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(file), ImageFormat: metaFormats[format], Sources: imagemeta.EXIF,
		LimitNumTags: 500, LimitTagSize: 1 << 16,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return tag.Tag == "Orientation" },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if v, ok := tag.Value.(uint16); ok && v >= 1 && v <= 8 {
				value = int(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	return value
}

// orient undoes an EXIF orientation (EXIF 2.32, 4.6.4 A).
func orient(img *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return img
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := turn(orientation, x, y, w, h)
			out.SetRGBA(tx, ty, img.RGBAAt(x, y))
		}
	}
	return out
}

// turn says where a stored pixel belongs in the upright picture.
func turn(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	default: // 8
		return y, w - 1 - x
	}
}
