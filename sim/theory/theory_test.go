package theory

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.9g, want %.9g", what, got, want)
	}
}

// MiXiM Fig 3 sums over corrupt mixes in layers of 33, 33 and 34, and divides by 33 three times.
func TestMiXiMFig3SlipAtThreeLayers(t *testing.T) {
	exact, err := PathCompromised(100, 10, 3)
	if err != nil {
		t.Fatal(err)
	}
	// The expected number of all-corrupt triples with one mix in each layer: ordered choices times
	// places.
	triples := 10. * 9 * 8 * (33. / 100) * (33. / 99) * (34. / 98)
	near(t, "each layer divided by its own width", triples/(33*33*34), exact, 1e-15)
	slipped := triples / (33 * 33 * 33)
	near(t, "the slip", slipped/exact, 34./33, 1e-12)
}

// Danezis, "The traffic analysis of continuous-time mixes" (2004), prints the exponential mix's
// entropy negative.
func TestDanezis2004Sign(t *testing.T) {
	h, err := Stratified{Layers: 1, Width: 1, Rate: 100, MeanHop: 1}.Entropy()
	if err != nil {
		t.Fatal(err)
	}
	exact, _ := PoissonMix(100)
	near(t, "dense against exact", h, exact, 1e-3)
	if h < 0 || math.Abs(-h-exact) < 1 {
		t.Errorf("the printed sign passes: %g", -h)
	}
}

// Serjantov and Danezis (2002), Definition 2: the effective size is the entropy; for n equals it is
// log2 n, not n.
func TestEffectiveSizeIsNotTwoToTheH(t *testing.T) {
	h, err := entropy([]float64{0.25, 0.25, 0.25, 0.25})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "effective size of four equals", h, 2, 1e-12)
	if math.Exp2(h) == h {
		t.Error("2^H is taken for the effective size")
	}
}

// Loopix's printed Theorem 2 gives the factor k/n to the new messages.
func TestLoopixTheorem2Labels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "n")
		k, l := rapid.IntRange(1, n).Draw(t, "k"), rapid.IntRange(0, 50).Draw(t, "l")
		loops := rapid.Float64Range(0, 20).Draw(t, "loops")
		old, new, err := SeenMessage(n, k, l, loops)
		if err != nil || old > new*(1+1e-12) {
			t.Fatalf("old %g, new %g, %v", old, new, err)
		}
		genuine := float64(l+k) / (float64(l+k) + loops)
		if total := float64(n)*old + float64(l)*new; math.Abs(total-genuine) > 1e-12 {
			t.Fatalf("the labels sum to %g of %g", total, genuine)
		}
		swapped := float64(n)*new + float64(l)*old
		if k < n && n != l && math.Abs(swapped-genuine) < 1e-12 {
			t.Fatal("control: the printed labels also sum to one")
		}
	})
}

// One system solved two ways: a pool simulated by its own equations over time must agree with the
// tridiagonal one.
func TestPoissonMixSmallLoadByHand(t *testing.T) {
	// To first order in rho a message meets at most one other: one there on arrival (rho) or
	// arriving before it leaves (rho/(1+rho) ~ rho); each case gives one bit.
	for _, rho := range []float64{1e-3, 1e-4} {
		h, err := PoissonMix(rho)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "two-message limit", h/(2*rho), 1, 3*rho)
	}
}

func TestRenyi2BelowShannon(t *testing.T) {
	for layers := 1; layers <= 6; layers++ {
		s := Stratified{Layers: layers, Width: 2, Rate: 1e5, MeanHop: 1}
		h, err1 := s.Entropy()
		h2, err2 := s.Renyi2()
		if err1 != nil || err2 != nil || !(h2 < h) {
			t.Errorf("%d layers: Shannon %g, collision %g (%v, %v)", layers, h, h2, err1, err2)
		}
	}
	h2, _ := Stratified{Layers: 1, Width: 1, Rate: 100, MeanHop: 1}.Renyi2()
	near(t, "one layer: integral of e^-2t is 1/2", h2, math.Log2(200), 1e-12)
}

func TestQueues(t *testing.T) {
	q := ClientQueue{Wanted: 1, Slots: 3}
	mean, _ := q.Sojourn()
	length, _ := q.Length()
	near(t, "Little's law", length, q.Wanted*mean, 1e-12)
	median, _ := q.SojournQuantile(0.5)
	near(t, "median", median, mean*math.Ln2, 1e-12)
	sum, late := 0.0, 0.0
	for n := range 60 {
		p, _ := Occupancy(5, math.Inf(1), n)
		e, _ := Occupancy(5, 0.7, n)
		sum, late = sum+float64(n)*p, late+float64(n)*e
	}
	near(t, "steady occupancy", sum, 5, 1e-9)
	near(t, "filling", late, 5*(1-math.Exp(-0.7)), 1e-9)
	if p, _ := Occupancy(5, 0, 0); p != 1 {
		t.Errorf("starts empty with probability %g", p)
	}
	e := Erlang{Hops: 3, MeanHop: 2, Fixed: 1}
	at, _ := e.Quantile(0.9)
	p, _ := e.CDF(at)
	near(t, "quantile inverts", p, 0.9, 1e-9)
}

func TestBlockingSuccess(t *testing.T) {
	p, err := BlockingSuccess(100, 1, 2, 50)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "one in a hundred let in", p, 100./250, 1e-12)
	without, err := BlockingSuccess(100, 0.4, 0, 50)
	if err != nil || without <= p*0.4 {
		t.Errorf("without loops %g, %v", without, err)
	}
}

func TestDomains(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	fail := func(what string, got float64, err error) {
		t.Helper()
		if !errors.Is(err, errDomain) || !math.IsNaN(got) {
			t.Errorf("%s: %g, %v", what, got, err)
		}
	}
	one := func(what string, f func(float64) (float64, error), xs ...float64) {
		t.Helper()
		for _, x := range xs {
			got, err := f(x)
			fail(what, got, err)
		}
	}
	one("binary entropy", BinaryEntropy, -0.1, 1.1, nan)
	one("Poisson mix", PoissonMix, 0, -1, 2*maxLoad, nan, inf)
	one("timed mix", TimedMix, 0, nan, inf)
	one("binomial mix", func(p float64) (float64, error) { return BinomialMix(50, p) }, 0, 1.5, nan)
	one("binomial mix mean", func(m float64) (float64, error) { return BinomialMix(m, 0.5) }, 1,
		nan)
	one("Erlang quantile", Erlang{3, 1, 0}.Quantile, -0.1, 1, nan)
	one("Erlang mean hop", func(m float64) (float64, error) { return Erlang{3, m, 0}.Mean() }, 0,
		nan)
	one("Erlang fixed", func(m float64) (float64, error) { return Erlang{3, 1, m}.SD() }, -1, nan)
	one("Erlang cdf", Erlang{0, 1, 0}.CDF, 1)
	one("client queue", func(w float64) (float64, error) { return ClientQueue{w, 1}.Sojourn() }, 0,
		1, 2, nan)
	one("client queue length",
		func(w float64) (float64, error) { return ClientQueue{w, 1}.Length() }, 0, 1)
	one("client queue quantile", ClientQueue{1, 2}.SojournQuantile, 1, -1)
	one("hostile share", func(p float64) (float64, error) { return BatchCascade(64, 2, p) }, -1, 2,
		nan)
	one("blocking", func(s float64) (float64, error) { return BlockingSuccess(s, 10, 0.1, 1) }, 0.5,
		100, nan)
	one("disclosure", func(l float64) (float64, error) { return DisclosureRounds(1000, 50, 10, l) },
		0, nan)
	one("occupancy", func(rho float64) (float64, error) { return Occupancy(rho, 1, 1) }, 0, nan)
	sparse := Stratified{Layers: 3, Width: 50, Rate: 100, MeanHop: 0.27}
	h, err := sparse.Entropy()
	fail("sparse network", h, err)
	h, err = sparse.Renyi2()
	fail("sparse network", h, err)
	h, err = Stratified{}.Entropy()
	fail("no network", h, err)
	h, err = entropy([]float64{0.5, 0.4})
	fail("half a distribution", h, err)
	h, err = entropy([]float64{1.5, -0.5})
	fail("negative probability", h, err)
	old, _, err := SeenMessage(3, 4, 0, 0)
	fail("more left than came", old, err)
}

func TestIntegerDomains(t *testing.T) {
	calls := map[string]func(int) (float64, error){
		"threshold":      ThresholdMix,
		"pool":           func(i int) (float64, error) { return ThresholdPool(i, 1) },
		"erlang entropy": ErlangEntropy,
		"friends":        AllFriendsSeen,
		"paths":          func(i int) (float64, error) { return PathCompromised(10, 2, i) },
		"balanced":       func(i int) (float64, error) { return PathCompromisedBalanced(i, 5, 1) },
		"intersection": func(i int) (float64, error) {
			return IntersectionCandidates(1000, i, 3)
		},
		"disclosure": func(i int) (float64, error) { return DisclosureRounds(1000, i, 10, 2) },
	}
	for name, f := range calls {
		if _, err := f(0); !errors.Is(err, errDomain) {
			t.Errorf("%s accepts 0", name)
		}
		if x, err := f(1); err != nil || math.IsNaN(x) {
			t.Errorf("%s refuses 1: %v", name, err)
		}
	}
	h, _ := ThresholdPool(64, 0)
	plain, _ := ThresholdMix(64)
	near(t, "a pool that keeps nothing", h, plain, 1e-12)
}
