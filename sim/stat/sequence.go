package stat

import "math"

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
