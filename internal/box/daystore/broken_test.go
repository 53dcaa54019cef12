package daystore_test

import (
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
)

// TestFailedCommit: what Badger could not write, or not fsync, is not acknowledged, and the day
// takes nothing more: what is on the disk is unknown then. Other days go on.
func TestFailedCommit(t *testing.T) {
	for name, fail := range map[string]func(*daystore.Store){
		"fsync": func(s *daystore.Store) { daystore.FailSync(s, 1) },
		"write": func(s *daystore.Store) {
			if err := daystore.FailWrites(s, 1); err != nil {
				t.Fatal(err)
			}
		},
	} {
		s := openBadger(t, newDir(t), daystore.Options{})
		mustWrite(t, s, 1, boxtest.Box(1, 'a', 2048))
		fail(s)
		for n := range uint64(2) {
			if o, err := s.Write(1, boxtest.Box(2+n, 'a', 2048), box.Token{}); err == nil {
				t.Errorf("%s: write %d after the failure is %s", name, n, o.Status)
			}
		}
		mustWrite(t, s, 2, boxtest.Box(1, 'a', 2048))
	}
}
