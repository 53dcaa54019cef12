package boxtest

import (
	"errors"
	"sync"
	"testing"

	"murmuration/internal/box"
)

// tokens are the tests of what pays for writes.
var tokens = map[string]test{
	"SpentOnce":           spentOnce,
	"SpentByDay":          spentByDay,
	"NothingStoredUnpaid": nothingStoredUnpaid,
	"OneBoxAToken":        oneBoxAToken,
}

// wantPaid writes a box with a token and says what became of it.
func wantPaid(t *testing.T, s Store, day box.Day, b box.Box, pay box.Token, want box.Status) {
	t.Helper()
	if got, err := s.Write(day, b, pay, peers...); err != nil || got.Status != want ||
		want == box.StatusUnpaid && (got.New || !got.Stands.Equal(box.Box{})) {
		t.Fatalf("Write is %v, %v, want %v", got.Status, err, want)
	}
}

// spentOnce: a token is for one box, for which it may come as often as it likes.
func spentOnce(t *testing.T, s Store, _ func(bool)) {
	one, two := box.Token{1}, box.Token{1, 31: 1}
	wantPaid(t, s, 3, Box(1, 'a', size), one, box.StatusStored)
	wantPaid(t, s, 3, Box(1, 'a', size), one, box.StatusStored)
	wantPaid(t, s, 3, Box(2, 'a', size), one, box.StatusUnpaid)
	wantNone(t, s, 3, Box(2, 'a', size).ID)
	wantPaid(t, s, 3, Box(2, 'a', size), two, box.StatusStored)
	wantPaid(t, s, 3, Box(1, 'a', size), two, box.StatusStored) // it is here: nothing to pay
	wantPaid(t, s, 3, Box(1, 'b', size), one, box.StatusConflict)
	wantPaid(t, s, 3, Box(1, 'b', size), box.Token{3}, box.StatusConflict)
	wantPaid(t, s, 3, Box(3, 'a', size), box.Token{3}, box.StatusStored) // a conflict spends none
	for n := uint64(10); n < 13; n++ {
		wantPaid(t, s, 3, Box(n, 'a', size), box.Token{}, box.StatusStored) // zero is never spent
	}
	wantMerge(t, s, 3, Box(4, 'a', size), box.StatusStored)
	wantPaid(t, s, 3, Box(4, 'a', size), box.Token{4}, box.StatusStored) // a replica was here first
	wantPaid(t, s, 3, Box(5, 'a', size), box.Token{4}, box.StatusStored)
}

// spentByDay: days have keys of their own, and the same bytes mean another token there.
func spentByDay(t *testing.T, s Store, _ func(bool)) {
	wantPaid(t, s, 3, Box(1, 'a', size), box.Token{1}, box.StatusStored)
	wantPaid(t, s, 4, Box(2, 'a', size), box.Token{1}, box.StatusStored)
	wantPaid(t, s, 4, Box(1, 'a', size), box.Token{1}, box.StatusUnpaid)
	if err := s.Drop(4); err != nil {
		t.Fatal(err)
	}
	wantPaid(t, s, 4, Box(1, 'a', size), box.Token{1}, box.StatusUnpaid)
	if _, err := s.Write(3, Box(1, 'a', size), box.Token{1}); !errors.Is(err, box.ErrExpired) {
		t.Fatalf("Write of a dropped day is %v", err)
	}
}

// nothingStoredUnpaid: an unpaid box is not queued and not to be listed, a deletion needs no token
// and gives none back, and what was refused for want of room spends nothing.
func nothingStoredUnpaid(t *testing.T, s Store, fill func(bool)) {
	wantPaid(t, s, 3, Box(1, 'a', size), box.Token{1}, box.StatusStored)
	wantPaid(t, s, 3, Box(2, 'a', size), box.Token{1}, box.StatusUnpaid)
	wantQueue(t, s, peers[0], 9, Box(1, 'a', size))
	if waiting := s.Waiting(); waiting != 1 {
		t.Errorf("%d wait to be listed", waiting)
	}
	wantPaid(t, s, 3, Box(1, 'a', 0), box.Token{1}, box.StatusStored)
	wantPaid(t, s, 3, Box(2, 'a', 0), box.Token{1}, box.StatusStored)
	wantPaid(t, s, 3, Box(3, 'a', size), box.Token{1}, box.StatusUnpaid)
	fill(true)
	wantPaid(t, s, 3, Box(3, 'a', size), box.Token{2}, box.StatusFull)
	fill(false)
	wantPaid(t, s, 3, Box(4, 'a', size), box.Token{2}, box.StatusStored)
}

// oneBoxAToken: many come at once with one token for a box each, and one of them is stored.
func oneBoxAToken(t *testing.T, s Store, _ func(bool)) {
	var group sync.WaitGroup
	var mu sync.Mutex
	said := map[box.Status]int{}
	for n := range uint64(24) {
		group.Go(func() { // ends when the store answers
			o, err := s.Write(3, Box(n, 'a', size), box.Token{byte(n % 4), 31: 1})
			mu.Lock()
			defer mu.Unlock()
			if said[o.Status]++; err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if said[box.StatusStored] != 4 || said[box.StatusUnpaid] != 20 {
		t.Errorf("four tokens, 24 boxes: %v", said)
	}
}
