package contact

import (
	"time"

	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/box"
)

// Revoke takes an invitation back, or forgets one that was accepted.
func (c *Contacts) Revoke(now time.Time, id string) error {
	id = whole(id, append(inOrder(c.invites), inOrder(c.accepts)...))
	if a := c.accepts[id]; a != nil {
		return c.forget(now, id)
	}
	if c.invites[id] == nil {
		return ErrNoInvite.With("%q", id)
	}
	i := c.invites[id].clone()
	if i.State.over() {
		return ErrClosed
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		return c.close(tx, now, id, &i, Revoked, ticket.Declined)
	})
}

// expire ends the invitations whose time is over.
func (c *Contacts) expire(now time.Time) error {
	open := c.cfg.Network.FirstOpen(now) // what is listed of the days before is listed
	for _, id := range inOrder(c.invites) {
		i := c.invites[id]
		next, s := i.clone(), State("")
		switch {
		case i.State.over():
			continue
		case len(i.Listed) == 0 && i.Day < open && c.access.Whole() > i.Day:
			s = NotStored
		case i.Ticket.Last() < open:
			s = Expired
		default:
			continue
		}
		err := c.cfg.Store.Update(func(tx *store.Tx) error {
			return c.close(tx, now, id, &next, s, ticket.Declined)
		})
		if err != nil {
			return err
		}
	}
	return c.expireAccepts(now, open)
}

// remembered is for how long an invitation that is over is listed.
const remembered = 90 * 24 * time.Hour

// forgetOld deletes the invitations that were over long ago.
func (c *Contacts) forgetOld(now time.Time) error {
	old := func(s State, made int64) bool {
		return s.over() && now.Sub(time.Unix(made, 0)) > remembered
	}
	for _, id := range inOrder(c.invites) {
		if i := c.invites[id]; old(i.State, i.Made) {
			err := c.cfg.Store.Update(func(tx *store.Tx) error {
				tx.After(func() { delete(c.invites, id) })
				return tx.Delete(bucketInvites, id)
			})
			if err != nil {
				return err
			}
		}
	}
	for _, id := range inOrder(c.accepts) {
		if a := c.accepts[id]; old(a.State, a.Made) {
			err := c.cfg.Store.Update(func(tx *store.Tx) error {
				tx.After(func() { delete(c.accepts, id) })
				return tx.Delete(bucketAccepts, id)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// forget ends what was accepted, as far as it can be ended from here.
func (c *Contacts) forget(now time.Time, id string) error {
	a := *c.accepts[id]
	if a.State.over() {
		return ErrClosed
	}
	a.State = Revoked
	return c.cfg.Store.Update(func(tx *store.Tx) error { return c.hold(tx, id, a.done()) })
}

// expireAccepts ends those whose time is over: of what was written on the last day an answer may
// come for as long as boxes are kept.
func (c *Contacts) expireAccepts(now time.Time, open box.Day) error {
	for _, id := range inOrder(c.accepts) {
		a := c.accepts[id]
		last := a.Ticket.Last()
		if a.State == Claimed {
			last += box.Day(c.cfg.Network.Calendar.Retention)
		}
		if a.State.over() || last >= open {
			continue
		}
		over := a.done()
		over.State = Expired
		err := c.cfg.Store.Update(func(tx *store.Tx) error { return c.hold(tx, id, over) })
		if err != nil {
			return err
		}
	}
	return nil
}
