package boxstream

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/box"
)

var testCalendar = box.Calendar{
	Genesis: time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC), Retention: 14,
}

var testNetwork = Network{
	Format: box.Format{Plaintext: box.RecordHeaderSize + 32}, Calendar: testCalendar,
	Listing: 3 * time.Minute,
}

func onDay(d int, clock time.Duration) time.Time {
	return box.Day(d).Start(testCalendar.Genesis).Add(clock)
}

func newTestWriter(t *testing.T) Writer {
	w, err := NewWriter(rand.NewChaCha8([32]byte{4}))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestSealedAgain: the same record at the same index, which another day's reader finds.
func TestSealedAgain(t *testing.T) {
	w := newTestWriter(t)
	start, err := w.Start()
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.Seal(testNetwork, 3, box.Record{Kind: 1, Parts: 1, Content: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	again, err := all[0].Again(testNetwork, 5)
	if err != nil || again.Day != 5 || again.ID == all[0].ID || again.Box().Verify() != nil {
		t.Fatalf("%+v, %v", again, err)
	}
	same, err := again.Again(testNetwork, 3)
	if err != nil || !same.Box().Equal(all[0].Box()) {
		t.Errorf("sealed back for its first day, it is another box: %v", err)
	}
	r, err := NewReader(start, 3, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	places(r, testNetwork, onDay(5, 12*time.Hour))
	first, err1 := r.Open(testNetwork, 3, all[0].Box())
	second, err2 := r.Open(testNetwork, 5, again.Box())
	if err := errors.Join(err1, err2); err != nil || first.Number != second.Number ||
		!bytes.Equal(first.Plaintext, second.Plaintext) {
		t.Errorf("the two say different things, %v", err)
	}
	if all, err := w.Seal(testNetwork, 5, box.Record{Kind: 1, Parts: 1}); err != nil ||
		all[0].ID == again.ID {
		t.Errorf("the next box stands at the same index, %v", err)
	}
}

func TestReadersOfOneStream(t *testing.T) {
	w := newTestWriter(t)
	read := func(w Writer) Reader {
		start, err := w.Start()
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(start, 0, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	other, err := NewWriter(rand.NewChaCha8([32]byte{5}))
	if err != nil {
		t.Fatal(err)
	}
	r := read(w)
	if r.Root() != r.Found(time.Time{}, r.scan.base, 0).Root() || r.Root() == read(other).Root() {
		t.Error("readers of one stream are told apart, or those of two are not")
	}
	if (&Reader{Cap: []byte("no capability")}).Load() == nil {
		t.Error("a reader was made of anything")
	}
}

// TestSwitchOfDaysIsSmeared: a box is sealed for the day before at most half an hour after
// midnight, and some are in every part of it.
func TestSwitchOfDaysIsSmeared(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{7})
	at := func(clock time.Duration) (before int) {
		for range 1000 {
			after, err := SwitchAfter(rng)
			if err != nil {
				t.Fatal(err)
			}
			if testNetwork.WritingDay(onDay(3, clock), after) == 2 {
				before++
			}
		}
		return before
	}
	for clock, want := range map[time.Duration]int{
		-time.Second: 1000, time.Second: 1000, 15 * time.Minute: 500, 25 * time.Minute: 167,
		30 * time.Minute: 0, 12 * time.Hour: 0,
	} {
		if n := at(clock); n < want-60 || n > want+60 || want == 0 && n != 0 {
			t.Errorf("%v after midnight %d of 1,000 boxes are sealed for the day before", clock, n)
		}
	}
	if _, err := SwitchAfter(noRandomness{}); !errors.Is(err, errDrawn) {
		t.Errorf("without randomness: %v", err)
	}
}
