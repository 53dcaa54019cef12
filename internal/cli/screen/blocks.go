package screen

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
)

// blocks draws two pixels a cell: the upper one as a half block, the lower one behind it.
func blocks(out *bytes.Buffer, img *image.RGBA, full bool) {
	b := img.Bounds()
	for y := 0; y < b.Dy(); y += 2 {
		out.WriteString(margin)
		for x := range b.Dx() {
			out.WriteString("\x1b[38;" + code(img.RGBAAt(x, y), full) + "m")
			if y+1 < b.Dy() {
				out.WriteString("\x1b[48;" + code(img.RGBAAt(x, y+1), full) + "m")
			} else {
				out.WriteString("\x1b[49m")
			}
			out.WriteString("▀")
		}
		out.WriteString("\x1b[0m\n")
	}
}

// code is a colour behind "38;" or "48;": its three bytes, or its number among 256.
func code(c color.RGBA, full bool) string {
	if full {
		return fmt.Sprintf("2;%d;%d;%d", c.R, c.G, c.B)
	}
	return fmt.Sprintf("5;%d", nearest(c))
}

// steps are the levels of the cube of 6 × 6 × 6 colours that follows the first sixteen; behind it
// come 24 grays from 8 on, ten apart.
var steps = [6]int{0, 95, 135, 175, 215, 255}

// nearest is the number of the colour, of cube and grays, that is nearest to one.
func nearest(c color.RGBA) int {
	r, g, b := level(c.R), level(c.G), level(c.B)
	cube := distance(c, steps[r], steps[g], steps[b])
	mean := (int(c.R) + int(c.G) + int(c.B)) / 3
	gray := min(max((mean-3)/10, 0), 23)
	if v := 8 + 10*gray; distance(c, v, v, v) < cube {
		return 232 + gray
	}
	return 16 + 36*r + 6*g + b
}

// level is the step nearest to a value.
func level(v uint8) (best int) {
	for i, s := range steps {
		if abs(s-int(v)) < abs(steps[best]-int(v)) {
			best = i
		}
	}
	return best
}

func distance(c color.RGBA, r, g, b int) int {
	square := func(x int) int { return x * x }
	return square(int(c.R)-r) + square(int(c.G)-g) + square(int(c.B)-b)
}

func abs(x int) int { return max(x, -x) }
