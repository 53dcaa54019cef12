// Package picture makes pictures fit to be sent, and what strangers sent fit to be seen: decoded
// under limits, turned upright, its colours made sRGB, stripped of everything that is not picture,
// made smaller and encoded again. It reads bytes and returns bytes.
//
// It is pure. It must not be called with what somebody else chose in the process that holds a
// person's keys: package decoder runs it in a process of its own.
package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"

	"golang.org/x/image/draw"
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
	Notes         []Note // what its author should know
}

// Note is something about a picture that does not go with it, and that its author may miss.
type Note uint8

// Notes.
const (
	FirstFrame Note = 1 + iota // it is animated
	Tables                     // its colours are described in a way that is not read here
	notes
)

func (n Note) String() string {
	switch n {
	case FirstFrame:
		return "the picture is animated: only its first frame goes"
	case Tables:
		return "the colours of the picture are described in a way that this program does not " +
			"read: they are taken as sRGB"
	}
	return "something of the picture does not go"
}

// Known says whether this program knows the note.
func (n Note) Known() bool { return n > 0 && n < notes }

// Prepare makes a picture whose file has at most maxFile bytes and whose thumbnail has at most
// maxThumb. The pixels are the only thing that it takes over from file.
func Prepare(file []byte, maxFile, maxThumb int) (Picture, error) {
	var notes []Note
	file, animated := still(file)
	if animated {
		notes = append(notes, FirstFrame)
	}
	img, format, err := decode(file, maxPixels)
	if err != nil {
		return Picture{}, err
	}
	small := shrink(img, longSide)
	if !toSRGB(small, file, format) {
		notes = append(notes, Tables)
	}
	upright := orient(small, orientation(file, format))
	data, final, err := fit(upright, longSide, maxFile, qualities)
	if err != nil {
		return Picture{}, err
	}
	thumb, _, err := fit(final, thumbSide, maxThumb, qualities)
	if err != nil {
		return Picture{}, err
	}
	return Picture{
		JPEG: data, Thumb: thumb, Width: final.Bounds().Dx(), Height: final.Bounds().Dy(),
		Notes: notes,
	}, nil
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
func fit(img *image.RGBA, side, limit int, qualities []int) ([]byte, *image.RGBA, error) {
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
