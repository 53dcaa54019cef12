package bulletin

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"murmuration/internal/box"
)

// TestHeads: a head fits the bodies that it was made of, whatever else is known here, and no
// others.
func TestHeads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 3, 63, 64, 65, 100, 300}).Draw(t, "makers")
		slot := box.Slot(rapid.Uint32().Draw(t, "slot"))
		bodies := make([]Hash, n)
		for i := range bodies {
			if rapid.Bool().Draw(t, "there") {
				bodies[i] = Hash{1, byte(i), byte(i >> 8)}
			}
		}
		h := NewHead(slot, bodies)
		if ParseHead(h.Marshal()) != h || h.None() {
			t.Fatalf("%+v", h)
		}
		named := h.Named(n)
		for i := range bodies {
			if h.Covers(n, i) && slices.Contains(named, i) != (bodies[i] != Hash{}) ||
				!h.Covers(n, i) && slices.Contains(named, i) {
				t.Fatalf("maker %d of %d, slot %d: named are %d", i, n, slot, named)
			}
		}
		fit(t, h, bodies, true, true)
		more := slices.Clone(bodies)
		for i := range more {
			more[i] = cmpHash(more[i], Hash{9})
		}
		fit(t, h, more, true, true)
		if len(named) == 0 {
			return
		}
		at := named[rapid.IntRange(0, len(named)-1).Draw(t, "changed")]
		more[at][31]++
		fit(t, h, more, false, true)
		more[at] = Hash{}
		fit(t, h, more, false, false)
	})
}

func cmpHash(h, otherwise Hash) Hash {
	if h == (Hash{}) {
		return otherwise
	}
	return h
}

// TestHeadsOfMany: over 64 makers each has its turn.
func TestHeadsOfMany(t *testing.T) {
	covered := map[int]bool{}
	for s := range box.Slot(100) {
		for i := range 100 {
			if (Head{Slot: s}).Covers(100, i) {
				covered[i] = true
			}
		}
	}
	if len(covered) != 100 || (Head{Slot: 1}).Covers(100, 0) || !(Head{Slot: 1}).Covers(100, 64) {
		t.Errorf("%d of 100 makers have a turn", len(covered))
	}
	if !(Head{}).None() || NewHead(0, nil).None() {
		t.Error("no head, and a head of nobody, are the same")
	}
}

func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "answer")
		size := rapid.IntRange(1, 20).Draw(t, "size")
		var got []byte
		for i := range Pieces(whole, size) {
			piece, ok := Piece(whole, size, i)
			if !ok || len(piece) > size || len(piece) == 0 && len(whole) > 0 {
				t.Fatalf("piece %d: %d bytes, %t", i, len(piece), ok)
			}
			got = append(got, piece...)
		}
		if !bytes.Equal(got, whole) {
			t.Fatalf("%x, want %x", got, whole)
		}
		for _, no := range []int{-1, Pieces(whole, size)} {
			if _, ok := Piece(whole, size, no); ok {
				t.Fatalf("there is a piece %d", no)
			}
		}
	})
}

func TestHashList(t *testing.T) {
	want := []Hash{{1}, {}, {3}}
	if got, err := ParseHashList(HashList(want)); err != nil || !slices.Equal(got, want) {
		t.Errorf("%x, %v", got, err)
	}
	if _, err := ParseHashList(make([]byte, 33)); err == nil {
		t.Error("33 bytes are a list")
	}
}

func fit(t *rapid.T, h Head, bodies []Hash, fits, known bool) {
	if f, k := h.Fits(bodies); f != fits || k != known {
		t.Fatalf("fits %t, known %t; want %t, %t", f, k, fits, known)
	}
}
