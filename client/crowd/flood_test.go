package crowd

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"murmuration/client/board"
	"murmuration/internal/box"
)

const (
	calm    = time.Hour        // before the flood
	flooded = 40 * time.Minute // and how long it is
)

// newFlood is a town that lists one box in 100 s for an hour, and then so many a second. The last
// whole period is calm all the while.
func newFlood(t *testing.T, perSecond float64) *town { return newFloodAfter(t, 0.01, perSecond) }

func newFloodAfter(t *testing.T, before, perSecond float64) *town {
	w := newTown(t, 5)
	w.fill(before, box.Slot(calm/every))
	gap := time.Duration(float64(time.Second) / perSecond)
	for at := calm; at < calm+flooded; at += gap {
		w.post(box.Slot(at / every))
	}
	w.recent = listedRecently
	return w
}

// listedRecently is what a board counts: of what came, the pairs of the newest 16 slots.
func listedRecently(h *house) float64 {
	all := h.here()
	if len(all) == 0 {
		return 0
	}
	newest := all[len(all)-1].Slot
	from, _ := slices.BinarySearchFunc(all, newest+1-min(newest, 16), bySlot)
	return float64(len(all)-from) / (16 * every.Seconds())
}

// reader follows one box in so many, from the calm on, and lives through the flood.
func (w *town) reader(seed byte, oneIn int) *house {
	h := w.client(seed)
	for i, p := range w.pairs {
		if i%oneIn == 0 {
			h.follow(p, 1)
		}
	}
	h.net.StreamPerDay = 10_000
	h.run(calm + flooded + 5*time.Minute)
	return h
}

func (h *house) followed(p board.Pair) bool { return h.wants[p.Entry].Read }

// TestFloodAfterACalm: whatever is written by others, what is read is fetched within minutes, from
// the first slots on. The control: with the rate of the last whole period alone it is not.
func TestFloodAfterACalm(t *testing.T) {
	for _, perSecond := range []float64{0.3, 1, 5} { // of 0.125 work slots a second
		oneIn := int(100 * perSecond)
		w := newFlood(t, perSecond)
		// 32 that wait are 256 seconds, and the delay of one in 25 may be 100 and more.
		const minutes = 7
		read := func() (soon, boxes int, last float64) {
			h := w.reader(1, oneIn)
			delays, _, boxes := asksFor(h, h.followed)
			for _, d := range delays {
				if last = max(last, d); d < minutes*60 {
					soon++
				}
			}
			return soon, boxes, last
		}
		soon, boxes, last := read()
		t.Logf("%v a second: %d of %d within %d minutes, the last after %.0f s", perSecond, soon,
			boxes, minutes, last)
		if soon != boxes || boxes < 20 {
			t.Errorf("%v a second: only %d of %d", perSecond, soon, boxes)
		}
		w.recent = func(*house) float64 { return 0 }
		soon, _, _ = read()
		t.Logf("%v a second, the control: %d of %d", perSecond, soon, boxes)
		if soon > boxes*3/4 {
			t.Errorf("%v a second, the control: %d of %d in time", perSecond, soon, boxes)
		}
	}
}

// TestSlowFloods: what does not count as a flood is more than the slots carry for an hour at most,
// and nearly all of what is read is fetched within minutes all the same. The control: three times
// as much would have to count.
func TestSlowFloods(t *testing.T) {
	soon := func(perSecond float64, recent bool) float64 {
		w := newFloodAfter(t, 0.125*Whole-0.001, perSecond)
		if !recent {
			w.recent = func(*house) float64 { return 0 }
		}
		soon, all := 0, 0
		for seed := range byte(3) {
			h := w.reader(seed, 9)
			delays, _, n := asksFor(h, h.followed)
			all += n
			for _, d := range delays {
				if d < 7*60 {
					soon++
				}
			}
		}
		return float64(soon) / float64(all)
	}
	if s := soon(0.147, true); s < 0.95 {
		t.Errorf("only %.3f in time", s)
	}
	if s := soon(0.4, false); s > 0.75 {
		t.Errorf("control: %.3f in time", s)
	}
}

// TestCalmAfterAFlood: with the slots of the flood q falls, and when they are over all is fetched
// again. The control: by what was listed in the flood it stays small for as long as that is told.
func TestCalmAfterAFlood(t *testing.T) {
	w := newFlood(t, 1)
	over := box.Slot((calm + flooded) / every)
	for slot := over; slot < over+40; slot++ {
		if slot%2 == 0 {
			w.post(slot)
		}
	}
	q := func(h *house) float64 { return h.chance(w.rate, h.Recent()) }
	h := w.client(1)
	h.run(calm + flooded/2)
	if got := q(h); got > 0.1 {
		t.Errorf("in the flood q is %v", got)
	}
	last := 0.0
	for slot := over; slot < over+40; slot++ {
		h.run(start.Add(time.Duration(slot) * every).Sub(h.now))
		if got := q(h); got < last {
			t.Errorf("in slot %d q falls from %v to %v", slot, last, got)
		} else {
			last = got
		}
		if got := q(h); slot == over+8 && got > 0.2 || slot > over+18 && got != 1 {
			t.Errorf("%d slots after the flood q is %v", slot-over, got)
		}
	}
	w.recent = func(*house) float64 { return 1 }
	if got := q(h); got > 0.1 {
		t.Errorf("the control: q is %v", got)
	}
}

// TestReadersAreInACrowdUnderAFlood: from when q has fallen, what is read and what of the rest the
// coin chooses come at times of one distribution, and before it all is asked for alike.
func TestReadersAreInACrowdUnderAFlood(t *testing.T) {
	w := newFlood(t, 1)
	q := w.par.FetchLoad * 0.125 / 1.1
	fell := box.Slot(calm/every) + 16
	var readers, others []float64
	for seed := range byte(12) {
		h := w.reader(seed, 60)
		d, asked, of := asksFor(h, func(p board.Pair) bool {
			return p.Slot >= fell && h.followed(p)
		})
		if asked != of {
			t.Errorf("%d of %d followed boxes were asked for", asked, of)
		}
		readers = append(readers, d...)
		d, asked, of = asksFor(h, func(p board.Pair) bool {
			u, _ := coin(h.state.Key, p.Slot, p.Entry)
			return p.Slot >= fell && !h.followed(p) && u < q*0.7
		})
		if asked != of {
			t.Errorf("%d of %d boxes of the crowd were asked for", asked, of)
		}
		others = append(others, d...)
	}
	if d := distance(readers, others); d > 1.95*margin(readers, others) {
		t.Errorf("readers' fetches come at other times: %.3f of %.3f", d, margin(readers, others))
	}
}

// TestNobodyStandsOutAsAFloodBegins: as long as q is 1 who follows nothing and who follows much ask
// the same, one by one, though the flood has begun.
func TestNobodyStandsOutAsAFloodBegins(t *testing.T) {
	w := newFlood(t, 0.2)
	start := func(oneIn int) *house {
		h := w.client(1)
		for i, p := range w.pairs {
			if i%oneIn == 0 {
				h.follow(p, 1)
			}
		}
		h.run(calm + 2*time.Minute)
		if q := h.chance(w.rate, h.Recent()); q != 1 {
			t.Fatalf("q is %v", q)
		}
		return h
	}
	none, much := start(1<<30), start(3)
	flood := slices.ContainsFunc(none.here(), func(p board.Pair) bool {
		return p.Slot >= box.Slot(calm/every)
	})
	if !flood || !reflect.DeepEqual(none.log, much.log) {
		t.Errorf("flood: %v; %d and %d requests", flood, len(none.log), len(much.log))
	}
}
