package client

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"murmuration/client/connection"
	"murmuration/client/content"
	"murmuration/client/parts"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// A home is the directory of one person:
//
//	genesis   the network (public)
//	store/    everything else, sealed: see package store
//	api.sock  the daemon's socket, while it runs
const (
	genesisFile = "genesis"
	storeDir    = "store"
	unfinished  = "store.new"    // a store that Create has not finished
	nodeFile    = "identity.key" // what tells the home of a node
)

// CheckHome says whether there is somebody in a home; it opens nothing.
func CheckHome(home string) error {
	if info, err := os.Stat(home); err == nil && !info.IsDir() {
		return ErrNoHome.With("%s is no directory", home)
	}
	if _, err := os.Stat(filepath.Join(home, storeDir)); errors.Is(err, fs.ErrNotExist) {
		return ErrNoHome.With("%s has no store", home)
	}
	return nil
}

// Init makes the home of a new person. Nothing but a name is asked for; it is a claim like any
// other.
type Init struct {
	Name string
	// empty leaves the data key in a file that only this user can read
	Passphrase []byte
	Genesis    *directory.Genesis // whoever chooses it chooses who may sign network documents
}

// Create makes the home. It refuses a directory in which there is somebody already, a node's home,
// and one with the genesis file of another network. The store gets its name last: a home that was
// not finished is none.
func Create(home string, who Init) error {
	if err := content.CheckName(who.Name); err != nil {
		return err
	}
	return moveIn(home, who.Genesis, who.settle)
}

// moveIn makes a home whose store is what settle makes in a directory of its own.
func moveIn(home string, g *directory.Genesis, settle func(dir string) error) error {
	raw, genesis := g.Marshal(), filepath.Join(home, genesisFile)
	if err := checkFree(home, raw); err != nil {
		return err
	}
	making := filepath.Join(home, unfinished)
	if err := errors.Join(os.RemoveAll(making), removeParts(home)); err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	if err := settle(making); err != nil {
		return errors.Join(err, os.RemoveAll(making))
	}
	if err := durable.WriteFile(genesis, raw, 0o600); err != nil {
		return err
	}
	if err := os.Rename(making, filepath.Join(home, storeDir)); err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	return durable.SyncDir(home)
}

// checkFree makes the directory of a home, or refuses one that is taken.
func checkFree(home string, genesis []byte) error {
	if target, err := os.Readlink(home); err == nil && !isThere(home) {
		return ErrNoHome.With("%s is a link to %s, which is not there", home, target)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	if CheckHome(home) == nil {
		return errHomeTaken.With("%s", home)
	}
	if isThere(filepath.Join(home, nodeFile)) {
		return errHomeTaken.With("%s is a node's", home)
	}
	entries, err := os.ReadDir(home)
	if err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	for _, e := range entries {
		if !slices.Contains(files, e.Name()) && e.Name() != "lost+found" && !partOf(e.Name()) {
			return errNotEmpty.With("%s has %q", home, e.Name())
		}
	}
	path := filepath.Join(home, genesisFile)
	if there, err := os.ReadFile(path); err == nil && !bytes.Equal(there, genesis) {
		return errHomeTaken.With("%s is another network's", path)
	}
	return nil
}

// partOf says whether a name is of a genesis file that a process which was killed had begun.
func partOf(name string) bool {
	part, _ := filepath.Match("."+genesisFile+".*.tmp", name) // the pattern is right
	return part
}

// removeParts takes such files out of a home.
func removeParts(home string) error {
	entries, err := os.ReadDir(home)
	for _, e := range entries {
		if partOf(e.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(home, e.Name())))
		}
	}
	return err
}

func isThere(path string) bool { _, err := os.Stat(path); return err == nil }

// settle makes the store and puts the person into it.
func (who Init) settle(dir string) error {
	if err := store.Create(dir, who.Passphrase); err != nil {
		return err
	}
	s, err := store.Open(dir, who.Passphrase)
	if err != nil {
		return err
	}
	me := self{Name: who.Name, Network: who.Genesis.ID()}
	return errors.Join(s.Update(func(tx *store.Tx) error {
		return errors.Join(me.put(tx), connection.Create(tx))
	}), s.Close())
}

// homeVersion counts the forms that the records of a home have had: record "version" of bucket
// "home". What version 1 had instead, in bucket "self", is recognised and left as it is.
const homeVersion = 4

// thirdVersion is the one that migrate takes over.
const thirdVersion = 3

// self is who lives in a home: record "self" of bucket "home".
type self struct {
	Name    string              `cbor:"1,keyasint"`
	Network directory.NetworkID `cbor:"2,keyasint"`
}

func (s self) put(tx *store.Tx) error {
	return errors.Join(tx.Put("home", "version", homeVersion), tx.Put("home", "self", s))
}

// get refuses a home whose records are of another form.
func (s *self) get(tx *store.Tx) error {
	version := 0
	err := tx.Get("home", "version", &version)
	if old, _ := tx.Has("self", ""); errors.Is(err, store.ErrNotFound) && old {
		version, err = 1, nil
	}
	if err != nil {
		return err
	}
	if version != homeVersion {
		return errVersion.With(
			"the home has version %d, this program keeps version %d", version, homeVersion,
		)
	}
	return tx.Get("home", "self", s)
}

// home is what openHome opened.
type home struct {
	genesis *directory.Genesis
	store   *store.Store
	self    self
}

// openHome reads what Create made.
func openHome(dir string, passphrase []byte) (h home, err error) {
	raw, err := durable.ReadFile(filepath.Join(dir, genesisFile), 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return home{}, ErrNoHome.With("%s has no genesis file", dir)
	}
	if err != nil {
		return home{}, fmt.Errorf("opening home %s: %w", dir, err)
	}
	if h.genesis, err = directory.ParseGenesis(raw); err != nil {
		return home{}, errGenesis.With("%s: %w", filepath.Join(dir, genesisFile), err)
	}
	if h.store, err = store.Open(filepath.Join(dir, storeDir), passphrase); err != nil {
		return home{}, err
	}
	if err := errors.Join(h.migrate(), h.check(dir)); err != nil {
		return home{}, errors.Join(err, h.store.Close())
	}
	return h, nil
}

// migrate brings a home of version 3 to the present form. It may be cut short anywhere, and goes on
// when the home is opened again.
func (h *home) migrate() error {
	version := 0
	err := h.store.View(func(tx *store.Tx) error { return tx.Get("home", "version", &version) })
	if err != nil || version != thirdVersion {
		return nil // check judges it
	}
	who := parts.In(h.genesis)
	who.Name, who.Store, who.Random = "-", h.store, rand.Reader
	p, err := parts.New(who)
	if err == nil {
		err = p.MigrateThird(
			func(tx *store.Tx) error { return tx.Put("home", "version", homeVersion) },
		)
	}
	if err != nil {
		return fmt.Errorf("bringing the home to version %d: %w", homeVersion, err)
	}
	return nil
}

// check reads who lives there, and compares the networks.
func (h *home) check(dir string) error {
	err := h.store.View(h.self.get)
	switch {
	case errors.Is(err, errVersion):
		return err
	case err != nil:
		return store.ErrForeign.With("reading who lives in %s: %w", dir, err)
	case h.self.Network != h.genesis.ID():
		return errGenesis.With(
			"the home was made for network %s, the file is of %s", h.self.Network, h.genesis.ID(),
		)
	}
	return nil
}
