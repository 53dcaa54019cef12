// Package theory (L0) holds closed forms and exact numerics of mix networks: what the simulators
// must reproduce where these hold, and the dashed lines in plots. Every function states its source
// and its domain and returns errDomain outside it, where only simulation is right. Entropies are in
// bits, times and rates in any one unit of time. Nothing here is random, and no expected number
// stands here: those are in sim/groundtruth.
package theory

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// errDomain is returned, wrapped with what is wrong, where a formula does not hold.
var errDomain = errors.New("outside the formula's domain")

func outside(format string, args ...any) (float64, error) {
	return math.NaN(), fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), errDomain)
}

// positive tells whether all numbers are above zero and finite.
func positive(xs ...float64) bool {
	for _, x := range xs {
		if !(x > 0) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

func probability(p float64) bool { return p >= 0 && p <= 1 }

// BinaryEntropy is h(p) = −p·log2 p − (1−p)·log2(1−p), for 0 ≤ p ≤ 1, in bits.
func BinaryEntropy(p float64) (float64, error) {
	if !probability(p) {
		return outside("binary entropy of %g", p)
	}
	return binaryEntropy(p), nil
}

func binaryEntropy(p float64) float64 { return surprise(p) + surprise(1-p) }

// surprise is −p·log2 p, and 0 at 0.
func surprise(p float64) float64 {
	if p <= 0 {
		return 0
	}
	return -p * math.Log2(p)
}

// entropy is Shannon's H = −Σ p·log2 p of a distribution, in bits. It is also the "effective size"
// of Serjantov and Danezis (2002), Definition 2: that is H itself, in bits, and not 2^H, as some
// later papers have it. The sum must be 1 within 1e-6.
func entropy(distribution []float64) (float64, error) {
	h, sum := 0.0, 0.0
	for _, p := range distribution {
		if !probability(p) {
			return outside("a probability of %g", p)
		}
		h, sum = h+surprise(p), sum+p
	}
	if math.Abs(sum-1) > 1e-6 {
		return outside("probabilities that sum to %g", sum)
	}
	return h, nil
}

// overPoisson is E[f(N)] for N Poisson of this mean, summed to where what is left out cannot be
// seen in f's scale.
func overPoisson(mean float64, f func(n int) float64) float64 {
	law := distuv.Poisson{Lambda: mean}
	spread := 12*math.Sqrt(mean) + 40
	sum := 0.0
	for n := int(max(0, mean-spread)); n <= int(mean+spread); n++ {
		sum += law.Prob(float64(n)) * f(n)
	}
	return sum
}
