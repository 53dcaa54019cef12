package pgstore_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
	"murmuration/internal/box/pgstore"
)

// BenchmarkDurableWrites measures acknowledged writes of default boxes by 128 writers into one
// database, into two on two servers, and into Badger, in slices of the same run on the same disk.
// The ratios are medians over the slices, which a noisy machine moves less. Each server has the
// whole machine's processors and disk, and shares them with the provider:
//
//	MURMUR_POSTGRES=1 go test ./internal/box/pgstore -run '^$' -bench Durable -benchtime 8192x
func BenchmarkDurableWrites(b *testing.B) {
	const slice = 1024
	stores := []boxtest.Store{badger(b), database(b, 1), database(b, 2)}
	took, ratios := make([]time.Duration, 3), make([][]float64, 3)
	b.ResetTimer()
	for from := 0; from < b.N; from += slice {
		to, now := min(from+slice, b.N), make([]time.Duration, 3)
		for i, s := range stores {
			start := time.Now()
			writeAll(b, s, from, to)
			now[i] = time.Since(start)
			took[i] += now[i]
			ratios[i] = append(ratios[i], now[0].Seconds()/now[i].Seconds())
		}
	}
	for i, name := range []string{"badger", "one", "two"} {
		b.ReportMetric(float64(b.N)/took[i].Seconds(), name+"/s")
		if i > 0 {
			slices.Sort(ratios[i])
			b.ReportMetric(100*ratios[i][len(ratios[i])/2], name+"-%-of-badger")
		}
	}
}

// BenchmarkReads measures how many boxes 128 readers get, of 1,024 default ones, beside Badger:
//
//	MURMUR_POSTGRES=1 go test ./internal/box/pgstore -run '^$' -bench Reads -benchtime 20000x
func BenchmarkReads(b *testing.B) {
	for _, c := range []struct {
		name  string
		store boxtest.Store
	}{{"badger", badger(b)}, {"one", database(b, 1)}} {
		writeAll(b, c.store, 0, 1024)
		b.Run(c.name, func(b *testing.B) {
			each(b, 0, b.N, func(n uint64) error {
				_, status, err := c.store.Read(1, numbered(1+n%1024).ID)
				if err == nil && status != box.StatusFound {
					err = fmt.Errorf("box %d is %s", n, status)
				}
				return err
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "boxes/s")
		})
	}
}

func badger(b *testing.B) boxtest.Store {
	dir := b.TempDir()
	if err := daystore.Create(dir); err != nil {
		b.Fatal(err)
	}
	s, err := daystore.Open(dir, daystore.Options{Reserve: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

func database(b *testing.B, servers int) boxtest.Store {
	o := pgstore.Options{KeyFile: filepath.Join(b.TempDir(), "secret")}
	for range servers {
		o.Shards = append(o.Shards, newServer(b, tempDir(b, "/tmp"), "max_wal_size=4GB",
			"shared_buffers=256MB").make("boxes"))
	}
	if _, err := pgstore.Create(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	return open(b, o)
}

func writeAll(b *testing.B, s box.Store, from, to int) {
	each(b, from, to, func(n uint64) error {
		o, err := s.Write(1, numbered(n), box.Token{})
		if err == nil && o.Status != box.StatusStored {
			err = fmt.Errorf("box %d is %s", n, o.Status)
		}
		return err
	})
}

// each does something for the numbers after from up to to, by 128 goroutines.
func each(b *testing.B, from, to int, do func(n uint64) error) {
	var next atomic.Int64
	next.Store(int64(from))
	var group sync.WaitGroup
	for range 128 {
		group.Go(func() {
			for i := next.Add(1); i <= int64(to); i = next.Add(1) {
				if err := do(uint64(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// numbered is a box that no signature protects: a store does not look.
func numbered(n uint64) box.Box {
	b := box.Box{Ciphertext: make([]byte, box.DefaultFormat.CiphertextSize())}
	binary.BigEndian.PutUint64(b.ID[:], n)
	binary.BigEndian.PutUint64(b.Ciphertext, n)
	return b
}
