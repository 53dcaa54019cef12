package stat

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

// coverage is how often the interval of 2,000 experiments holds the truth.
func coverage(experiment func(r *Rand) (Metric, float64)) float64 {
	var hits int
	for i := range uint64(2_000) {
		m, truth := experiment(Seed(7, 0, i, 0, "coverage"))
		if m.Lo <= truth && truth <= m.Hi {
			hits++
		}
	}
	return float64(hits) / 2_000
}

func TestIntervalsCover(t *testing.T) {
	cases := map[string]func(r *Rand) (Metric, float64){
		"mean": func(r *Rand) (Metric, float64) { return Mean("", "", sample(12, r.norm)), 0 },
		"quantile": func(r *Rand) (Metric, float64) {
			m, _ := quantile("", "", sample(100, r.Exp), 0.9)
			return m, math.Log(10)
		},
		"proportion": func(r *Rand) (Metric, float64) {
			return Proportion("", r.Binomial(60, 0.05), 60), 0.05
		},
		"auc": func(r *Rand) (Metric, float64) {
			shifted := sample(60, func() float64 { return r.norm() + 1 })
			return AUC("", sample(60, r.norm), shifted), 0.5 * math.Erfc(-0.5)
		},
		"stopped": func(r *Rand) (Metric, float64) {
			stop, s := until{HalfWidth: 0.3, Min: 10, Max: 1000}, []float64(nil)
			for len(s) < 2 || !stop.enough(Mean("", "", s)) {
				s = append(s, r.norm())
			}
			return Mean("", "", s), 0
		},
	}
	for name, experiment := range cases {
		if c := coverage(experiment); c < 0.92 || c > 0.985 {
			t.Errorf("%s: the interval holds the truth in %.3f of experiments", name, c)
		}
	}
	narrow := func(r *Rand) (Metric, float64) {
		m := Mean("", "", sample(12, r.norm))
		m.Lo, m.Hi = m.Value-m.StdErr, m.Value+m.StdErr
		return m, 0
	}
	if c := coverage(narrow); c > 0.8 {
		t.Errorf("control: an interval of one standard error covers %.3f", c)
	}
}

func TestRunningMergesLikeOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOf(rapid.Float64Range(-1e3, 1e3)).Draw(t, "xs")
		cut := rapid.IntRange(0, len(xs)).Draw(t, "cut")
		var one, a, b Running
		for i, x := range xs {
			one.Add(x)
			if i < cut {
				a.Add(x)
			} else {
				b.Add(x)
			}
		}
		a.Merge(b)
		if a.N() != one.N() || math.Abs(a.Mean()-one.Mean()) > 1e-9 ||
			math.Abs(a.Var()-one.Var()) > 1e-6 || a.Min() != one.Min() || a.Max() != one.Max() {
			t.Fatalf("%+v and %+v", a, one)
		}
	})
}

func TestReplicatedRefusesMixtures(t *testing.T) {
	if _, err := Replicated(nil); err == nil {
		t.Error("joined nothing")
	}
	if _, err := Replicated([]Metric{{Name: "a"}, {Name: "b"}}); err == nil {
		t.Error("joined two metrics")
	}
	m, err := Replicated([]Metric{{Name: "a", Value: 1}, {Name: "a", Value: 3}})
	if err != nil || m.Value != 2 || m.N != 2 || m.StdErr != 1 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestQuantileDomain(t *testing.T) {
	for _, q := range []float64{0, 1, math.NaN()} {
		if _, err := quantile("", "", []float64{1}, q); err == nil {
			t.Errorf("accepted q = %g", q)
		}
	}
	if _, err := quantile("", "", nil, 0.5); err == nil {
		t.Error("accepted no samples")
	}
	m, _ := quantile("", "", []float64{3, 1, 2}, 0.99)
	if !math.IsInf(m.Hi, 1) {
		t.Errorf("three samples bound a 99 %% quantile from above: %+v", m)
	}
}

func TestTooFewSamplesKnowNothing(t *testing.T) {
	if m := Mean("", "", []float64{5}); !math.IsInf(m.StdErr, 1) || !math.IsInf(m.Hi, 1) {
		t.Errorf("%+v", m)
	}
	if m := AUC("", []float64{1}, []float64{2}); m.Lo != 0 || m.Hi != 1 {
		t.Errorf("%+v", m)
	}
	if m := Proportion("", 0, 0); m.Lo != 0 || m.Hi != 1 {
		t.Errorf("%+v", m)
	}
}

func TestROCEndsAtCorners(t *testing.T) {
	curve := ROC([]float64{1, 2, 2}, []float64{2, 3})
	want := []Point{{math.Inf(1), 0, 0}, {3, 0, 0.5}, {2, 2. / 3, 1}, {1, 1, 1}}
	if !slices.Equal(curve, want) {
		t.Errorf("%v", curve)
	}
	if m := AUC("", []float64{1, 2, 2}, []float64{2, 3}); math.Abs(m.Value-5./6) > 1e-12 {
		t.Errorf("AUC %g, want 5/6", m.Value)
	}
}
