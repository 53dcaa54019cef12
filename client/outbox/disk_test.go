package outbox

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// restarted is the same home after the program was started again.
func (h *home) restarted(now time.Time) *home { return newHome(h.t, h.store, now) }

// put writes a record past the outbox, as a damaged disk would.
func (h *home) put(bucket, name string, v any) {
	h.t.Helper()
	h.check(h.store.Update(func(tx *store.Tx) error { return tx.Put(bucket, name, v) }))
}

// kept is what the disk has of a box.
func (h *home) kept(number uint64) (b Box, err error) {
	err = h.store.View(func(tx *store.Tx) error { return tx.Get(bucketBoxes, nameOf(number), &b) })
	return b, err
}

func TestStrayAnswersChangeNothing(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 1))
	stored := box.Reply{Status: box.StatusStored}
	h.check(h.Outbox.Answered(noon, person.Answer{Number: 99, Reply: stored}))
	h.check(h.Outbox.Answered(noon, person.Answer{Number: 1, Kind: person.Polled, Reply: stored}))
	if e := h.state("a"); e.State != Queued || h.Waiting() != 1 {
		t.Errorf("%+v", e)
	}
	h.check(h.Outbox.Answered(noon, person.Answer{Number: 1, Reply: stored})) // the control
	if e := h.state("a"); e.State != Stored {
		t.Errorf("the answer of a holder: %+v", e)
	}
}

// TestLostRequestIsNoRefusal: nobody has seen the box, and the same holder is asked.
func TestLostRequestIsNoRefusal(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 1))
	h.requests = nil
	h.check(h.person.Begin(noon, h))
	if e := h.state("a"); e.State != Queued || len(h.requests) != 1 || h.requests[0].Try != 0 {
		t.Errorf("%+v, asked for by %+v", e, h.requests)
	}
	h.answer(noon, box.StatusFull)
	if e := h.state("a"); e.State != Handed || h.requests[0].Try != 1 {
		t.Errorf("the control, a refusal: %+v, %+v", e, h.requests)
	}
}

// TestEntriesAreToldApart: each counts its own boxes, and those before it.
func TestEntriesAreToldApart(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 2))
	h.queue("b", h.batch("b", false, 1))
	h.answer(noon, box.StatusStored)
	h.handed = []uint64{h.requests[0].Token}
	a, b := h.state("a"), h.state("b")
	if a.State != Handed || a.Handed != 2 || a.Stored != 1 || a.Ahead != 1 || !a.Done.IsZero() {
		t.Errorf("a: %+v", a)
	}
	if b.State != Queued || b.Handed != 0 || b.Ahead != 2 || !b.Done.IsZero() ||
		!b.Queued.Equal(noon) {
		t.Errorf("b: %+v", b)
	}
	again := h.restarted(noon)
	if e := again.state("a"); e.Stored != 1 || e.Boxes != 2 || again.Waiting() != 2 {
		t.Errorf("after a restart: %+v, %d wait", e, again.Waiting())
	}
}

// TestConflictIsDurable, and happens once: on a full disk nothing of it, and all of it later.
func TestConflictIsDurable(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("feed", true, 1), h.batch("a", false, 2))
	h.queue("b", h.batch("other", true, 1))
	h.full = true
	h.answer(noon, box.StatusConflict)
	if e := h.state("a"); e.State != Handed || h.Waiting() != 4 || h.conflicts != 0 {
		t.Fatalf("on a full disk: %+v, %d wait, %d told", e, h.Waiting(), h.conflicts)
	}
	h.full = false
	for h.requests[0].Box.ID != h.firstOf("feed") {
		h.requests = append(h.requests[1:], h.requests[0])
	}
	later := noon.Add(time.Hour)
	h.answer(later, box.StatusConflict)
	again := h.restarted(later)
	for _, h := range []*home{h, again} {
		if e := h.state("a"); e.State != Expired || e.Reason != "a copy writes" ||
			!e.Done.Equal(later) || e.Ahead != 0 {
			t.Errorf("a: %+v", e)
		}
		if e := h.state("b"); e.State != Queued || h.Waiting() != 1 {
			t.Errorf("b: %+v, %d wait", e, h.Waiting())
		}
	}
}

// firstOf is the id of the first box that waits in a stream.
func (h *home) firstOf(stream string) box.ID {
	for _, w := range h.waiting {
		if b, err := h.kept(w.number); w.stream == stream {
			h.check(err)
			return b.Sealed.ID
		}
	}
	h.t.Fatalf("nothing waits in %s", stream)
	return box.ID{}
}

// TestConflictOfNobody: a draft whose author has gone is given up like any other.
func TestConflictOfNobody(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.authors = map[string]Author{}
	h.queue("a", h.batch("a", true, 1))
	h.answer(noon, box.StatusConflict)
	if e := h.state("a"); e.State != Expired || e.Reason == "" || h.conflicts != 0 {
		t.Errorf("%+v", e)
	}
}

// TestHandedIsRemembered when the sender has to forget the request.
func TestHandedIsRemembered(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 1))
	h.handed = []uint64{h.requests[0].Token}
	h.check(h.person.Turn(noon.Add(24 * time.Hour)))
	h.handed = nil
	if e := h.state("a"); e.State != Handed || len(h.requests) != 0 {
		t.Errorf("%+v, %d requests", e, len(h.requests))
	}
}

// TestTurnWithoutEndWritesNothing: it comes every few seconds, and a disk may be full.
func TestTurnWithoutEndWritesNothing(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 1))
	h.full = true
	h.check(h.Outbox.Turn(noon))
	late := noon.Add(100 * time.Hour)
	if err := h.Outbox.Turn(late); !errors.Is(err, store.ErrFull) || h.Waiting() != 1 {
		t.Errorf("with something to give up: %v, %d wait", err, h.Waiting())
	}
	h.full = false
	h.check(h.Outbox.Turn(late))
	again := h.restarted(late)
	if e := again.state("a"); e.State != Expired || !e.Done.Equal(late) || again.Waiting() != 0 {
		t.Errorf("after a restart: %+v, %d wait", e, again.Waiting())
	}
	if _, err := h.kept(1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the box that was given up: %v", err)
	}
}

// TestForgottenEntriesLeaveTheDisk: the oldest, and no more than is too many.
func TestForgottenEntriesLeaveTheDisk(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	one := h.batch("a", false, 1)
	for i := range keptEntries + 1 {
		h.queue(fmt.Sprint(i), one)
		h.answer(noon.Add(time.Duration(i)*time.Second), box.StatusStored)
	}
	h.check(h.person.Turn(noon.Add(time.Hour)))
	all := h.Entries()
	if len(all) != keptEntries || all[len(all)-1].Name != "1" {
		t.Errorf("%d entries, the oldest %+v", len(all), all[len(all)-1])
	}
	loaded := New(person.New(h.store), h.store, network) // before its first turn
	h.check(h.store.View(loaded.Load))
	if len(loaded.entries) != keptEntries || loaded.entries["0"] != nil {
		t.Errorf("%d entries on the disk", len(loaded.entries))
	}
}

// TestBoxIsSealedForTheDayOnce: what is sent is on the disk before, and stays with the sender.
func TestBoxIsSealedForTheDayOnce(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 1))
	later := noon.Add(24 * time.Hour)
	h.check(h.person.Turn(later))
	h.full = true
	if err := h.Outbox.Supply(later); !errors.Is(err, store.ErrFull) || len(h.requests) != 0 {
		t.Fatalf("sealed again on a full disk: %v, %+v", err, h.requests)
	}
	h.full = false
	h.check(h.Outbox.Supply(later))
	b, err := h.kept(1)
	h.check(err)
	if len(h.requests) != 1 || b.Sealed.Day != network.Today(later) ||
		!h.requests[0].Box.Equal(b.Sealed.Box()) {
		t.Fatalf("sent %+v, kept %+v", h.requests, b.Sealed)
	}
	token := h.requests[0].Token
	h.check(h.person.Turn(later.Add(time.Minute)))
	if len(h.requests) != 1 || h.requests[0].Token != token {
		t.Errorf("taken back on its own day: %+v", h.requests)
	}
}

func TestOutboxIsFullToTheLastBox(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	one := h.batch("a", false, 1)
	h.waiting = make([]*waiting, maxBoxes-1)
	put := func(boxes ...boxstream.Sealed) error {
		return h.store.Update(func(tx *store.Tx) error {
			_, err := h.Put(tx, noon, Draft{"a", "me", []Batch{{Stream: "a", Boxes: boxes}}})
			return err
		})
	}
	if err := put(one.Boxes[0]); err != nil {
		t.Errorf("the last box that may wait: %v", err)
	}
	if err := put(one.Boxes[0], one.Boxes[0]); !errors.Is(err, errFull) {
		t.Errorf("one too many: %v", err)
	}
}

// TestDamagedRecordsAreNotPassedOver: each of them ends the start, or the supply.
func TestDamagedRecordsAreNotPassedOver(t *testing.T) {
	for bucket, name := range map[string]string{
		bucketCount: "", bucketEntries: nameOf(1), bucketBoxes: nameOf(1),
	} {
		h := newHome(t, store.Memory(), noon)
		h.queue("a", h.batch("a", false, 1))
		if err := h.store.View(New(person.New(h.store), h.store, network).Load); err != nil {
			t.Errorf("the control: %v", err)
		}
		h.put(bucket, name, "something else")
		err := h.store.View(New(person.New(h.store), h.store, network).Load)
		if !errors.Is(err, store.ErrForeign) {
			t.Errorf("%s: %v", bucket, err)
		}
	}
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 1))
	h.check(h.person.Turn(noon.Add(24 * time.Hour)))
	b, err := h.kept(1)
	h.check(err)
	b.Sealed.Cap = []byte("no capability")
	h.check(h.store.Update(b.put))
	if err := h.Outbox.Supply(noon.Add(24 * time.Hour)); err == nil || len(h.requests) != 0 {
		t.Errorf("a box that cannot be sealed again was sent: %+v", h.requests)
	}
	h.put(bucketBoxes, nameOf(1), "something else")
	if err := h.Outbox.Supply(noon); !errors.Is(err, store.ErrForeign) || len(h.requests) != 0 {
		t.Errorf("a damaged box: %v, %+v", err, h.requests)
	}
}

// refusing is a sender that takes nothing.
type refusing struct {
	*home
	with error
}

func (r refusing) Enqueue(time.Time, sender.Request) error { return r.with }

func TestSenderThatTakesNothing(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.check(h.person.Begin(noon, refusing{h, sender.ErrQueueFull}))
	h.queue("a", h.batch("a", false, 1))
	h.check(h.person.Begin(noon, h))
	if len(h.requests) != 1 {
		t.Errorf("after a full queue: %+v", h.requests)
	}
	if err := h.person.Begin(noon, refusing{h, sender.ErrRequest}); !errors.Is(
		err, sender.ErrRequest) {
		t.Errorf("a request that is none: %v", err)
	}
}
