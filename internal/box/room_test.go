package box_test

import (
	"bytes"
	"log/slog"
	"maps"
	"strings"
	"sync/atomic"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

// TestFullDisk: below a quarter of the reserve nothing is written at all, whatever is asked for, since
// Badger's next page would end the process; what is there is read; and the operator is told once. The
// control has room.
func TestFullDisk(t *testing.T) {
	var free atomic.Uint64
	var log bytes.Buffer
	dir := newDir(t)
	opts := box.SmallFiles(box.Options{
		Reserve: 100, Free: func(string) (uint64, error) { return free.Load(), nil }, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if _, err := box.Open(dir, opts); err == nil || !strings.Contains(err.Error(), "\n  make room") {
		t.Errorf("opening on a full disk: %v", err)
	}
	free.Store(100)
	log.Reset()
	s := openBadger(t, dir, opts)
	mustWrite(t, s, 1, boxtest.Box(1, 'a', 2048), box.Holder{1})
	box.Rest(t, dir, 1)
	before := tree(t, dir)
	free.Store(24)
	refusesAll(t, s)
	if !maps.Equal(before, tree(t, dir)) {
		t.Error("something was written to a full disk")
	}
	free.Store(100)
	mustWrite(t, s, 1, boxtest.Box(1, 'a', 0))
	if maps.Equal(before, tree(t, dir)) {
		t.Error("control: nothing was written to a disk with room")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); strings.Count(said, "the disk is full") != 1 || strings.Count(said, "there is room") != 1 {
		t.Errorf("the operator reads\n%s", said)
	}
}

// refusesAll asks a store on a full disk that has the first box of the suite on day 1 for every change.
func refusesAll(t *testing.T, s boxtest.Store) {
	t.Helper()
	there := boxtest.Box(1, 'a', 2048)
	for what, c := range map[string]struct {
		day box.Day
		box box.Box
	}{
		"data": {1, boxtest.Box(2, 'a', 2048)}, "a deletion": {1, boxtest.Box(1, 'a', 0)}, "a deletion of nothing": {1, boxtest.Box(3, 'a', 0)},
		"data of a new day": {2, there}, "a deletion of a new day": {2, boxtest.Box(1, 'a', 0)},
	} {
		if st, err := s.Write(c.day, c.box, box.Holder{1}); err != nil || st != box.StatusFull {
			t.Errorf("%s: %s, %v", what, st, err)
		}
		if st, err := s.Merge(c.day, c.box); err != nil || st != box.StatusFull {
			t.Errorf("%s from another holder: %s, %v", what, st, err)
		}
	}
	if st, err := s.Write(1, there); err != nil || st != box.StatusStored {
		t.Errorf("the same bytes: %s, %v", st, err)
	}
	waiting, err := s.Pending(box.Holder{1}, box.Entry{}, 9)
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%d entries wait, %v", len(waiting), err)
	}
	if err := s.Done(box.Holder{1}, waiting...); err != nil {
		t.Error(err)
	}
	if waiting, err = s.Pending(box.Holder{1}, box.Entry{}, 9); err != nil || len(waiting) != 1 {
		t.Errorf("after an acknowledgement that cannot be kept, %d entries wait, %v", len(waiting), err)
	}
	if got, st, err := s.Read(1, there.ID); err != nil || st != box.StatusFound || !got.Equal(there) {
		t.Errorf("reading: %s, %v", st, err)
	}
}
