package contact

import (
	"bytes"
	"slices"
	"time"

	"murmuration/client/relation"
	"murmuration/client/ticket"
)

// Invitation is one line of `invite list`.
type Invitation struct {
	ID    string
	Own   bool // this person made it
	State State
	Alias string
	// Claimed is who made it, or asks: they say so.
	Claimed ticket.Profile
	Known   bool // Claimed is here
	Made    time.Time
	Until   time.Time // the end of the last day on which it can be used
	Stored  bool      // of an own one: a holder has listed its card
	Kept    bool      // all have
	Ask     bool
	// Contested: of one that was accepted: somebody else has used it as well.
	Contested bool
	Agreed    bool
	Odd       int // boxes of it that say nothing which is understood
	Contact   string
	Via       string
	ticket    ticket.Ticket
}

// URI is the ticket of an invitation that can be used.
func (i Invitation) URI() string {
	if !i.Own || i.State.over() || i.Via != "" {
		return ""
	}
	return i.ticket.URI()
}

// Invitations are those that were made and accepted, the newest first.
func (c *Contacts) Invitations(now time.Time) []Invitation {
	all := []Invitation{}
	for id := range c.invites {
		all = append(all, c.invitation(now, id))
	}
	for id := range c.accepts {
		all = append(all, c.invitation(now, id))
	}
	slices.SortFunc(all, func(a, b Invitation) int {
		if d := b.Made.Compare(a.Made); d != 0 {
			return d
		}
		return bytes.Compare([]byte(a.ID), []byte(b.ID))
	})
	return all
}

// Invitation is one of them.
func (c *Contacts) Invitation(now time.Time, id string) (Invitation, error) {
	id = whole(id, append(inOrder(c.invites), inOrder(c.accepts)...))
	if c.invites[id] == nil && c.accepts[id] == nil {
		return Invitation{}, ErrNoInvite.With("%q", id)
	}
	return c.invitation(now, id), nil
}

func (c *Contacts) invitation(now time.Time, id string) (v Invitation) {
	v.ID = id
	met := relation.ID{}
	if i := c.invites[id]; i != nil {
		v.Own, v.State, v.Alias, v.Ask, v.Odd, v.Via = true, i.State, i.Alias, i.Ask, i.Odd, i.Via
		v.Stored, v.Kept, v.Made = len(i.Listed) > 0, i.Kept, time.Unix(i.Made, 0).UTC()
		v.ticket, met = i.Ticket, i.Relation
	} else if a := c.accepts[id]; a != nil {
		v.State, v.Alias, v.Odd, v.Via = a.State, a.Alias, a.Odd, a.Via
		v.Contested, v.Agreed, v.Made = a.Contested, a.Agreed, time.Unix(a.Made, 0).UTC()
		v.ticket, met = a.Ticket, a.Relation
		if shown, err := ticket.ParseCard(a.Card); err == nil {
			v.Claimed, v.Known = shown.Profile, true
		}
	}
	v.Until = (v.ticket.Last() + 1).Start(c.cfg.Network.Calendar.Genesis)
	if k, ok := c.Of(met); ok {
		v.Contact = k.Name()
	}
	return v
}
