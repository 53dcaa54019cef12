//go:build unix

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// SyncDir makes the names in a directory durable: files created, renamed or removed in it.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("fsyncing directory %s: %w", dir, err)
	}
	return nil
}

// Free returns the bytes that an ordinary user may still write on the file system of path.
func Free(path string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, fmt.Errorf("asking for the free space of %s: %w", path, err)
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

// noSpace says whether a write did not fit on the disk, or in this user's share of it.
func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// unlockFile gives the file back at once: a process that is being started has it too until it runs
// its program, and would hold the lock after Close.
func unlockFile(f *os.File) {
	syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // closing it does the same, a little later
}

// lockFile takes the file for this process, or reports that another has it.
func lockFile(f *os.File) (taken bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// inherit gives a fresh file to the owner of the regular file that it replaces, or else of its
// directory, and returns the mode that it is to have: where another's file is replaced, that one's.
// It does what it may: who is not allowed to give files away keeps them.
func inherit(f *os.File, replaced string, perm fs.FileMode) fs.FileMode {
	model, err := os.Lstat(replaced)
	if err != nil || !model.Mode().IsRegular() {
		if model, err = os.Stat(filepath.Dir(f.Name())); err != nil {
			return perm
		}
	}
	own, err := f.Stat()
	if err != nil {
		return perm
	}
	was, ok := own.Sys().(*syscall.Stat_t)
	to, known := model.Sys().(*syscall.Stat_t)
	if !ok || !known || was.Uid == to.Uid || f.Chown(int(to.Uid), int(to.Gid)) != nil ||
		model.IsDir() {
		return perm
	}
	return model.Mode().Perm()
}

// MakeDir is os.MkdirAll, for the owner alone, of directories that belong to whom their parents
// belong to, as far as this process may give them away.
func MakeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err = MakeDir(filepath.Dir(path)); err == nil {
			err = os.Mkdir(path, 0o700)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return os.MkdirAll(path, 0o700) // no error of a directory
	} else if err != nil {
		return err
	}
	d, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	inherit(d, "", 0)
	return d.Close()
}
