package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"murmuration/client/store"
)

// files are the names of everything that this program puts into a home, in the order in which Wipe
// takes it away: both stores, each of which loses its key first, then what is not secret.
var files = []string{storeDir, unfinished, "api.sock", "client.toml", genesisFile}

// ChangePassphrase puts the data key of a home under another passphrase; an empty one stands for
// none. The home must not be in use.
func ChangePassphrase(home string, old, fresh []byte) error {
	if err := CheckHome(home); err != nil {
		return err
	}
	return store.Rewrap(filepath.Join(home, storeDir), old, fresh)
}

// HasPassphrase says whether a home has one.
func HasPassphrase(home string) (bool, error) {
	if err := CheckHome(home); err != nil {
		return false, err
	}
	return store.Wrapped(filepath.Join(home, storeDir))
}

// CheckWipe says whether Wipe would find anything that is a person's.
func CheckWipe(home string) error {
	if isThere(filepath.Join(home, nodeFile)) {
		return ErrNoHome.With("%s is a node's", home)
	}
	for _, name := range files {
		if isThere(filepath.Join(home, name)) {
			return nil
		}
	}
	return ErrNoHome.With("%s has nothing of this program", home)
}

// Wipe destroys a home for good, without its passphrase: the keys first, so that what is left of a
// wipe that was cut short is noise, then every file of this program; wiping again ends it. What
// else is in the directory is left, and named. The home must not be in use.
func Wipe(home string) (left []string, err error) {
	if err := CheckWipe(home); err != nil {
		return nil, err
	}
	for _, dir := range []string{storeDir, unfinished} {
		if err := store.Wipe(filepath.Join(home, dir)); err != nil {
			return nil, err
		}
	}
	for _, name := range files[2:] {
		path := filepath.Join(home, name)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("wiping a home: %w", err)
		}
	}
	if err := removeParts(home); err != nil {
		return nil, fmt.Errorf("wiping a home: %w", err)
	}
	entries, err := os.ReadDir(home)
	for _, e := range entries {
		left = append(left, filepath.Join(home, e.Name()))
	}
	if err == nil && len(left) == 0 {
		_ = os.Remove(home) // a directory that may be another's, or a link: it may stay
	}
	return left, err
}
