package node

import (
	"testing"
	"time"
)

// TestAllowance: of whatever comes, a node takes in what its operator allows and no more, over any
// hour; without a bound it takes everything.
func TestAllowance(t *testing.T) {
	const size = 25_000 // bytes, so that 1 Mbit/s is 5 packets/s
	began := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	for _, one := range []struct {
		mbit  int
		every time.Duration // between two packets that come
		taken int           // of those that come in an hour
	}{
		{1, 100 * time.Millisecond, 5*3600 + 5*allowFor}, // twice of what is allowed
		{1, 250 * time.Millisecond, 4 * 3600},            // less than that
		{0, 100 * time.Millisecond, 10 * 3600},           // the control
	} {
		a := newAllowance(one.mbit, size)
		taken := 0
		for at := time.Duration(0); at < time.Hour; at += one.every {
			if a.take(began.Add(at)) {
				taken++
			}
		}
		if taken < one.taken-1 || taken > one.taken {
			t.Errorf("%d Mbit/s, one packet every %s: %d taken in an hour, want %d", one.mbit,
				one.every, taken, one.taken)
		}
		want := 1_000_000
		if one.mbit > 0 {
			want = 5 * 3600
		}
		if got := a.capacity(1_000_000, time.Hour); got != want {
			t.Errorf("%d Mbit/s is declared as %d packets an hour, want %d", one.mbit, got, want)
		}
	}
	a := newAllowance(1, size)
	for range 5 * allowFor {
		a.take(began)
	}
	back := began.Add(-time.Hour)
	if a.take(began) || a.take(back) || !a.take(back.Add(time.Second)) {
		t.Error("a clock that goes back gives room, or takes it for good")
	}
}
