package boxstream

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/box"
)

// TestDoor: what one holder of a door writes at any index of any day the other side finds, and
// nothing is behind the last index.
func TestDoor(t *testing.T) {
	n := Network{Format: box.Format{Plaintext: box.RecordHeaderSize + 64},
		Calendar: box.Calendar{Genesis: time.Unix(0, 0), Retention: 14}}
	w, err := NewWriter(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	start, err := w.Start()
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDoor(start)
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.SealAt(n, 3, 0, box.Record{Kind: 9, Parts: 1, Content: []byte("card")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range DoorSize {
		at, ok := d.Find(n, Place{3, s.ID})
		b, err := d.Open(n, 3, at, s.Box())
		if !ok || at != i || err != nil || !bytes.Contains(b, []byte("card")) {
			t.Fatalf("index %d is found at %d, %v, %v", i, at, ok, err)
		}
		direct, err := w.SealAt(n, 3, i, box.Record{Kind: 9, Parts: 1, Content: []byte("card")})
		if err != nil || direct.ID != s.ID {
			t.Errorf("index %d is another one when it is sealed at once, %v", i, err)
		}
		next, more, err := s.Beside(n)
		if err != nil || more != (i < DoorSize-1) {
			t.Fatalf("behind index %d: %v, %v", i, more, err)
		}
		s = next
	}
	later, err := s.Again(n, 4)
	if at, ok := d.Find(n, Place{4, later.ID}); err != nil || !ok || at != DoorSize-1 {
		t.Errorf("on another day at %d, %v, %v", at, ok, err)
	}
	if _, ok := d.Find(n, Place{4, s.ID}); ok {
		t.Error("a box is found on a day that it is not of")
	}
	d.Forget(4)
	if len(d.ids) != 1 {
		t.Errorf("ids of %d days are kept", len(d.ids))
	}
}
