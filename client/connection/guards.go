package connection

import (
	"crypto/rand"
	"errors"

	"murmuration/client/guard"
	"murmuration/client/store"
)

// guards are the providers that this person uses: bucket "guards".
type guards struct {
	guard.Guards `cbor:"1,keyasint"`
	// Wanted names the provider that the person chose last; empty if none was ever chosen.
	Wanted string `cbor:"2,keyasint,omitempty"`
}

func (g guards) put(tx *store.Tx) error { return tx.Put("guards", "", g) }

func (g *guards) get(tx *store.Tx) error { return tx.Get("guards", "", g) }

// Create prepares a new person's store. Guards are chosen with the first document.
func Create(tx *store.Tx) error { return guards{}.put(tx) }

// seeds are two that nobody knows.
func seeds() (s [2][32]byte) {
	for i := range s {
		rand.Read(s[i][:]) // never fails
	}
	return s
}

// keep writes the guards down. While the disk is full, those that are there will do. The caller
// holds state.
func (c *Connection) keepGuards() error { return unlessFull(c.cfg.Store.Update(c.guards.put)) }

// unlessFull lets a client go on while its disk is full. Whatever fails with that has changed
// nothing, and is tried again; the status says so.
func unlessFull(err error) error {
	if errors.Is(err, store.ErrFull) {
		return nil
	}
	return err
}
