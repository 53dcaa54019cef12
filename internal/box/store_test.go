package box_test

import (
	"sync/atomic"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

func TestMemStore(t *testing.T) {
	boxtest.Suite(t, func(t *testing.T) (boxtest.Store, func(bool)) {
		s := box.NewMemStore(0)
		return s, func(full bool) { box.SetLimit(s, full) }
	})
}

func TestBadgerStore(t *testing.T) {
	boxtest.Suite(t, func(t *testing.T) (boxtest.Store, func(bool)) {
		var full atomic.Bool
		s := openBadger(t, newDir(t), box.Options{Reserve: 100, Free: func(string) (uint64, error) {
			if full.Load() {
				return 99, nil
			}
			return 100, nil
		}})
		return s, full.Store
	})
}

func newDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := box.Create(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openBadger(t testing.TB, dir string, opts box.Options) *box.BadgerStore {
	t.Helper()
	s, err := box.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
