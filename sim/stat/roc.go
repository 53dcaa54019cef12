package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// AUC is the probability that a classifier scores a random positive above a random negative, ties
// counting half: 0.5 is guessing. Its standard error is that of DeLong, DeLong and Clarke-Pearson
// (1988), and the interval normal. With fewer than two of a class, nothing is known and the
// interval is [0, 1].
func AUC(name string, negative, positive []float64) Metric {
	m := Metric{
		Name: name, Unit: "1", Value: 0.5, SD: math.NaN(), StdErr: math.Inf(1), Hi: 1,
		N: len(negative) + len(positive), Method: "DeLong",
	}
	if len(negative) < 2 || len(positive) < 2 {
		return m
	}
	neg, pos := slices.Sorted(slices.Values(negative)), slices.Sorted(slices.Values(positive))
	var above, below Running
	for _, x := range pos {
		above.Add(shareBelow(neg, x))
	}
	for _, x := range neg {
		below.Add(1 - shareBelow(pos, x))
	}
	m.Value = above.Mean()
	m.StdErr = math.Sqrt(above.Var()/float64(above.N()) + below.Var()/float64(below.N()))
	half := distuv.UnitNormal.Quantile(1-(1-confidence)/2) * m.StdErr
	m.Lo, m.Hi = max(0, m.Value-half), min(1, m.Value+half)
	return m
}

// shareBelow is the share of sorted numbers below x, those equal to it counting half.
func shareBelow(sorted []float64, x float64) float64 {
	lo, _ := slices.BinarySearch(sorted, x)
	hi, _ := slices.BinarySearchFunc(sorted, x, func(e, t float64) int {
		if e <= t {
			return -1
		}
		return 1
	})
	return float64(lo+hi) / 2 / float64(len(sorted))
}

// Point of a ROC curve: the shares of negatives and positives that score at or above Threshold.
type Point struct{ Threshold, FalsePositive, TruePositive float64 }

// ROC is the curve from (0, 0) to (1, 1), one point for every distinct score, by falling threshold.
func ROC(negative, positive []float64) []Point {
	type scored struct {
		score    float64
		positive bool
	}
	all := make([]scored, 0, len(negative)+len(positive))
	for _, x := range negative {
		all = append(all, scored{x, false})
	}
	for _, x := range positive {
		all = append(all, scored{x, true})
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	curve := []Point{{Threshold: math.Inf(1)}}
	var fp, tp float64
	for i, s := range all {
		if s.positive {
			tp++
		} else {
			fp++
		}
		if i+1 == len(all) || all[i+1].score != s.score {
			curve = append(curve,
				Point{
					s.score, fp / max(1, float64(len(negative))),
					tp / max(1, float64(len(positive))),
				})
		}
	}
	return curve
}
