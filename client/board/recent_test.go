package board

import (
	"math"
	"testing"

	"murmuration/internal/box"
)

// flood has two makers list three boxes in each of these slots, told at once at the end if held.
func (w *bench) flood(from, to box.Slot, held bool) {
	w.t.Helper()
	var all [][2]int
	for s := from; s <= to; s++ {
		all = append(all, [2]int{int(s), int(s-from) * 3})
	}
	names := func(i int) string { return string([]byte{byte(i), byte(i + 1), byte(i + 2)}) }
	send := func(one [2]int) {
		for m := range 2 {
			w.send(w.sign(m, box.Slot(one[0]), names(one[1])))
		}
	}
	for _, one := range all {
		w.at(box.Slot(one[0]))
		if !held {
			send(one)
		}
	}
	for _, one := range all {
		if held {
			send(one)
		}
	}
	w.turn()
}

// TestRecentRisesAndFalls: it is the rate of the newest 16 slots, so that it falls as a flood goes
// by, slot by slot, and is nothing 16 slots later. The control is that of the whole period, which
// still has all of it.
func TestRecentRisesAndFalls(t *testing.T) {
	const slots, each = 20, 3
	per := testEvery.Seconds() * recentSlots
	for _, held := range []bool{false, true} {
		w := newBench(t, 2)
		w.connect()
		want := func(pairs int) {
			t.Helper()
			if got := w.board.Recent() * per; math.Abs(got-float64(pairs)) > 1e-6 {
				t.Errorf("held %v: %v pairs in the newest slots, want %d", held, got, pairs)
			}
		}
		want(0)
		w.flood(1, 8, held)
		want(8 * each)
		w.flood(9, slots, held) // all at once are no more than they are
		want(recentSlots * each)
		for s := box.Slot(slots + 1); s <= slots+recentSlots+4; s++ {
			w.quiet(s, s)
			want(max(0, slots+recentSlots-int(s)) * each)
		}
		if all := w.board.period(0).Pairs; all != slots*each {
			t.Errorf("the control: %d pairs in the period", all)
		}
		w.load() // of a restart
		want(0)
	}
}

// TestRecentOutlivesARestart, as far as bulletins are kept.
func TestRecentOutlivesARestart(t *testing.T) {
	w := newBench(t, 2)
	w.connect()
	w.flood(1, 20, false)
	before := w.board.Recent()
	if w.load(); before == 0 || w.board.Recent() != before {
		t.Errorf("%v a second, and after a restart %v", before, w.board.Recent())
	}
}
