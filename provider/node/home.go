package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"murmuration/internal/box/daystore"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
	"murmuration/provider"
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

// demand is that of a provider under a network's parameters.
func demand(par directory.Parameters, providers int) provider.Demand {
	return provider.Demand{
		Listed: bulletin.MaxEntries(par, providers), Every: par.BulletinEvery,
		BoxBytes: par.Ciphertext(),
		Days:     par.RetentionDays + 2, // today, the full days, and the one that is being dropped
	}
}

// stateDisk says at the start what disk may be needed, and warns when there is less.
func (n *Node) stateDisk() {
	genesis := n.chassis.Home.Genesis
	providers := len(genesis.Entries)
	if doc := n.chassis.Documents.Latest(); doc != nil {
		providers = len(doc.Providers())
	}
	need := demand(genesis.Parameters, providers).Disk()
	const what = "disk that boxes may need, if as many are written as bulletins can list"
	free, err := durable.Free(n.cfg.Home)
	if err != nil {
		n.cfg.Log.Info(what, "disk", size(need))
		return
	}
	n.cfg.Log.Info(what, "disk", size(need), "free", size(int64(free)))
	if need > int64(free) {
		n.cfg.Log.Warn("the disk may become full, and boxes are refused then: give the provider "+
			"more disk", "disk", size(need), "free", size(int64(free)))
	}
}

// size writes bytes for people.
func size(bytes int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}} {
		if bytes >= u.bytes {
			return fmt.Sprintf("%.1f %s", float64(bytes)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}
