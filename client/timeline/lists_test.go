package timeline

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"murmuration/client/content"
	"murmuration/client/search"
	"murmuration/client/store"
	_ "murmuration/internal/drawn"
)

// model is a timeline that looks at everything each time, the oldest first.
type model struct {
	all    []Entry
	unread []string
}

// keep puts a post between those before and behind it in its stream, and there behind all that were
// written before it.
func (m *model) keep(e Entry) {
	var of []int // those of its source, in m.all
	low, high := 0, -1
	for i, other := range m.all {
		if other.Source != e.Source {
			continue
		}
		if of = append(of, i); other.Epoch != e.Epoch {
			continue
		}
		if other.Number <= e.Number {
			low = len(of)
		} else if high < 0 {
			high = len(of) - 1
		}
	}
	if high < 0 {
		high = len(of)
	}
	for high > low && m.all[of[high-1]].When > e.When {
		high--
	}
	at, successor := len(m.all), ""
	if high < len(of) {
		at, successor = of[high], m.all[of[high]].ID
	}
	if !e.Own {
		i := slices.Index(m.unread, successor)
		if i < 0 {
			i = len(m.unread)
		}
		m.unread = slices.Insert(m.unread, i, e.ID)
	}
	m.all = slices.Insert(m.all, at, e)
}

// page is what Page gives.
func (m *model) page(f Filter) (want []string) {
	for _, e := range slices.Backward(m.all) {
		if !f.Unread && (len(f.Sources) == 0 || slices.Contains(f.Sources, e.Source)) {
			want = append(want, e.ID)
		}
	}
	for _, id := range slices.Backward(m.unread) {
		i := slices.IndexFunc(m.all, func(e Entry) bool { return e.ID == id })
		if f.Unread && (len(f.Sources) == 0 || slices.Contains(f.Sources, m.all[i].Source)) {
			want = append(want, id)
		}
	}
	return want
}

// TestListsAreAModel keeps, shows and drops posts of few sources in any order, so many that leaves
// are halved and vanish.
func TestListsAreAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, line, m := store.Memory(), New(), &model{}
		for i := range 9 {
			err := s.Update(func(tx *store.Tx) error {
				for j := range rapid.IntRange(1, 30).Draw(t, "posts") {
					e := Entry{
						ID: fmt.Sprintf("id%04d-%d", i, j), Content: []byte{1, 2, 3},
						Source: content.Source{rapid.Byte().Draw(t, "source") % 3},
						Epoch:  rapid.IntRange(1, 3).Draw(t, "epoch"), Number: uint64(len(m.all)),
						When: int64(10 + len(m.all)/9),
					}
					e.Received = 1000 * e.When
					e.Own = e.Source[0] == 0
					if rapid.IntRange(0, 5).Draw(t, "late") == 0 {
						e.Number = rapid.Uint64Range(0, e.Number).Draw(t, "number")
						e.When = rapid.Int64Range(1, e.When).Draw(t, "written")
					}
					m.keep(e)
					if err := line.Keep(tx, e); err != nil {
						return err
					}
				}
				return change(t, tx, line, m)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := s.View(func(tx *store.Tx) error { return compare(t, tx, line, m) })
		if err != nil {
			t.Fatal(err)
		}
		err = s.Update(func(tx *store.Tx) error {
			for _, e := range m.all {
				if err := line.Drop(tx, e.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if n := left(t, s); err != nil || n != 0 {
			t.Fatalf("%d records are left of what was dropped, %v", n, err)
		}
	})
}

// change shows some posts and drops others.
func change(t *rapid.T, tx *store.Tx, line *Timeline, m *model) error {
	for range rapid.IntRange(0, 12).Draw(t, "drops") {
		i := rapid.IntRange(0, len(m.all)-1).Draw(t, "post")
		id := m.all[i].ID
		m.unread = slices.DeleteFunc(m.unread, func(other string) bool { return other == id })
		if rapid.Bool().Draw(t, "shown") {
			if err := line.Shown(tx, id, "nobody"); err != nil {
				return err
			}
			continue
		}
		if m.all = slices.Delete(m.all, i, i+1); len(m.all) == 0 {
			return line.Drop(tx, id)
		}
		if err := line.Drop(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// compare reads everything by pages.
func compare(t *rapid.T, tx *store.Tx, line *Timeline, m *model) error {
	for _, f := range []Filter{
		{}, {Unread: true}, {Sources: []content.Source{{0}}}, {Sources: []content.Source{{1}}},
		{Sources: []content.Source{{1}, {2}}}, {Sources: []content.Source{{2}}, Unread: true},
		{Sources: []content.Source{{9}}},
	} {
		var got []string
		for n := 1; ; n = n%70 + 23 {
			page, err := line.Page(tx, f, n)
			if err != nil {
				return err
			}
			for _, e := range page {
				got, f.Before = append(got, e.ID), e.ID
			}
			if len(page) < n {
				break
			}
		}
		if want := m.page(f); !slices.Equal(got, want) {
			t.Fatalf("%+v gives %v, not %v", f, got, want)
		}
	}
	u, err := line.Usage(tx)
	if u != (Usage{len(m.all), len(m.unread), int64(3 * len(m.all))}) {
		t.Fatalf("%+v of %d posts, %d unread", u, len(m.all), len(m.unread))
	}
	i := 0
	return errors.Join(err, line.Oldest(tx, func(e Entry) (bool, error) {
		if e.ID != m.all[i].ID {
			t.Fatalf("post %d is %s, not %s", i, e.ID, m.all[i].ID)
		}
		i++
		return i == len(m.all), nil
	}))
}

// left counts the records of all buckets.
func left(t interface{ Fatal(...any) }, s *store.Store) (n int) {
	err := s.View(func(tx *store.Tx) error {
		var errs []error
		for _, b := range []string{
			bucket, bucketLists, bucketLeaves, bucketPlaces, bucketPrefixes,
		} {
			errs = append(errs, tx.Walk(b, func(string, []byte) error { n++; return nil }))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// nth is the id of one of many posts.
func nth(n int) string { return fmt.Sprintf("%06d-%08d", n*7919%1_000_000, n) }

// many is a timeline of ten thousand posts of eleven sources.
func many(t *testing.T) *store.Store {
	t.Helper()
	s, line, hello := store.Memory(), New(), said(t, "hello")
	for batch := range 10 {
		err := s.Update(func(tx *store.Tx) error {
			for i := range 1000 {
				n := batch*1000 + i
				e := Entry{
					ID: nth(n), Content: hello,
					Source: content.Source{byte(n % 10)}, Number: uint64(n), Received: int64(n),
				}
				if n%2000 == 5 {
					e.Source = content.Source{99}
				}
				if err := line.Keep(tx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestReadingCostsByWhatIsAsked and not by the ten thousand posts that are kept.
func TestReadingCostsByWhatIsAsked(t *testing.T) {
	s, line := many(t), New()
	for name, c := range map[string]struct {
		f           Filter
		n, got, max int
	}{
		"the last":           {Filter{}, 20, 20, 25},
		"the last one":       {Filter{}, 1, 1, 5},
		"further on":         {Filter{Before: nth(5000)}, 20, 20, 25},
		"of one":             {Filter{Sources: []content.Source{{3}}}, 20, 20, 25},
		"of one who is rare": {Filter{Sources: []content.Source{{99}}}, 20, 5, 10},
		"unread":             {Filter{Unread: true}, 20, 20, 25},
		"of two": {
			Filter{Sources: []content.Source{{99}, {98}}}, 20, 5, 170, // their places in leaves
		},
	} {
		err := s.View(func(tx *store.Tx) error {
			page, err := line.Page(tx, c.f, c.n)
			if len(page) != c.got || tx.Reads() > c.max {
				t.Errorf("%s: %d posts, %d records read", name, len(page), tx.Reads())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, do := range map[string]func(*store.Tx) error{
		"usage": func(tx *store.Tx) error { _, err := line.Usage(tx); return err },
		"find":  func(tx *store.Tx) error { _, err := line.Find(tx, nth(7)[:9]); return err },
		"a late one": func(tx *store.Tx) error {
			return line.Keep(tx, Entry{ID: "late", Source: content.Source{3}, Number: 9500})
		},
		"a drop":  func(tx *store.Tx) error { return line.Drop(tx, nth(1)) },
		"showing": func(tx *store.Tx) error { return line.Shown(tx, nth(2)) },
		"the oldest": func(tx *store.Tx) error {
			return line.Oldest(tx, func(Entry) (bool, error) { return true, nil })
		},
	} {
		err := s.Update(func(tx *store.Tx) error {
			err := do(tx)
			if tx.Reads() > 160 {
				t.Errorf("%s: %d records read", name, tx.Reads())
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestIDsByTheirBeginning: six characters do, unless there are two.
func TestIDsByTheirBeginning(t *testing.T) {
	s, line := store.Memory(), New()
	err := s.Update(func(tx *store.Tx) error {
		var errs []error
		for _, id := range []string{"abcdefgh", "abcdefzz", "short", "qwertzuiop"} {
			errs = append(errs, line.Keep(tx, Entry{ID: id, Source: content.Source{1}}))
		}
		for i := range 2 * maxAlike {
			e := Entry{ID: fmt.Sprintf("drawn!%d", i), Source: content.Source{2}}
			errs = append(errs, line.Keep(tx, e))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(func(tx *store.Tx) error {
		for typed, c := range map[string]struct {
			id   string
			want error
		}{
			"abcdefgh": {"abcdefgh", nil}, "abcdefg": {"abcdefgh", nil},
			"abcdef": {"", errAmbiguous}, "abcde": {"", ErrNoPost}, "": {"", ErrNoPost},
			"short": {"short", nil}, "shor": {"", ErrNoPost}, "qwertz": {"qwertzuiop", nil},
			"qwertzu?": {"", ErrNoPost}, "drawn!": {"", errAmbiguous},
			"drawn!63": {"drawn!63", nil},
		} {
			e, err := line.Find(tx, typed)
			if e.ID != c.id || !errors.Is(err, c.want) {
				t.Errorf("%q is %q, %v", typed, e.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPostsAreFoundByTheirWords until they are dropped, or say something else.
func TestPostsAreFoundByTheirWords(t *testing.T) {
	s, line := store.Memory(), New()
	post, err := content.Post{
		Name: "Ada", Text: "The crow flies", Warning: "birds",
		Photos: []content.Photo{{Size: 1000, Width: 1, Height: 1, Alt: "a raven"}},
	}.Marshal(8000)
	if err != nil {
		t.Fatal(err)
	}
	do := func(do func(tx *store.Tx) error) {
		t.Helper()
		if err := s.Update(do); err != nil {
			t.Fatal(err)
		}
	}
	found := func(word string) (refs string) {
		err := s.View(func(tx *store.Tx) error {
			all, err := search.Find(tx, word, 0, 9)
			for _, f := range all {
				refs += f.Ref
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return refs
	}
	bytes := func() (n int64) {
		do(func(tx *store.Tx) error {
			u, err := line.Usage(tx)
			n = u.Bytes
			return err
		})
		return n
	}
	do(func(tx *store.Tx) error {
		return line.Keep(tx, Entry{ID: "a", Content: post, Received: 7})
	})
	for _, word := range []string{"crow", "birds", "raven"} {
		if found(word) != Ref("a") {
			t.Errorf("%q finds %q", word, found(word))
		}
	}
	if want := int64(len(post) + 1000); bytes() != want {
		t.Errorf("%d bytes, not %d", bytes(), want)
	}
	again := said(t, "said anew")
	do(func(tx *store.Tx) error {
		err := line.Keep(tx, Entry{ID: "a", Content: again, Received: 99})
		if e, _ := line.Entry(tx, "a"); e.Received != 7 {
			t.Errorf("received at %d", e.Received)
		}
		return err
	})
	if found("crow") != "" || found("anew") != Ref("a") || bytes() != int64(len(again)) {
		t.Errorf("replaced: %q, %q, %d bytes", found("crow"), found("anew"), bytes())
	}
	do(func(tx *store.Tx) error { return line.Drop(tx, "a") })
	if found("anew") != "" || bytes() != 0 {
		t.Errorf("dropped: %q, %d bytes", found("anew"), bytes())
	}
	err = s.Update(func(tx *store.Tx) error { return line.Drop(tx, "a") })
	if !errors.Is(err, ErrNoPost) {
		t.Errorf("dropped twice: %v", err)
	}
	do(func(tx *store.Tx) error { return line.Keep(tx, Entry{ID: "b", Content: post}) })
	do(func(tx *store.Tx) error {
		return errors.Join(line.Erase(tx, "b"), line.Erase(tx, "not yet"))
	})
	do(func(tx *store.Tx) error {
		all, err := line.Last(tx, 9)
		for id, want := range map[string]bool{"a": false, "b": true, "not yet": true} {
			if has, err := line.Has(tx, id); err != nil || has != want {
				t.Errorf("%q came: %t, %v", id, has, err)
			}
		}
		if len(all) != 0 {
			t.Errorf("erased: %v", all)
		}
		return err
	})
	if found("crow") != "" {
		t.Errorf("erased: %q", found("crow"))
	}
}

// TestDamagedLists: whatever a list says, it ends, and is said to be foreign.
func TestDamagedLists(t *testing.T) {
	line := New()
	it := item{ID: "x"}
	for name, spoil := range map[string]func(*store.Tx) error{
		"head": func(tx *store.Tx) error { return tx.Put(bucketLists, listAll, "?") },
		"leaf": func(tx *store.Tx) error { return tx.Put(bucketLeaves, "all/1", "?") },
		"gone": func(tx *store.Tx) error { return tx.Delete(bucketLeaves, "all/1") },
		"round": func(tx *store.Tx) error {
			return tx.Put(bucketLeaves, "all/1", leaf{1, 1, []item{it}})
		},
		"post": func(tx *store.Tx) error { return tx.Put(bucket, "x", "?") },
	} {
		s := store.Memory()
		err := s.Update(func(tx *store.Tx) error {
			return line.Keep(tx, Entry{ID: "x", Content: said(t, "hello")})
		})
		if err == nil {
			err = s.View(func(tx *store.Tx) error { _, err := line.Last(tx, 99); return err })
		}
		if err != nil {
			t.Fatalf("the control: %v", err)
		}
		if err := s.Update(spoil); err != nil {
			t.Fatal(err)
		}
		err = s.View(func(tx *store.Tx) error { _, err := line.Last(tx, 99); return err })
		err2 := s.View(func(tx *store.Tx) error {
			return line.Oldest(tx, func(Entry) (bool, error) { return false, nil })
		})
		if !errors.Is(err, store.ErrForeign) || !errors.Is(err2, store.ErrForeign) {
			t.Errorf("%s: %v, %v", name, err, err2)
		}
	}
	s := store.Memory()
	err := s.View(func(tx *store.Tx) error {
		_, err := line.Page(tx, Filter{Before: "nobody"}, 9)
		return err
	})
	if !errors.Is(err, ErrNoPost) {
		t.Errorf("before nobody: %v", err)
	}
}
