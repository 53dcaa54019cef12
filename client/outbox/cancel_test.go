package outbox

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// nothing is the record that h puts in the place of what is taken back.
var nothing = box.Record{Kind: 9, Parts: 1}.Marshal(network.Format)

// forgotten is a bucket of the author's.
const forgotten = "forgotten"

// canceller is h as an author whose drafts can be taken back.
type canceller struct {
	*home
	fails error
}

func (c canceller) Cancel(tx *store.Tx, _ time.Time, entry string) ([]byte, error) {
	return nothing, errors.Join(c.fails, tx.Put(forgotten, entry, true))
}

// says opens what a box says to the readers of the stream.
func (h *home) says(b box.Box, day box.Day) string {
	h.t.Helper()
	first, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{1})) // as it was at the beginning
	h.check(err)
	start, err := first.Start()
	h.check(err)
	r, err := boxstream.NewReader(start, day, noon)
	h.check(err)
	room := 1000
	r.IDs(network, noon, &room)
	opened, err := r.Open(network, day, b)
	h.check(err)
	record, err := box.ParseRecord(network.Format, opened.Plaintext)
	h.check(err)
	return string(record.Content)
}

// TestCancelled: what nobody was given is taken back; in its place goes a box that says nothing, at
// the same index, which holders and readers take like any other.
func TestCancelled(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.Serve("me", canceller{h, nil})
	h.queue("before", 1)
	h.put(Draft{
		Name: "a", Says: "first words", Author: "me", Stream: h.name(), Boxes: h.seal(2),
	})
	h.queue("after", 1)
	id := h.requests[1].Box.ID
	h.check(h.Outbox.Cancel(noon, "a"))
	if e := h.state("a"); e.State != Cancelled || e.Says != "first words" || e.Boxes != 2 {
		t.Errorf("%+v", e)
	}
	if h.count(forgotten) != 1 || len(h.requests) != 2 {
		t.Errorf("%d forgotten, %d requests", h.count(forgotten), len(h.requests))
	}
	again := newHome(t, h.store, noon)
	again.Serve("me", canceller{again, nil})
	for _, h := range []*home{h, again} {
		h.check(h.person.Supply(noon))
		found := 0
		for _, r := range h.requests {
			if r.Box.Verify() != nil {
				t.Error("a box that does not verify")
			}
			if r.Box.ID == id {
				found++
				if said := h.says(r.Box, r.Day); said != "" {
					t.Errorf("it says %q", said)
				}
			}
		}
		if len(h.requests) != 4 || found != 1 || h.state("a").State != Cancelled {
			t.Errorf("%d requests, %d of the place, %+v", len(h.requests), found, h.state("a"))
		}
	}
	h.check(h.Outbox.Cancel(noon, "a")) // once more changes nothing
	for range 4 {
		h.keep(noon)
	}
	if e := h.state("a"); e.State != Cancelled || h.Waiting() != 0 ||
		h.state("after").State != Kept {
		t.Errorf("%+v, %d wait", e, h.Waiting())
	}
}

// TestTooLateToCancel once anything of it was in a packet, or may have been; what waits goes on.
func TestTooLateToCancel(t *testing.T) {
	late := map[string]func(*home) *home{
		"in a packet": func(h *home) *home {
			h.handed = []uint64{h.requests[1].Token}
			return h
		},
		"refused":   func(h *home) *home { h.answer(noon, refused); return h },
		"stored":    func(h *home) *home { h.answer(noon, stored); return h },
		"listed":    func(h *home) *home { h.list(noon, 1, h.requests[0].Box.ID); return h },
		"kept":      func(h *home) *home { h.keep(noon); h.keep(noon); return h },
		"restarted": func(h *home) *home { return newHome(h.t, h.store, noon) },
	}
	for name, do := range late {
		h := newHome(t, store.Memory(), noon)
		h.queue("a", 2)
		h = do(h)
		h.Serve("me", canceller{h, nil})
		waiting, state := h.Waiting(), h.state("a").State
		err := h.Outbox.Cancel(noon, "a")
		if !errors.Is(err, errHanded) || !strings.Contains(fault.Of(err).Hint(), "delete") {
			t.Errorf("%s: %v", name, err)
		}
		h.check(h.person.Supply(noon.Add(time.Hour)))
		if h.Waiting() != waiting || h.count(forgotten) != 0 || h.state("a").State != state ||
			h.Waiting() > 0 && len(h.requests) == 0 {
			t.Errorf("%s: %d wait, %d requests, %+v", name, h.Waiting(), len(h.requests),
				h.state("a"))
		}
	}
	h := newHome(t, store.Memory(), noon)
	h.queue("a", 1)
	if err := h.Outbox.Cancel(noon, "a"); !errors.Is(err, ErrFast) {
		t.Errorf("of an author who does not: %v", err)
	}
	if err := h.Outbox.Cancel(noon, "b"); !errors.Is(err, errNone) {
		t.Errorf("of nothing: %v", err)
	}
}

// TestWithoutConnectionNothingIsGiven, so that it can be taken back after a restart too; and by its
// number as well.
func TestWithoutConnectionNothingIsGiven(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.person.Online(false)
	h.queue("a", 1)
	h.check(h.person.Turn(noon))
	if len(h.requests) != 0 {
		t.Fatalf("given: %+v", h.requests)
	}
	again := newHome(t, h.store, noon)
	again.Serve("me", canceller{again, nil})
	again.check(again.Outbox.Cancel(noon, "1"))
	if e := again.state("a"); e.State != Cancelled {
		t.Errorf("%+v", e)
	}
	h.person.Online(true)
	h.check(h.person.Supply(noon))
	if len(h.requests) != 1 {
		t.Error("the control: with a connection it is not given")
	}
}

// TestCancelIsWholeOrNothing: where it cannot be noted, or its author cannot, it goes as it was.
func TestCancelIsWholeOrNothing(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	broken := errors.New("broken")
	h.Serve("me", canceller{h, broken})
	h.queue("a", 2)
	before := h.requests[0].Box
	if err := h.Outbox.Cancel(noon, "a"); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	h.Serve("me", canceller{h, nil})
	h.full = true
	if err := h.Outbox.Cancel(noon, "a"); !errors.Is(err, store.ErrFull) {
		t.Errorf("%v", err)
	}
	h.full = false
	h.check(h.person.Supply(noon))
	if e := h.state("a"); e.State != Queued || len(h.requests) != 2 || h.count(forgotten) != 0 ||
		!h.requests[0].Box.Equal(before) {
		t.Errorf("%+v, %d requests", e, len(h.requests))
	}
	h.check(h.Outbox.Cancel(noon, "a"))
	if e := h.state("a"); e.State != Cancelled {
		t.Errorf("the control: %+v", e)
	}
}

// TestCancelledTooLate: a full disk forgot that a box was handed over. A holder that has it, by its
// signature, is believed, and no copy of this home is blamed.
func TestCancelledTooLate(t *testing.T) {
	h := newHome(t, store.Memory(), noon)
	h.Serve("me", canceller{h, nil})
	h.person.Online(false)
	h.queue("a", 1)
	h.full = true
	h.person.Online(true)
	h.check(h.person.Supply(noon))
	first := h.requests[0].Box
	h.full = false
	again := newHome(t, h.store, noon) // which knows nothing of it
	again.Serve("me", canceller{again, nil})
	again.check(again.Outbox.Cancel(noon, "a"))
	again.requests = nil
	again.check(again.person.Begin(noon, again))
	if bytes.Equal(again.requests[0].Box.Ciphertext, first.Ciphertext) {
		t.Fatal("it goes as it was")
	}
	again.answer(noon, box.Reply{Status: box.StatusConflict, Box: first})
	if e := again.state("a"); e.State != Stored || again.epoch != 1 || again.Lies() != 0 ||
		len(again.person.Notices()) != 1 {
		t.Errorf("%+v, epoch %d, %d lies", e, again.epoch, again.Lies())
	}
}
