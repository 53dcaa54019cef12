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
	cancelled []uint64
}

func (c *counting) Cancel(token uint64) bool {
	c.cancelled = append(c.cancelled, token)
	return c.queue.Cancel(token)
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

// TestAccessBeforeTheFirstSender: nothing is sent, and what is wanted waits for it.
func TestAccessBeforeTheFirstSender(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	a.access.Cancel(9)
	a.access.Want(1, []ID{{4, box.ID{4}}}, true)
	a.access.Want(2, []ID{{4, box.ID{5}}}, true)
	a.access.Unwant(1)
	if err := a.access.Enqueue(noon, 1, Request{}); !errors.Is(err, ErrLater) ||
		len(a.access.Handed()) != 0 {
		t.Errorf("%v", err)
	}
	q := &queue{room: 10}
	begin(t, p, q)
	if w := p.Fresh(); len(w) != 1 || w[0].ID != (box.ID{5}) || len(q.requests) != 0 {
		t.Errorf("%+v, %+v", w, q)
	}
}

// TestOnlyWhatIsUnderWayIsTakenBack: numbers of requests and of wanted boxes are two kinds.
func TestOnlyWhatIsUnderWayIsTakenBack(t *testing.T) {
	p := New(store.Memory())
	a, b := join(p, 1), join(p, 2)
	c := &counting{queue: queue{room: 10}}
	if err := p.Begin(noon, c); err != nil {
		t.Fatal(err)
	}
	a.access.Want(3, []ID{{4, box.ID{4}}}, true)
	if len(b.access.Handed()) != 1 || len(a.access.Handed()) != 1 {
		t.Errorf("handed %v and %v", a.access.Handed(), b.access.Handed())
	}
	a.access.Cancel(3) // the number of what is wanted, and no request's
	a.access.Unwant(1)
	b.access.Cancel(9)
	if len(c.cancelled) != 0 || len(p.owners) != 3 || len(wanted(p, box.ID{4})) != 1 {
		t.Errorf("taken back: %v, %+v", c.cancelled, p.wants)
	}
	a.access.Cancel(1)
	a.access.Unwant(3)
	if len(c.cancelled) != 1 || len(p.owners) != 1 || len(p.tokens) != 1 {
		t.Errorf("%v, and %+v is remembered", c.cancelled, p.owners)
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

// TestOnline from the first sender on, until somebody says otherwise.
func TestOnline(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	before := a.access.Online()
	begin(t, p, &queue{})
	after := a.access.Online()
	p.Online(false)
	if before || !after || a.access.Online() {
		t.Errorf("online before %v, after %v, at last %v", before, after, a.access.Online())
	}
}
