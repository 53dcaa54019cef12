package contact

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"murmuration/client/person"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Limits of what may be open at once: each is some boxes that are looked for every day.
const (
	mostInvites = 64
	mostAccepts = 64
	mostClaims  = 16 // on one invitation that its maker looks at
)

// State is how far an invitation is, on either side.
type State string

// The states.
const (
	Open      State = "open"       // made; nobody has used it
	Asked     State = "asked"      // somebody has, and the person is to say whether they may
	Looking   State = "looking"    // accepted; the card of who made it is not here
	Shown     State = "shown"      // the card is here, and the person has not said yes
	Claimed   State = "claimed"    // the person has said yes; the answer is not here
	Met       State = "met"        // both know each other
	Declined  State = "declined"   // who made it said no
	Late      State = "too late"   // somebody else used it first
	Revoked   State = "revoked"    // taken back by who made it
	Expired   State = "expired"    // nobody used it, or no answer came
	NotStored State = "not stored" // the card was not stored on its day
)

// over says whether nothing more comes of it.
func (s State) over() bool {
	return !slices.Contains([]State{Open, Asked, Looking, Shown, Claimed}, s)
}

// invite is an invitation that this person made.
type invite struct {
	Ticket ticket.Ticket `cbor:"1,keyasint"`
	Keys   *ticket.Keys  `cbor:"2,keyasint"` // erased when it is over
	Card   []byte        `cbor:"3,keyasint"` // as it stands in its box
	Day    box.Day       `cbor:"4,keyasint"` // of that box
	Alias  string        `cbor:"5,keyasint,omitempty"`
	Ask    bool          `cbor:"6,keyasint,omitempty"`
	Made   int64         `cbor:"7,keyasint"` // Unix seconds
	State  State         `cbor:"8,keyasint"`
	// Listed is who has listed the card.
	Listed   []directory.NodeID `cbor:"9,keyasint,omitempty"`
	Kept     bool               `cbor:"10,keyasint,omitempty"` // all holders have
	Claims   []claim            `cbor:"11,keyasint,omitempty"`
	Odd      int                `cbor:"12,keyasint,omitempty"` // claims that are none
	Relation relation.ID        `cbor:"13,keyasint"`
	Via      string             `cbor:"14,keyasint,omitempty"` // of an introduction: by whom
	// Stones were tombstones in earlier versions.
	Stones cbor.RawMessage `cbor:"15,keyasint,omitempty"`
	// Circle is to which whoever uses it is added, until that is done.
	Circle string `cbor:"16,keyasint,omitempty"`
}

// claim is one on an invitation, that waits for the person.
type claim struct {
	ID       string          `cbor:"1,keyasint"`
	Hash     [32]byte        `cbor:"2,keyasint"`
	Day      box.Day         `cbor:"3,keyasint"`
	At       int64           `cbor:"4,keyasint"`
	Claimant ticket.Claimant `cbor:"5,keyasint"`
	Secret   ticket.Secret   `cbor:"6,keyasint"`
	Over     bool            `cbor:"7,keyasint,omitempty"` // it was answered
}

func (i invite) clone() invite {
	i.Listed, i.Claims = slices.Clone(i.Listed), slices.Clone(i.Claims)
	return i
}

// keep writes an invite, and has memory follow.
func (c *Contacts) keep(tx *store.Tx, id string, i invite) error {
	tx.After(func() {
		c.invites[id] = &i
		c.changed()
	})
	return tx.Put(bucketInvites, id, i)
}

// Making is what a person decides of an invitation.
type Making struct {
	Alias string // what to call whoever uses it; may be empty
	Days  int    // 1 to 12
	Ask   bool   // the person is asked before two know each other
	// Circle is an own one to which whoever uses it is added; may be empty.
	Circle string
}

// Invite makes an invitation: its card waits in the outbox when it returns.
func (c *Contacts) Invite(now time.Time, m Making) (Invitation, error) {
	if m.Days < 1 || m.Days > ticket.MostDays {
		return Invitation{}, ErrDays.With("%d days", m.Days)
	}
	if m.Alias != "" {
		if err := CheckAlias(m.Alias); err != nil {
			return Invitation{}, err
		}
		if !c.free(m.Alias, relation.ID{}) {
			return Invitation{}, ErrTaken.With("%q", m.Alias)
		}
	}
	day, err := c.sealingDay(now)
	if err != nil {
		return Invitation{}, err
	}
	t, err := ticket.New(c.cfg.Random, c.cfg.Network.ID, day, m.Days)
	if err != nil {
		return Invitation{}, err
	}
	id, err := c.newID()
	if err != nil {
		return Invitation{}, err
	}
	i := invite{
		Ticket: t, Day: day, Alias: m.Alias, Ask: m.Ask, Made: now.Unix(), State: Open,
		Circle: m.Circle,
	}
	err = c.cfg.Store.Update(func(tx *store.Tx) error { return c.open(tx, now, id, i) })
	if err != nil {
		return Invitation{}, err
	}
	return c.invitation(now, id), c.look(now)
}

// open writes the card of a ticket, and keeps what opens claims on it.
func (c *Contacts) open(tx *store.Tx, now time.Time, id string, i invite) error {
	open := 0
	for _, other := range c.invites {
		if !other.State.over() {
			open++
		}
	}
	if open >= mostInvites {
		return ErrMany.With("%d", open)
	}
	if _, err := c.cfg.Relations.Fresh(now); err != nil {
		return err // nobody could be met in this network
	}
	keys, err := ticket.NewKeys(c.cfg.Random)
	if err != nil {
		return err
	}
	p, err := c.profile(tx)
	if err != nil {
		return err
	}
	if i.Card, err = keys.Card(p); err == nil && !c.fits(i.Card) {
		i.Card, err = keys.Card(ticket.Profile{Name: p.Name}) // without the picture
	}
	if err != nil {
		return err
	}
	i.Keys = &keys
	sealed, err := i.Ticket.CardSpot().Seal(c.cfg.Network, i.Day, i.Card)
	if err != nil {
		return err
	}
	return errors.Join(c.write(tx, now, "invite/"+id, sealed), c.keep(tx, id, i))
}

func (i *invite) look(id string, add func(t target, from, to box.Day) error) error {
	if i.State.over() {
		return nil
	}
	var err error
	if !i.Kept {
		err = add(target{ownCard, id, i.Ticket.CardSpot()}, i.Day, i.Day)
	}
	// Who claims on the last day may write until two hours after it.
	return errors.Join(err,
		add(target{claims, id, i.Ticket.ClaimSpot()}, i.Ticket.Day, i.Ticket.Last()))
}

// listed notes that a holder has listed the card of an invitation.
func (c *Contacts) listed(now time.Time, t target, a person.Answer) error {
	i := c.invites[t.of].clone()
	if slices.Contains(i.Listed, a.Holder) || i.Kept {
		return nil
	}
	i.Listed = append(i.Listed, a.Holder)
	i.Kept = len(i.Listed) >= a.Holders
	return c.cfg.Store.Update(func(tx *store.Tx) error { return c.keep(tx, t.of, i) })
}

// whole is the one of some ids that begins like what a person typed, of which four characters at
// least are needed; or what they typed.
func whole(typed string, ids []string) string {
	found := typed
	for _, id := range ids {
		if len(typed) < 4 || !strings.HasPrefix(id, typed) {
			continue
		}
		if found != typed && found != id {
			return typed // more than one
		}
		found = id
	}
	return found
}

// same says whether an invitation is of a ticket.
func same(a, b ticket.Ticket) bool { return bytes.Equal(a.Secret[:], b.Secret[:]) }
