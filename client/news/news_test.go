package news

import (
	"fmt"
	"testing"
	"time"

	"murmuration/client/person"
)

// TestEverybodySeesEachEventOnce: whoever asks for what comes after the last one that they saw, at
// whatever pace, sees all in order, or is told exactly how many are gone.
func TestEverybodySeesEachEventOnce(t *testing.T) {
	var n News
	quick, slow, lost, seen := uint64(0), uint64(0), uint64(0), 0
	look := func(at *uint64) {
		happened, missed := n.After(*at)
		if at == &slow {
			lost += missed
		} else if missed > 0 {
			t.Fatalf("the quick one missed %d", missed)
		}
		*at += missed
		for _, e := range happened {
			if *at++; e.Number != *at || e.Text != fmt.Sprint(*at) {
				t.Fatalf("%d says %q in the place of %d", e.Number, e.Text, *at)
			}
			if at == &slow {
				seen++
			}
		}
	}
	const all = 5*Max + 17
	for i := 1; i <= all; i++ {
		n.Add(time.Unix(int64(i), 0), person.Event{Text: fmt.Sprint(i)})
		if i%7 == 0 {
			look(&quick)
		}
		if i%(2*Max) == 0 {
			look(&slow)
		}
	}
	look(&quick)
	look(&slow)
	if quick != all || slow != all || n.Last() != all {
		t.Errorf("they stand at %d and %d of %d", quick, slow, n.Last())
	}
	if lost == 0 || seen+int(lost) != all || seen < Max {
		t.Errorf("control: the slow one saw %d and missed %d of %d", seen, lost, all)
	}
}

// TestNumbersOfAnotherLife: a number that was not given yet is one of a program that has ended.
func TestNumbersOfAnotherLife(t *testing.T) {
	var n News
	n.Add(time.Unix(1, 0), person.Event{})
	for number, want := range map[uint64]int{0: 1, 1: 0, 2: 0, 1 << 63: 0, ^uint64(0): 0} {
		if happened, missed := n.After(number); len(happened) != want || missed != 0 {
			t.Errorf("after %d: %d events, %d missed", number, len(happened), missed)
		}
	}
}
