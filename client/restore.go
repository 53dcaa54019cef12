package client

import (
	"errors"
	"fmt"
	"io"
	"time"

	"murmuration/client/backup"
	"murmuration/client/connection"
	"murmuration/client/content"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/internal/directory"
)

// Backup writes what lasts of the home, as it is at this moment, into a file that the passphrase
// opens. The client goes on meanwhile. A file that was not written to its end is none.
func (c *Client) Backup(to io.Writer, passphrase []byte) error {
	head := backup.Head{
		Version: homeVersion, Genesis: c.genesis.Marshal(), Name: c.self.Name,
		Made: time.Now().Unix(),
	}
	under := backup.Seal{Passphrase: passphrase, Work: backupWork}
	return c.store.View(func(tx *store.Tx) error { return backup.Write(to, under, head, tx) })
}

// backupWork is the default; tests make it cheap.
var backupWork = 0

// Restore makes a home of a backup: another device of the same person, which goes on from nothing
// that the first one had under way.
type Restore struct {
	Backup *backup.Reader // at its first record
	// of the new home; empty leaves the data key in a file that only this user can read
	Passphrase []byte
	// Genesis is of the network that the home must be in; nil: whichever the backup says.
	Genesis *directory.Genesis
	// Link is the key of the device that vouches for the new one; nil: none does.
	Link *relation.Key
}

// Into makes the home, in a directory that is empty or new. Nothing of it is there before all is.
func (r Restore) Into(home string) error {
	genesis, err := directory.ParseGenesis(r.Backup.Head.Genesis)
	if err != nil {
		return backup.ErrDamaged.With("the genesis in it: %w", err)
	}
	if r.Genesis != nil && r.Genesis.ID() != genesis.ID() {
		return errOtherNetwork.With("it is of %s", genesis.Label)
	}
	if r.Backup.Head.Version > homeVersion {
		return backup.ErrFuture.With("its records have version %d, and this program keeps %d",
			r.Backup.Head.Version, homeVersion)
	}
	if r.Backup.Head.Version < homeVersion {
		return errVersion.With("its records have version %d", r.Backup.Head.Version)
	}
	if err := content.CheckName(r.Backup.Head.Name); err != nil {
		return backup.ErrDamaged.With("whose it is: %w", err)
	}
	return moveIn(home, genesis, func(dir string) error { return r.settle(dir, genesis) })
}

// settle makes the store, and lets every part of the person begin anew what a backup never has.
func (r Restore) settle(dir string, g *directory.Genesis) (err error) {
	if err := store.Create(dir, r.Passphrase); err != nil {
		return err
	}
	h := home{genesis: g, self: self{Name: r.Backup.Head.Name, Network: g.ID()}}
	if h.store, err = store.Open(dir, r.Passphrase); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.store.Close()) }()
	if err := r.fill(h.store); err != nil {
		return err
	}
	err = h.store.Update(func(tx *store.Tx) error {
		return errors.Join(h.self.put(tx), connection.Create(tx))
	})
	if err != nil {
		return err
	}
	c := &Client{home: h}
	if err := c.open(Config{}.withDefaults()); err != nil {
		return fmt.Errorf("opening what was restored: %w", err)
	}
	return h.store.Update(func(tx *store.Tx) error {
		err := c.person.Restored(tx, time.Now())
		if err == nil && r.Link != nil {
			err = c.person.Relations.Linked(tx, time.Now(), *r.Link)
		}
		return err
	})
}

// batchBytes is how much is written in one transaction: above it, Badger takes no more than twice
// that.
const batchBytes = 1 << 20

// fill copies the records.
func (r Restore) fill(s *store.Store) error {
	var err error
	for err == nil {
		full := s.Update(func(tx *store.Tx) error {
			for bytes := 0; bytes < batchBytes; {
				var record backup.Record
				if record, err = r.Backup.Next(); err != nil {
					return nil // what came before it is kept, until all is thrown away
				}
				bytes += len(record.Value)
				if err := tx.Copy(record.Bucket, record.Name, record.Value); err != nil {
					return err
				}
			}
			return nil
		})
		if full != nil {
			return full
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}
