package boxstream

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/box"
)

var errDrawn = errors.New("no randomness")

type noRandomness struct{}

func (noRandomness) Read([]byte) (int, error) { return 0, errDrawn }

func TestWriterNeedsRandomness(t *testing.T) {
	if w, err := NewWriter(noRandomness{}); !errors.Is(err, errDrawn) || w.Cap != nil {
		t.Errorf("%+v, %v", w, err)
	}
}

// TestDamagedWriterWritesNothing: neither half of it may be taken for another stream's.
func TestDamagedWriterWritesNothing(t *testing.T) {
	good := newTestWriter(t)
	record := box.Record{Kind: 1, Parts: 1}
	for name, w := range map[string]Writer{
		"no keys":  {Cap: []byte("none"), Before: good.Before},
		"no index": {Cap: good.Cap, Before: []byte("none")},
		"nothing":  {},
	} {
		if _, err := w.Start(); err == nil {
			t.Errorf("%s: it has a start", name)
		}
		if all, err := w.Seal(testNetwork, 3, record); err == nil {
			t.Errorf("%s: sealed %+v", name, all)
		}
		s := Sealed{Cap: w.Cap, Index: w.Before}
		if again, err := s.Again(testNetwork, 3); err == nil {
			t.Errorf("%s: sealed again as %+v", name, again)
		}
	}
	if all, err := good.Seal(testNetwork, 3, record); err != nil || len(all) != 1 {
		t.Errorf("the control: %v", err)
	}
}

func TestStartWithoutKeys(t *testing.T) {
	var s Start
	if _, _, err := s.Open(); err == nil {
		t.Error("a start of zeros was opened")
	}
	if r, err := NewReader(s, 3, time.Time{}); err == nil {
		t.Errorf("it gave a reader %+v", r)
	}
}

// FuzzStart opens what links and posts of others carry: whatever opens comes back as it was.
func FuzzStart(f *testing.F) {
	w, err := NewWriter(rand.NewChaCha8([32]byte{4}))
	if err != nil {
		f.Fatal(err)
	}
	start, err := w.Start()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(start[:])
	f.Add(make([]byte, StartSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != StartSize {
			return
		}
		s := Start(b)
		c, first, err := s.Open()
		if err != nil {
			return
		}
		if id := c.ID(first, testNetwork.ID, 3); id != c.At(first).ID(first, testNetwork.ID, 3) ||
			id == c.ID(first.Next(), testNetwork.ID, 3) {
			t.Fatal("ids of its boxes are not their own")
		}
		r, err := NewReader(s, 3, time.Time{})
		if err != nil || r.Load() != nil ||
			places(r, testNetwork, onDay(3, 0))[0].ID != c.ID(first, testNetwork.ID, 3) {
			t.Fatalf("a reader of it looks elsewhere: %v", err)
		}
	})
}

// FuzzReaderLoad loads the records of a store that somebody may have written to.
func FuzzReaderLoad(f *testing.F) {
	f.Add([]byte{}, 1, 2)
	f.Add(make([]byte, box.ReadCapSize), 0, 0)
	f.Add(writeCap(f, 1).ReadCap().Marshal(), 1, 5)
	f.Add(writeCap(f, 1).ReadCap().Marshal(), 5, 5)
	f.Fuzz(func(t *testing.T, b []byte, first, second int) {
		r := Reader{Cap: b, Seen: []Seen{{Offset: first}, {Offset: second}}}
		if r.Load() != nil {
			return
		}
		next := r.Found(time.Time{}, r.scan.base, 3)
		if r.Root() != next.Root() || next.Load() != nil || bytes.Equal(next.Cap, r.Cap) {
			t.Fatal("a reader that loads does not go on to the next box of its stream")
		}
	})
}
