package outbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

var (
	genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	noon    = genesis.Add(36 * time.Hour) // day 1
	network = boxstream.Network{
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 64},
		Calendar: box.Calendar{Genesis: genesis, Retention: 3},
	}
)

// home is an outbox with what is around it: a store, a sender that keeps what it is given, and an
// author.
type home struct {
	t *testing.T
	*Outbox
	person    *person.Person
	store     *store.Store
	writer    boxstream.Writer
	requests  []sender.Request
	handed    []uint64
	conflicts int
	full      bool
}

func newHome(t *testing.T, s *store.Store, now time.Time) *home {
	h := &home{t: t, store: s, person: person.New(s)}
	s.Free = func(string) (uint64, error) {
		if h.full {
			return 0, nil
		}
		return 1 << 40, nil
	}
	h.Outbox = New(h.person, s, network)
	h.Serve("me", h)
	w, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	h.writer = w
	h.check(h.person.Load())
	h.check(h.person.Begin(now, h))
	return h
}

func (h *home) Enqueue(_ time.Time, r sender.Request) error {
	h.requests = append(h.requests, r)
	return nil
}

func (h *home) Cancel(token uint64) {
	h.requests = slices.DeleteFunc(
		h.requests,
		func(r sender.Request) bool { return r.Token == token },
	)
}

func (h *home) Watch(sender.Target) {}
func (h *home) Unwatch(uint64)      {}
func (h *home) Handed() []uint64    { return h.handed }

func (h *home) Conflict(*store.Tx, time.Time) (string, error) {
	h.conflicts++
	return "a copy writes", nil
}

func (h *home) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// batch seals n boxes.
func (h *home) batch(stream string, inOrder bool, n int) Batch {
	var records []box.Record
	for i := range n {
		records = append(
			records, box.Record{Kind: 1, Parts: 1, Content: fmt.Append(nil, "box ", i)},
		)
	}
	sealed, err := h.writer.Seal(network, network.Today(noon), records...)
	h.check(err)
	return Batch{stream, inOrder, sealed}
}

func (h *home) queue(name string, batches ...Batch) {
	h.t.Helper()
	var taken Taken
	h.check(h.store.Update(func(tx *store.Tx) (err error) {
		taken, err = h.Put(tx, noon, Draft{name, "me", batches})
		return err
	}))
	h.Take(taken)
	h.check(h.person.Supply(noon))
}

// answer says what became of the oldest request in the sender.
func (h *home) answer(now time.Time, status box.Status) {
	h.t.Helper()
	r := h.requests[0]
	h.requests = h.requests[1:]
	h.check(h.person.Answered(now, sender.Event{
		Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day, ID: r.Box.ID,
		Reply: box.Reply{Status: status},
	}))
}

func (h *home) state(name string) Entry {
	for _, e := range h.Entries() {
		if e.Name == name {
			return e
		}
	}
	h.t.Fatalf("the outbox has no %s", name)
	return Entry{}
}

// TestOrderedStreamGoesOneBoxAtATime: of two boxes on their way at midnight the second may be
// stored under the old day and the first, sealed again, under the new one, where its reader goes on
// and never looks back.
func TestOrderedStreamGoesOneBoxAtATime(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("feed", true, 1), h.batch("a", false, 2))
	h.queue("b", h.batch("feed", true, 1))
	if len(h.requests) != 3 || h.Waiting() != 4 {
		t.Fatalf("%d requests at once; the feed's second box waits for its first", len(h.requests))
	}
	h.answer(noon, box.StatusStored)
	if len(h.requests) != 3 || h.Waiting() != 3 {
		t.Errorf("with the first stored, %d requests", len(h.requests))
	}
}

func TestStatesAreHonest(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 2))
	if e := h.state("a"); e.State != Queued || e.Boxes != 2 || e.Ahead != 2 || e.Handed != 0 {
		t.Errorf("queued: %+v", e)
	}
	h.handed = []uint64{h.requests[1].Token}
	if e := h.state("a"); e.State != Handed || e.Handed != 1 {
		t.Errorf("one of two in a packet: %+v", e)
	}
	h.answer(noon, box.StatusFull) // whoever answers had it in a packet
	h.handed = nil
	if e := h.state("a"); e.State != Handed || e.Handed != 2 || e.Stored != 0 {
		t.Errorf("none stored: %+v", e)
	}
	h.answer(noon, box.StatusStored)
	h.answer(noon.Add(time.Minute), box.StatusTombstoned)
	if e := h.state("a"); e.State != Stored || e.Stored != 2 || e.Ahead != 0 ||
		!e.Done.Equal(noon.Add(time.Minute)) {
		t.Errorf("all stored: %+v", e)
	}
}

// TestRefusedBoxGoesToTheOtherHolder, with the same bytes.
func TestRefusedBoxGoesToTheOtherHolder(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 1))
	first := h.requests[0]
	h.answer(noon, box.StatusFull)
	h.answer(noon, box.StatusNotFound)
	if r := h.requests[0]; len(h.requests) != 1 || r.Try != 2 || !r.Box.Equal(first.Box) ||
		r.Day != first.Day {
		t.Errorf("the third try is %+v", h.requests)
	}
}

// TestSealedAgain: a box that was not stored while its day was open has the same record at the same
// index under today, and nothing but the outbox is needed for that.
func TestSealedAgain(t *testing.T) {
	s := store.Memory()
	h := newHome(t, s, noon)
	h.queue("a", h.batch("a", false, 1))
	old := h.requests[0]
	later := noon.Add(24 * time.Hour)
	h.check(h.person.Turn(noon.Add(14*time.Hour - time.Minute))) // the grace of the day after
	if len(h.requests) != 1 || h.requests[0].Token != old.Token {
		t.Errorf("taken back while its day was open: %+v", h.requests)
	}
	h.check(h.person.Turn(later))
	h.check(h.person.Supply(later))
	r := h.requests[0]
	if len(h.requests) != 1 || r.Day != old.Day+1 || r.Box.ID == old.Box.ID ||
		r.Box.Verify() != nil {
		t.Fatalf("sealed again: %+v", h.requests)
	}
	h.check(h.person.Answered(later, sender.Event{ // too late: it is about bytes of yesterday
		Kind: sender.Answered, Token: old.Token, Day: old.Day,
		Reply: box.Reply{Status: box.StatusStored},
	}))
	if h.state("a").Stored != 0 {
		t.Error("an answer about yesterday's bytes counts for today's")
	}
	again := newHome(t, s, later) // and after a restart the new bytes are sent, not newer ones
	if got := again.requests[0]; !got.Box.Equal(r.Box) || got.Day != r.Day {
		t.Errorf("after a restart: %+v", again.requests)
	}
}

func TestConflictGivesUpTheStream(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("feed", true, 1), h.batch("a", false, 1))
	h.queue("b", h.batch("feed", true, 1))
	h.queue("c", h.batch("other", true, 1))
	h.answer(noon, box.StatusConflict)
	for name, want := range map[string]State{"a": Expired, "b": Expired, "c": Queued} {
		if e := h.state(name); e.State != want || want == Expired && e.Reason != "a copy writes" {
			t.Errorf("%+v", e)
		}
	}
	if h.conflicts != 1 || h.Waiting() != 1 || len(h.requests) != 1 ||
		len(h.person.Notices()) != 1 {
		t.Errorf(
			"%d conflicts told, %d wait, %d in the sender", h.conflicts, h.Waiting(),
			len(h.requests),
		)
	}
}

func TestNobodyTookItForTooLong(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.queue("a", h.batch("a", false, 2))
	h.check(h.person.Turn(noon.Add(72 * time.Hour)))
	if h.Waiting() != 2 {
		t.Error("given up on the last day")
	}
	h.check(h.person.Turn(noon.Add(72*time.Hour + time.Minute)))
	if e := h.state("a"); e.State != Expired || e.Reason == "" || h.Waiting() != 0 ||
		len(h.requests) != 0 {
		t.Errorf("%+v, %d wait", e, h.Waiting())
	}
}

// TestOldEntriesAreForgotten keeps the newest of what is done, and all that waits.
func TestOldEntriesAreForgotten(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	one := h.batch("a", false, 1)
	h.queue("waits", one)
	waiting := h.requests[0]
	h.requests = nil
	for i := range keptEntries + 2 {
		h.queue(fmt.Sprint("done ", i), one)
		h.answer(noon.Add(time.Duration(i)*time.Second), box.StatusStored)
	}
	h.requests = append(h.requests, waiting)
	h.check(h.person.Turn(noon.Add(time.Hour)))
	all := h.Entries()
	if len(all) != keptEntries+1 || all[0].Name != fmt.Sprint("done ", keptEntries+1) ||
		h.state("waits").State != Queued {
		t.Errorf("%d entries, the newest %+v", len(all), all[0])
	}
}

// TestFullOutboxAndFullDisk: what does not fit is refused whole; an answer that cannot be noted is
// asked for again.
func TestFullOutboxAndFullDisk(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	many := h.batch("a", false, 1)
	for range maxBoxes {
		many.Boxes = append(many.Boxes, many.Boxes[0])
	}
	err := h.store.Update(func(tx *store.Tx) error {
		_, err := h.Put(tx, noon, Draft{"many", "me", []Batch{many}})
		return err
	})
	if !errors.Is(err, errFull) || len(h.Entries()) != 0 {
		t.Errorf("%d boxes: %v", maxBoxes+1, err)
	}
	h.queue("a", h.batch("a", false, 1))
	h.full = true
	h.answer(noon, box.StatusStored)
	if e := h.state("a"); e.State != Handed || e.Stored != 0 || len(h.requests) != 1 {
		t.Errorf("noted on a full disk: %+v, %d requests", e, len(h.requests))
	}
	h.full = false
	h.answer(noon, box.StatusStored)
	if e := h.state("a"); e.State != Stored {
		t.Errorf("%+v", e)
	}
}
