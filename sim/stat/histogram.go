package stat

import (
	"fmt"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram counts non-negative numbers in buckets of constant relative width, so that many of them
// merge into one that is the same as if one had seen everything. It keeps three significant digits
// over nine decades above its unit.
type Histogram struct {
	unit float64
	h    *hdr.Histogram
}

// decades above its unit that a Histogram can hold; larger numbers count as the largest.
const decades = 1e9

// NewHistogram makes an empty histogram whose smallest distinguishable number is unit (for seconds,
// 1e-6 is one microsecond and the largest number 1,000 s).
func NewHistogram(unit float64) *Histogram {
	return &Histogram{unit: unit, h: hdr.New(1, decades, 3)}
}

// Record counts one number; below zero it counts as zero.
func (h *Histogram) Record(x float64) { h.RecordMany(x, 1) }

// RecordMany counts the same number n times.
func (h *Histogram) RecordMany(x float64, n int64) {
	// The range is clamped, so recording cannot fail.
	_ = h.h.RecordValues(int64(max(0, min(x/h.unit+0.5, decades))), n)
}

// Merge takes in the counts of another with the same unit.
func (h *Histogram) Merge(o *Histogram) error {
	if h.unit != o.unit {
		return fmt.Errorf("merging histograms: units %g and %g differ", h.unit, o.unit)
	}
	h.h.Merge(o.h)
	return nil
}

// N is how many numbers were recorded.
func (h *Histogram) N() int64 { return h.h.TotalCount() }

// Unit is the smallest distinguishable number.
func (h *Histogram) Unit() float64 { return h.unit }

// mean of the recorded numbers, exact to three digits.
func (h *Histogram) mean() float64 { return h.h.Mean() * h.unit }

// SD of the recorded numbers.
func (h *Histogram) SD() float64 { return h.h.StdDev() * h.unit }

// quantile for 0 ≤ q ≤ 1; 0 when empty.
func (h *Histogram) Quantile(q float64) float64 {
	return float64(h.h.ValueAtQuantile(100*q)) * h.unit
}
