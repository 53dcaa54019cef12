package stat

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// alpha is how improbable a sample must be before a test calls its generator wrong.
const alpha = 1e-4

func sample(n int, draw func() float64) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = draw()
	}
	return s
}

func TestSeedNamesStreams(t *testing.T) {
	base := Seed(1, 2, 3, 4, "delay").Uint64()
	if Seed(1, 2, 3, 4, "delay").Uint64() != base {
		t.Error("one name, two streams")
	}
	for _, other := range []*Rand{
		Seed(2, 2, 3, 4, "delay"), Seed(1, 3, 3, 4, "delay"), Seed(1, 2, 4, 4, "delay"),
		Seed(1, 2, 3, 5, "delay"), Seed(1, 2, 3, 4, "route"),
	} {
		if other.Uint64() == base {
			t.Error("two names, one stream")
		}
	}
}

// The first three outputs from the state 1, 2, 3, 4, computed by hand from the definition in the
// paper.
func TestXoshiroDefinition(t *testing.T) {
	r := &Rand{1, 2, 3, 4}
	for i, want := range []uint64{41943041, 58720359, 3588806011781223} {
		if got := r.Uint64(); got != want {
			t.Errorf("output %d is %d, want %d", i, got, want)
		}
	}
}

func TestExpIsExponential(t *testing.T) {
	r := Seed(1, 0, 0, 0, "exp")
	s := sample(200_000, r.Exp)
	if _, p := KolmogorovSmirnov(s, func(x float64) float64 { return -math.Expm1(-x) }); p < alpha {
		t.Errorf("p = %g", p)
	}
	if _, p := KolmogorovSmirnov(s, func(x float64) float64 { return -math.Expm1(-1.02 * x) }); p >
		alpha {
		t.Errorf("control: a mean wrong by 2 %% passes, p = %g", p)
	}
	var tail int
	for _, x := range s {
		if x > tailStart {
			tail++
		}
	}
	if want := 200_000 * math.Exp(-tailStart); math.Abs(float64(tail)-want) > 5*math.Sqrt(want) {
		t.Errorf("%d draws in the tail, expected %.0f", tail, want)
	}
}

func TestUniformDraws(t *testing.T) {
	r := Seed(1, 0, 0, 0, "uniform")
	if _, p := KolmogorovSmirnov(sample(100_000, r.Float64),
		func(x float64) float64 { return min(1, max(0, x)) }); p < alpha {
		t.Errorf("Float64: p = %g", p)
	}
	counts, expected := make([]float64, 7), make([]float64, 7)
	for range 70_000 {
		counts[r.IntN(7)]++
	}
	for i := range expected {
		expected[i] = 10_000
	}
	if _, p, _ := ChiSquare(counts, expected, 0); p < alpha {
		t.Errorf("IntN: p = %g, counts %v", p, counts)
	}
}

func TestDiscreteDraws(t *testing.T) {
	r := Seed(1, 0, 0, 0, "discrete")
	for _, mean := range []float64{0.3, 5, 200} {
		d := distuv.Poisson{Lambda: mean}
		checkCounts(t, func() int { return r.Poisson(mean) }, d.Prob)
	}
	for _, n := range []int{10, 500} {
		d := distuv.Binomial{N: float64(n), P: 0.2}
		checkCounts(t, func() int { return r.Binomial(n, 0.2) }, d.Prob)
	}
	if r.Poisson(0) != 0 || r.Binomial(0, 0.5) != 0 || r.Binomial(3, 1) != 3 ||
		r.Binomial(3, 0) != 0 {
		t.Error("a draw at the border of its domain is wrong")
	}
}

func checkCounts(t *testing.T, draw func() int, prob func(float64) float64) {
	t.Helper()
	const n, cells = 20_000, 600
	counts, expected := make([]float64, cells), make([]float64, cells)
	for range n {
		counts[draw()]++
	}
	for i := range expected {
		expected[i] = n * prob(float64(i))
	}
	if _, p, err := ChiSquare(counts, expected, 0); err != nil || p < alpha {
		t.Errorf("p = %g, %v", p, err)
	}
	rolled := append(expected[1:], expected[0])
	if _, p, _ := ChiSquare(counts, rolled, 0); p > alpha {
		t.Errorf("control: counts shifted by one pass, p = %g", p)
	}
}

func TestShuffleIsUniform(t *testing.T) {
	r := Seed(1, 0, 0, 0, "shuffle")
	seen := map[[3]int]float64{}
	for range 12_000 {
		a := [3]int{0, 1, 2}
		r.Shuffle(3, func(i, j int) { a[i], a[j] = a[j], a[i] })
		seen[a]++
	}
	var counts, expected []float64
	for _, a := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		counts, expected = append(counts, seen[a]), append(expected, 2_000)
	}
	if _, p, _ := ChiSquare(counts, expected, 0); p < alpha {
		t.Errorf("p = %g, counts %v", p, counts)
	}
}

func BenchmarkExp(b *testing.B) {
	r, sum := Seed(1, 0, 0, 0, "bench"), 0.0
	for b.Loop() {
		sum += r.Exp()
	}
	_ = sum
}
