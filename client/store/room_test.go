package store

import (
	"errors"
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
