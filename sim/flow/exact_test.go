package flow

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"

	"murmuration/sim/stat"
)

// sight is one thing that an observer sees at one mix: an arrival (of message in), or a departure
// (of output out).
type sight struct {
	arrives bool
	message int
}

// enumerate is the posterior straight from its definition: every way to tell which message left
// when is as likely as any other; count those in which the message becomes each output. It takes
// factorial time.
func enumerate(sights []sight, messages, target int) []float64 {
	counts, total := make([]int64, messages), new(big.Int)
	var inside []int
	var walk func(i, targetAt int)
	walk = func(i, targetAt int) {
		if i == len(sights) {
			counts[targetAt]++
			total.Add(total, big.NewInt(1))
			return
		}
		if s := sights[i]; s.arrives {
			inside = append(inside, s.message)
			walk(i+1, targetAt)
			inside = inside[:len(inside)-1]
			return
		}
		for k := range inside {
			before := slices.Clone(inside)
			at := targetAt
			if inside[k] == target {
				at = sights[i].message
			}
			inside = slices.Delete(slices.Clone(inside), k, k+1)
			walk(i+1, at)
			inside = before
		}
	}
	walk(0, -1)
	posterior := make([]float64, messages)
	for i, n := range counts {
		posterior[i], _ = new(big.Rat).SetFrac(big.NewInt(n), total).Float64()
	}
	return posterior
}

// anySights draws arrivals and departures of a mix that is empty before and after.
func anySights(t *rapid.T, messages int) []sight {
	var sights []sight
	in, out := 0, 0
	for out < messages {
		if in < messages && (in == out || rapid.Bool().Draw(t, "arrives")) {
			sights = append(sights, sight{true, in})
			in++
		} else {
			sights = append(sights, sight{false, out})
			out++
		}
	}
	return sights
}

// The pools of the engine and the journal that is read backward both give the enumerated posterior:
// forward a row of the matrix P(message becomes output), backward a column.
func TestPosteriorsEqualEnumeration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const messages = 6
		sights := anySights(t, messages)
		matrix := make([][]float64, messages)
		for target := range messages {
			matrix[target] = enumerate(sights, messages, target)
			got := throughPools(sights, messages, target)
			for out := range messages {
				if math.Abs(got[out]-matrix[target][out]) > 1e-12 {
					t.Fatalf("message %d becomes output %d with %g, counted %g", target, out,
						got[out], matrix[target][out])
				}
			}
		}
		for out := range messages {
			got := throughJournal(sights, messages, out)
			for in := range messages {
				if math.Abs(got[in]-matrix[in][out]) > 1e-12 {
					t.Fatalf("output %d was message %d with %g, counted %g", out, in, got[in],
						matrix[in][out])
				}
			}
		}
	})
}

func throughPools(sights []sight, messages, target int) []float64 {
	p, posterior := newPools(1, 1), make([]float64, messages)
	for _, s := range sights {
		if !s.arrives {
			posterior[s.message] = p.row(0)[0]
			p.leave(0)
		} else if s.message == target {
			p.arrive(0, []float64{1})
		} else {
			p.arrive(0, nil)
		}
	}
	return posterior
}

func throughJournal(sights []sight, messages, out int) []float64 {
	j := newJournal(1)
	for _, s := range sights {
		if s.arrives {
			j.arrive(0, 0, j.enter())
		} else {
			j.leave(0, 0)
		}
	}
	rows := make([]float64, passLanes*(messages+1))
	rows[(out+1)*passLanes] = 1
	before := j.pass(0, []int32{0}, rows)
	posterior := make([]float64, messages)
	for in := range posterior {
		posterior[in] = before[(in+1)*passLanes]
	}
	return posterior
}

// The shares are the rule of docs/simulation.md: a mix's mass grows by an arrival's and falls by
// mass/n.
func TestSharesEqualPlainMasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, mass, n := newPools(1, 2), [2]float64{}, 0
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			if n == 0 || rapid.Bool().Draw(t, "arrives") {
				in := []float64{
					rapid.Float64Range(0, 1).Draw(t, "a"), rapid.Float64Range(0, 1).Draw(t, "b"),
				}
				p.arrive(0, in)
				mass[0], mass[1], n = mass[0]+in[0], mass[1]+in[1], n+1
				continue
			}
			for j, share := range p.row(0) {
				if math.Abs(share-mass[j]/float64(n)) > 1e-9 {
					t.Fatalf("share %g, mass %g of %d", share, mass[j], n)
				}
				mass[j] -= mass[j] / float64(n)
			}
			p.leave(0)
			n--
		}
	})
}

func TestDiscardedMassStays(t *testing.T) {
	p := newPools(1, 1)
	p.discard(0, []float64{0.25}) // nobody there: the next one gets it
	p.arrive(0, []float64{0.5})
	if got := p.row(0)[0]; got != 0.75 {
		t.Errorf("a lone packet has %g", got)
	}
	p.arrive(0, nil)
	p.discard(0, []float64{0.5})
	if got := p.row(0)[0]; got != 0.625 {
		t.Errorf("two packets share %g each", got)
	}
	p.leave(0)
	p.leave(0)
	p.arrive(0, nil)
	if got := p.row(0)[0]; got != 0 {
		t.Errorf("mass %g from nowhere", got)
	}
	p.discard(0, []float64{1})
	p.leave(0)
	p.discard(0, []float64{1})
	p.forget(0)
	p.arrive(0, nil)
	if got := p.row(0)[0]; got != 0 {
		t.Errorf("a forgotten mass of %g", got)
	}
}

func TestLog2(t *testing.T) {
	r := stat.Seed(1, 0, 0, 0, "log2")
	for range 100_000 {
		x := math.Exp2(-60 * r.Float64())
		if got, want := log2(x), math.Log2(x); math.Abs(got-want) > 1e-13*max(1, -want) {
			t.Fatalf("log2(%g) = %.17g, want %.17g", x, got, want)
		}
	}
	if got := log2(1); math.Abs(got) > 1e-15 {
		t.Errorf("log2(1) = %g", got)
	}
}

func TestGuessesFromBins(t *testing.T) {
	r := stat.Seed(1, 0, 0, 0, "guesses")
	p, sum := make([]float64, 3000), 0.0
	for i := range p {
		p[i] = r.Exp() * r.Exp()
		sum += p[i]
	}
	var l lane
	l.start()
	entropy, squares := 0.0, 0.0
	for i := range p {
		p[i] /= sum
		entropy -= p[i] * math.Log2(p[i])
		squares += p[i] * p[i]
		l.output(p[i], -math.Log2(p[i]))
	}
	slices.SortFunc(p, func(a, b float64) int { return -int(math.Copysign(1, a-b)) })
	guesses := 0.0
	for i, x := range p {
		guesses += float64(i+1) * x
	}
	got := l.trace()
	for _, c := range []struct{ got, want, within float64 }{
		{got.Guesses, guesses, 0.01 * guesses}, {got.Shannon, entropy, 1e-9},
		{got.Renyi2, -math.Log2(squares), 1e-9},
		{got.OneGuess, p[0], 1e-12}, {got.MinEntropy, -math.Log2(p[0]), 1e-9},
	} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%g, want %g: %+v", c.got, c.want, got)
		}
	}
	if !(got.MinEntropy < got.Renyi2 && got.Renyi2 < got.Shannon) {
		t.Errorf("entropies out of order: %+v", got)
	}
}
