package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"murmuration/internal/box/daystore"
	"murmuration/internal/directory"
	"murmuration/internal/node"
)

// boxesDir is the box store in a provider's home.
const boxesDir = "boxes"

// CreateHome makes the home of a new provider: a node's home and an empty box store. It refuses a
// directory that is somebody's home already.
func CreateHome(dir string, genesis *directory.Genesis, seed [32]byte) (*node.Home, error) {
	home, err := node.CreateHome(dir, genesis, seed)
	if err != nil {
		return nil, err
	}
	if err := daystore.Create(filepath.Join(dir, boxesDir)); err != nil {
		return nil, fmt.Errorf("making a provider's home: %w", err)
	}
	return home, nil
}

// openStore opens the boxes that CreateHome made a place for, or takes the store that was given. A
// provider whose boxes are gone must not begin anew as if nothing had been promised.
func (c Config) openStore(home *node.Home) (Store, error) {
	if c.Store != nil {
		return c.Store, nil
	}
	dir := home.Path(boxesDir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening the boxes of %s: there is no %s\n  is its disk mounted? "+
			"If the boxes are lost for good, "+
			"make a new provider: this one has promised to keep them", home.Dir, dir)
	}
	store, err := daystore.Open(dir, daystore.Options{Logger: c.Log, Reserve: c.reserve()})
	if err != nil {
		return nil, fmt.Errorf("opening the boxes of %s: %w", home.Dir, err)
	}
	return store, nil
}
