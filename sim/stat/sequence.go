package stat

import "math"

// warmUp finds how many samples at the start of a series belong to its warm-up, by MSER-5 (White,
// Cobb and Spratt 2000): of all truncations by whole batches of five, the one whose rest has the
// smallest standard error. ok is false when that lies in the second half, which means that the
// series is too short to tell.
func warmUp(series []float64) (truncate int, ok bool) {
	batches := batchMeans(series, 5)
	n := len(batches)
	if n < 4 {
		return 0, false
	}
	best, at := math.Inf(1), 0
	var rest Running
	for k := n - 1; k >= 0; k-- {
		rest.Add(batches[k])
		if left := float64(rest.N()); rest.N() >= 2 {
			if mser := rest.Var() * (left - 1) / (left * left); mser <= best {
				best, at = mser, k
			}
		}
	}
	return 5 * at, at <= n/2
}

func batchMeans(series []float64, size int) []float64 {
	means := make([]float64, 0, len(series)/size)
	for ; len(series) >= size; series = series[size:] {
		sum := 0.0
		for _, x := range series[:size] {
			sum += x
		}
		means = append(means, sum/float64(size))
	}
	return means
}

// until is when to stop replicating: once the interval's half-width is small enough, and between
// Min and Max replications. Deciding after every replication makes intervals a little too narrow
// (Chow and Robbins 1965); Min of at least 10 keeps coverage within a percent or two.
type until struct {
	HalfWidth float64 // in the metric's unit, or a share of its value if Relative
	Relative  bool
	Min, Max  int
}

// enough tells whether m, over m.N replications, needs no further one.
func (u until) enough(m Metric) bool {
	if m.N >= u.Max {
		return true
	}
	target := u.HalfWidth
	if u.Relative {
		target *= math.Abs(m.Value)
	}
	return m.N >= max(u.Min, 2) && (m.Hi-m.Lo)/2 <= target
}
