package box_test

import (
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

func TestMemStore(t *testing.T) {
	boxtest.Suite(t, func(t *testing.T) (boxtest.Store, func(bool)) {
		s := box.NewMemStore(0)
		return s, func(full bool) { box.SetLimit(s, full) }
	})
}

// TestMemStoreCountsBytes: it is full when the next box would not fit, and what is deleted, or
// dropped with its day, makes room.
func TestMemStoreCountsBytes(t *testing.T) {
	const size = 10
	s := box.NewMemStore(2 * size)
	write := func(day box.Day, b box.Box, want box.Status) {
		t.Helper()
		if o, err := s.Write(day, b, box.Token{}); err != nil || o.Status != want {
			t.Errorf("%v, %v, not %v", o.Status, err, want)
		}
	}
	one, two := boxtest.Box(1, 'a', size), boxtest.Box(2, 'a', size)
	three := boxtest.Box(3, 'a', size)
	write(1, one, box.StatusStored)
	write(1, two, box.StatusStored)
	write(1, three, box.StatusFull)
	write(1, boxtest.Box(1, 0, 0), box.StatusStored)
	write(1, three, box.StatusStored)
	write(2, one, box.StatusFull)
	if err := s.Drop(2); err != nil {
		t.Fatal(err)
	}
	write(2, one, box.StatusStored)
	write(2, two, box.StatusStored)
	write(2, three, box.StatusFull)
}
