package person

import (
	"errors"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// broken is a part that fails as it is told.
type broken struct {
	echo
	load error
}

func (b *broken) Load(*store.Tx) error { return b.load }

// counting counts what a sender is asked to take back.
type counting struct {
	queue
	cancelled, unwatched []uint64
}

func (c *counting) Cancel(token uint64) {
	c.cancelled = append(c.cancelled, token)
	c.queue.Cancel(token)
}

func (c *counting) Unwatch(token uint64) {
	c.unwatched = append(c.unwatched, token)
	c.queue.Unwatch(token)
}

func TestPartThatCannotLoadEndsTheStart(t *testing.T) {
	p := New(store.Memory())
	b := &broken{}
	b.access = p.Join(b)
	if err := p.Load(); err != nil {
		t.Errorf("the control: %v", err)
	}
	b.load = store.ErrForeign
	if err := p.Load(); !errors.Is(err, store.ErrForeign) {
		t.Errorf("%v", err)
	}
}

// TestAccessBeforeTheFirstSender: nothing is sent, and watched boxes wait for it.
func TestAccessBeforeTheFirstSender(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	a.access.Cancel(9)
	a.access.Watch(1, 4, box.ID{4}, noon)
	a.access.Watch(2, 4, box.ID{5}, noon)
	a.access.Unwatch(1)
	if err := a.access.Enqueue(noon, 1, Request{}); !errors.Is(err, ErrLater) ||
		len(a.access.Handed()) != 0 {
		t.Errorf("%v", err)
	}
	q := &queue{room: 10}
	begin(t, p, q)
	if len(q.watched) != 1 || q.watched[0].ID != (box.ID{5}) || len(q.requests) != 0 {
		t.Errorf("%+v", q)
	}
}

// TestOnlyWhatIsUnderWayIsTakenBack: numbers of requests and of watched boxes are two kinds.
func TestOnlyWhatIsUnderWayIsTakenBack(t *testing.T) {
	p := New(store.Memory())
	a, b := join(p, 1), join(p, 2)
	c := &counting{queue: queue{room: 10}}
	if err := p.Begin(noon, c); err != nil {
		t.Fatal(err)
	}
	a.access.Watch(3, 4, box.ID{4}, noon)
	a.access.Watch(3, 5, box.ID{5}, noon)
	if len(c.watched) != 1 || c.watched[0].Day != 5 {
		t.Errorf("the second box under a number replaces the first: %+v", c.watched)
	}
	if len(b.access.Handed()) != 1 || len(a.access.Handed()) != 1 {
		t.Errorf("handed %v and %v", a.access.Handed(), b.access.Handed())
	}
	a.access.Cancel(3) // a watched box's number, and no request's
	a.access.Unwatch(1)
	b.access.Cancel(9)
	if len(c.cancelled)+len(c.unwatched) != 0 || len(p.owners) != 3 {
		t.Errorf("taken back: %v, %v", c.cancelled, c.unwatched)
	}
	a.access.Cancel(1)
	a.access.Unwatch(3)
	if len(c.cancelled) != 1 || len(c.unwatched) != 1 || len(p.owners) != 1 || len(p.tokens) != 1 ||
		len(p.targets) != 0 {
		t.Errorf("%v, %v, and %+v is remembered", c.cancelled, c.unwatched, p.owners)
	}
}

func TestEventsOfNothing(t *testing.T) {
	p := New(store.Memory())
	a := join(p, 1)
	q := &queue{room: 10}
	begin(t, p, q)
	heard(t, p, sender.Event{Kind: sender.Nothing, Token: q.requests[0].Token})
	if len(a.heard) != 0 {
		t.Errorf("heard %+v", a.heard)
	}
	heard(t, p, q.answer()) // the control
	if len(a.heard) != 1 {
		t.Errorf("heard %+v", a.heard)
	}
}

// TestPollOnAFullDiskIsNotLost: the box is polled anyway.
func TestPollOnAFullDiskIsNotLost(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	a.access.Watch(1, 4, box.ID{4}, noon)
	q := &queue{room: 10}
	begin(t, p, q)
	a.failing = store.ErrFull
	heard(t, p, sender.Event{Kind: sender.Polled, Token: q.watched[0].Token})
	if len(a.heard) != 0 || len(q.watched) != 1 {
		t.Errorf("heard %+v", a.heard)
	}
}

// turning is a part whose turn fails.
type turning struct {
	echo
	with error
}

func (f *turning) Turn(time.Time) error { return f.with }

func TestFullDiskStopsNoTurn(t *testing.T) {
	p := New(store.Memory())
	first := &turning{with: store.ErrFull}
	first.access = p.Join(first)
	last := join(p)
	if err := p.Turn(noon); err != nil || last.turns != 1 {
		t.Errorf("%v, %d turns", err, last.turns)
	}
	first.with = store.ErrForeign
	if err := p.Turn(noon); !errors.Is(err, store.ErrForeign) || last.turns != 1 {
		t.Errorf("a damaged store: %v, %d turns", err, last.turns)
	}
}

func TestClosedDayIsForLater(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	q := &queue{room: 10, refuses: sender.ErrDay}
	begin(t, p, q)
	err := a.access.Enqueue(noon, 1, Request{})
	if !errors.Is(err, ErrLater) || len(p.owners) != 0 {
		t.Errorf("%v, %+v under way", err, p.owners)
	}
}
