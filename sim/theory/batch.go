package theory

import "math"

// ThresholdMix is the entropy of a mix that collects n ≥ 1 messages and sends all: log2 n.
func ThresholdMix(n int) (float64, error) {
	if n < 1 {
		return outside("a threshold of %d", n)
	}
	return math.Log2(float64(n)), nil
}

// ThresholdPool is the entropy of a mix that waits for in new messages and sends as many, chosen at
// random among them and the kept ones: log2 in + h(p)/p with p = in/(in+kept) (Serjantov and
// Danezis 2002, section 5). Domain: in ≥ 1, kept ≥ 0.
func ThresholdPool(in, kept int) (float64, error) {
	if in < 1 || kept < 0 {
		return outside("%d in, %d kept", in, kept)
	}
	p := float64(in) / float64(in+kept)
	return math.Log2(float64(in)) + binaryEntropy(p)/p, nil
}

// TimedMix is E[log2(1 + Poisson(mean))]: what a message gets from the others that arrive in its
// round, when a mix sends all it has at every tick and mean messages arrive per round. Domain: mean
// > 0.
func TimedMix(mean float64) (float64, error) {
	if !positive(mean) || mean > maxLoad {
		return outside("%g messages a round", mean)
	}
	return overPoisson(mean, func(n int) float64 { return math.Log2(1 + float64(n)) }), nil
}

// BinomialMix is the entropy of a timed mix that sends every message it holds with probability p at
// each tick, with mean messages arriving per round: a round is geometric, and within it one of
// about mean: log2 mean + h(p)/p. The spread of round sizes costs about 1/(2·ln 2·mean), so small
// means are refused. Domain: mean ≥ 10, 0 < p ≤ 1.
func BinomialMix(mean, p float64) (float64, error) {
	if !positive(mean, p) || mean < 10 || p > 1 {
		return outside("%g messages a round, sent with probability %g", mean, p)
	}
	return math.Log2(mean) + binaryEntropy(p)/p, nil
}

// BatchCascade is the entropy of the mixing distribution of a cascade that messages enter together,
// when each of its mixes is hostile with this probability and the user does not know which: with
// all hostile, the place is known, else all places are equal (Dingledine, Shmatikov and Syverson
// 2004, appendix). It is the entropy of the averaged distribution, not the average of entropies.
// Domain: messages ≥ 1, mixes ≥ 1, 0 ≤ hostile ≤ 1.
func BatchCascade(messages, mixes int, hostile float64) (float64, error) {
	if messages < 1 || mixes < 1 || !probability(hostile) {
		return outside("%d messages through %d mixes, each hostile with %g", messages, mixes,
			hostile)
	}
	known := math.Pow(hostile, float64(mixes))
	other := (1 - known) / float64(messages)
	return surprise(known+other) + float64(messages-1)*surprise(other), nil
}
