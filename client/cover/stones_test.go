package cover

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person/persontest"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// emptied is what a holder sees of a request to empty a box, but which box it is.
type emptied struct {
	at      time.Time
	today   bool // the box is of the day
	there   bool // and was written
	slow    bool
	holder  int // whose turn it is
	answers box.Status
}

// watched are days of somebody who has reasons to empty boxes, or has none, and writes much, or
// nothing: over an absence, a restart between two of the tries, holders who are full or do not
// answer, and three midnights.
type watched struct {
	seen    []emptied
	reasons int // boxes that were emptied since they were asked for
}

func watch(t *testing.T, perDay int, reasons bool, writes int) (w watched) {
	holders := persontest.NewHolders(network.Calendar)
	asked, full := map[box.ID]bool{}, false
	h := newHome(t, holders, store.Memory(), perDay)
	there := map[box.ID]bool{}
	holders.Twist = func(r sender.Request, reply *box.Reply) {
		there[r.Box.ID] = there[r.Box.ID] || r.Op == box.OpWrite
		if r.Op != box.OpTombstone {
			return
		}
		if full {
			reply.Status = box.StatusFull
		}
		w.seen = append(w.seen, emptied{
			h.now, r.Day == network.Today(h.now), there[r.Box.ID], r.Slow, r.Try % 2, reply.Status,
		})
		if asked[r.Box.ID] && !full {
			w.reasons++
			delete(asked, r.Box.ID)
		}
	}
	own, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{7}))
	h.check(err)
	reason := func(at time.Time, n int) {
		for range n {
			said := box.Record{Kind: content.KindCard, Parts: 1}
			boxes, err := own.Seal(network, network.Today(at), said)
			h.check(err)
			b := boxes[0]
			holders.Put(b.Day, b.Box())
			there[b.ID], asked[b.ID] = true, true
			stone, err := b.Tombstone(network)
			h.check(err)
			h.check(h.store.Update(func(tx *store.Tx) error { return h.Empty(tx, b.Day, stone) }))
		}
	}
	at := noon
	for hour := range 72 {
		if reasons && hour%5 == 0 {
			reason(at, 1+hour%3)
		}
		h.check(h.store.Update(func(tx *store.Tx) error { return h.Wrote(tx, writes) }))
		switch hour {
		case 20, 44:
			h = newHome(t, holders, h.store, perDay)
		case 30:
			h.person.Online(false)
		case 33:
			h.person.Online(true)
		}
		full = hour > 50 && hour < 55
		h.sender.Lossy = hour > 60 && hour < 62
		h.live(at, time.Hour)
		at = at.Add(time.Hour)
	}
	return w
}

// TestNobodySeesWhyABoxIsEmptied: a holder is asked to empty boxes at the same moments, as often,
// in the same way, of the same days, by who has reasons and by who has none. Who writes so much
// that most cover is left out empties as many, or nearly.
func TestNobodySeesWhyABoxIsEmptied(t *testing.T) {
	const perDay = 48 // and 12 a day that are emptied
	idle, busy := watch(t, perDay, false, 0), watch(t, perDay, true, 0)
	if !slices.Equal(idle.seen, busy.seen) {
		t.Errorf("who has no reason: %v; who has: %v", idle.seen, busy.seen)
	}
	if n := len(idle.seen); n < 2*20 || n > 2*50 || busy.reasons < 15 {
		t.Errorf("%d requests, %d of them with reasons", n, busy.reasons)
	}
	refused := 0
	for _, e := range idle.seen {
		if !e.there || !e.today && e.at.UTC().Hour() >= 2 {
			t.Errorf("one box was not there: %+v", e)
		}
		if e.answers == box.StatusFull {
			refused++
		}
	}
	if refused == 0 {
		t.Error("the control: no holder was full")
	}
	writes := watch(t, perDay, true, 2)
	if a, b := len(idle.seen), len(writes.seen); b < a*2/3 || b > a*3/2 {
		t.Errorf("who writes empties %d, who does not %d", b, a)
	}
	// The control: without cover they go when there is a reason, and that shows.
	none, bare := watch(t, 0, false, 0), watch(t, 0, true, 0)
	if slices.Equal(none.seen, bare.seen) || bare.reasons < busy.reasons {
		t.Errorf("without cover: %d and %d", len(none.seen), len(bare.seen))
	}
}

// TestBoxesThatWaitAreNotEmptied: what is not listed by both holders would be written again, and is
// left alone; so is what was asked for on another day.
func TestBoxesThatWaitAreNotEmptied(t *testing.T) {
	holders := persontest.NewHolders(network.Calendar)
	holders.Silent = 1
	stones := 0
	holders.Twist = func(r sender.Request, _ *box.Reply) {
		if r.Op == box.OpTombstone {
			stones++
		}
	}
	h := newHome(t, holders, store.Memory(), 480)
	h.live(noon, 10*time.Hour)
	if stones != 0 {
		t.Errorf("%d boxes were emptied that still wait", stones)
	}
	old := box.Box{ID: box.ID{1}}
	h.check(h.store.Update(func(tx *store.Tx) error { return h.Empty(tx, 0, old) }))
	holders.Silent = 0
	h.live(noon.Add(10*time.Hour), 10*time.Hour) // the control, beside
	if stones < 20 {
		t.Errorf("the control: %d were emptied", stones)
	}
	left, ids := 0, map[box.ID]bool{}
	h.check(h.store.View(func(tx *store.Tx) error {
		return store.Each(tx, bucketStones, func(_ string, s stone) error {
			left++
			ids[s.ID] = true
			return nil
		})
	}))
	if left > 2*480*ofRun || ids[old.ID] || len(ids) != left {
		t.Errorf("%d are kept, that of yesterday: %t", left, ids[old.ID])
	}
}
