package provider

import (
	"fmt"
	"path/filepath"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/node"
)

// boxesDir is the box store in a provider's home.
const boxesDir = "boxes"

// CreateHome makes the home of a new provider: a node's home, as node.CreateHome makes it, and an empty
// box store. It refuses a directory that is somebody's home already.
func CreateHome(dir string, genesis *directory.Genesis, seed [32]byte) (*node.Home, error) {
	home, err := node.CreateHome(dir, genesis, seed)
	if err != nil {
		return nil, err
	}
	if err := box.Create(filepath.Join(dir, boxesDir)); err != nil {
		return nil, fmt.Errorf("making a provider's home: %w", err)
	}
	return home, nil
}
