package backoff

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestWaitsDoubleUpToTheLast(t *testing.T) {
	b := New(time.Second, 10*time.Second, rand.New(rand.NewChaCha8([32]byte{1})))
	for range 2 {
		for i, most := range []time.Duration{1, 2, 4, 8, 10, 10} {
			most *= time.Second
			if wait := b.Next(); wait < most/2 || wait > most {
				t.Errorf("wait %d is %v, not from %v to %v", i, wait, most/2, most)
			}
		}
		b.Reset()
	}
}

// TestWaitsDiffer: two that fail together come back at different times.
func TestWaitsDiffer(t *testing.T) {
	one := New(time.Minute, time.Hour, rand.New(rand.NewChaCha8([32]byte{1})))
	other := New(time.Minute, time.Hour, rand.New(rand.NewChaCha8([32]byte{2})))
	if one.Next() == other.Next() {
		t.Error("two generators gave one wait")
	}
}

func TestOddBounds(t *testing.T) {
	rng := rand.New(rand.NewChaCha8([32]byte{1}))
	if wait := New(time.Second, time.Millisecond, rng).Next(); wait < time.Second/2 ||
		wait > time.Second {
		t.Errorf("a last wait below the first gives %v", wait)
	}
	if wait := New(0, 0, rng).Next(); wait != 0 {
		t.Errorf("no wait is %v", wait)
	}
}

func TestWithoutChanceWaitsAreWhole(t *testing.T) {
	b := New(time.Second, 3*time.Second, nil)
	for i, want := range []time.Duration{1, 2, 3, 3} {
		if wait := b.Next(); wait != want*time.Second {
			t.Errorf("wait %d is %v, want %ds", i, wait, want)
		}
	}
}
