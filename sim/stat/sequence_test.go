package stat

import (
	"bytes"
	"math"
	"testing"
)

func TestUntilStops(t *testing.T) {
	u := until{HalfWidth: 0.01, Relative: true, Min: 10, Max: 50}
	for _, c := range []struct {
		m    Metric
		want bool
	}{
		{Metric{N: 5, Value: 100, Lo: 99.9, Hi: 100.1}, false},
		{Metric{N: 10, Value: 100, Lo: 99.1, Hi: 100.9}, true},
		{Metric{N: 10, Value: 100, Lo: 98, Hi: 102}, false},
		{Metric{N: 50, Value: 100, Lo: 0, Hi: 200}, true},
	} {
		if got := u.enough(c.m); got != c.want {
			t.Errorf("%+v: %v", c.m, got)
		}
	}
}

func TestChiSquareRefuses(t *testing.T) {
	if _, _, err := ChiSquare([]float64{1}, []float64{1, 2}, 0); err == nil {
		t.Error("accepted lengths that differ")
	}
	if _, _, err := ChiSquare([]float64{1, 1}, []float64{1, 1}, 0); err == nil {
		t.Error("accepted cells too rare to compare")
	}
}

func TestHistogramMergesLikeOne(t *testing.T) {
	r := Seed(3, 0, 0, 0, "histogram")
	one, a, b := NewHistogram(1e-6), NewHistogram(1e-6), NewHistogram(1e-6)
	for i := range 10_000 {
		x := r.Exp()
		one.Record(x)
		[]*Histogram{a, b}[i%2].Record(x)
	}
	if err := a.Merge(b); err != nil {
		t.Fatal(err)
	}
	merged, _ := a.MarshalBinary()
	whole, _ := one.MarshalBinary()
	if !bytes.Equal(merged, whole) {
		t.Error("merged bytes differ from those of one histogram")
	}
	if q := one.Quantile(0.5); math.Abs(q-math.Ln2) > 0.05 {
		t.Errorf("median %g", q)
	}
	if math.Abs(one.mean()-1) > 0.05 || math.Abs(one.SD()-1) > 0.08 || one.N() != 10_000 ||
		one.Unit() != 1e-6 {
		t.Errorf("mean %g sd %g n %d", one.mean(), one.SD(), one.N())
	}
	if err := a.Merge(NewHistogram(1)); err == nil {
		t.Error("merged two units")
	}
}

func TestHistogramClamps(t *testing.T) {
	h := NewHistogram(1e-6)
	for _, x := range []float64{-1, 0, 1e30, math.Inf(1)} {
		h.Record(x)
	}
	if h.N() != 4 {
		t.Errorf("%d of 4 recorded", h.N())
	}
}

func FuzzHistogram(f *testing.F) {
	h := NewHistogram(1e-6)
	h.Record(1)
	good, _ := h.MarshalBinary()
	f.Add(good)
	f.Add(good[:12])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var h Histogram
		if h.UnmarshalBinary(b) != nil {
			return
		}
		again, err := h.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var second Histogram
		if err := second.UnmarshalBinary(again); err != nil || second.N() != h.N() {
			t.Fatalf("own bytes are not read back: %v", err)
		}
	})
}
