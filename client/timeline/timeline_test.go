package timeline

import (
	"errors"
	"strings"
	"testing"

	"murmuration/client/content"
	"murmuration/client/store"
)

// said is what a post says, as it is kept.
func said(t testing.TB, text string) []byte {
	t.Helper()
	b, err := content.Post{Name: "Ada", Text: text}.Marshal(8000)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ids(page []Entry) string {
	all := make([]string, len(page))
	for i, e := range page {
		all[i] = e.ID
	}
	return strings.Join(all, " ")
}

func TestNewestFirst(t *testing.T) {
	s, line := store.Memory(), New()
	hello := said(t, "hello")
	err := s.Update(func(tx *store.Tx) error {
		var errs []error
		for i, id := range []string{"old", "b", "a", "z"} {
			e := Entry{ID: id, Received: int64(i), Content: hello, Own: true}
			errs = append(errs, line.Keep(tx, e))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(func(tx *store.Tx) error {
		for n, want := range map[int]string{0: "", 1: "z", 3: "z a b", 9: "z a b old"} {
			all, err := line.Last(tx, n)
			if err != nil || ids(all) != want {
				t.Errorf("the last %d are %q, not %q, %v", n, ids(all), want, err)
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
	s, line := store.Memory(), New()
	hello := said(t, "hello")
	err := s.Update(func(tx *store.Tx) error {
		wrong := map[int]any{1: "a", 4: hello, 6: "no day"} // the content alone would do
		return errors.Join(
			line.Keep(tx, Entry{ID: "b", Content: hello}),
			line.Keep(tx, Entry{ID: "a", Content: hello}), tx.Put(bucket, "a", wrong),
		)
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

// TestFeedsAreShownInTheirOrder, in whatever order their posts came: one that is late stands before
// the first of those after it. Between others they stand as they came.
func TestFeedsAreShownInTheirOrder(t *testing.T) {
	s, line := store.Memory(), New()
	ada, bob := content.Source{1}, content.Source{2}
	err := s.Update(func(tx *store.Tx) error {
		var errs []error
		for i, e := range []Entry{
			{ID: "a2", Source: ada, Epoch: 1, Number: 12}, {ID: "b1", Source: bob, Number: 5},
			{ID: "a1", Source: ada, Epoch: 1, Number: 11}, {ID: "mine", Own: true},
			{ID: "a4", Source: ada, Epoch: 2, Number: 1},
			{ID: "a3", Source: ada, Epoch: 1, Number: 13},
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
		if ids(all) != "a4 a3 mine b1 a2 a1" {
			t.Errorf("shown are %s", ids(all))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
