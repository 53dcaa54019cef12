package protocol

import "math"

// ErlangEntropy is the differential entropy c of the sum of so many exponential delays of mean 1,
// in bits: (L + ln Γ(L) + (1−L)·ψ(L)) / ln 2. Where traffic is dense, log2 of the packets that wait
// in a layer, and c, is how many bits a network hides a packet in (docs/simulation.md); the budget
// of a network and the simulator both say so by this. layers is at least 1.
func ErlangEntropy(layers int) float64 {
	const eulerGamma = 0.57721566490153286
	digamma := -eulerGamma // ψ(L) of a whole number: a harmonic sum
	for i := 1; i < layers; i++ {
		digamma += 1 / float64(i)
	}
	k := float64(layers)
	lg, _ := math.Lgamma(k)
	return (k + lg + (1-k)*digamma) / math.Ln2
}
