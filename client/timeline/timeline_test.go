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
	ada, bob := content.Source{1}, content.Source{2}
	keepInOrder(t, "a4 a3 mine b1 a2 a1", []Entry{
		{ID: "a2", Source: ada, Epoch: 1, Number: 12}, {ID: "b1", Source: bob, Number: 5},
		{ID: "a1", Source: ada, Epoch: 1, Number: 11}, {ID: "mine", Own: true},
		{ID: "a4", Source: ada, Epoch: 2, Number: 1, When: 3600},
		{ID: "a3", Source: ada, Epoch: 1, Number: 13},
	})
}

// keepInOrder keeps posts, each a second after the one before it, and looks how they stand.
func keepInOrder(t *testing.T, want string, all []Entry) {
	t.Helper()
	s, line := store.Memory(), New()
	err := s.Update(func(tx *store.Tx) error {
		var errs []error
		for i, e := range all {
			if e.Received == 0 {
				e.Received = int64(i) * 1000
			}
			errs = append(errs, line.Keep(tx, e))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(func(tx *store.Tx) error {
		all, err := line.Last(tx, 99)
		if ids(all) != want {
			t.Errorf("shown are %s, not %s", ids(all), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// written is what a post says that claims to be of an hour of 1970.
func written(t testing.TB, hour int64) []byte {
	t.Helper()
	b, err := content.Post{Name: "Ada", Text: "hello", Time: hour * 3600}.Marshal(8000)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// History: All posts of a second computer stood behind all of the first one's, and those that came
// again with a card before all of their epoch.
//
// TestStreamsOfAnAuthorStandByTime: within one stream it is the number that counts, whatever the
// clock said; an hour's posts stand as they came, or by stream if all of that is long past.
func TestStreamsOfAnAuthorStandByTime(t *testing.T) {
	desk, phone := 1, 2
	at := func(id string, epoch int, number uint64, hour, came int64) Entry {
		return Entry{
			ID: id, Epoch: epoch, Number: number, Content: written(t, hour),
			Received: came * 3600_000,
		}
	}
	keepInOrder(t, "d9 p5 d4 p3 d2", []Entry{
		at("d2", desk, 1, 2, 2), at("p3", phone, 7, 3, 3), at("d4", desk, 2, 4, 4),
		at("p5", phone, 8, 5, 5), at("d9", desk, 3, 9, 9),
	})
	keepInOrder(t, "d9 p5 d4 p3 d2", []Entry{ // after an absence, in any order
		at("p5", phone, 8, 5, 20), at("d9", desk, 3, 9, 20), at("d2", desk, 1, 2, 20),
		at("d4", desk, 2, 4, 20), at("p3", phone, 7, 3, 20),
	})
	keepInOrder(t, "d3 p2 d2 p1 d1", []Entry{ // of one hour, as they come
		at("d1", desk, 1, 2, 2), at("p1", phone, 1, 2, 2), at("d2", desk, 2, 2, 2),
		at("p2", phone, 2, 2, 2), at("d3", desk, 3, 2, 2),
	})
	keepInOrder(t, "p2 p1 d2 d1", []Entry{ // of one hour, long past
		at("p2", phone, 2, 2, 9), at("d2", desk, 2, 2, 9), at("d1", desk, 1, 2, 9),
		at("p1", phone, 1, 2, 9),
	})
	keepInOrder(t, "d3 p4 d2 d1", []Entry{ // the clock of the desk was put back
		at("d1", desk, 1, 6, 6), at("p4", phone, 1, 7, 7), at("d2", desk, 2, 1, 7),
		at("d3", desk, 3, 8, 8),
	})
	keepInOrder(t, "p4 d3 d2", []Entry{ // what is of tomorrow stands where it came
		at("d2", desk, 1, 9999, 2), at("d3", desk, 2, 3, 3), at("p4", phone, 1, 4, 4),
	})
}

// TestListsOfEarlierVersions do not say when a post was written: the posts do.
func TestListsOfEarlierVersions(t *testing.T) {
	s, line := store.Memory(), New()
	first := Entry{ID: "d5", Epoch: 1, Number: 1, Content: written(t, 5), Received: 5 * 3600_000}
	err := s.Update(func(tx *store.Tx) error {
		if err := line.Keep(tx, first); err != nil {
			return err
		}
		all, err := openList(tx, sourceList(first.Source))
		if err != nil {
			return err
		}
		return errors.Join(tx.Put(bucket, first.ID, first), all.putLeaf(all.First, leaf{
			Items: []item{{ID: first.ID, Epoch: 1, Number: 1}},
		}), line.Keep(tx, Entry{
			ID: "p4", Epoch: 2, Number: 1, Content: written(t, 4), Received: 6 * 3600_000,
		}))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(func(tx *store.Tx) error {
		all, err := line.Last(tx, 9)
		if ids(all) != "d5 p4" {
			t.Errorf("shown are %s", ids(all))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
