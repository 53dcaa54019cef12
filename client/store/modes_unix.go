//go:build unix

package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// keepPrivate makes what a store has this user's alone: Badger makes its files readable for all as
// far as the umask lets it, at any time, so that the umask of the process is narrowed for good.
// What an earlier version left open is closed.
func keepPrivate(dir string) error {
	syscall.Umask(0o077)
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o077 == 0 {
			return nil
		}
		if err != nil || d.Type()&fs.ModeSymlink != 0 || path == filepath.Join(dir, keyFile) {
			return err // an exposed data key is refused, not mended: somebody may have it
		}
		return os.Chmod(path, info.Mode().Perm()&0o700)
	})
}
