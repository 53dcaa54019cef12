package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"murmuration/internal/durable"
)

// Rewrap puts the data key of a store under another passphrase; an empty one leaves it in a file
// that only this user can read. A crash leaves the old key file or the new one, whole. The old one
// is overwritten afterwards, as far as the file system lets it: whoever has a copy of it can open
// it with the old passphrase for ever, since the data key stays the same.
func Rewrap(dir string, old, fresh []byte) error {
	lock, err := acquire(dir)
	if err != nil {
		return err
	}
	return errors.Join(rewrap(dir, old, fresh), lock.Close())
}

// Wrapped says whether a store has a passphrase, as its key file claims.
func Wrapped(dir string) (bool, error) {
	file, err := durable.ReadFile(filepath.Join(dir, keyFile), 4096)
	if errors.Is(err, fs.ErrNotExist) {
		return false, errMissing.With("no key in %s", dir)
	}
	if err != nil {
		return false, fmt.Errorf("reading the data key: %w", err)
	}
	return len(file) > len(magic) && file[len(magic)] == modePass, nil
}

func rewrap(dir string, old, fresh []byte) error {
	path := filepath.Join(dir, keyFile)
	key, err := readKey(path, old)
	if err != nil {
		return err
	}
	file, err := key.wrap(fresh)
	if err != nil {
		return err
	}
	// By this name, where the file system has second names, the old one is found afterwards.
	_ = os.Link(path, filepath.Join(dir, "."+keyFile+".old.tmp"))
	if err := durable.WriteFile(path, file, 0o600); err != nil {
		return err
	}
	return eraseUnfinished(dir)
}

// eraseUnfinished erases what a change of the passphrase that was cut short has left. A second name
// of the key file that is in use is taken away, and nothing else: its bytes are the key's.
func eraseUnfinished(dir string) error {
	key, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil {
		return fmt.Errorf("looking at the data key: %w", err)
	}
	var errs []error
	for _, path := range unfinishedKeys(dir) {
		erase := durable.Erase
		if left, err := os.Stat(path); err == nil && os.SameFile(left, key) {
			erase = os.Remove
		}
		errs = append(errs, erase(path))
	}
	return errors.Join(errs...)
}

// unfinishedKeys are what a process that was killed while it wrote the key file has left: parts of
// a new one, or the old one.
func unfinishedKeys(dir string) []string {
	left, _ := filepath.Glob(filepath.Join(glob(dir), "."+keyFile+".*.tmp")) // the pattern is right
	return left
}

// glob makes a directory's name stand for itself in a pattern.
func glob(dir string) string {
	quoted := make([]rune, 0, len(dir))
	for _, r := range dir {
		if r == '*' || r == '?' || r == '[' || r == '\\' && filepath.Separator != '\\' {
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, r)
	}
	return string(quoted)
}

func eraseAll(paths []string) error {
	var errs []error
	for _, path := range paths {
		errs = append(errs, durable.Erase(path))
	}
	return errors.Join(errs...)
}

// Wipe destroys a store for good, without its passphrase: the wrapped data key first, durably, so
// that whatever is left of a wipe that was cut short is noise; then every file. A directory that is
// not there is wiped.
func Wipe(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := durable.Acquire(filepath.Join(dir, lockFile))
	if err != nil {
		return err
	}
	keys := append([]string{filepath.Join(dir, keyFile)}, unfinishedKeys(dir)...)
	if err := eraseAll(keys); err != nil {
		return errors.Join(err, lock.Close())
	}
	// The lock is given back first: Windows removes no open file.
	if err := errors.Join(lock.Close(), os.RemoveAll(dir)); err != nil {
		return fmt.Errorf("wiping a store: %w", err)
	}
	return durable.SyncDir(filepath.Dir(dir))
}
