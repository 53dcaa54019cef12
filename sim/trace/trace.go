// Package trace holds what an observer of links sees, and the one file format for it.
//
// An Event says when a packet of what size left which party for which. It carries
// no label: attacks read events, and nothing that they read tells a real packet from
// cover. The truth stands in Labels, a separate type that only scorers take.
// The same file holds a simulated run or a recording of real nodes.
//
// This package must not know how packets come about, nor import an engine.
package trace

import (
	"fmt"
	"slices"
)

// Event is one packet seen on one link: 20 bytes in a file, 24 in memory.
type Event struct {
	At   int64 // nanoseconds since the start of the trace, never negative
	From int32 // party that sent it: nodes first, then clients
	To   int32 // party that it goes to
	Size int32 // bytes on the wire, above zero
}

// Sink takes events in order of time. A Writer keeps them in a file, a Buffer in memory.
type Sink interface {
	Add(Event) error
}

// Parties is how the numbers in From and To are to be read: nodes are
// 0..Nodes-1, clients Nodes..Nodes+Clients-1.
type Parties struct {
	Nodes   int32
	Clients int32
}

// Client returns the client's index of a party, from zero, and whether it is a client.
func (p Parties) Client(party int32) (int32, bool) {
	return party - p.Nodes, party >= p.Nodes && party-p.Nodes < p.Clients
}

// check reports an event that a trace of these parties cannot hold after time last.
func (p Parties) check(e Event, last int64) error {
	total := int64(p.Nodes) + int64(p.Clients)
	switch {
	case e.At < last:
		return fmt.Errorf("event at %d ns after one at %d ns", e.At, last)
	case e.From < 0 || int64(e.From) >= total:
		return fmt.Errorf("sender %d of %d parties", e.From, total)
	case e.To < 0 || int64(e.To) >= total:
		return fmt.Errorf("receiver %d of %d parties", e.To, total)
	case e.Size <= 0:
		return fmt.Errorf("packet of %d bytes", e.Size)
	}
	return nil
}

// Buffer keeps a trace in memory, up to a limit.
type Buffer struct {
	Parties Parties
	Events  []Event
	Limit   int // most events kept, 0 for 1<<24 (400 MB)
}

// Add keeps an event; it refuses what a Writer would refuse, and more than the limit.
func (b *Buffer) Add(e Event) error {
	last := int64(0)
	if n := len(b.Events); n > 0 {
		last = b.Events[n-1].At
	}
	if err := b.Parties.check(e, last); err != nil {
		return fmt.Errorf("keeping a trace: %w", err)
	}
	if len(b.Events) >= b.limit() {
		return fmt.Errorf("keeping a trace: more than %d events", b.limit())
	}
	b.Events = append(b.Events, e)
	return nil
}

func (b *Buffer) limit() int {
	if b.Limit > 0 {
		return b.Limit
	}
	return 1 << 24
}

// Labels is the truth about a trace. Attacks never take it; scorers do.
type Labels struct {
	Busy    []Span     // when each client had real traffic to send, by client, then time
	Sent    []Sent     // every real message between clients, by time
	Packets []int64    // one per event: the message that its packet carries, -1 for cover; or empty
	Boxes   []BoxTruth // of a Coalition
}

// Span is a time in which a client was busy: from From until, not including, To.
type Span struct {
	Client   int32
	From, To int64 // nanoseconds since the start of the trace
}

// Sent is one real message.
type Sent struct {
	At       int64 // nanoseconds since the start of the trace, when it was given to the client
	From, To int32 // clients, from zero
}

// BusyIn reports whether the client was busy at any time in [from, to).
func (l *Labels) BusyIn(client int32, from, to int64) bool {
	i, _ := slices.BinarySearchFunc(l.Busy, client,
		func(s Span, c int32) int { return int(s.Client) - int(c) })
	for ; i < len(l.Busy) && l.Busy[i].Client == client && l.Busy[i].From < to; i++ {
		if l.Busy[i].To > from {
			return true
		}
	}
	return false
}
