package daystore_test

import (
	"sync/atomic"
	"testing"

	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
)

func TestStore(t *testing.T) {
	boxtest.Suite(t, func(t *testing.T) (boxtest.Store, func(bool)) {
		var full atomic.Bool
		free := func(string) (uint64, error) {
			if full.Load() {
				return 99, nil
			}
			return 100, nil
		}
		s := openBadger(t, newDir(t), daystore.Options{Reserve: 100, Free: free})
		return s, full.Store
	})
}

func newDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := daystore.Create(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openBadger(t testing.TB, dir string, opts daystore.Options) *daystore.Store {
	t.Helper()
	s, err := daystore.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
