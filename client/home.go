package client

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"murmuration/client/feed"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/link"
)

// A home is the directory of one person:
//
//	genesis   the network (public)
//	store/    everything else, sealed: see package store
//	api.sock  the daemon's socket, while it runs
const (
	genesisFile = "genesis"
	storeDir    = "store"
	unfinished  = "store.new" // a store that Create has not finished
)

// CheckHome says whether there is somebody in a home; it opens nothing.
func CheckHome(home string) error {
	if _, err := os.Stat(filepath.Join(home, storeDir)); errors.Is(err, fs.ErrNotExist) {
		return ErrNoHome.With("%s has no store", home)
	}
	return nil
}

// Init makes the home of a new person. Nothing but a name is asked for; it is a claim like any other.
type Init struct {
	Name       string
	Passphrase []byte             // empty leaves the data key in a file that only this user can read
	Genesis    *directory.Genesis // whoever chooses it chooses who may sign network documents
}

// Create makes the home. It refuses a directory in which there is somebody already, and one with the
// genesis file of another network. The store gets its name last: a home that was not finished is none.
func Create(home string, who Init) error {
	if err := feed.CheckName(who.Name); err != nil {
		return err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	if CheckHome(home) == nil {
		return ErrHomeTaken.With("%s", home)
	}
	raw, genesis := who.Genesis.Marshal(), filepath.Join(home, genesisFile)
	if there, err := os.ReadFile(genesis); err == nil && !bytes.Equal(there, raw) {
		return ErrHomeTaken.With("%s is another network's", genesis)
	}
	making := filepath.Join(home, unfinished)
	if err := os.RemoveAll(making); err != nil {
		return fmt.Errorf("making a home: %w", err)
	}
	if err := who.settle(making); err != nil {
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
	for i := range me.Seeds {
		rand.Read(me.Seeds[i][:]) // never fails
	}
	return errors.Join(s.Update(me.put), s.Close())
}

// self is who lives in a home: bucket "self".
type self struct {
	Name    string              `cbor:"1,keyasint"`
	Network directory.NetworkID `cbor:"2,keyasint"`
	// Guards are the provider in use and the one for when it fails; none before the first document.
	Guards []directory.NodeID `cbor:"3,keyasint"`
	// Seeds are the spool keys: one for each guard, used with nobody else.
	Seeds [2]link.Seed `cbor:"4,keyasint"`
	// Failing is how long the guard in use was tried in vain, zero while it answers.
	Failing time.Duration `cbor:"5,keyasint"`
	// Decoys are the standing ones of the watched set.
	Decoys []sender.Decoy `cbor:"6,keyasint"`
	// Letters counts the boxes ever queued, so that each has a number of its own.
	Letters uint64 `cbor:"7,keyasint"`
}

func (s self) put(tx *store.Tx) error { return tx.Put("self", "", s) }

func (s *self) get(tx *store.Tx) error { return tx.Get("self", "", s) }

// openHome reads what Create made.
func openHome(home string, passphrase []byte) (*directory.Genesis, *store.Store, self, error) {
	raw, err := durable.ReadFile(filepath.Join(home, genesisFile), 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, self{}, ErrNoHome.With("%s has no genesis file", home)
	}
	if err != nil {
		return nil, nil, self{}, fmt.Errorf("opening home %s: %w", home, err)
	}
	genesis, err := directory.ParseGenesis(raw)
	if err != nil {
		return nil, nil, self{}, ErrGenesis.With("%s: %w", filepath.Join(home, genesisFile), err)
	}
	s, err := store.Open(filepath.Join(home, storeDir), passphrase)
	if err != nil {
		return nil, nil, self{}, err
	}
	var me self
	if err := s.View(me.get); err != nil {
		return nil, nil, self{}, errors.Join(store.ErrForeign.With("reading who lives in %s: %w", home, err), s.Close())
	}
	if me.Network != genesis.ID() {
		return nil, nil, self{}, errors.Join(ErrGenesis.With("the home was made for network %s, the file is of %s", me.Network, genesis.ID()), s.Close())
	}
	return genesis, s, me, nil
}
