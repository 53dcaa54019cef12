package person

import (
	"errors"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// echo is a part that asks for what the test put into it, and remembers what it was told.
type echo struct {
	access  *Access
	wants   []uint64
	heard   []Answer
	turns   int
	failing error
}

func join(p *Person, wants ...uint64) *echo {
	e := &echo{wants: wants}
	e.access = p.Join(e)
	return e
}

func (e *echo) Load(tx *store.Tx) error { return nil }

func (e *echo) Supply(now time.Time) error {
	for len(e.wants) > 0 {
		err := e.access.Enqueue(now, e.wants[0], Request{Op: box.OpTombstone, Day: 3})
		if errors.Is(err, ErrLater) {
			return nil
		}
		if err != nil {
			return err
		}
		e.wants = e.wants[1:]
	}
	return nil
}

func (e *echo) Answered(_ time.Time, a Answer) error {
	if a.Kind != Lost && e.failing != nil {
		return e.failing
	}
	e.heard = append(e.heard, a)
	if a.Kind == Lost {
		e.wants = append(e.wants, a.Number)
	}
	return nil
}

func (e *echo) Turn(time.Time) error { e.turns++; return nil }

// queue is a sender that keeps what it is given.
type queue struct {
	requests []sender.Request
	room     int
	refuses  error
}

func (q *queue) Enqueue(_ time.Time, r sender.Request) error {
	if len(q.requests) >= q.room {
		return sender.ErrQueueFull
	}
	q.requests = append(q.requests, r)
	return q.refuses
}

func (q *queue) Cancel(token uint64) bool {
	q.requests = slices.DeleteFunc(
		q.requests,
		func(r sender.Request) bool { return r.Token == token },
	)
	return true
}

func (q *queue) Handed() (all []uint64) {
	for _, r := range q.requests {
		all = append(all, r.Token)
	}
	return all
}

// answer is what the sender says about its oldest request.
func (q *queue) answer() sender.Event {
	r := q.requests[0]
	q.requests = q.requests[1:]
	return sender.Event{Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day}
}

func begin(t *testing.T, p *Person, q *queue) {
	t.Helper()
	if err := p.Begin(noon, q); err != nil {
		t.Fatal(err)
	}
}

func heard(t *testing.T, p *Person, e sender.Event) {
	t.Helper()
	if err := p.Answered(noon, e); err != nil {
		t.Fatal(err)
	}
}

// TestAnswersFindTheirOwners: two parts use the same numbers, for requests and for wanted boxes.
func TestAnswersFindTheirOwners(t *testing.T) {
	p := New(store.Memory())
	a, b := join(p, 1, 2), join(p, 1)
	a.access.Want(1, []ID{{4, box.ID{4}}}, true)
	q := &queue{room: 10}
	begin(t, p, q)
	if len(q.requests) != 3 || len(a.access.Handed()) != 2 || !b.access.Handed()[1] {
		t.Fatalf("the sender has %+v", q)
	}
	for range 3 {
		heard(t, p, q.answer())
	}
	w := wanted(p, box.ID{4})[0]
	listed := func() {
		if err := p.Listed(noon, w, Listing{}); err != nil {
			t.Fatal(err)
		}
	}
	listed()
	if len(a.heard) != 3 || len(b.heard) != 1 || a.heard[2].Kind != Listed ||
		b.heard[0].Number != 1 {
		t.Errorf("the parts heard %+v and %+v", a.heard, b.heard)
	}
	b.access.Unwant(1) // the control: it is not theirs
	listed()
	a.access.Unwant(1)
	listed()
	if len(a.heard) != 4 {
		t.Errorf("a box is wanted still: %+v", a.heard)
	}
}

// TestStrayAnswersAreNobodys: one that came twice, one to what was taken back, and the token of
// what is wanted in a request's place.
func TestStrayAnswersAreNobodys(t *testing.T) {
	p := New(store.Memory())
	a := join(p, 1, 2)
	a.access.Want(1, []ID{{4, box.ID{4}}}, true)
	q := &queue{room: 10}
	begin(t, p, q)
	first, second := q.requests[0].Token, q.requests[1].Token
	e := q.answer()
	heard(t, p, e)
	heard(t, p, e)
	a.access.Cancel(2)
	for _, token := range []uint64{first, second, wanted(p, box.ID{4})[0].Token, 99} {
		heard(t, p, sender.Event{Kind: sender.Answered, Token: token})
	}
	if len(a.heard) != 1 || len(q.requests) != 0 {
		t.Errorf("heard %+v, the sender has %d", a.heard, len(q.requests))
	}
}

// TestAnotherSenderIsGivenEverything: what waited in the old one is lost, told and asked for again.
func TestAnotherSenderIsGivenEverything(t *testing.T) {
	p := New(store.Memory())
	a := join(p, 1, 2, 3)
	if err := p.Supply(noon); err != nil || len(a.wants) != 3 {
		t.Fatalf("without a sender: %v, %d wait", err, len(a.wants))
	}
	old, fresh := &queue{room: 2}, &queue{room: 10}
	begin(t, p, old)
	if len(a.wants) != 1 {
		t.Errorf("%d wait, and the sender had room for two of three", len(a.wants))
	}
	late := old.answer()
	begin(t, p, fresh)
	heard(t, p, late)
	if len(fresh.requests) != 3 || len(a.heard) != 2 ||
		a.heard[0].Kind != Lost {
		t.Errorf("the new sender has %+v, the part heard %+v", fresh, a.heard)
	}
}

// TestFullDiskLosesAnswersOnly: the part is told to ask again, and the person goes on.
func TestFullDiskLosesAnswersOnly(t *testing.T) {
	p := New(store.Memory())
	a := join(p, 1)
	q := &queue{room: 10}
	begin(t, p, q)
	a.failing = store.ErrFull.With("no room")
	heard(t, p, q.answer())
	if len(a.heard) != 1 || a.heard[0].Kind != Lost || len(q.requests) != 1 {
		t.Errorf("heard %+v, the sender has %d", a.heard, len(q.requests))
	}
	a.failing = errors.New("broken")
	if err := p.Answered(noon, q.answer()); !errors.Is(err, a.failing) {
		t.Errorf("another error: %v", err)
	}
}

func TestNumbersUnderWayAreTakenOnce(t *testing.T) {
	p := New(store.Memory())
	a := join(p, 1)
	begin(t, p, &queue{room: 10})
	if err := a.access.Enqueue(noon, 1, Request{}); err == nil || errors.Is(err, ErrLater) {
		t.Errorf("the same number twice: %v", err)
	}
	q := &queue{room: 10}
	begin(t, p, q)
	q.refuses = sender.ErrRequest
	if err := a.access.Enqueue(noon, 5, Request{}); !errors.Is(err, sender.ErrRequest) {
		t.Errorf("a request that is none: %v", err)
	}
	before := a.turns
	if err := p.Turn(noon); err != nil || a.turns != before+1 {
		t.Errorf("%d turns, %v", a.turns, err)
	}
}

func TestNoticesAreToldOnce(t *testing.T) {
	p := New(store.Memory())
	join(p).access.Tell("something happened", "Look.")
	if said := p.Notices(); len(said) != 1 || said[0].Do != "Look." || len(p.Notices()) != 0 {
		t.Errorf("said %+v", said)
	}
}
