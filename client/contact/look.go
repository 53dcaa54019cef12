package contact

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"murmuration/client/person"
	"murmuration/client/ticket"
	"murmuration/internal/box"
)

// wants is the number of the one set of boxes that this room looks out for.
const wants = 1

// what says which box was looked for.
type what uint8

const (
	ownCard    what = iota // of an invite: whether it is stored
	claims                 // on an invite
	card                   // of who made a ticket that was accepted
	ownClaim               // whether another one stands there
	answerToUs             // to a claim
)

// target is a box that is looked for: what, and of which invite or accept.
type target struct {
	what what
	of   string
	spot ticket.Spot
}

// spotDay is where a box is.
type spotDay struct {
	cap string
	day box.Day
}

// looked is what is looked for, and the ids that were worked out: 40 µs each.
type looked struct {
	day     box.Day
	fresh   bool // and nothing has changed since
	targets map[person.ID]target
	ids     map[spotDay]box.ID
}

// look has the boxes looked out for that invitations are waiting for.
func (c *Contacts) look(now time.Time) error {
	today := c.today(now)
	if c.looked.fresh && c.looked.day == today {
		return nil
	}
	all, ids := map[person.ID]target{}, map[spotDay]box.ID{}
	add := func(t target, from, to box.Day) error {
		for day := max(from, c.cfg.Network.Calendar.Oldest(now)); day <= min(to, today); day++ {
			at := spotDay{string(t.spot.Cap), day}
			id, ok := c.looked.ids[at]
			if !ok {
				var err error
				if id, err = t.spot.ID(c.cfg.Network, day); err != nil {
					return err
				}
			}
			ids[at] = id
			all[person.ID{Day: day, ID: id}] = t
		}
		return nil
	}
	for _, id := range inOrder(c.invites) {
		i := c.invites[id]
		if err := i.look(id, add); err != nil {
			return err
		}
	}
	for _, id := range inOrder(c.accepts) {
		a := c.accepts[id]
		if err := a.look(id, add); err != nil {
			return err
		}
	}
	c.looked = looked{day: today, fresh: true, targets: all, ids: ids}
	var list []person.ID
	for id := range all {
		list = append(list, id)
	}
	c.access.Want(wants, list, true)
	return nil
}

// changed has the next Turn look for other boxes.
func (c *Contacts) changed() { c.looked.fresh = false }

// Answered takes a box that was looked for.
func (c *Contacts) Answered(now time.Time, a person.Answer) error {
	t, ok := c.looked.targets[person.ID{Day: a.Day, ID: a.ID}]
	switch {
	case !ok:
		return nil
	case a.Kind == person.Listed && t.what == ownCard:
		return c.listed(now, t, a)
	case a.Kind != person.Found || t.what == ownCard:
		return nil
	}
	content, err := t.spot.Open(c.cfg.Network, a.Day, a.Reply.Box)
	switch t.what {
	case claims:
		err = c.claimed(now, t.of, a.Day, content, err)
	case card:
		err = c.shown(now, t.of, content, err)
	case ownClaim:
		err = c.contested(now, t.of, content, err)
	case answerToUs:
		err = c.answered(now, t.of, content, err)
	}
	if err != nil {
		return later(err)
	}
	return c.look(now)
}

// inOrder are the names of a map, so that what is drawn comes in one order.
func inOrder[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func dayName(day box.Day) string { return fmt.Sprintf("%05d", day) }
