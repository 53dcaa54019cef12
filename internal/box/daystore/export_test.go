package daystore

import (
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
	"murmuration/internal/durable"
)

// NoSync returns options whose store does not fsync: the control of the durability tests.
func NoSync(o Options) Options {
	o.noSync = true
	return o
}

// SmallFiles returns options whose store has small files, so that tests can copy them.
func SmallFiles(o Options) Options {
	o.valueLog = 1 << 20
	return o
}

// BadgerOptions are a day's settings, for the comparison of the benchmark.
func BadgerOptions(dir string) badger.Options {
	return badgerOptions(dir, &badgerLog{log: slog.New(slog.DiscardHandler)},
		Options{}.withDefaults())
}

// FailSync makes a day's Badger say what it says when its value log cannot be fsynced.
func FailSync(s *Store, day box.Day) {
	s.days[day].log.Errorf("Error in curlf sync: %v", "input/output error")
}

// FailWrites makes every write of a day fail.
func FailWrites(s *Store, day box.Day) error { return s.days[day].db.Close() }

// Rest waits until the mark of a day on the disk is settled, as it is when nobody asks for

// anything.
func Rest(t testing.TB, dir string, day box.Day) {
	t.Helper()
	for {
		m, err := durable.OpenMark(filepath.Join(dayDir(dir, day), "mark"))
		if err != nil {
			t.Fatal(err)
		}
		if m.Close(); m.Value()%2 == 1 {
			return
		}
		runtime.Gosched()
	}
}

// Names that only the tests of this package use.
var ErrLost = errLost
