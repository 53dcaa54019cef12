package store

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// TestDamagedTablesAreRefused flips bytes all over a table of the records. Badger alone would panic
// for some of them, in a goroutine of its own.
func TestDamagedTablesAreRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	if err := Create(dir, nil); err != nil {
		t.Fatal(err)
	}
	fill(t, dir)
	all, err := filepath.Glob(filepath.Join(dir, tables, "*.sst"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	whole, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 3 {
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= 0x41
		write(t, all[0], damaged)
		if s, err := Open(dir, nil); !errors.Is(err, ErrForeign) {
			t.Errorf("byte %d of %d flipped: %v", at, len(whole), err)
			if err == nil {
				_ = s.Close()
			}
		}
	}
	write(t, all[0], whole) // the control
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// fill makes a table of two thousand bytes or so: Close writes what the log holds into one.
func fill(t *testing.T, dir string) {
	t.Helper()
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if err := s.Update(func(tx *Tx) error { return tx.Put("a", strconv.Itoa(i), make([]byte, 100)) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
