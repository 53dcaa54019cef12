package theory

import (
	"math"

	"murmuration/internal/protocol"
)

// Stratified is a stratified network of Poisson mixes that is fed at Rate packets per unit of time
// in total.
type Stratified struct {
	Layers, Width int
	Rate          float64
	MeanHop       float64 // 1/μ
}

// minLinkLoad is the least mean number of messages in a mix per incoming link, from which on
// treating a link as a continuous flow costs less than 0.1 bit. MiXiM Fig 9 is far below it.
const minLinkLoad = 10

// linkLoad is Λ/(μW²), and Λ/(μW) with one layer, where a mix is reached from one place.
func (s Stratified) linkLoad() float64 {
	load := s.Rate * s.MeanHop / float64(s.Width)
	if s.Layers > 1 {
		load /= float64(s.Width)
	}
	return load
}

func (s Stratified) check() error {
	if s.Layers < 1 || s.Width < 1 || !positive(s.Rate, s.MeanHop) {
		_, err := outside("%+v", s)
		return err
	}
	if load := s.linkLoad(); load < minLinkLoad {
		_, err := outside("%.3g messages per link are not dense (need %d)", load, minLinkLoad)
		return err
	}
	return nil
}

// logLoad is log2 of the messages among which one layer's delay mixes: those of one mix with one
// layer (all that left another is known to be another's), those of the layer with more.
func (s Stratified) logLoad() float64 {
	load := s.Rate * s.MeanHop
	if s.Layers == 1 {
		load /= float64(s.Width)
	}
	return math.Log2(load)
}

// entropy is the mean Shannon entropy of a message's output under a global observer where traffic
// is dense: the outputs are a Poisson flow, of which each has the density of an Erlang delay, so
// that H = log2 Λ + h(Erlang(L, μ)). With two layers, the few messages that share both links cost
// 1/(2·ln 2·n_link) (a first-order correction). Danezis (2004) prints this entropy, for one layer,
// with a minus sign.
func (s Stratified) Entropy() (float64, error) {
	if err := s.check(); err != nil {
		return math.NaN(), err
	}
	h := s.logLoad() + protocol.ErlangEntropy(s.Layers)
	if s.Layers == 2 {
		h -= 1 / (2 * math.Ln2 * s.linkLoad())
	}
	return h, nil
}

// Renyi2 is the collision entropy −log2 Σ p² in the same limit: ∫f² of an Erlang density is
// μ·C(2L−2, L−1)/2^(2L−1).
func (s Stratified) Renyi2() (float64, error) {
	if err := s.check(); err != nil {
		return math.NaN(), err
	}
	k := float64(s.Layers)
	pairs, _ := math.Lgamma(2*k - 1)
	single, _ := math.Lgamma(k)
	return s.logLoad() - (pairs-2*single)/math.Ln2 + 2*k - 1, nil
}

// ErlangEntropy is the differential entropy c of the sum of this many exponential delays of mean 1,
// in bits: (L + ln Γ(L) + (1−L)·ψ(L)) / ln 2. Domain: L ≥ 1.
func ErlangEntropy(layers int) (float64, error) {
	if layers < 1 {
		return outside("%d layers", layers)
	}
	return protocol.ErlangEntropy(layers), nil
}
