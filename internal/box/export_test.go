package box

import (
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/durable"
)

// SetLimit makes a memory store full or not.
func SetLimit(s *MemStore, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = 0
	if full {
		s.limit = 1
	}
}

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

// IDInContext, SealInContext and Context reach below the network and the day, where hpqc's vectors
// are.
func IDInContext(r *ReadCap, i Index, ctx []byte) ID {
	return ID(i.m.BoxIDForContext(r.cap, ctx).ByteArray())
}

func SealInContext(w *WriteCap, i Index, ctx, plaintext []byte) Box {
	id, ciphertext, sig := i.m.EncryptForContext(w.cap, ctx, plaintext)
	return Box{ID: id, Ciphertext: ciphertext, Signature: Signature(sig)}
}

func Context(network NetworkID, day Day) []byte { return boxContext(network, day) }

// FailSync makes a day's Badger say what it says when its value log cannot be fsynced.
func FailSync(s *BadgerStore, day Day) {
	s.days[day].log.Errorf("Error in curlf sync: %v", "input/output error")
}

// FailWrites makes every write of a day fail.
func FailWrites(s *BadgerStore, day Day) error { return s.days[day].db.Close() }

// Rest waits until the mark of a day on the disk is settled, as it is when nobody asks for
// anything.
func Rest(t testing.TB, dir string, day Day) {
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
