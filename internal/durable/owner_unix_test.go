//go:build unix

package durable

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// nobody is a user and a group that are not root's.
const nobody = 65534

// foreign is a directory of another user, empty where this process may not make one.
func foreign(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Logf("NOT LOOKED AT, this process may give nothing away: %v", err)
		return ""
	}
	return dir
}

// owned checks the owner of a file, and its mode.
func owned(t *testing.T, path string, id uint32, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	if s.Uid != id || s.Gid != id || info.Mode() != mode {
		t.Errorf("%s belongs to %d:%d with mode %v, want %d and %v", filepath.Base(path), s.Uid,
			s.Gid, info.Mode(), id, mode)
	}
}

// makeAll makes one file of each kind in a directory.
func makeAll(t *testing.T, dir string) {
	t.Helper()
	if err := WriteFile(filepath.Join(dir, "file"), []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CreateMark(filepath.Join(dir, "mark")); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLog(filepath.Join(dir, "log"), 20, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lock, err := Acquire(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
}

// History: What root admitted into the home of a service's user could not be read by the service
// any more, which did not start again.
//
// TestOwnerStays: what root writes in another user's directory is theirs, and a file that is
// replaced keeps its owner and mode.
func TestOwnerStays(t *testing.T) {
	dir := foreign(t)
	if dir == "" {
		return
	}
	makeAll(t, dir)
	for _, name := range []string{"file", "mark", "log", "lock"} {
		owned(t, filepath.Join(dir, name), nobody, 0o600)
	}
	for range 2 {
		if err := MakeDir(filepath.Join(dir, "dir", "in")); err != nil {
			t.Fatal(err)
		}
	}
	owned(t, filepath.Join(dir, "dir"), nobody, os.ModeDir|0o700)
	owned(t, filepath.Join(dir, "dir", "in"), nobody, os.ModeDir|0o700)
	own := t.TempDir()
	makeAll(t, own) // in one's own directory nothing is given away
	for _, name := range []string{"file", "mark", "log", "lock"} {
		owned(t, filepath.Join(own, name), 0, 0o600)
	}
	theirs := filepath.Join(own, "theirs") // a file counts before its directory
	err := os.WriteFile(theirs, nil, 0o600)
	if err == nil {
		err = os.Chown(theirs, nobody, nobody)
	}
	if err == nil {
		err = os.Chmod(theirs, os.ModeSetuid|0o640) // of which nothing but the rights stays
	}
	if err == nil {
		err = WriteFile(theirs, []byte("new"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	owned(t, theirs, nobody, 0o640)
}

// TestNothingElseIsGivenAway: a link in another user's directory gives them no file that it leads
// to.
func TestNothingElseIsGivenAway(t *testing.T) {
	dir := foreign(t)
	if dir == "" {
		return
	}
	mine := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log", "lock", "file"} {
		if err := os.Symlink(mine, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := Acquire(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
	if err := os.Truncate(mine, 0); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLog(filepath.Join(dir, "log"), 20, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	owned(t, mine, 0, 0o600)
	owned(t, filepath.Join(dir, "file"), nobody, 0o600)
}
