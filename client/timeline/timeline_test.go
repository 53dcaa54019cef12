package timeline

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"murmuration/client/content"
	"murmuration/client/store"
)

func TestNewestFirst(t *testing.T) {
	s, line := store.Memory(), New(rand.NewChaCha8([32]byte{1}))
	said, err := content.Post{Name: "Ada", Text: "hello"}.Marshal(1024)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(func(tx *store.Tx) error {
		var errs []error
		for id, at := range map[string]int64{"b": 2, "a": 2, "z": 3, "old": 1} {
			e := Entry{ID: id, Received: at, Content: said, Own: true}
			errs = append(errs, line.Keep(tx, e))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(func(tx *store.Tx) error {
		for n, want := range map[int]string{0: "", 1: "z", 3: "zab", 9: "zabold"} {
			all, err := line.Last(tx, n)
			got := ""
			for _, e := range all {
				got += e.ID
			}
			if err != nil || got != want {
				t.Errorf("the last %d are %q, not %q, %v", n, got, want, err)
			}
		}
		e, err := line.Entry(tx, "a")
		if p, err2 := e.Post(); errors.Join(err, err2) != nil || p.Text != "hello" {
			t.Errorf("%+v, %v, %v", p, err, err2)
		}
		if _, err := line.Entry(tx, "nope"); !errors.Is(err, ErrNoPost) {
			t.Errorf("a post that is not there: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPostsOfOthersProgramsAreForeign(t *testing.T) {
	if _, err := (Entry{Content: []byte("no CBOR")}).Post(); !errors.Is(err, store.ErrForeign) {
		t.Errorf("%v", err)
	}
}

// TestForeignEntryIsNoMissingPost: what is there and does not decode is said to be foreign.
func TestForeignEntryIsNoMissingPost(t *testing.T) {
	s, line := store.Memory(), New(rand.NewChaCha8([32]byte{1}))
	said, err := content.Post{Name: "Ada", Text: "hello"}.Marshal(1024)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(func(tx *store.Tx) error {
		wrong := map[int]any{1: "a", 4: said, 6: "no day"} // the content alone would do
		return errors.Join(line.Keep(tx, Entry{ID: "b", Content: said}), tx.Put(bucket, "a", wrong))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(func(tx *store.Tx) error {
		if _, err := line.Entry(tx, "b"); err != nil {
			t.Errorf("the control: %v", err)
		}
		if e, err := line.Entry(tx, "a"); !errors.Is(err, store.ErrForeign) {
			t.Errorf("a foreign entry is %+v, %v", e, err)
		}
		if _, err := line.Last(tx, 9); !errors.Is(err, store.ErrForeign) {
			t.Errorf("in a list: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoIDWithoutRandomness: half an id is none, or two posts would share one.
func TestNoIDWithoutRandomness(t *testing.T) {
	if id, err := New(bytes.NewReader([]byte("four"))).NewID(); err == nil {
		t.Errorf("an id of four bytes: %q", id)
	}
}

func TestIDsAreDrawn(t *testing.T) {
	line, again := New(rand.NewChaCha8([32]byte{1})), New(rand.NewChaCha8([32]byte{1}))
	seen := map[string]bool{}
	for range 100 {
		id, err := line.NewID()
		same, err2 := again.NewID()
		if err := errors.Join(err, err2); err != nil || len(id) != 8 || id != same || seen[id] {
			t.Fatalf("%q and %q, %v", id, same, err)
		}
		seen[id] = true
	}
}

// TestFeedsAreShownInTheirOrder, in whatever order their posts came, and between others as they
// came.
func TestFeedsAreShownInTheirOrder(t *testing.T) {
	s, line := store.Memory(), New(rand.NewChaCha8([32]byte{1}))
	err := s.Update(func(tx *store.Tx) error {
		var errs []error
		for i, e := range []Entry{
			{ID: "a2", Follow: 1, Number: 12}, {ID: "b1", Follow: 2, Number: 5},
			{ID: "a1", Follow: 1, Number: 11}, {ID: "mine", Own: true},
			{ID: "a3", Follow: 1, Number: 13},
		} {
			e.Received = int64(i)
			errs = append(errs, line.Keep(tx, e))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(func(tx *store.Tx) error {
		all, err := line.Last(tx, 9)
		got := ""
		for _, e := range all {
			got += e.ID + " "
		}
		if got != "a3 mine a2 b1 a1 " {
			t.Errorf("shown are %s", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
