package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
)

// draw paints a flock over an evening sky, as a PNG file of width × height pixels: the photo of a
// demo without one.
func draw(width, height int) []byte {
	birds := width * height / 180
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		t := float64(y) / float64(height)
		sky := color.RGBA{uint8(60 + 180*t), uint8(80 + 90*t), uint8(150 - 40*t), 255}
		for x := range width {
			picture.SetRGBA(x, y, sky)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range birds {
		// A flock is dense along a curve and thins out away from it.
		u := rng.Float64()
		x := (0.12+0.76*u)*float64(width) + rng.NormFloat64()*18
		y := float64(height)*(0.45+0.22*math.Sin(5.2*u)) + rng.NormFloat64()*(10+34*u)
		bird(picture, int(x), int(y), 1+rng.IntN(3))
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		panic(err) // memory does not fail to take a picture
	}
	return file.Bytes()
}

// bird is two wings.
func bird(picture *image.RGBA, x, y, span int) {
	dark := color.RGBA{24, 20, 36, 255}
	for i := -span; i <= span; i++ {
		lift := i
		if lift < 0 {
			lift = -lift
		}
		if (image.Point{x + i, y - lift/2}).In(picture.Rect) {
			picture.SetRGBA(x+i, y-lift/2, dark)
		}
	}
}
