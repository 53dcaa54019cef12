package picture_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"murmuration/client/picture"
)

// Whatever comes in, a JPEG without metadata comes out, no larger than is asked for.
func ExamplePrepare() {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 3200, 1600))); err != nil {
		panic(err)
	}
	p, err := picture.Prepare(file.Bytes(), 64<<10, 4000)
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Width, p.Height, len(p.JPEG) <= 64<<10, len(p.Thumb) <= 4000)
	// Output: 1600 800 true true
}
