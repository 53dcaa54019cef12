package trace

import (
	"fmt"
	"math"
)

// Tracer follows packets through mixes as a global observer can, who sees every link but
// not into the mixes, and knows that each packet inside is equally likely to be the next
// to leave: exact for Poisson mixes. When a packet arrives, the mix's mass grows by the
// packet's; when one leaves of n, it takes the n-th part of the mass.
//
// Its domain is a trace from the very start of a network with links of one constant delay,
// in which mixes neither lose nor make packets; Trace refuses one where it notices.
type Tracer struct {
	Parties Parties
	Mixing  func(node int32) bool // whether a party is a mix; others end a trace
	Link    int64                 // nanoseconds between leaving one node and arriving at the next
}

// Guess is what the observer thinks of one target.
type Guess struct {
	Target  int         // index of the event in which the target entered the mixes
	Entropy float64     // of the posterior, bits
	Mass    []Candidate // in order of events
}

// Candidate is an event in which the target may have left the mixes.
type Candidate struct {
	Event int
	P     float64
}

// leftOver is the mass that may still be in the mixes when a guess is closed.
const leftOver = 1e-9

// carried is the mass of one target on a packet or in a mix.
type carried struct {
	target int
	mass   float64
}

// flight is a packet on a link between two mixes.
type flight struct {
	at   int64
	to   int32
	load []carried
}

type tracing struct {
	Tracer
	inside []int       // packets in each node
	mass   [][]carried // in each node, by target
	link   []flight    // a queue: the delay is constant
	head   int
	out    []Guess
	left   []float64 // mass of each target still inside
}

// Trace follows the packets that enter the mixes in the events with the given indices, which
// must rise, and returns a guess for each whose mass has all come out; targets too near to
// the end of the trace are left out.
func (t Tracer) Trace(events []Event, targets []int) ([]Guess, error) {
	run := tracing{
		Tracer: t, inside: make([]int, t.Parties.Nodes), mass: make([][]carried, t.Parties.Nodes),
	}
	for i, e := range events {
		for run.head < len(run.link) && run.link[run.head].at <= e.At {
			run.arrive(run.link[run.head])
			run.head++
		}
		load, err := run.depart(e)
		if err != nil {
			return nil, fmt.Errorf("tracing event %d: %w", i, err)
		}
		if len(run.out) < len(targets) && targets[len(run.out)] == i {
			load = append(load, carried{target: len(run.out), mass: 1})
			run.out = append(run.out, Guess{Target: i})
			run.left = append(run.left, 1)
		}
		run.move(i, e, load)
	}
	return run.guesses(), nil
}

func (r *tracing) isMix(party int32) bool { return party < r.Parties.Nodes && r.Mixing(party) }

// depart takes a packet's share out of the mix that it leaves.
func (r *tracing) depart(e Event) ([]carried, error) {
	if !r.isMix(e.From) {
		return nil, nil
	}
	n := r.inside[e.From]
	if n == 0 {
		return nil, fmt.Errorf("a packet leaves mix %d, which is empty", e.From)
	}
	r.inside[e.From]--
	held := r.mass[e.From]
	if len(held) == 0 {
		return nil, nil
	}
	load := make([]carried, len(held))
	for i := range held {
		load[i] = carried{target: held[i].target, mass: held[i].mass / float64(n)}
		held[i].mass -= load[i].mass
	}
	if n == 1 {
		r.mass[e.From] = held[:0]
	}
	return load, nil
}

// move puts a packet on its link, or ends its way.
func (r *tracing) move(i int, e Event, load []carried) {
	if r.isMix(e.To) {
		r.link = append(r.link, flight{at: e.At + r.Link, to: e.To, load: load})
		return
	}
	for _, c := range load {
		if r.left[c.target] < leftOver || c.mass == 0 {
			continue
		}
		g := &r.out[c.target]
		g.Mass = append(g.Mass, Candidate{Event: i, P: c.mass})
		g.Entropy -= c.mass * math.Log2(c.mass)
		r.left[c.target] -= c.mass
	}
}

// arrive adds a packet's mass to that of the mix.
func (r *tracing) arrive(f flight) {
	r.inside[f.to]++
	held := r.mass[f.to]
	// Targets that have come out as good as wholly are forgotten here.
	kept := held[:0]
	for _, c := range held {
		if r.left[c.target] >= leftOver {
			kept = append(kept, c)
		}
	}
	for _, c := range f.load {
		kept = addMass(kept, c)
	}
	r.mass[f.to] = kept
}

func addMass(held []carried, c carried) []carried {
	for i := range held {
		if held[i].target == c.target {
			held[i].mass += c.mass
			return held
		}
	}
	return append(held, c)
}

// guesses returns what has come out.
func (r *tracing) guesses() []Guess {
	var done []Guess
	for i, g := range r.out {
		if r.left[i] < leftOver {
			done = append(done, g)
		}
	}
	return done
}

// Surprise is a scorer: -log2 of what the observer gave to the event in which the target
// truly left. Its mean over targets equals the mean entropy if and only if the tracer is
// calibrated. It is infinite when the truth was excluded, and false when the target's
// packet is not in the labels.
func Surprise(g Guess, l *Labels) (float64, bool) {
	if g.Target >= len(l.Packets) || l.Packets[g.Target] < 0 {
		return 0, false
	}
	for _, c := range g.Mass {
		if l.Packets[c.Event] == l.Packets[g.Target] {
			return -math.Log2(c.P), true
		}
	}
	return math.Inf(1), true
}
