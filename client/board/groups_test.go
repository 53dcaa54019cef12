package board

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	_ "murmuration/internal/drawn"
)

// TestGroupsInAnyOrder: whatever order listings come in, the slots of an entry's pairs are the
// same: those of all listings but the first of each box; no maker makes a pair alone, and what
// comes twice counts once.
func TestGroupsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []listing
		seen := map[listing]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "listings") {
			l := listing{slot: box.Slot(rapid.IntRange(0, 5).Draw(t, "slot")),
				maker: uint16(rapid.IntRange(0, 3).Draw(t, "maker"))}
			if once := (listing{maker: l.maker}); !seen[once] { // one box
				seen[once] = true
				all = append(all, l)
			}
		}
		want := pairSlots(t, all)
		got := pairSlots(t, rapid.Permutation(all).Draw(t, "order"))
		if !slices.Equal(got, want) || len(want) != max(0, len(all)-1) {
			t.Fatalf("pairs of slots %d, in another order %d", want, got)
		}
	})
}

func pairSlots(t *rapid.T, all []listing) (slots []box.Slot) {
	g := groups{}
	for _, l := range append(slices.Clone(all), all...) {
		_, pair := g.add(box.Entry{}, l)
		if pair == nil {
			continue
		}
		if pair[0].maker == pair[1].maker || pair[0].slot > pair[1].slot {
			t.Fatalf("a pair of %+v", pair)
		}
		slots = append(slots, pair[1].slot)
	}
	slices.Sort(slots)
	return slots
}

// TestWaitingIsBounded: a maker that lists what nobody else has takes no more memory than a board
// gives, and the oldest goes first.
func TestWaitingIsBounded(t *testing.T) {
	w := newBench(t, 2)
	b := w.board
	m := b.maker(w.authors[0].id)
	const more = 1000
	for i := range mostWaiting + more {
		var e box.Entry
		binary.BigEndian.PutUint32(e[:], uint32(i))
		b.groups.add(e, listing{slot: box.Slot(i / 100), maker: m.number})
	}
	b.waiting(0, 1000)
	if len(b.groups) != mostWaiting {
		t.Errorf("%d wait", len(b.groups))
	}
	if _, there := b.groups[box.Entry{0, 0, 0, 1}]; there {
		t.Error("the oldest waits on")
	}
}

// TestFullDisk: what cannot be kept is reported, and kept when there is room; it does not pile up.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir() + "/store"
	if err := store.Create(dir, nil); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := newBench(t, 2)
	w.store = s
	w.load()
	w.at(0)
	w.connect()
	w.quiet(0, 3)
	room := s.Free
	s.Free = func(string) (uint64, error) { return 0, nil }
	for slot := box.Slot(4); slot <= 1000; slot++ {
		w.at(slot)
		w.send(w.sign(0, slot, ""), w.sign(1, slot, ""))
		if slot%50 != 0 {
			continue
		}
		if _, err := w.board.Turn(w.now); !errors.Is(err, store.ErrFull) {
			t.Fatalf("slot %d: %v", slot, err)
		}
	}
	if n := len(w.board.pending.bulletins); n > 2*windowRolls*240 {
		t.Errorf("%d bulletins are to be kept", n)
	}
	s.Free = room
	w.turn()
	w.load()
	if got := fmt.Sprint(w.board.state.Newest, bulletin.RollNumber(w.board.state.Newest),
		len(w.board.makers)); got != "1000 4 2" {
		t.Error(got)
	}
}
