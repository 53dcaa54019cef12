package contact

import (
	"errors"
	"time"

	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
)

// profile is how this person shows themselves.
func (c *Contacts) profile(tx *store.Tx) (p ticket.Profile, err error) {
	err = tx.Get(bucketProfile, "", &p)
	if errors.Is(err, store.ErrNotFound) {
		return ticket.Profile{Name: c.cfg.Name}, nil
	}
	return p, err
}

// Profile is how this person shows themselves to those whom they meet and know.
func (c *Contacts) Profile() (p ticket.Profile, err error) {
	err = c.cfg.Store.View(func(tx *store.Tx) (err error) { p, err = c.profile(tx); return err })
	return p, err
}

// Own is what this person calls themselves.
func (c *Contacts) Own() string {
	if c.own != "" {
		return c.own
	}
	return c.cfg.Name
}

// loadOwn takes up a name that was set.
func (c *Contacts) loadOwn(tx *store.Tx) error {
	p, err := c.profile(tx)
	c.own = p.Name
	return err
}

// fits says whether a content has room in a box of this network.
func (c *Contacts) fits(content []byte) bool {
	return len(content) <= c.cfg.Network.Format.ContentSize()
}

// SetProfile shows this person otherwise, and tells all contacts.
func (c *Contacts) SetProfile(now time.Time, p ticket.Profile) error {
	if err := p.Check(); err != nil {
		return err
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		if err := tx.Put(bucketProfile, "", p); err != nil {
			return err
		}
		tx.After(func() { c.own = p.Name })
		for _, k := range c.List() {
			if k.Blocked {
				continue
			}
			err := c.say(tx, now, k.Relation, saying{Type: sayProfile, Profile: &p})
			if errors.Is(err, relation.ErrLong) { // where boxes are small
				bare := ticket.Profile{Name: p.Name}
				err = c.say(tx, now, k.Relation, saying{Type: sayProfile, Profile: &bare})
			}
			if err != nil && !errors.Is(err, relation.ErrNoRelation) { // ended elsewhere just now
				return err
			}
		}
		return nil
	})
}
