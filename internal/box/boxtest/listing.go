package boxtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"murmuration/internal/box"
)

// listing are the conformance tests of what is listed, and of records.
var listing = map[string]test{
	"Unlisted":          unlisted,
	"ListedOnce":        listedOnce,
	"Publish":           publish,
	"OneBodyASlot":      oneBodyASlot,
	"EqualEntries":      equalEntries,
	"ListedTombstone":   listedTombstone,
	"PublishTomorrow":   publishTomorrow,
	"DropForgetsLists":  dropForgetsLists,
	"FullKeepsNothing":  fullKeepsNothing,
	"Records":           records,
	"RecordsOneByOne":   recordsOneByOne,
	"HostileSizes":      hostileSizes,
	"ListingsOwnership": listingsOwnership,
	"ListingsClosed":    listingsClosed,
}

func wantUnlisted(t *testing.T, s Store, want ...box.Listing) {
	t.Helper()
	got, err := s.Unlisted()
	if err != nil || !slices.Equal(got, want) || s.Waiting() != len(want) {
		t.Fatalf("%d boxes are unlisted, %v, and %d wait; want %d", len(got), err, s.Waiting(),
			len(want))
	}
}

func wantPublish(t *testing.T, s Store, day box.Day, slot box.Slot, listed ...box.Listing) {
	t.Helper()
	if err := s.Publish(day, slot, bodyOf(slot), listed); err != nil {
		t.Fatalf("publishing slot %d: %v", slot, err)
	}
}

func wantListed(t *testing.T, s Store, slot box.Slot, id box.ID, n int, status box.Status,
	want box.Box) {
	t.Helper()
	_, got, st, err := s.Listed(slot, box.EntryOf(id), n)
	if err != nil || st != status || !got.Equal(want) {
		t.Fatalf("slot %d lists as number %d: %s, %v, want %s", slot, n, st, err, status)
	}
}

func wantPublished(t *testing.T, s Store, slot box.Slot) {
	t.Helper()
	got, body, ok, err := s.Published()
	if err != nil || !ok || got != slot || !bytes.Equal(body, bodyOf(slot)) {
		t.Fatalf("the newest body is %v of slot %d, %v, want %d", ok, got, err, slot)
	}
}

func bodyOf(slot box.Slot) []byte { return fmt.Appendf(nil, "body of %d", slot) }

func at(day box.Day, n uint64) box.Listing { return box.Listing{Day: day, ID: Box(n, 0, 0).ID} }

// unlisted: what is new data, from clients and from holders, and nothing else, in order.
func unlisted(t *testing.T, s Store, _ func(bool)) {
	wantUnlisted(t, s)
	for i, step := range []struct {
		merge  bool
		day    box.Day
		n      uint64
		size   int
		mark   byte
		status box.Status
		fresh  bool
	}{
		{false, 4, 1, size, 'a', box.StatusStored, true},
		{false, 3, 2, size, 'a', box.StatusStored, true},
		{true, 3, 1, size, 'a', box.StatusStored, true},
		{false, 3, 2, size, 'a', box.StatusStored, false},   // a repeat
		{true, 3, 2, size, 'a', box.StatusStored, false},    // of a replica
		{false, 3, 2, size, 'b', box.StatusConflict, false}, // other data
		{true, 3, 1, size, 'b', box.StatusConflict, false},
		{false, 3, 3, 0, 0, box.StatusStored, false}, // a tombstone
		{true, 3, 4, 0, 0, box.StatusStored, false},
		{false, 3, 3, size, 'a', box.StatusTombstoned, false}, // under it
		{false, 3, 5, size, 'a', box.StatusStored, true},
		{false, 3, 5, 0, 0, box.StatusStored, false}, // not any more
	} {
		put := s.Merge
		if !step.merge {
			put = func(d box.Day, b box.Box) (box.Outcome, error) {
				return s.Write(d, b, box.Token{}, peers...)
			}
		}
		o, err := put(step.day, Box(step.n, step.mark, step.size))
		if err != nil || o.Status != step.status || o.New != step.fresh {
			t.Errorf("step %d: %s, new is %v, %v", i, o.Status, o.New, err)
		}
		stands, _, err := s.Read(step.day, Box(step.n, 0, 0).ID)
		if named := o.Stands.ID != (box.ID{}); err != nil || named != (step.status !=
			box.StatusStored) || named && !o.Stands.Equal(stands) {
			t.Errorf("step %d: what stands is another box, %v", i, err)
		}
	}
	wantUnlisted(t, s, at(3, 2), at(3, 1), at(4, 1))
}

// listedOnce: what was listed is never on the list again, whatever comes for it, even what takes
// its place: of eight other contents some do.
func listedOnce(t *testing.T, s Store, _ func(bool)) {
	var listed []box.Listing
	for n := range uint64(8) {
		wantWrite(t, s, 3, Box(n, 'a', size), box.StatusStored)
		listed = append(listed, at(3, n))
	}
	wantWrite(t, s, 3, Box(9, 'a', size), box.StatusStored)
	wantPublish(t, s, 3, 7, listed...)
	wantUnlisted(t, s, at(3, 9))
	replaced := 0
	for n := range uint64(8) {
		wantWrite(t, s, 3, Box(n, 'a', size), box.StatusStored)
		wantMerge(t, s, 3, Box(n, 'b', size), box.StatusConflict)
		if b, _, _ := s.Read(3, at(3, n).ID); b.Equal(Box(n, 'b', size)) {
			replaced++
		}
		wantUnlisted(t, s, at(3, 9))
		wantWrite(t, s, 3, Box(n, 'a', 0), box.StatusStored)
		wantUnlisted(t, s, at(3, 9))
	}
	if replaced == 0 {
		t.Error("control: nothing was replaced")
	}
	wantPublish(t, s, 3, 8, at(3, 9))
	wantUnlisted(t, s)
}

func publish(t *testing.T, s Store, _ func(bool)) {
	if _, _, ok, err := s.Published(); ok || err != nil {
		t.Fatalf("an empty store has published: %v, %v", ok, err)
	}
	for n := range uint64(6) {
		wantWrite(t, s, 3, Box(n, 'a', size), box.StatusStored)
	}
	wantPublish(t, s, 3, 7)
	wantPublish(t, s, 3, 9, at(3, 4), at(3, 0), at(3, 2))
	wantPublished(t, s, 9)
	for n, status := range []box.Status{box.StatusFound, box.StatusNotFound, box.StatusFound,
		box.StatusNotFound, box.StatusFound, box.StatusNotFound} {
		want := box.Box{}
		if status == box.StatusFound {
			want = Box(uint64(n), 'a', size)
		}
		id := Box(uint64(n), 0, 0).ID
		wantListed(t, s, 9, id, 0, status, want)
		wantListed(t, s, 9, id, 1, box.StatusNotFound, box.Box{})
		wantListed(t, s, 9, id, -1, box.StatusNotFound, box.Box{})
		for _, other := range []box.Slot{0, 7, 8, 10} {
			wantListed(t, s, other, id, 0, box.StatusNotFound, box.Box{})
		}
	}
	for slot := range box.Slot(11) {
		body, ok, err := s.Body(slot)
		if there := slot == 7 || slot == 9; err != nil || ok != there ||
			there && !bytes.Equal(body, bodyOf(slot)) {
			t.Errorf("body of slot %d: %v, %v", slot, ok, err)
		}
	}
}

// oneBodyASlot: never two, nor one for a slot that is over.
func oneBodyASlot(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	wantPublish(t, s, 3, 0)
	wantPublish(t, s, 4, 9)
	for _, slot := range []box.Slot{0, 8, 9} {
		for day := range box.Day(6) {
			if err := s.Publish(day, slot, []byte("other"), []box.Listing{at(3, 1)}); !errors.Is(
				err, box.ErrPublished) {
				t.Errorf("slot %d on day %d: %v", slot, day, err)
			}
		}
	}
	wantPublished(t, s, 9)
	wantUnlisted(t, s, at(3, 1))
	wantPublish(t, s, 4, 10, at(3, 1))
	wantPublished(t, s, 10)
}

// equalEntries: which of them is which is the order in which they were given.
func equalEntries(t *testing.T, s Store, _ func(bool)) {
	for day := range box.Day(4) { // one id on four days has one entry
		wantWrite(t, s, day, Box(1, 'a'+byte(day), size), box.StatusStored)
	}
	wantWrite(t, s, 1, Box(2, 'a', size), box.StatusStored)
	wantPublish(t, s, 3, 7, at(2, 1), at(0, 1), at(1, 2), at(3, 1), at(1, 1))
	for n, day := range []box.Day{2, 0, 3, 1} {
		got, b, st, err := s.Listed(7, box.EntryOf(at(0, 1).ID), n)
		if err != nil || st != box.StatusFound || got != day ||
			!b.Equal(Box(1, 'a'+byte(day), size)) {
			t.Errorf("number %d: %s of day %d, %v", n, st, got, err)
		}
	}
	wantListed(t, s, 7, at(0, 1).ID, 4, box.StatusNotFound, box.Box{})
	wantUnlisted(t, s)
}

func listedTombstone(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	wantPublish(t, s, 3, 7, at(3, 1))
	wantWrite(t, s, 3, Box(1, 'a', 0), box.StatusStored)
	wantListed(t, s, 7, at(3, 1).ID, 0, box.StatusTombstoned, Box(1, 'a', 0))
}

// publishTomorrow: yesterday's boxes are listed in a slot of today, even the first write of which
// the bulletin is, and go with their own day.
func publishTomorrow(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	wantWrite(t, s, 4, Box(2, 'a', size), box.StatusStored)
	wantPublish(t, s, 5, 7, at(3, 1), at(4, 2))
	wantUnlisted(t, s)
	wantListed(t, s, 7, at(3, 1).ID, 0, box.StatusFound, Box(1, 'a', size))
	if err := s.Drop(4); err != nil {
		t.Fatal(err)
	}
	wantListed(t, s, 7, at(3, 1).ID, 0, box.StatusNotFound, box.Box{})
	wantListed(t, s, 7, at(4, 2).ID, 0, box.StatusFound, Box(2, 'a', size))
	wantPublish(t, s, 5, 8, at(3, 1)) // it went between
	wantListed(t, s, 8, at(3, 1).ID, 0, box.StatusNotFound, box.Box{})
}

func dropForgetsLists(t *testing.T, s Store, _ func(bool)) {
	for day := range box.Day(3) {
		wantWrite(t, s, day, Box(1, 'a', size), box.StatusStored)
		wantWrite(t, s, day, Box(2, 'a', size), box.StatusStored)
		wantPublish(t, s, day, box.Slot(day), at(day, 1))
		wantKeep(t, s, day, key(1, uint32(day), 1), "kept", nil)
	}
	if err := s.Drop(2); err != nil {
		t.Fatal(err)
	}
	wantUnlisted(t, s, at(2, 2))
	wantListed(t, s, 1, at(1, 1).ID, 0, box.StatusNotFound, box.Box{})
	wantListed(t, s, 2, at(2, 1).ID, 0, box.StatusFound, Box(1, 'a', size))
	wantKept(t, s, 1, 0, key(1, 2, 1))
	wantKeep(t, s, 1, key(1, 1, 1), "kept", box.ErrExpired)
	if err := s.Publish(1, 9, nil, nil); !errors.Is(err, box.ErrExpired) {
		t.Errorf("publishing on a dropped day: %v", err)
	}
	wantPublished(t, s, 2)
	if err := s.Drop(3); err != nil {
		t.Fatal(err)
	}
	if _, _, ok, err := s.Published(); ok || err != nil {
		t.Errorf("a bulletin of a dropped day: %v, %v", ok, err)
	}
	if err := s.Publish(3, 2, nil, nil); !errors.Is(err, box.ErrPublished) {
		t.Errorf("a slot of a dropped day again: %v", err)
	}
	wantUnlisted(t, s)
}

// fullKeepsNothing: no records of others and no data, but the bulletins go on.
func fullKeepsNothing(t *testing.T, s Store, fill func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	wantKeep(t, s, 3, key(1, 1, 1), "kept", nil)
	fill(true)
	wantWrite(t, s, 3, Box(2, 'a', size), box.StatusFull)
	wantKeep(t, s, 3, key(1, 2, 1), "new", box.ErrNoRoom)
	wantKeep(t, s, 3, key(1, 1, 1), "kept", nil)
	wantKeep(t, s, 3, key(1, 1, 1), "other", box.ErrKept)
	wantUnlisted(t, s, at(3, 1))
	wantPublish(t, s, 3, 7, at(3, 1))
	wantListed(t, s, 7, at(3, 1).ID, 0, box.StatusFound, Box(1, 'a', size))
	wantKept(t, s, 1, 0, key(1, 1, 1))
	fill(false)
	wantKeep(t, s, 3, key(1, 2, 1), "new", nil)
}

// hostileSizes: no store takes what is larger than any bulletin, and each takes many listings.
func hostileSizes(t *testing.T, s Store, _ func(bool)) {
	huge := make([]byte, 8<<20+1)
	if err := s.Publish(3, 7, huge, nil); err == nil {
		t.Error("a body of 8 MiB and a byte was published")
	}
	if err := s.Keep(3, key(1, 1, 1), huge); err == nil {
		t.Error("a record of 8 MiB and a byte was kept")
	}
	var many []box.Listing
	for n := range uint64(5000) {
		many = append(many, box.Listing{Day: 3, ID: box.ID{byte(n), byte(n >> 8)}})
	}
	wantPublish(t, s, 3, 7, many...)
	wantPublished(t, s, 7)
	if err := s.Keep(3, key(1, 1, 1), huge[1:1<<20]); err != nil {
		t.Errorf("a record of a megabyte: %v", err)
	}
}

// listingsOwnership: the store keeps no slice of its callers, nor they of it.
func listingsOwnership(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	body, listed, raw := bodyOf(7), []box.Listing{at(3, 1)}, []byte("kept")
	if err := errors.Join(s.Publish(3, 7, body, listed), s.Keep(3, key(1, 1, 1), raw)); err != nil {
		t.Fatal(err)
	}
	clear(body)
	clear(listed)
	clear(raw)
	for range 2 {
		wantPublished(t, s, 7)
		wantListed(t, s, 7, at(3, 1).ID, 0, box.StatusFound, Box(1, 'a', size))
		wantKept(t, s, 1, 0, key(1, 1, 1))
		_, body, _, _ := s.Published()
		clear(body)
		body, _, _ = s.Body(7)
		clear(body)
		raw, _, _ := s.Kept(key(1, 1, 1))
		clear(raw)
	}
}

func listingsClosed(t *testing.T, s Store, _ func(bool)) {
	wantWrite(t, s, 3, Box(1, 'a', size), box.StatusStored)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, errUnlisted := s.Unlisted()
	_, _, _, errPublished := s.Published()
	_, _, errBody := s.Body(7)
	_, _, _, errListed := s.Listed(7, box.Entry{}, 0)
	_, _, errKept := s.Kept(key(1, 1, 1))
	errEach := s.EachKept(1, 0, func(box.RecordKey, []byte) error { return nil })
	for i, err := range []error{errUnlisted, errPublished, errBody, errListed, errKept, errEach,
		s.Publish(3, 7, nil, nil), s.Keep(3, key(1, 1, 1), nil)} {
		if !errors.Is(err, box.ErrClosed) {
			t.Errorf("method %d after Close: %v", i, err)
		}
	}
}
