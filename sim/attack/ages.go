package attack

import "math"

// Ages is a density over the time since something, in seconds, in bins of one width.
type Ages struct {
	bin     float64
	density []float64
}

const ageBin = 5 // seconds

// NewAges is the density of ages, each in seconds, up to the longest that is looked at.
func NewAges(ages []float64, longest float64) Ages {
	a := Ages{bin: ageBin, density: make([]float64, int(math.Ceil(longest/ageBin)))}
	n := 0.0
	for _, x := range ages {
		if i := int(x / a.bin); x >= 0 && i < len(a.density) {
			a.density[i]++
			n++
		}
	}
	for i := range a.density {
		a.density[i] = (a.density[i] + 0.5) / (n + 0.5*float64(len(a.density))) / a.bin
	}
	return a
}

// at is the density at an age of so many nanoseconds; the first and the last bin go on beyond.
func (a Ages) at(d int64) float64 {
	i := int(float64(d) / 1e9 / a.bin)
	return a.density[min(max(i, 0), len(a.density)-1)]
}
