// Package durable keeps bytes through a crash and a power cut: whole files that are replaced
// atomically ([WriteFile]), append-only logs of fixed-size records ([Log]), a counter that is
// fsynced in place ([Mark]), and a lock that gives one home to one process ([Acquire]).
//
// Whatever returns without error here is on the disk. The package knows nothing of what the bytes
// mean, holds no goroutine and writes no log line.
package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrTooLarge says that a file is longer than the reader allows.
var ErrTooLarge = errors.New("file is larger than allowed")

// steps are the system calls of an atomic replacement, in the order in which they happen. Tests
// put fail points in their place.
type steps struct {
	create  func(dir, pattern string) (*os.File, error)
	write   func(f *os.File, data []byte) error
	sync    func(f *os.File) error
	rename  func(from, to string) error
	syncDir func(dir string) error
}

// system is the real thing.
var system = steps{
	create:  os.CreateTemp,
	write:   func(f *os.File, data []byte) error { _, err := f.Write(data); return err },
	sync:    (*os.File).Sync,
	rename:  os.Rename,
	syncDir: SyncDir,
}

// WriteFile replaces the file at path with data, so that at every moment, and after a power cut,
// the path holds either all of the old content or all of the new. When it returns nil the new
// content is on the disk. The directory must exist. ErrNoSpace means that the old content is still
// there. What another user has stays theirs, if this process may give files away: a file that is
// replaced keeps owner and mode, and a new one belongs to whom its directory belongs to.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	if err := system.replace(path, data, perm); err != nil {
		return fmt.Errorf("writing %s: %w", path, orNoSpace(err))
	}
	return nil
}

// Show is WriteFile without durability: the path holds either content at every moment, and after a
// power cut it may hold neither. It is for what says how a process is while it runs.
func Show(path string, data []byte, perm fs.FileMode) error {
	s := system
	s.sync, s.syncDir = func(*os.File) error { return nil }, func(string) error { return nil }
	if err := s.replace(path, data, perm); err != nil {
		return fmt.Errorf("showing %s: %w", path, orNoSpace(err))
	}
	return nil
}

// Copy is WriteFile of what from gives until io.EOF, which need not fit into the memory. If from
// fails, the old content stays.
func Copy(path string, from io.Reader, perm fs.FileMode) error {
	s := system
	s.write = func(f *os.File, _ []byte) error { _, err := io.Copy(f, from); return err }
	if err := s.replace(path, nil, perm); err != nil {
		return fmt.Errorf("writing %s: %w", path, orNoSpace(err))
	}
	return nil
}

func (s steps) replace(path string, data []byte, perm fs.FileMode) error {
	dir := filepath.Dir(path)
	f, err := s.create(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	if err := s.fill(f, data, inherit(f, path, perm)); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := s.rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return s.syncDir(dir)
}

// fill writes, fsyncs and closes a fresh temporary file.
func (s steps) fill(f *os.File, data []byte, perm fs.FileMode) error {
	err := f.Chmod(perm)
	if err == nil {
		err = s.write(f, data)
	}
	if err == nil {
		err = s.sync(f)
	}
	return errors.Join(err, f.Close())
}

// openOrMake opens a file to read and write; one that is made belongs to whom its directory belongs
// to. One that is there, be it through a link, keeps its owner.
func openOrMake(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err == nil {
		inherit(f, "", 0o600)
	}
	return f, err
}

// ReadFile returns the whole file, or ErrTooLarge when it is longer than limit bytes; it never
// allocates more than limit+1.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the path itself
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("reading %s: %w (%d bytes)", path, ErrTooLarge, limit)
	}
	return data, nil
}

// Erase overwrites the file with zeros, fsyncs, unlinks it and fsyncs the directory. A journal or
// a copy-on-write file system may keep older blocks: erasing is best effort, unlinking is not. A
// file that is not there is no error.
func Erase(path string) error {
	if err := overwrite(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil && !noSpace(err) { // where old blocks are kept, zeros need room
		return fmt.Errorf("erasing %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("erasing: %w", err)
	}
	return SyncDir(filepath.Dir(path))
}

func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	zeros := make([]byte, 64<<10)
	for left := info.Size(); left > 0; left -= int64(len(zeros)) {
		if _, err := f.Write(zeros[:min(left, int64(len(zeros)))]); err != nil {
			return err
		}
	}
	return f.Sync()
}
