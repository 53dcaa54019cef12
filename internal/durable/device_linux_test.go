package durable

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// device is a name for a device that takes writes and has nothing to fsync, or takes none.
func device(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.Symlink(name, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNothingToSync: what cannot be fsynced is not said to be on the disk, or gone from it.
func TestNothingToSync(t *testing.T) {
	path := device(t, "/dev/null")
	if err := Erase(path); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("erasing: %v", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("after a failure: %v", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := (diskFile{f}).Sync(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a log's fsync: %v", err)
	}
}

// TestLockMustBeWritten: a lock that does not say whose it is is not taken.
func TestLockMustBeWritten(t *testing.T) {
	for _, name := range []string{"/dev/null", "/dev/full"} {
		if _, err := Acquire(device(t, name)); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
