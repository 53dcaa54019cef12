package demo

import (
	"testing"

	"murmuration/client/picture"
)

func TestDrawnPhotosAreOfTheSizesWanted(t *testing.T) {
	for _, c := range []struct{ width, height, least, most int }{{640, 400, 20 << 10, 50 << 10},
		{960, 600, 60 << 10, 70 << 10}} {
		p, err := picture.Prepare(draw(c.width, c.height), 1<<20, 4<<10)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(p.JPEG); n < c.least || n > c.most {
			t.Errorf("%d × %d pixels make %d bytes, want %d to %d", c.width, c.height, n, c.least,
				c.most)
		}
	}
}
