package icc

import (
	"image"
	"math"
)

// matrix turns one set of three colours into another.
type matrix [3][3]float64

// fromD50 is XYZ under D50 to the linear light of sRGB: the inverse of sRGB's colours in D50.
var fromD50 = inverse(matrix{
	{0.4360747, 0.3850649, 0.1430804},
	{0.2225045, 0.7168786, 0.0606169},
	{0.0139322, 0.0971045, 0.7141733},
})

func (m matrix) times(o matrix) (p matrix) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				p[i][j] += m[i][k] * o[k][j]
			}
		}
	}
	return p
}

// inverse is by cofactors; of a matrix that has none, whatever comes.
func inverse(m matrix) (inv matrix) {
	det := 0.0
	for i := range 3 {
		det += m[0][i] * (m[1][(i+1)%3]*m[2][(i+2)%3] - m[1][(i+2)%3]*m[2][(i+1)%3])
	}
	for i := range 3 {
		for j := range 3 {
			a, b := m[(j+1)%3], m[(j+2)%3]
			inv[i][j] = (a[(i+1)%3]*b[(i+2)%3] - a[(i+2)%3]*b[(i+1)%3]) / det
		}
	}
	return inv
}

// near says that two numbers give the same eight bits.
func near(a, b float64) bool { return math.Abs(a-b) < 1.0/512 }

// Plain says whether the profile means sRGB, so that nothing is to be done.
func (p *Profile) Plain() bool {
	for _, c := range p.curves {
		for i := range c {
			if !near(encode(c[i]), encode(srgb[i])) {
				return false
			}
		}
	}
	if p.Gray {
		return true
	}
	product := fromD50.times(p.matrix)
	for i := range 3 {
		for j := range 3 {
			want := 0.0
			if i == j {
				want = 1
			}
			if !near(product[i][j], want) {
				return false
			}
		}
	}
	return true
}

// levels is how finely linear light is told apart on its way to eight bits: at the dark end, where
// the curve of sRGB is steepest, one step is a quarter of one of those.
const levels = 1 << 14

// SRGB turns the picture into sRGB, in place. Colours that sRGB does not have become the nearest
// that it has, each of red, green and blue by itself.
func (p *Profile) SRGB(img *image.RGBA) {
	product := fromD50.times(p.matrix)
	if p.Gray {
		product = matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	}
	var linear [3][256]float64
	for i := range linear {
		for v := range 256 {
			linear[i][v] = p.curves[i].at(float64(v) / 255)
		}
	}
	var out [levels + 1]uint8
	for i := range out {
		out[i] = uint8(255*encode(float64(i)/levels) + 0.5)
	}
	for i := 0; i+3 < len(img.Pix); i += 4 {
		r, g, b := linear[0][img.Pix[i]], linear[1][img.Pix[i+1]], linear[2][img.Pix[i+2]]
		for j, row := range product {
			light := row[0]*r + row[1]*g + row[2]*b
			img.Pix[i+j] = out[int(min(max(light, 0), 1)*levels+0.5)]
		}
	}
}
