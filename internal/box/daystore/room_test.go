package daystore_test

import (
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

// refusesAll asks a store on a full disk that has the first box of the suite on day 1 for every
// change.
func refusesAll(t *testing.T, s boxtest.Store) {
	t.Helper()
	there := boxtest.Box(1, 'a', 2048)
	for what, c := range map[string]struct {
		day box.Day
		box box.Box
	}{
		"data": {1, boxtest.Box(2, 'a', 2048)}, "a deletion": {1, boxtest.Box(1, 'a', 0)},
		"a deletion of nothing": {1, boxtest.Box(3, 'a', 0)},
		"data of a new day":     {2, there}, "a deletion of a new day": {2, boxtest.Box(1, 'a', 0)},
	} {
		if o, err := s.Write(c.day, c.box, box.Token{}, box.Holder{1}); err != nil ||
			o.Status != box.StatusFull {
			t.Errorf("%s: %s, %v", what, o.Status, err)
		}
		if o, err := s.Merge(c.day, c.box); err != nil || o.Status != box.StatusFull {
			t.Errorf("%s from another holder: %s, %v", what, o.Status, err)
		}
	}
	if o, err := s.Write(1, there, box.Token{}); err != nil || o.Status != box.StatusStored {
		t.Errorf("the same bytes: %s, %v", o.Status, err)
	}
	waiting, err := s.Pending(box.Holder{1}, box.Queued{}, 9)
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%d entries wait, %v", len(waiting), err)
	}
	if err := s.Done(box.Holder{1}, waiting...); err != nil {
		t.Error(err)
	}
	if waiting, err = s.Pending(box.Holder{1}, box.Queued{}, 9); err != nil || len(waiting) != 1 {
		t.Errorf("after an acknowledgement that cannot be kept, %d entries wait, %v", len(waiting),
			err)
	}
	refusesLists(t, s)
	if got, st, err := s.Read(1, there.ID); err != nil || st != box.StatusFound ||
		!got.Equal(there) {
		t.Errorf("reading: %s, %v", st, err)
	}
}
