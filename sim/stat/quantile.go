package stat

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// quantile is the q-quantile (0 < q < 1) of independent samples with an interval between two order
// statistics, which holds whatever the distribution (David and Nagaraja 2003, section 7.1). With
// too few samples for an end of the interval to exist, that end is infinite. The samples are not
// changed.
func quantile(name, unit string, samples []float64, q float64) (Metric, error) {
	if len(samples) == 0 || !(q > 0 && q < 1) {
		return Metric{}, fmt.Errorf("quantile %g of %d samples: need 0 < q < 1 and a sample", q,
			len(samples))
	}
	s := slices.Sorted(slices.Values(samples))
	lo, hi := orderInterval(len(s), q)
	at := func(rank int) float64 {
		switch {
		case rank < 1:
			return math.Inf(-1)
		case rank > len(s):
			return math.Inf(1)
		}
		return s[rank-1]
	}
	spread := (at(hi) - at(lo)) / (2 * distuv.UnitNormal.Quantile(1-(1-confidence)/2))
	return Metric{
		Name: name, Unit: unit, Value: sortedQuantile(s, q), SD: math.NaN(), StdErr: spread,
		Lo: at(lo), Hi: at(hi), N: len(s), Method: "order statistics",
	}, nil
}

// orderInterval gives ranks, counted from 1, between which the q-quantile lies with at least
// Confidence: below rank lo and from rank hi on, each tail of Binomial(n, q) holds at most half of
// the rest.
func orderInterval(n int, q float64) (lo, hi int) {
	b := distuv.Binomial{N: float64(n), P: q}
	tail := (1 - confidence) / 2
	lo = sort.Search(n+1, func(k int) bool { return b.CDF(float64(k)) > tail })
	hi = 1 + sort.Search(n+1, func(k int) bool { return b.CDF(float64(k)) >= 1-tail })
	return lo, hi
}

// sortedQuantile interpolates between order statistics (Hyndman and Fan 1996, type 7, numpy's
// default).
func sortedQuantile(s []float64, q float64) float64 {
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

// Describe is a quantity's mean, standard deviation and quantiles. Values of one run depend on each
// other, so that the intervals here are too narrow: those that count come from replications.
func Describe(name, unit string, values []float64) []Metric {
	var all Running
	for _, v := range values {
		all.Add(v)
	}
	return DescribeKept(name, unit, all, values)
}

// DescribeKept is Describe of a quantity of which not all values were kept.
func DescribeKept(name, unit string, all Running, kept []float64) []Metric {
	if unit == "s" {
		name += "_s"
	}
	out := []Metric{FromRunning(name+"_mean", unit, all), {
		Name: name + "_sd", Unit: unit, Value: all.SD(), N: all.N(),
		Method: "sample standard deviation",
	}}
	for _, percent := range []int{50, 90, 95, 99} {
		if m, err := quantile(fmt.Sprintf("%s_p%d", name, percent), unit, kept,
			float64(percent)/100); err == nil {
			out = append(out, m)
		}
	}
	return out
}
