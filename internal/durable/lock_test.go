package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestLockSaysWho: the file of a lock has the id of its process and nothing that was there before.
func TestLockSaysWho(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, []byte("12345678901234567890\nnotes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got, err := os.ReadFile(path); err != nil || string(got) != fmt.Sprintln(os.Getpid()) {
		t.Errorf("the lock says %q, %v", got, err)
	}
	if _, err := Acquire(filepath.Join(path+"x", "lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a lock in a directory that is not there: %v", err)
	}
}

// TestLockWithoutWho: what is no process's id is not told as one.
func TestLockWithoutWho(t *testing.T) {
	for content, want := range map[string]int{"": 0, "notes": 0, "-5\n": 0, "7": 7, " 7\n": 7,
		"7 8": 0, "99999999999999999999\n": 0} {
		path := filepath.Join(t.TempDir(), "lock")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := readPID(f); got != want {
			t.Errorf("%q is process %d, want %d", content, got, want)
		}
		f.Close()
	}
	for pid, want := range map[int]string{0: "lock is held by another process",
		7: "lock is held by process 7"} {
		if got := (&Locked{Path: "lock", PID: pid}).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
