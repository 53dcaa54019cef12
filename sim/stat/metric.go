package stat

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// confidence of every interval of this package.
const confidence = 0.95

// Metric is one measured number with its uncertainty, a row of summary.csv.
type Metric struct {
	Name, Unit string
	Value      float64
	SD         float64 // between samples
	StdErr     float64 // of Value; infinite when N is too small to tell
	Lo, Hi     float64 // interval of Confidence
	N          int     // independent samples
	Method     string  // how the interval arose
}

// FromRunning is the mean of independent samples with a Student interval.
func FromRunning(name, unit string, r Running) Metric {
	m := Metric{
		Name: name, Unit: unit, Value: r.Mean(), SD: r.SD(), StdErr: r.StdErr(), N: r.N(),
		Method: "Student t over independent samples",
	}
	half := math.Inf(1)
	if m.N >= 2 {
		half = student(m.N-1) * m.StdErr
	}
	m.Lo, m.Hi = m.Value-half, m.Value+half
	return m
}

// mean is the mean of independent samples with a Student interval.
func Mean(name, unit string, samples []float64) Metric {
	var r Running
	for _, x := range samples {
		r.Add(x)
	}
	return FromRunning(name, unit, r)
}

// Replicated joins the same metric from independent replications: the mean of their values, each of
// equal weight, with an interval from the spread between them. Samples within a replication may
// depend on each other; replications do not, so this interval holds where that of a single
// replication is too narrow.
func Replicated(each []Metric) (Metric, error) {
	if len(each) == 0 {
		return Metric{}, fmt.Errorf("joining replications: there is none")
	}
	var r Running
	for _, m := range each {
		if m.Name != each[0].Name || m.Unit != each[0].Unit {
			return Metric{}, fmt.Errorf(
				"joining replications: %s (%s) and %s (%s) are not the same metric", each[0].Name,
				each[0].Unit, m.Name, m.Unit)
		}
		r.Add(m.Value)
	}
	m := FromRunning(each[0].Name, each[0].Unit, r)
	m.Method = "Student t over independent replications"
	return m, nil
}

// Proportion is a share of successes among n independent trials with Wilson's interval, which stays
// inside [0, 1].
func Proportion(name string, successes, n int) Metric {
	if n == 0 {
		return Metric{Name: name, Unit: "1", StdErr: math.Inf(1), Hi: 1, Method: "Wilson"}
	}
	p, z, k := float64(successes)/
		float64(n), distuv.UnitNormal.Quantile(1-(1-confidence)/2), float64(n)
	center := (p + z*z/(2*k)) / (1 + z*z/k)
	half := z / (1 + z*z/k) * math.Sqrt(p*(1-p)/k+z*z/(4*k*k))
	return Metric{
		Name: name, Unit: "1", Value: p, SD: math.Sqrt(p * (1 - p)),
		StdErr: math.Sqrt(p * (1 - p) / k), Lo: max(0, center-half), Hi: min(1, center+half), N: n,
		Method: "Wilson",
	}
}

// student is the two-sided Student quantile for Confidence with this many degrees of freedom, at
// least 1.
func student(freedom int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(freedom)}.Quantile(1 - (1-confidence)/2)
}
