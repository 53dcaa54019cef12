//go:build unix

package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestEveryFileIsPrivate: whatever umask the process has, and whatever modes an earlier version
// left; only the data key in the clear is refused rather than mended.
func TestEveryFileIsPrivate(t *testing.T) {
	before := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(before) })
	dir := filepath.Join(t.TempDir(), "store")
	if err := Create(dir, nil); err != nil {
		t.Fatal(err)
	}
	fill(t, dir)
	exposed := filepath.Join(dir, tables, "000009.vlog")
	write(t, exposed, nil)
	if err := errors.Join(os.Chmod(exposed, 0o644), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	if modesOf(t, dir) == 0 {
		t.Error("the control: nothing is open to others")
	}
	if err := os.Remove(exposed); err != nil {
		t.Fatal(err)
	}
	write(t, exposed+".old", nil)
	if err := os.Chmod(exposed+".old", 0o644); err != nil {
		t.Fatal(err)
	}
	syscall.Umask(0)
	s := reopen(t, dir, "")
	put(t, s, "a", "b", record{"c", 1})
	if n := modesOf(t, dir); n != 0 {
		t.Errorf("%d files are open to others while it is open", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := modesOf(t, dir); n != 0 {
		t.Errorf("%d files are open to others afterwards", n)
	}
}

// modesOf counts the files and directories that others have any right to.
func modesOf(t *testing.T, dir string) (n int) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
