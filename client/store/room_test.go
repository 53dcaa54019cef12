package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestFullDiskIsRefusedBeforeBadgerMeetsIt: Badger dies of SIGBUS on a full disk, so that the store
// must stop before, and go on when there is room again.
func TestFullDiskIsRefusedBeforeBadgerMeetsIt(t *testing.T) {
	left := uint64(reserve)
	real := free
	t.Cleanup(func() { free = real })
	free = func(string) (uint64, error) { return left, nil }
	dir := filepath.Join(t.TempDir(), "store")
	if err := Create(dir, nil); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string) error {
		return s.Update(func(tx *Tx) error {
			return tx.Put("b", name, 1)
		})
	}
	if err := put("before"); err != nil {
		t.Fatal(err)
	}
	left = reserve - 1
	if err := put("while full"); !errors.Is(err, ErrFull) {
		t.Errorf("writing to a full disk: %v", err)
	}
	left = reserve
	if err := put("after"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left = 0
	if _, err := Open(dir, nil); !errors.Is(err, ErrFull) {
		t.Errorf("opening on a full disk: %v", err)
	}
}

// TestClosingOnAFullDisk writes nothing, for which Badger would be killed, and loses nothing.
func TestClosingOnAFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := Create(dir, nil); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Update(func(tx *Tx) error { return tx.Put("b", "said", 7) }); err != nil {
		t.Fatal(err)
	}
	s.Free = func(string) (uint64, error) { return 0, nil }
	if err := s.Close(); !errors.Is(err, ErrFull) {
		t.Errorf("closing on a full disk: %v", err)
	}
	after := filepath.Join(t.TempDir(), "after") // as the next process finds it
	if err := os.CopyFS(after, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	made, err := filepath.Glob(filepath.Join(dir, tables, "*.sst"))
	if len(made) > 0 || err != nil {
		t.Errorf("tables were written: %v, %v", made, err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	next, err := Open(after, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got int
	err = next.View(func(tx *Tx) error { return tx.Get("b", "said", &got) })
	if err != nil || got != 7 {
		t.Errorf("what was said before: %d, %v", got, err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}
