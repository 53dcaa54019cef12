package contact

import (
	"bytes"
	"errors"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/box"
)

// accept is a ticket of somebody else that this person has.
type accept struct {
	Ticket ticket.Ticket `cbor:"1,keyasint"`
	Alias  string        `cbor:"2,keyasint,omitempty"`
	Agreed bool          `cbor:"3,keyasint,omitempty"` // the person said yes
	Made   int64         `cbor:"4,keyasint"`           // Unix seconds
	State  State         `cbor:"5,keyasint"`
	Card   []byte        `cbor:"6,keyasint,omitempty"` // as it stands in its box
	// Claim, Secret and Fresh are the person's side, from when it was claimed until the answer.
	Claim  []byte          `cbor:"7,keyasint,omitempty"`
	Secret *ticket.Secret  `cbor:"8,keyasint,omitempty"`
	Fresh  *relation.Fresh `cbor:"9,keyasint,omitempty"`
	First  box.Day         `cbor:"10,keyasint,omitempty"` // for which the claim was sealed first
	Sealed box.Day         `cbor:"11,keyasint,omitempty"` // and last
	// Contested: another claim stands where this person's would be.
	Contested bool        `cbor:"12,keyasint,omitempty"`
	Odd       int         `cbor:"13,keyasint,omitempty"` // cards and answers that are none
	Relation  relation.ID `cbor:"14,keyasint"`
	// Via is who introduced the two; then the card may stand on any day of the ticket's.
	Via string `cbor:"15,keyasint,omitempty"`
}

// hold writes an accept, and has memory follow.
func (c *Contacts) hold(tx *store.Tx, id string, a accept) error {
	tx.After(func() {
		c.accepts[id] = &a
		c.changed()
	})
	return tx.Put(bucketAccepts, id, a)
}

// Look takes a ticket that the person was given, and looks for the card of who made it. Nothing of
// this leaves the computer. A ticket that is known comes back as it is.
func (c *Contacts) Look(now time.Time, t ticket.Ticket) (Invitation, error) {
	for _, i := range c.invites {
		if same(i.Ticket, t) {
			return Invitation{}, ErrOwnTicket
		}
	}
	for _, id := range inOrder(c.accepts) {
		a := c.accepts[id]
		if same(a.Ticket, t) {
			return c.invitation(now, id), nil
		}
	}
	if err := c.timely(now, t); err != nil {
		return Invitation{}, err
	}
	return c.begin(now, accept{Ticket: t})
}

func (c *Contacts) timely(now time.Time, t ticket.Ticket) error {
	switch {
	case !bytes.Equal(t.Network[:], c.cfg.Network.ID[:len(t.Network)]):
		return ticket.ErrNetwork
	case t.Last() < c.today(now):
		return ErrExpired
	case t.Day > c.today(now)+1: // clocks differ
		return ErrFuture
	}
	return nil
}

func (c *Contacts) begin(now time.Time, a accept) (Invitation, error) {
	open := 0
	for _, other := range c.accepts {
		if !other.State.over() {
			open++
		}
	}
	if open >= mostAccepts {
		return Invitation{}, ErrMany.With("%d", open)
	}
	if _, err := c.cfg.Relations.Fresh(now); err != nil {
		return Invitation{}, err // nobody can be met in this network
	}
	id, err := c.newID()
	if err != nil {
		return Invitation{}, err
	}
	a.Made, a.State = now.Unix(), Looking
	err = c.cfg.Store.Update(func(tx *store.Tx) error { return c.hold(tx, id, a) })
	if err != nil {
		return Invitation{}, err
	}
	return c.invitation(now, id), c.look(now)
}

// Accept says yes to a ticket, by the id that Look gave it: the claim waits in the outbox when it
// returns; or, if the card is not here yet, goes there by itself as soon as it is.
func (c *Contacts) Accept(now time.Time, id, alias string) (Invitation, error) {
	id = whole(id, inOrder(c.accepts))
	if c.accepts[id] == nil {
		return Invitation{}, ErrNoInvite.With("%q", id)
	}
	a := *c.accepts[id]
	switch {
	case a.State.over():
		return Invitation{}, ErrClosed.With("%s", a.State)
	case a.Agreed:
		return Invitation{}, ErrAccepted
	}
	if alias != "" {
		if err := CheckAlias(alias); err != nil {
			return Invitation{}, err
		}
		if !c.free(alias, relation.ID{}) {
			return Invitation{}, ErrTaken.With("%q", alias)
		}
	}
	a.Agreed, a.Alias = true, alias
	err := c.cfg.Store.Update(func(tx *store.Tx) error {
		if a.Card == nil {
			return c.hold(tx, id, a)
		}
		return c.claim(tx, now, id, a)
	})
	if err != nil {
		return Invitation{}, err
	}
	return c.invitation(now, id), c.look(now)
}

func (a *accept) look(id string, add func(t target, from, to box.Day) error) error {
	switch {
	case a.State.over():
		return nil
	case a.Card == nil:
		last := a.Ticket.Day
		if a.Via != "" {
			last = a.Ticket.Last()
		}
		return add(target{card, id, a.Ticket.CardSpot()}, a.Ticket.Day, last)
	case a.Secret == nil:
		return nil
	}
	return errors.Join(
		add(target{ownClaim, id, a.Ticket.ClaimSpot()}, a.First, a.Sealed),
		add(target{answerToUs, id, a.Secret.Spot()}, a.First, 1<<16-1),
	)
}

// shown takes the card of who made a ticket.
func (c *Contacts) shown(now time.Time, id string, said []byte, bad error) error {
	a := *c.accepts[id]
	if a.Card != nil || a.State.over() {
		return nil
	}
	if bad == nil {
		_, bad = ticket.ParseCard(said)
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		switch {
		case errors.Is(bad, box.ErrTombstone):
			a.State = Revoked
			return c.hold(tx, id, a)
		case bad != nil:
			c.odd++
			a.Odd++
			return c.hold(tx, id, a)
		}
		a.Card, a.State = said, Shown
		if a.Agreed {
			return c.claim(tx, now, id, a)
		}
		return c.hold(tx, id, a)
	})
}

// claim uses a ticket whose card is here.
func (c *Contacts) claim(tx *store.Tx, now time.Time, id string, a accept) error {
	fresh, err := c.cfg.Relations.Fresh(now)
	if err != nil {
		return err
	}
	fresh, knock, err := c.cfg.Relations.Knock(fresh, now)
	if err != nil {
		return err
	}
	p, err := c.profile(tx)
	if err != nil {
		return err
	}
	who := ticket.Claimant{Profile: p, Door: fresh.Door(), Knock: knock}
	claim, secret, err := a.Ticket.Claim(c.cfg.Random, a.Card, who)
	if err == nil && !c.fits(claim) {
		who.Profile.Picture = nil
		claim, secret, err = a.Ticket.Claim(c.cfg.Random, a.Card, who)
	}
	if err != nil {
		return err
	}
	if a.First, err = c.sealingDay(now); err != nil {
		return err
	}
	a.Claim, a.Secret, a.Fresh, a.State = claim, &secret, &fresh, Claimed
	return c.sealClaim(tx, now, id, a, a.First)
}

// sealClaim writes a claim for a day.
func (c *Contacts) sealClaim(
	tx *store.Tx, now time.Time, id string, a accept, day box.Day,
) error {
	sealed, err := a.Ticket.ClaimSpot().Seal(c.cfg.Network, day, a.Claim)
	if err != nil {
		return err
	}
	a.Sealed = day
	return errors.Join(c.write(tx, now, claimName(id, day), sealed), c.hold(tx, id, a))
}

func claimName(id string, day box.Day) string { return "claim/" + id + "/" + dayName(day) }

// claimAgain writes each claim that has no answer once for every day: who made the ticket may have
// been away, or somebody else's claim may have stood there yesterday.
func (c *Contacts) claimAgain(now time.Time) error {
	for _, id := range inOrder(c.accepts) {
		a := c.accepts[id]
		if a.State != Claimed {
			continue
		}
		after, drawn := c.turns[id]
		if !drawn {
			var err error
			if after, err = boxstream.SwitchAfter(c.cfg.Random); err != nil {
				return err
			}
			c.turns[id] = after
		}
		day := c.cfg.Network.WritingDay(now, after)
		if day <= a.Sealed || day > a.Ticket.Last() {
			continue
		}
		again := *a
		err := c.cfg.Store.Update(func(tx *store.Tx) error {
			return c.sealClaim(tx, now, id, again, day)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// contested looks at what stands in the box of claims: another one may be there first.
func (c *Contacts) contested(now time.Time, id string, said []byte, bad error) error {
	a := *c.accepts[id]
	if a.State != Claimed || a.Contested || bad == nil && bytes.Equal(said, a.Claim) ||
		errors.Is(bad, box.ErrTombstone) {
		return nil
	}
	a.Contested = true
	return c.cfg.Store.Update(func(tx *store.Tx) error { return c.hold(tx, id, a) })
}

// answered takes the answer to a claim.
func (c *Contacts) answered(now time.Time, id string, said []byte, bad error) error {
	a := *c.accepts[id]
	if a.State != Claimed || errors.Is(bad, box.ErrTombstone) {
		return nil
	}
	shown, err := ticket.ParseCard(a.Card)
	if err != nil {
		return store.ErrForeign.With("the card of an invitation: %w", err)
	}
	var answer ticket.Answer
	if bad == nil {
		answer, bad = a.Secret.Open(shown, said)
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		if bad == nil && answer.Verdict == ticket.Confirmed {
			bad = c.confirmed(tx, now, id, a, shown, answer)
			if bad == nil || !errors.Is(bad, ticket.ErrForged) {
				return bad
			}
		}
		switch {
		case bad != nil:
			c.odd++
			a.Odd++
			return c.hold(tx, id, a)
		case answer.Verdict == ticket.TooLate:
			a.State = Late
		default:
			a.State = Declined
		}
		return c.hold(tx, id, a.done())
	})
}

// done is an accept of which nothing more comes: without its keys.
func (a accept) done() accept {
	a.Claim, a.Secret, a.Fresh = nil, nil, nil
	return a
}

// confirmed makes a contact of who made a ticket; ErrForged if the answer is not to our knock.
func (c *Contacts) confirmed(
	tx *store.Tx, now time.Time, id string, a accept, shown ticket.Card, answer ticket.Answer,
) error {
	fresh, err := c.cfg.Relations.Answered(*a.Fresh, a.Secret.Relation, answer.Answer, now)
	if err != nil {
		return ticket.ErrForged
	}
	a.Relation, err = c.cfg.Relations.Begin(tx, now, fresh, a.Secret.Relation, answer.Door)
	if err != nil {
		return err
	}
	met := Contact{
		Relation: a.Relation, Claimed: shown.Profile, Since: now.Unix(), How: Accepted,
		Via: a.Via, Meeting: meetingOf(*a.Secret, answer.Nonce, fresh), Heard: now.Unix(),
	}
	a.State = Met
	return errors.Join(
		c.meet(tx, now, met, a.Alias), c.hold(tx, id, a.done()),
		// so that both know at once that what they say arrives
		c.say(tx, now, a.Relation, saying{Type: sayHello}),
	)
}
