package store

// Each test here is of a bug that was there once, with a line of its history.

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
)

// History: Badger panicked for a damaged table when a person opened their home.
//
// TestDamagedTablesAreRefused flips bytes all over a table of the records. Badger alone would panic
// for some of them, in a goroutine of its own: the check that comes before must find each.
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
	key, err := readKey(filepath.Join(dir, keyFile), nil)
	if err != nil {
		t.Fatal(err)
	}
	options := badgerOptions(filepath.Join(dir, tables), key.derive().badger)
	if err := checkTables(options); err != nil {
		t.Fatalf("the control: %v", err)
	}
	for at := 0; at < len(whole); at += 3 {
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= 0x41
		write(t, all[0], damaged)
		if err := checkTables(options); err == nil {
			t.Errorf("byte %d of %d flipped is not found", at, len(whole))
		}
		if at%60 != 0 {
			continue
		}
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

// History: A process was killed while it opened a home, and the home never opened again: Badger
// had created a log and not begun it. Later: another one was killed
// while it opened one, and Badger had emptied an old log that held nothing, and not deleted it.
//
// TestKilledWhileALogIsMade: logs and tables in memory may be empty files, the newest and older
// ones. Badger alone refuses them.
func TestKilledWhileALogIsMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	if err := Create(dir, nil); err != nil {
		t.Fatal(err)
	}
	fill(t, dir)
	key, err := readKey(filepath.Join(dir, keyFile), nil)
	if err != nil {
		t.Fatal(err)
	}
	options := badgerOptions(filepath.Join(dir, tables), key.derive().badger)
	for _, name := range []string{"000000.vlog", "000999.vlog", "00000.mem", "00999.mem"} {
		path := filepath.Join(dir, tables, name)
		write(t, path, nil)
		if db, err := badger.Open(options); err == nil {
			t.Errorf("the control: Badger opens with an empty %s", name)
			_ = db.Close()
		}
		write(t, path, nil) // it has a size now
		s, err := Open(dir, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
