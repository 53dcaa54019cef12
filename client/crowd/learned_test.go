package crowd

import (
	"slices"
	"testing"
	"time"

	"murmuration/client/board"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// learner is a client that has run for some hours in a town where all is fetched, and learns of so
// many boxes of hours ago, which it does not have any more.
func learner(w *town, boxes int, learn func(*house, []board.Pair)) (*house, []board.Pair) {
	h := w.client(1)
	h.run(6 * time.Hour)
	h.memory = memory{}
	var pairs []board.Pair
	for i := range boxes {
		p := h.here()[len(h.here())-330+3*i]
		h.follow(p, 1)
		pairs = append(pairs, p)
	}
	h.log = nil
	if boxes > 0 {
		learn(h, pairs)
	}
	h.run(2 * time.Hour)
	return h, pairs
}

func (w *town) age(a asked) box.Slot {
	i := slices.IndexFunc(w.pairs, func(p board.Pair) bool { return p.Entry == a.Key.Entry })
	return box.Slot(a.At.Sub(start)/every) - w.pairs[i].Slot
}

// TestNothingShowsThatSomethingWasLearned: who learns of a stream asks as often as who does not, at
// the same times and for boxes of the same holders' kinds; but that in the place of one old box,
// which nobody here reads, stands another, which came soon.
func TestNothingShowsThatSomethingWasLearned(t *testing.T) {
	const boxes = 8
	w := newTown(t, 5)
	w.fill(0.02, box.Slot(9*time.Hour/every))
	idle, _ := learner(w, 0, nil)
	differ := func(h *house) (replaced, other int) {
		if len(h.log) != len(idle.log) {
			t.Fatalf("%d requests, of who learns nothing %d", len(h.log), len(idle.log))
		}
		for i, a := range h.log {
			b := idle.log[i]
			learned := h.wants[a.Key.Entry].Read && a.Op == box.OpFetch
			switch {
			case !a.At.Equal(b.At) || a.Op != b.Op || a.Slow != b.Slow:
				other++
			case a.Op == box.OpBulletin || a.Key.Entry == b.Key.Entry:
			case learned && w.age(b) >= YoungSlots:
				replaced++
			default:
				other++
			}
		}
		return replaced, other
	}
	h, pairs := learner(w, boxes, func(h *house, all []board.Pair) { h.Learned(h.now, all) })
	if replaced, other := differ(h); replaced < boxes || replaced > 2*boxes || other != 0 {
		t.Errorf("%d requests stand in the place of decoys, %d differ otherwise", replaced, other)
	}
	for _, p := range pairs {
		if h.found[w.box(p).ID] != 1 {
			t.Errorf("a box came %d times", h.found[w.box(p).ID])
		}
	}
	// The control: what goes into the queue of what is new shows.
	h, _ = learner(w, boxes, func(h *house, all []board.Pair) {
		for _, p := range all {
			h.live.push(&fetch{pair: p, read: true, due: h.now})
		}
	})
	if _, other := differ(h); other == 0 {
		t.Error("the control: what goes to the queue of what is new is not seen")
	}
}

// TestLearnedComesSoon, and not after an hour; of many boxes the newest do.
func TestLearnedComesSoon(t *testing.T) {
	w := newTown(t, 5)
	w.fill(0.02, box.Slot(9*time.Hour/every))
	within := func(h *house, all []board.Pair, d time.Duration) (n int) {
		end := h.log[0].At.Add(d)
		asked := map[box.Entry]bool{}
		for _, a := range h.log {
			if a.At.Before(end) {
				asked[a.Key.Entry] = true
			}
		}
		for _, p := range all {
			if asked[p.Entry] {
				n++
			}
		}
		return n
	}
	soon := func(h *house, all []board.Pair) { h.Learned(h.now, all) }
	h, pairs := learner(w, 8, soon)
	if n := within(h, pairs, 10*time.Minute); n != 8 {
		t.Errorf("%d of 8 boxes were asked for within ten minutes", n)
	}
	h, pairs = learner(w, 8, func(h *house, all []board.Pair) {
		for _, p := range all {
			h.Old(h.now, p)
		}
	})
	if n := within(h, pairs, 10*time.Minute); n > 4 {
		t.Errorf("the control: %d of 8 late boxes were asked for within ten minutes", n)
	}
	h, pairs = learner(w, 100, func(h *house, all []board.Pair) {
		h.Learned(h.now, all)
		if len(h.learned) != learnedMost || len(h.late) != 100-learnedMost {
			t.Errorf("%d come soon, %d late", len(h.learned), len(h.late))
		}
		for _, f := range h.learned {
			if f.pair.Slot < all[100-learnedMost].Slot {
				t.Error("one that comes soon is not of the newest")
			}
		}
	})
	if n := within(h, pairs[100-learnedMost:], time.Hour); n != learnedMost {
		t.Errorf("of the newest %d of %d were asked for within an hour", n, learnedMost)
	}
}

// TestLearnedHasADay: what a contact names makes no more than so many fetches soon.
func TestLearnedHasADay(t *testing.T) {
	w := newTown(t, 5)
	h := w.client(1)
	h.now = start.Add(10 * time.Hour)
	h.beginning = false
	for range 5 * learnedMost {
		p := w.post(100)
		h.follow(p, 1)
		h.Learned(h.now, []board.Pair{p})
		if len(h.learned) == learnedMost {
			h.learned = nil
		}
	}
	if h.learnedToday != learnedDaily || len(h.late) != 5*learnedMost-learnedDaily {
		t.Errorf("%d came soon in a day, %d are late", h.learnedToday, len(h.late))
	}
	p := w.post(100)
	h.follow(p, 1)
	if h.Learned(h.now.Add(24*time.Hour), []board.Pair{p}); len(h.learned) != 1 {
		t.Error("on the next day nothing comes soon")
	}
}

// TestLearnedIsDenied: once more soon, at the other maker, and then late, from the beginning.
func TestLearnedIsDenied(t *testing.T) {
	w := newTown(t, 3)
	h := w.client(1)
	h.Begin(directory.NodeID{99})
	h.beginning = false
	p := w.post(1)
	h.follow(p, 1)
	h.now = start.Add(10 * time.Hour)
	h.seen = h.now
	h.Learned(h.now, []board.Pair{p})
	log := h.fate(time.Hour, func(f sender.Fetch) (box.Reply, bool) {
		return box.Request{Op: f.Op, Fetch: f.Key, Ask: f.Ask}.Refusal(box.StatusNotFound), true
	})
	if len(log) < 2 || log[0].Holder == log[1].Holder ||
		log[1].At.Sub(log[0].At) > 5*time.Minute {
		t.Fatalf("%d tries: %v", len(log), log)
	}
	if len(h.learned) != 0 || len(h.late)+len(h.open) == 0 {
		t.Errorf("%d are late, %d soon", len(h.late), len(h.learned))
	}
}

// TestWhatTheCrowdHadNeedsNoFetch: a box that came not long ago, for nobody, is given to who begins
// to read it; only so many stay, an old decoy does not, and its owner's last word counts.
func TestWhatTheCrowdHadNeedsNoFetch(t *testing.T) {
	w := newTown(t, 5)
	w.fill(0.01, box.Slot(5*time.Hour/every))
	h := w.client(1)
	h.run(4 * time.Hour)
	p := h.here()[len(h.here())-20]
	want := person.Want{Token: 1, ID: w.box(p).ID, Read: true}
	f, ok := h.Had(want)
	if !ok || f.Want != want || f.Box.Verify() != nil || f.Box.ID != want.ID ||
		f.Holder != p.First.Maker && f.Holder != p.Second.Maker {
		t.Errorf("%v, %+v", ok, f)
	}
	want.Read = false
	if _, ok := h.Had(want); ok {
		t.Error("a box that is not read is given")
	}
	if _, ok := h.Had(person.Want{ID: box.ID{9}, Read: true}); ok {
		t.Error("a box that never came is given")
	}
	m := memory{}
	for i := range 3 * remembered {
		m.add(w.makers[0], box.Box{ID: box.ID{byte(i), byte(i >> 8)}})
	}
	last := box.Box{ID: m.order[m.next], Ciphertext: []byte("another")}
	if m.add(w.makers[1], last); string(m.boxes[last.ID].Box.Ciphertext) != "another" {
		t.Error("what came last under an id is not what counts")
	}
	if len(m.boxes) != remembered || len(m.order) != remembered {
		t.Errorf("%d boxes stay", len(m.boxes))
	}
}
