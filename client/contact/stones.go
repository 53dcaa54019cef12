package contact

import (
	"errors"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// mostTries is how often a box is asked to be emptied: it is a favour, and nothing rests on it.
const mostTries = 6

// stone is a box that is to be emptied.
type stone struct {
	Day       box.Day       `cbor:"1,keyasint"`
	ID        box.ID        `cbor:"2,keyasint"`
	Signature box.Signature `cbor:"3,keyasint"`
	Tries     int           `cbor:"4,keyasint"`
	Done      int           `cbor:"5,keyasint"` // holders that have emptied it
}

// stonesOf empties the card of an invitation, and the claims of some days.
func stonesOf(n boxstream.Network, i *invite, days []box.Day) (all []stone, err error) {
	add := func(b box.Box, day box.Day, bad error) {
		err = errors.Join(err, bad)
		all = append(all, stone{Day: day, ID: b.ID, Signature: b.Signature})
	}
	b, bad := i.Ticket.CardSpot().Tombstone(n, i.Day)
	add(b, i.Day, bad)
	seen := map[box.Day]bool{}
	for _, day := range days {
		if !seen[day] {
			b, bad := i.Ticket.ClaimSpot().Tombstone(n, day)
			add(b, day, bad)
		}
		seen[day] = true
	}
	return all, err
}

// stoneAt numbers the tombstones that are under way.
type stoneAt struct {
	invite string
	id     box.ID
}

// Supply has boxes emptied, one after the other.
func (c *Contacts) Supply(now time.Time) error {
	for _, id := range inOrder(c.invites) {
		i := c.invites[id]
		for _, s := range i.Stones {
			at := stoneAt{id, s.ID}
			if c.burying[at] != 0 || !c.cfg.Network.Calendar.Kept(now, s.Day) {
				continue
			}
			c.last++
			err := c.access.Enqueue(now, c.last, person.Request{
				Op: box.OpTombstone, Day: s.Day,
				Box: box.Box{ID: s.ID, Signature: s.Signature}, Try: s.Tries, Slow: true,
			})
			if errors.Is(err, person.ErrLater) {
				return nil
			}
			if err != nil {
				return err
			}
			c.burying[at], c.graves[c.last] = c.last, at
		}
	}
	return nil
}

// buried takes what a holder says to a tombstone.
func (c *Contacts) buried(a person.Answer) error {
	at, ok := c.graves[a.Number]
	if !ok {
		return nil
	}
	delete(c.graves, a.Number)
	delete(c.burying, at)
	i := c.invites[at.invite].clone()
	left := i.Stones[:0:0]
	for _, s := range i.Stones {
		if s.ID == at.id && a.Kind == person.Done {
			s.Tries++
			if a.Reply.Status == box.StatusTombstoned || a.Reply.Status == box.StatusStored {
				s.Done++
			}
		}
		if s.Done < 2 && s.Tries < mostTries {
			left = append(left, s)
		}
	}
	i.Stones = left
	return c.cfg.Store.Update(func(tx *store.Tx) error { return c.keep(tx, at.invite, i) })
}
