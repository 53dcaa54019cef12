package flow

import (
	"math"
	"slices"
)

// complete is how much of a target's mass must have come out for its trace to be over. What is left
// after it adds at most 1e-7·log2(outputs·1e7), a few millionths of a bit.
const complete = 1 - 1e-7

// Trace is what the observer thinks of one target, from the posterior over all outputs (backward:
// inputs).
type Trace struct {
	Shannon    float64 // bits
	MinEntropy float64 // bits: −log2 of OneGuess
	Renyi2     float64 // bits: −log2 Σ p²
	OneGuess   float64 // probability that the most probable output is the target
	Guesses    float64 // mean number of guesses, most probable outputs first, within 1 %
	// bits: −log2 of the posterior of the true output; its mean equals that of Shannon
	Surprisal  float64
	Varentropy float64 // bits²: variance of Surprisal, by the posterior itself
	Latency    float64 // s of the target itself
}

// lane is the trace under way of one target.
type lane struct {
	busy    bool
	arrived bool    // the target itself is out
	sum     float64 // of the posterior so far
	lost    float64 // mass on dummies that a corrupt mix threw away
	entropy float64 // −Σ p·log2 p so far
	second  float64 // Σ p·(log2 p)² so far
	squares float64
	top     float64
	truth   float64 // posterior of the true output
	latency float64
	sizes   []uint32 // outputs by size of p, see sizeOf
}

// Posterior sizes are counted in 64 bins an octave over 64 octaves, for the mean number of guesses.
const (
	binsPerOctave = 64
	bins          = 64 * binsPerOctave
)

// sizeOf is the bin of p ≤ 1, 0 for the largest: the exponent and six digits of the fraction.
func sizeOf(p float64) int {
	return min(int((math.Float64bits(1)-math.Float64bits(min(p, 1)))>>(52-6)), bins-1)
}

// sizeAt is the middle of a bin.
func sizeAt(bin int) float64 {
	return math.Float64frombits(math.Float64bits(1) - uint64(bin)<<(52-6) - 1<<(52-7))
}

// finished tells whether the posterior is complete. It is judged at the end of steps.
func (l *lane) finished() bool { return l.busy && l.arrived && l.sum+l.lost >= complete }

// trace is the result. Lost mass is left out and not made up for, which is MiXiM's rule: the
// observer's entropy is then that of what it still believes.
func (l *lane) trace() Trace {
	s := l.sum + l.lost
	mean := l.entropy / s
	return Trace{
		Shannon:    max(0, mean+math.Log2(s)),
		Varentropy: max(0, l.second/s-mean*mean),
		MinEntropy: max(0, -math.Log2(l.top/s)),
		Renyi2:     max(0, -math.Log2(l.squares/(s*s))),
		OneGuess:   min(1, l.top/s),
		Guesses:    max(1, l.guesses()),
		Surprisal:  max(0, -math.Log2(l.truth/s)),
		Latency:    l.latency,
	}
}

func (l *lane) guesses() float64 {
	before, sum, total := 0.0, 0.0, 0.0
	for bin, n := range l.sizes {
		if n == 0 {
			continue
		}
		p, k := sizeAt(bin), float64(n)
		sum += p * k * (before + (k+1)/2)
		total += p * k
		before += k
	}
	return sum / total
}

func (l *lane) start() {
	sizes := l.sizes
	if sizes == nil {
		sizes = make([]uint32, bins)
	}
	clear(sizes)
	*l = lane{busy: true, sizes: sizes}
}

// output takes in one output with this posterior and its −log2 p.
func (l *lane) output(p, surprisal float64) {
	term := p * surprisal
	l.sum += p
	l.entropy += term
	l.second += term * surprisal
	l.squares += p * p
	if p > l.top {
		l.top = p
	}
	l.sizes[sizeOf(p)]++
}

func busy(lanes []lane) bool {
	return slices.ContainsFunc(lanes, func(l lane) bool { return l.busy })
}

// Logarithms of posteriors are the one costly operation of a trace, so they come from a table of
// 512 mantissas and a series for the rest; the error is below 1e-14.
const logBits = 9

var logTable = func() (t [1 << logBits][2]float64) {
	for i := range t {
		m := 1 + (float64(i)+0.5)/(1<<logBits)
		t[i] = [2]float64{math.Log2(m), 1 / m}
	}
	return t
}()

// log2 of a positive normal number.
func log2(x float64) float64 {
	b := math.Float64bits(x)
	m := math.Float64frombits(b&(1<<52-1) | 1023<<52)
	e := &logTable[b>>(52-logBits)&(1<<logBits-1)]
	r := m*e[1] - 1 // |r| < 2^-9
	series := r * (1 - r*(0.5-r*(1./3-r*(0.25-r*0.2))))
	return float64(int(b>>52)-1023) + e[0] + series*math.Log2E
}
