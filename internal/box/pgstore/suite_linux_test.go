package pgstore_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/pgstore"
)

// TestStore: the conformance suite of all stores, on one database and on two.
func TestStore(t *testing.T) {
	server := newServer(t, memory(t))
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d shards", shards), func(t *testing.T) {
			boxtest.Suite(t, func(t *testing.T) (boxtest.Store, func(bool)) {
				var full atomic.Bool
				size := func() uint64 {
					if full.Load() {
						return 101
					}
					return 100
				}
				o := newStore(t, server, shards)
				o.Limit = 100
				return open(t, pgstore.Sized(o, size)), full.Store
			})
		})
	}
}

// newStore makes an empty store of so many databases.
func newStore(t testing.TB, s *server, shards int) pgstore.Options {
	t.Helper()
	o := pgstore.Options{KeyFile: filepath.Join(t.TempDir(), "secret")}
	for n := range shards {
		o.Shards = append(o.Shards, s.make(fmt.Sprintf("shard%d", n)))
	}
	if made, err := pgstore.Create(t.Context(), o); err != nil || made != shards {
		t.Fatalf("%d of %d databases were made: %v", made, shards, err)
	}
	return o
}

func open(t testing.TB, o pgstore.Options) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
