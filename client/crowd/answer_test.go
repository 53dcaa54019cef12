package crowd

import (
	"crypto/ed25519"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"murmuration/internal/drawn"

	"murmuration/client/board"
	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// More are drawn by `just seeds`.
func init() { drawn.Fewer(12) }

// TestAnswersAreVerified: each kind of answer to a fetch of a box that is read.
func TestAnswersAreVerified(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	private := ed25519.NewKeyFromSeed(seed)
	signed := func(text string) (b box.Box) {
		b.ID, b.Ciphertext = box.ID(private.Public().(ed25519.PublicKey)), []byte(text)
		copy(b.Signature[:], ed25519.Sign(private, b.Ciphertext))
		return b
	}
	good := signed("a box")
	other := good
	other.ID[0] ^= 1
	forged, tampered := good, good
	forged.Signature[5] ^= 1
	tampered.Ciphertext = []byte("b box")
	gone := signed("")
	kept := gone
	kept.Signature[0] ^= 1
	small := box.Box{ID: box.ID{1}, Ciphertext: []byte("x")} // a key for which much verifies
	for name, row := range map[string]struct {
		reply              box.Reply
		found, wrong, over bool
	}{
		"the box":         {box.Reply{Status: box.StatusFound, Box: good}, true, false, true},
		"another box":     {box.Reply{Status: box.StatusFound, Box: other}, false, true, false},
		"a forged one":    {box.Reply{Status: box.StatusFound, Box: forged}, false, true, false},
		"another content": {box.Reply{Status: box.StatusFound, Box: tampered}, false, true, false},
		"an empty one":    {box.Reply{Status: box.StatusFound, Box: gone}, false, true, false},
		"a small key":     {box.Reply{Status: box.StatusFound, Box: small}, false, true, false},
		"a tombstone":     {box.Reply{Status: box.StatusTombstoned, Box: gone}, true, false, true},
		"a false one":     {box.Reply{Status: box.StatusTombstoned, Box: kept}, false, true, false},
		"one of data":     {box.Reply{Status: box.StatusTombstoned, Box: good}, false, true, false},
		"not found":       {box.Reply{Status: box.StatusNotFound}, false, false, false},
	} {
		w := newTown(t, 3)
		h := w.client(1)
		w.holds[good.ID] = w.makers[:2]
		p := board.Pair{Entry: box.EntryOf(good.ID), Slot: 1,
			First: board.Listing{Maker: w.makers[0]}, Second: board.Listing{Maker: w.makers[1]}}
		w.boxes[key{w.makers[1], box.FetchKey{Entry: p.Entry}}] = good
		h.follow(p, 3)
		h.now = start.Add(2 * every)
		h.Listed(h.now, p)
		h.now = h.now.Add(time.Hour)
		f, _ := h.Take(h.now, h.Live(h.now))
		h.Sent(f.Token, h.now, h.now.Add(time.Minute))
		a := h.Answered(sender.Event{Kind: sender.Fetched, Token: f.Token, Holder: f.Holder,
			Reply: row.reply})
		h.now = h.now.Add(time.Minute)
		if found := len(a.Found) == 1 && a.Found[0].Want.Token == 3; found != row.found {
			t.Errorf("%s: found %+v", name, a.Found)
		}
		if over := !h.Live(h.now); over != row.over {
			t.Errorf("%s: asked for again: %v", name, !over)
		}
		if wrong := h.Stats().Wrong == 1; wrong != row.wrong {
			t.Errorf("%s: %+v", name, h.Stats())
		}
		if n := h.Strangers(); len(n) > 0 {
			t.Errorf("%s: its holder is none", name)
		}
	}
}

// TestListerThatIsNoHolderIsFound out, when it gives the box; not where the holders are not known.
func TestListerThatIsNoHolderIsFound(t *testing.T) {
	for name, row := range map[string]struct {
		holders  func(w *town, p board.Pair) []directory.NodeID
		replicas int
		found    bool
	}{
		"a holder": {func(w *town, p board.Pair) []directory.NodeID {
			return []directory.NodeID{p.First.Maker, p.Second.Maker}
		}, 0, false},
		"none": {func(*town, board.Pair) []directory.NodeID {
			return []directory.NodeID{{99}}
		}, 0, true},
		"of a day that is not known": {func(*town, board.Pair) []directory.NodeID { return nil }, 0,
			false},
		"of another number": {func(*town, board.Pair) []directory.NodeID {
			return []directory.NodeID{{99}}
		}, 1, false},
	} {
		w := newTown(t, 3)
		h := w.client(1)
		p := w.post(1)
		w.holds[w.box(p).ID] = row.holders(w, p)
		net := h.net
		net.Replicas += row.replicas
		h.SetParameters(net)
		h.now = start.Add(2 * every)
		h.Listed(h.now, p)
		h.now = h.now.Add(time.Hour)
		f, _ := h.Take(h.now, h.Live(h.now))
		h.Sent(f.Token, h.now, h.now.Add(time.Minute))
		h.Answered(sender.Event{Token: f.Token, Holder: f.Holder, Reply: w.asks(f)})
		if found := slices.Equal(h.Strangers(), []directory.NodeID{f.Holder}); found != row.found ||
			!found && len(h.Strangers()) > 0 {
			t.Errorf("%s: %v", name, h.Strangers())
		}
	}
}

// TestFailingMakersAreNamed: those that do not give more than one in twenty of what they list.
// Answers that are lost, and tombstones, count for nobody.
func TestFailingMakersAreNamed(t *testing.T) {
	fails := func(good, bad, tombstones int) bool {
		c := newTown(t, 3).client(1)
		id := directory.NodeID{7}
		for range bad {
			c.note(id, box.Reply{Status: box.StatusNotFound}, false)
		}
		for range good {
			c.note(id, box.Reply{Status: box.StatusFound}, true)
		}
		for range tombstones {
			c.note(id, box.Reply{Status: box.StatusTombstoned}, true)
		}
		return slices.Contains(c.Failing(), id)
	}
	for _, row := range []struct {
		good, bad, tombstones int
		fails                 bool
	}{
		{189, 11, 0, true}, {190, 10, 0, false}, {188, 11, 0, false}, {188, 11, 100, false},
		{0, 200, 0, true}, {199, 11, 0, false}, {200, 200, 0, false},
	} {
		if got := fails(row.good, row.bad, row.tombstones); got != row.fails {
			t.Errorf("%+v: %v", row, got)
		}
	}
}

// TestIdleSlots carry young decoys and late ones by an even coin; the age of late ones is
// log-uniform, and one in sixteen of them is slow.
func TestIdleSlots(t *testing.T) {
	w := newTown(t, 3)
	h := w.client(1)
	h.now = start.Add(13 * 24 * time.Hour)
	now := h.slot(h.now)
	for slot := now % 100; slot < now; slot += 100 {
		w.post(slot)
	}
	for range 20 {
		w.post(now - 1)
	}
	h.read, h.seen = len(w.pairs), h.now
	young, slow := 0, 0
	var ages []float64
	const n = 4000
	for range n {
		h.late, h.live = nil, nil
		f, ok := h.Take(h.now, false)
		if !ok || f.Op != box.OpFetch {
			continue // a question of the epoch
		}
		h.Sent(f.Token, h.now, h.now.Add(time.Minute))
		h.open = nil
		if age := float64(now - f.Key.Slot); age <= 2 {
			young++
		} else {
			ages = append(ages, age)
		}
		if f.Slow {
			slow++
		}
	}
	// Of late ones those of less than 100 slots are so young, too: the town gives the next box.
	among := 0.5 + 0.5*math.Log(100.0/8)/math.Log(80_160.0/8)
	if math.Abs(float64(young)-among*n) > 5*math.Sqrt(n/4) {
		t.Errorf("%d of %d are young", young, n)
	}
	if want := float64(n) / 2 / slowOneIn; math.Abs(float64(slow)-want) > 5*math.Sqrt(want) {
		t.Errorf("%d of %d are slow", slow, n)
	}
	old := 0
	for _, age := range ages {
		if age > 4000 { // of 8 to 80,160 slots that is a third, but for what is too near
			old++
		}
	}
	if share := float64(old) / float64(len(ages)); share < 0.3 || share > 0.55 {
		t.Errorf("%.2f of late decoys are older than 4,000 slots", share)
	}
}

// TestLateBeforeDecoys: half of the idle slots carry what is late, when it is due.
func TestLateBeforeDecoys(t *testing.T) {
	w := newTown(t, 3)
	h := w.client(1)
	h.now = start.Add(100 * every)
	for range 20 {
		w.post(99)
	}
	h.read, h.seen = 20, h.now
	for range 200 {
		h.late.push(&fetch{pair: w.post(10), class: late, read: true, due: h.now})
	}
	for range 200 {
		if f, ok := h.Take(h.now, false); ok {
			h.Sent(f.Token, h.now, h.now.Add(time.Minute))
		}
	}
	if left := len(h.late); left < 65 || left > 135 {
		t.Errorf("%d of 200 late fetches are left after 200 slots", left)
	}
}

// TestQuestions: everybody asks two in an epoch, of two providers, at any time of it; and where
// nothing is known to fetch, any number.
func TestQuestions(t *testing.T) {
	w := newTown(t, 5)
	h := w.client(1)
	w.post(0)
	h.read = 1 // there is something to fetch
	h.run(30 * time.Hour)
	var all []asked
	for _, a := range h.log {
		if a.Op == box.OpBulletin {
			all = append(all, a)
		}
	}
	if len(all) < 57 || len(all) > 61 {
		t.Errorf("%d questions in 30 epochs", len(all))
	}
	half := 0
	for i, a := range all {
		if i > 0 && a.Holder == all[i-1].Holder {
			t.Error("two questions for one provider")
		}
		if a.At.Sub(start)%time.Hour < time.Hour/2 {
			half++
		}
	}
	if half < 15 || half > 45 {
		t.Errorf("%d of %d in the first half of an epoch", half, len(all))
	}
	fresh := newTown(t, 5).client(1)
	fresh.run(time.Hour)
	for _, a := range fresh.log {
		if a.Op != box.OpBulletin {
			t.Fatal("there is nothing to fetch")
		}
	}
	if len(fresh.log) < 300 {
		t.Errorf("%d requests in an hour", len(fresh.log))
	}
}

// TestAnswersToQuestions come back as they are.
func TestAnswersToQuestions(t *testing.T) {
	h := newTown(t, 3).client(1)
	f, _ := h.Take(h.now, false)
	h.Sent(f.Token, h.now, h.now.Add(time.Minute))
	e := sender.Event{Token: f.Token, Reply: box.Reply{Status: box.StatusBulletin, Ask: f.Ask}}
	if a := h.Answered(e); !a.Asked || a.Ask != f.Ask {
		t.Errorf("%+v", a)
	}
	if a := h.Answered(e); a.Asked {
		t.Error("it is answered twice")
	}
}

// TestNothingIsLost: whatever comes, in any order, what is read is asked for until it is here or
// all tries are over; no silent maker is asked; nothing stays behind.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newTown(t, 4)
		w.rate = rapid.SampledFrom([]float64{0, 0.2, 5}).Draw(r, "rate")
		h := w.client(byte(rapid.IntRange(0, 255).Draw(r, "home")))
		h.net.CatchUp = 20 * time.Minute
		h.loss = rapid.SampledFrom([]float64{0, 0.05, 0.5, 1}).Draw(r, "loss")
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			switch rapid.IntRange(0, 6).Draw(r, "step") {
			case 0, 1, 2:
				p := w.post(h.slot(h.now))
				if rapid.Bool().Draw(r, "read") {
					h.follow(p, 1)
				}
			case 3:
				w.silent[w.makers[1]] = !w.silent[w.makers[1]]
			case 4:
				w.lies[w.makers[2]] = !w.lies[w.makers[2]]
			case 5:
				h.off(time.Duration(rapid.IntRange(1, 600).Draw(r, "minutes off")) * time.Minute)
			case 6:
				before := len(h.log)
				h.run(time.Duration(rapid.IntRange(1, 10).Draw(r, "minutes")) * time.Minute)
				for _, a := range h.log[before:] {
					if w.silent[a.Holder] && a.Op == box.OpFetch {
						r.Fatal("a silent maker is asked")
					}
				}
			}
		}
		h.run(time.Minute) // the last bulletins
		w.silent, w.lies, h.loss = map[directory.NodeID]bool{}, map[directory.NodeID]bool{}, 0
		h.run(time.Hour) // of which a window of what was missed is a third
		for _, p := range w.pairs {
			want, read := h.wants[p.Entry]
			if read && h.found[want.ID] != 1 && !h.coming(p) && h.stats.GivenUp == 0 {
				r.Fatalf("a box was read %d times: %+v", h.found[want.ID], h.Stats())
			}
		}
		if s := h.Stats(); s.Waiting+len(h.catch)+len(h.missed)+len(h.early) > 0 {
			r.Fatalf("left: %+v", s)
		}
	})
}
