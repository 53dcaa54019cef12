package icc

// xy is the chromaticity of a colour (CIE 1931).
type xy struct{ x, y float64 }

// d65 is the white of all spaces that are named here.
var d65 = xy{0.3127, 0.3290}

// bradford turns XYZ into the cones' answers in which whites are adapted (ICC.1:2022, annex E).
var bradford = matrix{
	{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296},
}

// d50 is the white of the space in which profiles meet.
var d50 = [3]float64{0.9642, 1, 0.8249}

func (c xy) xyz() [3]float64 { return [3]float64{c.x / c.y, 1, (1 - c.x - c.y) / c.y} }

func (m matrix) of(v [3]float64) (out [3]float64) {
	for i, row := range m {
		out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2]
	}
	return out
}

// diagonal scales each of three colours.
func diagonal(v [3]float64) matrix { return matrix{{v[0]}, {0, v[1]}, {0, 0, v[2]}} }

// space is the matrix of three colours under a white, adapted to D50.
func space(white xy, colours [3]xy) matrix {
	var columns matrix
	for i, c := range colours {
		for row, v := range c.xyz() {
			columns[row][i] = v
		}
	}
	scaled := columns.times(diagonal(inverse(columns).of(white.xyz())))
	from, to := bradford.of(white.xyz()), bradford.of(d50)
	adapt := diagonal([3]float64{to[0] / from[0], to[1] / from[1], to[2] / from[2]})
	return inverse(bradford).times(adapt).times(bradford).times(scaled)
}

// Colours of known spaces.
var (
	rec709  = [3]xy{{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}}
	rec2020 = [3]xy{{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}}
	p3      = [3]xy{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}
	adobe   = [3]xy{{0.64, 0.33}, {0.21, 0.71}, {0.15, 0.06}}
)

func known(colours [3]xy, c curve) *Profile {
	return &Profile{curves: [3]curve{c, c, c}, matrix: space(d65, colours)}
}

// AdobeRGB is what cameras mean that say "R03" in place of a profile.
func AdobeRGB() *Profile { return known(adobe, power(563.0/256)) }

// Coded is the profile of code points of ITU-T H.273, as PNG's cICP has them: primaries, and the
// transfer. What is not known here, high dynamic range before all, is nil.
func Coded(primaries, transfer byte) *Profile {
	curves := map[byte]curve{1: srgb, 6: srgb, 13: srgb, 14: srgb, 15: srgb, 8: power(1)}
	colours := map[byte][3]xy{1: rec709, 9: rec2020, 12: p3}
	c, ok := curves[transfer]
	primary, okay := colours[primaries]
	if !ok || !okay {
		return nil
	}
	return known(primary, c)
}

// Gamma is the profile of a PNG's gAMA and cHRM: its exponent as 100,000ths of 1/γ, and the
// chromaticities of white, red, green and blue in as many; nil ones are sRGB's. What makes no sense
// is nil.
func Gamma(exponent uint32, chromaticities *[8]uint32) *Profile {
	if exponent < 10_000 || exponent > 1_000_000 {
		return nil
	}
	p := known(rec709, power(100_000/float64(exponent)))
	if chromaticities == nil {
		return p
	}
	var all [4]xy
	for i := range all {
		all[i] = xy{float64(chromaticities[2*i]) / 1e5, float64(chromaticities[2*i+1]) / 1e5}
		if all[i].x > 1 || all[i].y < 0.001 || all[i].y > 1 {
			return nil
		}
	}
	p.matrix = space(all[0], [3]xy(all[1:]))
	for _, row := range p.matrix {
		for _, v := range row {
			if !(v > -4 && v < 4) { // not a number, too
				return nil
			}
		}
	}
	return p
}
