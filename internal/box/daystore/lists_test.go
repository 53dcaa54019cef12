package daystore_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
)

// refusesLists asks a store on a full disk, with one box to be listed on day 1, for bulletins and
// records: it lists nothing, and what it has is there.
func refusesLists(t *testing.T, s boxtest.Store) {
	t.Helper()
	there := box.Listing{Day: 1, ID: boxtest.Box(1, 'a', 0).ID}
	for day := range box.Day(3) {
		if err := s.Publish(day, 7, []byte("body"), []box.Listing{there}); !errors.Is(err,
			box.ErrNoRoom) {
			t.Errorf("publishing on day %d: %v", day, err)
		}
		if err := s.Keep(day, box.RecordKey{Kind: 1}, []byte("raw")); !errors.Is(err,
			box.ErrNoRoom) {
			t.Errorf("keeping on day %d: %v", day, err)
		}
	}
	if _, _, ok, err := s.Published(); ok || err != nil {
		t.Errorf("published: %v, %v", ok, err)
	}
	if left, err := s.Unlisted(); err != nil || !slices.Equal(left, []box.Listing{there}) {
		t.Errorf("%d boxes are to be listed, %v", len(left), err)
	}
}

// TestListsComeBack: what is to be listed, in order, bulletins, what they list, and records are
// there after a restart, and a slot has no second body then either.
func TestListsComeBack(t *testing.T) {
	dir := newDir(t)
	s := openBadger(t, dir, daystore.Options{})
	of := func(day box.Day, n uint64) box.Listing {
		return box.Listing{Day: day, ID: boxtest.Box(n, 'a', 0).ID}
	}
	for n := range uint64(8) {
		mustWrite(t, s, box.Day(n%2), boxtest.Box(n, 'a', 2048))
	}
	k := box.RecordKey{Kind: 2, Number: 9, Maker: box.Holder{5}}
	if err := errors.Join(s.Publish(0, 6, []byte("six"), []box.Listing{of(0, 2)}),
		s.Publish(1, 7, []byte("seven"), []box.Listing{of(0, 4), of(1, 1)}),
		s.Keep(0, k, []byte("raw"))); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, s, 0, boxtest.Box(6, 'a', 0)) // deleted before it was listed
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openBadger(t, dir, daystore.Options{})
		want := []box.Listing{of(0, 0), of(1, 3), of(1, 5), of(1, 7)}
		if got, err := s.Unlisted(); err != nil || !slices.Equal(got, want) ||
			s.Waiting() != len(want) {
			t.Fatalf("%d boxes are to be listed, %v; %d wait", len(got), err, s.Waiting())
		}
		if slot, body, ok, err := s.Published(); err != nil || !ok || slot != 7 ||
			string(body) != "seven" {
			t.Errorf("the newest body is %q of slot %d, %v", body, slot, err)
		}
		for n, slot := range map[uint64]box.Slot{2: 6, 4: 7, 1: 7} {
			b := boxtest.Box(n, 'a', 2048)
			if _, got, st, err := s.Listed(slot, box.EntryOf(b.ID), 0); err != nil ||
				st != box.StatusFound || !got.Equal(b) {
				t.Errorf("box %d, listed in slot %d: %s, %v", n, slot, st, err)
			}
		}
		if raw, ok, err := s.Kept(k); err != nil || !ok || string(raw) != "raw" {
			t.Errorf("the record is %q, %v", raw, err)
		}
		if err := s.Publish(2, 7, []byte("again"), nil); !errors.Is(err, box.ErrPublished) {
			t.Errorf("a second body: %v", err)
		}
	}
}

// TestCrashBetweenDays: a bulletin is on the disk, and a crash comes before the other day's list
// has forgotten what it lists. The next start does that; the control has no bulletin.
func TestCrashBetweenDays(t *testing.T) {
	dir := newDir(t)
	s := openBadger(t, dir, daystore.SmallFiles(daystore.Options{}))
	var all []box.Listing
	for n := range uint64(4) {
		b := boxtest.Box(n, 'a', 2048)
		mustWrite(t, s, box.Day(n%2), b)
		all = append(all, box.Listing{Day: box.Day(n % 2), ID: b.ID})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := copyDir(t, dir, "", 0, 0)
	s = openBadger(t, dir, daystore.SmallFiles(daystore.Options{}))
	if err := errors.Join(s.Publish(1, 7, []byte("body"), all[:3]), s.Close()); err != nil {
		t.Fatal(err)
	}
	crashed := copyDir(t, dir, "", 0, 0)
	if err := errors.Join(os.RemoveAll(crashed+"/day-00000"),
		os.CopyFS(crashed+"/day-00000", os.DirFS(before+"/day-00000"))); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]int{before: 4, crashed: 1} {
		for range 2 {
			s := openBadger(t, dir, daystore.SmallFiles(daystore.Options{}))
			left, err := s.Unlisted()
			if err != nil || len(left) != want || s.Waiting() != want {
				t.Errorf("%d boxes are to be listed and %d wait, %v; want %d", len(left),
					s.Waiting(), err, want)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFailedPublish: what Badger could not write may be on the disk all the same, so that its slot
// is never published again.
func TestFailedPublish(t *testing.T) {
	s := openBadger(t, newDir(t), daystore.Options{})
	if err := s.Publish(1, 6, []byte("six"), nil); err != nil {
		t.Fatal(err)
	}
	daystore.FailSync(s, 1)
	if err := s.Publish(1, 7, []byte("seven"), nil); err == nil {
		t.Error("published on a disk that fails")
	}
	if err := s.Publish(2, 7, []byte("other"), nil); !errors.Is(err, box.ErrPublished) {
		t.Errorf("a second body: %v", err)
	}
	if err := s.Publish(2, 8, []byte("eight"), nil); err != nil {
		t.Errorf("the next day, on a disk that does not fail: %v", err)
	}
}
