package durable_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"murmuration/internal/durable"
	"murmuration/internal/durable/durabletest"
)

const recordSize = 20

func record(n uint32) []byte {
	r := make([]byte, recordSize)
	binary.BigEndian.PutUint32(r, n)
	binary.BigEndian.PutUint32(r[16:], ^n)
	return r
}

// openOn opens a log on a file in memory and checks that it holds record 0, 1, 2 …
func openOn(f *durabletest.File) (l *durable.Log, n uint32, err error) {
	l, err = durable.OpenLogFile(f, "test", f.Size(), recordSize, func(r []byte) error {
		if !bytes.Equal(r, record(n)) {
			return fmt.Errorf("record %d is another", n)
		}
		n++
		return nil
	})
	return l, n, err
}

// fill appends groups of these sizes.
func fill(t testing.TB, l *durable.Log, groups ...int) {
	t.Helper()
	for _, size := range groups {
		for range size {
			if err := l.Append(record(l.Len())); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
	}
}

func filled(t testing.TB, groups ...int) *durabletest.File {
	t.Helper()
	f := durabletest.New(nil)
	l, _, err := openOn(f)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, groups...)
	return f
}

func TestLogOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for round := range uint32(3) {
		n := uint32(0)
		l, err := durable.OpenLog(path, recordSize, func(r []byte) error { n++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if n != 7*round || l.Len() != n || l.Dropped() != 0 {
			t.Fatalf("round %d: %d records, %d dropped", round, n, l.Dropped())
		}
		fill(t, l, 3, 4)
		for range 2 {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Append(record(0)); !errors.Is(err, os.ErrClosed) {
			t.Fatalf("Append after Close: %v", err)
		}
	}
}

// cutLoses writes groups, cuts the power at a random moment, and reports whether a synced record is
// missing. Unsynced ones may be there or not.
func cutLoses(t *testing.T, rng *rand.Rand, noSync bool) bool {
	f := durabletest.New(nil)
	l, _, err := openOn(f)
	if err != nil {
		t.Fatal(err)
	}
	f.NoSync = noSync
	for range 1 + rng.IntN(4) {
		fill(t, l, 1+rng.IntN(60))
	}
	synced := l.Len()
	torn := 1 + rng.IntN(200) // a group that the power cut interrupts between write and fsync
	for range torn {
		if err := l.Append(record(l.Len())); err != nil {
			t.Fatal(err)
		}
	}
	f.NoSync = true
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	after := f.Cut(rng)
	l, n, err := openOn(after)
	if err != nil {
		if noSync {
			return true
		}
		t.Fatal(err)
	}
	fill(t, l, 5) // and goes on
	if _, again, err := openOn(after.Cut(nil)); err != nil || again != n+5 {
		t.Fatalf("after recovery: %d records, %v, want %d", again, err, n+5)
	}
	return n < synced
}

func TestLogPowerCut(t *testing.T) {
	const seed, cuts = 1, 2000
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range cuts {
		if cutLoses(t, rng, false) {
			t.Fatalf("cut %d of seed %d lost synced records", i, seed)
		}
	}
	lost := 0
	for range cuts {
		if cutLoses(t, rng, true) {
			lost++
		}
	}
	if lost < cuts/4 {
		t.Fatalf("control: without fsync only %d of %d cuts lost something", lost, cuts)
	}
}

func TestLogRefusesDamageInTheMiddle(t *testing.T) {
	whole := filled(t, 3, 4, 5)
	size := whole.Size()
	last := size - 5*(recordSize+8)
	for at := range size {
		f := durabletest.New(whole.Bytes())
		f.Bytes()[at] ^= 0x40
		l, n, err := openOn(f)
		switch {
		case at < last && err == nil:
			t.Fatalf("byte %d flipped: silent, %d records", at, n)
		case at < last && !errors.Is(err, durable.ErrCorrupt) &&
			!errors.Is(err, durable.ErrForeign):
			t.Fatalf("byte %d flipped: %v", at, err)
		case at >= last && (err != nil || n < 7 || n >= 12 || l.Dropped() != int(12-n)):
			t.Fatalf("byte %d of the last group flipped: %d records, %v", at, n, err)
		case err != nil && !bytes.Equal(f.Bytes()[:at], whole.Bytes()[:at]):
			t.Fatalf("byte %d flipped: the file was changed", at)
		}
	}
}

func TestLogRefusesForeignFiles(t *testing.T) {
	other := filled(t, 1)
	for name, content := range map[string][]byte{
		"text":   []byte("these are somebody's notes, not a log"),
		"short":  []byte("notes"),
		"zeros":  make([]byte, 4096),
		"header": other.Bytes()[:15:15][1:],
	} {
		f := durabletest.New(content)
		if _, _, err := openOn(f); !errors.Is(err, durable.ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(f.Bytes(), content) {
			t.Errorf("%s: the file was changed", name)
		}
	}
	_, err := durable.OpenLogFile(other, "test", other.Size(), recordSize+1,
		func([]byte) error { return nil })
	if !errors.Is(err, durable.ErrCorrupt) {
		t.Errorf("another record size: %v", err)
	}
}

func TestLogStopsAfterAFailedSync(t *testing.T) {
	f := durabletest.New(nil)
	l, _, err := openOn(f)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 2)
	f.Fail = errors.New("input/output error")
	if err := l.Append(record(2)); err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(); !errors.Is(err, f.Fail) {
		t.Fatalf("Sync: %v", err)
	}
	f.Fail = nil
	if l.Sync() == nil || l.Append(record(3)) == nil {
		t.Error("the log went on after a failed fsync")
	}
}

func FuzzLog(f *testing.F) {
	f.Add(filled(f, 1, 2).Bytes(), []byte{})
	f.Add(filled(f, 3).Bytes()[:40], []byte{1, 2, 3})
	f.Add([]byte("MURMLOG1"), make([]byte, 100))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		content := append(bytes.Clone(a), b...)
		file := durabletest.New(content)
		n := uint32(0)
		l, err := durable.OpenLogFile(file, "fuzz", file.Size(), recordSize, func(r []byte) error {
			if len(r) != recordSize {
				t.Fatalf("record of %d bytes", len(r))
			}
			n++
			return nil
		})
		if err != nil {
			return
		}
		if l.Len() != n {
			t.Fatalf("%d records were loaded, Len is %d", n, l.Len())
		}
		if err := l.Append(record(9)); err != nil {
			t.Fatal(err)
		}
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
		again := uint32(0)
		if _, err := durable.OpenLogFile(file, "fuzz", file.Size(), recordSize,
			func([]byte) error { again++; return nil }); err != nil || again != n+1 {
			t.Fatalf("reopened: %d records, %v, want %d", again, err, n+1)
		}
	})
}

func BenchmarkLogSync128(b *testing.B) {
	l, err := durable.OpenLog(filepath.Join(b.TempDir(), "log"), recordSize,
		func([]byte) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		fill(b, l, 128)
	}
}
