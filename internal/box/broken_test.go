package box_test

import (
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

// TestFailedCommit: what Badger could not write, or not fsync, is not acknowledged, and the day
// takes nothing more: what is on the disk is unknown then. Other days go on.
func TestFailedCommit(t *testing.T) {
	for name, fail := range map[string]func(*box.BadgerStore){
		"fsync": func(s *box.BadgerStore) { box.FailSync(s, 1) },
		"write": func(s *box.BadgerStore) {
			if err := box.FailWrites(s, 1); err != nil {
				t.Fatal(err)
			}
		},
	} {
		s := openBadger(t, newDir(t), box.Options{})
		mustWrite(t, s, 1, boxtest.Box(1, 'a', 2048))
		fail(s)
		for n := range uint64(2) {
			if st, err := s.Write(1, boxtest.Box(2+n, 'a', 2048)); err == nil {
				t.Errorf("%s: write %d after the failure is %s", name, n, st)
			}
		}
		mustWrite(t, s, 2, boxtest.Box(1, 'a', 2048))
	}
}
