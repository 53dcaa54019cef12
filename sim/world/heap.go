package world

import (
	"errors"
	"fmt"
	"time"
)

// actor is what something happens to: a node that a packet reaches or whose time has come (nil), a
// person whose slot has come, a call that was planned.
type actor interface{ act(packet []byte) }

// call is something planned by At.
type call func()

func (c call) act([]byte) { c() }

// event is one thing to come.
type event struct {
	at     int64 // nanoseconds since the start
	order  uint64
	who    actor
	packet []byte
}

// heap is all that is to come: a heap of four branches, by time, and by the order of planning among
// what comes at one time, so that one sequence of calls gives one sequence of events.
type heap struct {
	events []event
	order  uint64
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.order < o.order }

func (h *heap) push(at int64, who actor, packet []byte) {
	h.order++
	e := event{at, h.order, who, packet}
	h.events = append(h.events, e)
	i := len(h.events) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&h.events[up]) {
			break
		}
		h.events[i] = h.events[up]
		i = up
	}
	h.events[i] = e
}

// next is the time of the first event; ok is false when there is none.
func (h *heap) next() (at int64, ok bool) {
	if len(h.events) == 0 {
		return 0, false
	}
	return h.events[0].at, true
}

func (h *heap) pop() event {
	first := h.events[0]
	n := len(h.events) - 1
	last := h.events[n]
	h.events[n] = event{}
	h.events = h.events[:n]
	if n > 0 {
		h.sink(last)
	}
	return first
}

// sink puts e into the hole at the top.
func (h *heap) sink(e event) {
	n, i := len(h.events), 0
	for {
		kid := 4*i + 1
		if kid >= n {
			break
		}
		least := kid
		for k := kid + 1; k < min(kid+4, n); k++ {
			if h.events[k].before(&h.events[least]) {
				least = k
			}
		}
		if !h.events[least].before(&e) {
			break
		}
		h.events[i] = h.events[least]
		i = least
	}
	h.events[i] = e
}

// agenda is what a world has planned, and how far its time has come.
type agenda struct {
	start time.Time
	now   int64 // nanoseconds since start
	heap  heap
	err   error // the first thing that must not happen
}

// Now is the virtual time.
func (a *agenda) Now() time.Time { return a.start.Add(time.Duration(a.now)) }

// At plans a call; what is planned for one time happens in the order of planning, and what is
// planned for the past happens now.
func (a *agenda) At(t time.Time, do func()) { a.push(int64(t.Sub(a.start)), call(do), nil) }

// After is At, from now.
func (a *agenda) After(d time.Duration, do func()) { a.push(a.now+int64(d), call(do), nil) }

func (a *agenda) push(at int64, who actor, packet []byte) {
	a.heap.push(max(at, a.now), who, packet)
}

// Run lets virtual time pass. It stops at the first thing that must not happen in any network, and
// says what it was.
func (a *agenda) Run(d time.Duration) error { return a.RunUntil(a.Now().Add(d)) }

// RunUntil lets virtual time pass until t.
func (a *agenda) RunUntil(t time.Time) error {
	until := int64(t.Sub(a.start))
	for a.err == nil {
		at, ok := a.heap.next()
		if !ok || at > until {
			break
		}
		e := a.heap.pop()
		a.now = at
		e.who.act(e.packet)
	}
	a.now = max(a.now, until)
	return a.err
}

// fail notes what must not happen; Run returns it.
func (a *agenda) fail(format string, args ...any) {
	a.err = errors.Join(a.err,
		fmt.Errorf("in the world's %v: "+format, append([]any{time.Duration(a.now)}, args...)...))
}
