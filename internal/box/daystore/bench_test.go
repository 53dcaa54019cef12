package daystore_test

import (
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
	"murmuration/internal/box/daystore"
)

// BenchmarkDurableWrites measures acknowledged writes of default boxes by 128 writers, and between
// them, in slices of the same run, what a bare Badger with the same settings does with the same
// bytes in batches of 128. The ratio is the median over the slices, which a noisy machine moves
// less:
//
//	go test ./internal/box/daystore -run '^$' -bench DurableWrites -benchtime 20000x
func BenchmarkDurableWrites(b *testing.B) {
	const writers, slice = 128, 2048
	size := box.DefaultFormat.CiphertextSize()
	bare := openBare(b)
	s := openBadger(b, newDir(b), daystore.Options{Reserve: 1})
	var own, other time.Duration
	var ratios []float64
	var peak uint64
	b.ResetTimer()
	for from := 0; from < b.N; from += slice {
		to := min(from+slice, b.N)
		mine := timed(func() { writeAll(b, s, writers, from, to, size) })
		theirs := timed(func() { writeBare(b, bare, writers, from, to, 32+64+size) })
		own, other, ratios = own+mine, other+theirs, append(ratios, theirs.Seconds()/mine.Seconds())
		peak = max(peak, taken())
	}
	b.ReportMetric(float64(b.N)/own.Seconds(), "boxes/s")
	b.ReportMetric(float64(b.N)/other.Seconds(), "bare/s")
	slices.Sort(ratios)
	b.ReportMetric(100*ratios[len(ratios)/2], "%-of-bare")
	b.ReportMetric(float64(peak)/(1<<20), "MiB")
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func writeAll(b *testing.B, s box.Store, writers, from, to, size int) {
	next := atomic.Int64{}
	next.Store(int64(from))
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(to); i = next.Add(1) {
				if o, err := s.Write(1, numbered(uint64(i), size), box.Token{}); err != nil ||
					o.Status != box.StatusStored {
					b.Errorf("Write is %v, %v", o.Status, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// numbered is a box that no signature protects: a store does not look.
func numbered(n uint64, size int) box.Box {
	b := box.Box{Ciphertext: make([]byte, size)}
	binary.BigEndian.PutUint64(b.ID[:], n)
	binary.BigEndian.PutUint64(b.Ciphertext, n)
	return b
}

func openBare(b *testing.B) *badger.DB {
	db, err := badger.Open(daystore.BadgerOptions(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

func writeBare(b *testing.B, db *badger.DB, perBatch, from, to, size int) {
	for ; from < to; from += perBatch {
		batch := db.NewWriteBatch()
		for i := from; i < min(from+perBatch, to); i++ {
			key := make([]byte, 33)
			binary.BigEndian.PutUint64(key, uint64(i)*0x9e3779b97f4a7c15)
			if err := batch.Set(key, make([]byte, size)); err != nil {
				b.Fatal(err)
			}
		}
		if err := batch.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}

// taken is what the process has from the system for Go's memory, Badger's arenas included; mapped
// files are the kernel's to drop.
func taken() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}
