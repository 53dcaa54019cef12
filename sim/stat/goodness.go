package stat

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// KolmogorovSmirnov compares independent samples with a continuous distribution: d is the largest
// distance between the two distribution functions, p the probability of a larger one if the samples
// are from it (Stephens 1970; accurate for n ≥ 10). No samples give d 0 and p 1. The samples are
// not changed.
func KolmogorovSmirnov(samples []float64, cdf func(float64) float64) (d, p float64) {
	s := slices.Sorted(slices.Values(samples))
	n := float64(len(s))
	for i, x := range s {
		f := cdf(x)
		d = max(d, f-float64(i)/n, float64(i+1)/n-f)
	}
	return d, kolmogorov(d, n)
}

// kolmogorov is the probability of a distance above d over n samples.
func kolmogorov(d, n float64) float64 {
	if n == 0 {
		return 1
	}
	root := math.Sqrt(n)
	x := d * (root + 0.12 + 0.11/root)
	if x < 0.2 { // the series below needs too many terms here, and is 1 to twelve digits
		return 1
	}
	p := 0.0
	for k := 1; k <= 100; k++ {
		term := math.Exp(-2 * x * x * float64(k*k))
		if k%2 == 0 {
			term = -term
		}
		p += 2 * term
	}
	return min(1, max(0, p))
}

// ChiSquare compares counts with expected counts: the statistic and the probability of a larger
// one. Adjacent cells that expect fewer than five are joined, as the approximation asks. fitted is
// how many parameters of the expectation were estimated from the same counts.
func ChiSquare(observed, expected []float64, fitted int) (x2, p float64, err error) {
	if len(observed) != len(expected) {
		return 0, 0, fmt.Errorf("chi-square: %d counts against %d expected", len(observed),
			len(expected))
	}
	o, e := joinRareCells(observed, expected)
	freedom := len(e) - 1 - fitted
	if freedom < 1 {
		return 0, 0, fmt.Errorf("chi-square: %d cells after joining leave no degree of freedom",
			len(e))
	}
	for i := range e {
		x2 += (o[i] - e[i]) * (o[i] - e[i]) / e[i]
	}
	return x2, distuv.ChiSquared{K: float64(freedom)}.Survival(x2), nil
}

func joinRareCells(observed, expected []float64) (o, e []float64) {
	const enough = 5
	for i := range expected {
		if len(e) == 0 || e[len(e)-1] >= enough {
			o, e = append(o, 0), append(e, 0)
		}
		o[len(o)-1] += observed[i]
		e[len(e)-1] += expected[i]
	}
	if n := len(e); n > 1 && e[n-1] < enough {
		o[n-2], e[n-2] = o[n-2]+o[n-1], e[n-2]+e[n-1]
		o, e = o[:n-1], e[:n-1]
	}
	return o, e
}
