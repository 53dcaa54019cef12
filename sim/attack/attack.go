// Package attack turns what a watcher of links saw into guesses, and compares the
// guesses with the truth.
//
// The two halves are kept apart by type. Attacks take events of a tap, which carry no
// labels, or what can be counted from them. Scorers take trace.Labels or the true
// answers, and guesses, and never see a tap. Every attack works on a simulated and on a
// recorded trace alike.
//
// This package must not import an engine, and holds no random numbers of its own.
package attack

import (
	"cmp"
	"fmt"
	"slices"

	"murmuration/sim/trace"
)

// Round is what a watcher saw in one stretch of time: who sent and who received, one
// entry per packet, clients counted from zero.
type Round struct {
	Senders   []int32
	Receivers []int32
}

// Rounds cuts a tap into rounds of the given length in nanoseconds. Receivers are
// looked for lag nanoseconds later than senders, the time that a message takes; packets
// before from and incomplete rounds are left out.
func Rounds(p trace.Parties, events []trace.Event, from, length, lag int64) ([]Round, error) {
	if length <= 0 || lag < 0 || from < 0 {
		return nil, fmt.Errorf("cutting a trace into rounds of %d ns with lag %d ns from %d ns",
			length, lag, from)
	}
	if len(events) == 0 {
		return nil, nil
	}
	count := (events[len(events)-1].At - lag - from) / length
	if count <= 0 {
		return nil, nil
	}
	rounds := make([]Round, count)
	for _, e := range events {
		if c, ok := p.Client(e.From); ok {
			if r := (e.At - from) / length; e.At >= from && r < count {
				rounds[r].Senders = append(rounds[r].Senders, c)
			}
		}
		if c, ok := p.Client(e.To); ok {
			if r := (e.At - lag - from) / length; e.At-lag >= from && r < count {
				rounds[r].Receivers = append(rounds[r].Receivers, c)
			}
		}
	}
	return rounds, nil
}

// count is one client's packets in a round.
type count struct {
	client int32
	n      float64
}

// tally counts packets by client, in order of clients.
func tally(clients []int32) []count {
	var out []count
	for _, c := range slices.Sorted(slices.Values(clients)) {
		if n := len(out); n > 0 && out[n-1].client == c {
			out[n-1].n++
		} else {
			out = append(out, count{c, 1})
		}
	}
	return out
}

// of is a client's packets in a tally.
func of(counts []count, client int32) float64 {
	i, ok := slices.BinarySearchFunc(counts, client,
		func(c count, t int32) int { return cmp.Compare(c.client, t) })
	if !ok {
		return 0
	}
	return counts[i].n
}

// tallied is a round, counted.
type tallied struct {
	sent, got []count
	packets   float64 // sent by all
}

func tallyAll(rounds []Round) []tallied {
	out := make([]tallied, len(rounds))
	for i, r := range rounds {
		out[i] = tallied{
			sent: tally(r.Senders), got: tally(r.Receivers), packets: float64(len(r.Senders)),
		}
	}
	return out
}

// online cuts a tap into stretches of the given length in nanoseconds and lists, for each,
// the clients that sent anything, in order: with cover traffic, those who were online.
func online(p trace.Parties, events []trace.Event, from, length int64) ([][]int32, error) {
	rounds, err := Rounds(p, events, from, length, 0)
	if err != nil {
		return nil, err
	}
	online := make([][]int32, len(rounds))
	for i, r := range rounds {
		online[i] = slices.Compact(slices.Sorted(slices.Values(r.Senders)))
	}
	return online, nil
}
