package contact

import (
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"murmuration/client/content"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/box"
)

// claimed takes what stands in the box of claims of a day.
func (c *Contacts) claimed(now time.Time, id string, day box.Day, said []byte, bad error) error {
	i := c.invites[id].clone()
	hash := sha256.Sum256(said)
	if i.State.over() || errors.Is(bad, box.ErrTombstone) || bad == nil &&
		slices.ContainsFunc(i.Claims, func(k claim) bool { return k.Hash == hash }) {
		return nil // of another day, or deleted by somebody who has the ticket
	}
	k := claim{Hash: hash, Day: day, At: now.Unix()}
	err := bad
	if err == nil {
		k.Claimant, k.Secret, err = i.Keys.Open(i.Ticket, i.Card, said)
	}
	if err == nil && len(i.Claims) >= mostClaims {
		err = ErrMany
	}
	if err == nil {
		k.ID, err = c.newID()
		if err != nil {
			return err
		}
		i.Claims = append(i.Claims, k)
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		switch {
		case err != nil:
			c.odd++
			i.Odd++
			return c.keep(tx, id, i)
		case i.Ask:
			i.State = Asked
			c.ask(tx, k.ID, k.Claimant.Profile.Name, "wants to know you, by an invitation of yours")
			return c.keep(tx, id, i)
		}
		return c.confirm(tx, now, id, i, k.ID, i.Alias)
	})
}

// confirm lets the maker of a claim be a contact, and everybody else know that they are too late. A
// claim that brings no card which can be answered counts as none.
func (c *Contacts) confirm(
	tx *store.Tx, now time.Time, id string, i invite, which, alias string,
) error {
	at := slices.IndexFunc(i.Claims, func(k claim) bool { return k.ID == which })
	k := i.Claims[at]
	fresh, err := c.cfg.Relations.Fresh(now)
	if err != nil {
		return err
	}
	fresh, answer, err := c.cfg.Relations.Answer(fresh, k.Secret.Relation, k.Claimant.Knock, now)
	if err != nil {
		c.odd++
		i.Odd++
		i.Claims = slices.Delete(i.Claims, at, at+1)
		if len(i.Claims) == 0 {
			i.State = Open
		}
		return c.keep(tx, id, i)
	}
	said := ticket.Answer{
		Verdict: ticket.Confirmed, Nonce: i.Keys.Nonce, Door: fresh.Door(), Answer: answer,
	}
	i.Relation, err = c.cfg.Relations.Begin(tx, now, fresh, k.Secret.Relation, k.Claimant.Door)
	if err != nil {
		return err
	}
	met := Contact{
		Relation: i.Relation, Claimed: k.Claimant.Profile, Since: now.Unix(), How: Invited,
		Via: i.Via, Meeting: meetingOf(k.Secret, i.Keys.Nonce, fresh),
	}
	errs := []error{c.reply(tx, now, k, said), c.meet(tx, now, met, alias)}
	i.Claims[at].Over = true
	errs = append(errs, c.close(tx, now, id, &i, Met, ticket.TooLate))
	return errors.Join(errs...)
}

// reply writes the answer to a claim.
func (c *Contacts) reply(tx *store.Tx, now time.Time, k claim, a ticket.Answer) error {
	day, err := c.sealingDay(now)
	if err != nil {
		return err
	}
	sealed, err := k.Secret.Spot().Seal(c.cfg.Network, day, k.Secret.Answer(a))
	if err != nil {
		return err
	}
	return c.write(tx, now, "answer/"+k.ID, sealed)
}

// close ends an invitation: whoever waits for an answer is told, its keys are erased, and its boxes
// are emptied.
func (c *Contacts) close(
	tx *store.Tx, now time.Time, id string, i *invite, s State, waiting ticket.Verdict,
) error {
	var errs []error
	days := []box.Day{}
	for n, k := range i.Claims {
		if !k.Over {
			errs = append(errs, c.reply(tx, now, k, ticket.Answer{Verdict: waiting}))
			i.Claims[n].Over = true
		}
		days = append(days, k.Day)
		i.Claims[n].Claimant, i.Claims[n].Secret = ticket.Claimant{}, ticket.Secret{}
	}
	i.State, i.Keys, i.Card = s, nil, nil
	return errors.Join(append(errs, c.empty(tx, i, days), c.keep(tx, id, *i))...)
}

// empty has the card of an invitation emptied, and the claims of some days.
func (c *Contacts) empty(tx *store.Tx, i *invite, days []box.Day) error {
	one := func(s ticket.Spot, day box.Day) error {
		b, err := s.Tombstone(c.cfg.Network, day)
		if err != nil {
			return err
		}
		return c.cfg.Cover.Empty(tx, day, b)
	}
	err := one(i.Ticket.CardSpot(), i.Day)
	slices.Sort(days)
	for _, day := range slices.Compact(days) {
		err = errors.Join(err, one(i.Ticket.ClaimSpot(), day))
	}
	return err
}

// meet makes a contact of somebody.
func (c *Contacts) meet(tx *store.Tx, now time.Time, k Contact, alias string) error {
	k.Alias, k.Given = c.alias(alias, k.Claimed.Name)
	how := map[How]string{
		Invited: "used an invitation of yours", Accepted: "confirmed that you accepted",
	}[k.How]
	if k.Via != "" {
		how = "was introduced to you by " + k.Via
		k.How = Introduced
	}
	err := c.tell(tx, now, &k, "%s %s", content.Quote(k.Claimed.Name), how+c.looks(k))
	return errors.Join(err, c.share(tx, now, k))
}

// JoinBy says how whoever has used an invitation is added to the circle that it is for.
func (c *Contacts) JoinBy(add func(now time.Time, circle string, r relation.ID) error) {
	c.join = add
}

// joinCircles adds those who have come by an invitation to a circle, once, and says so.
func (c *Contacts) joinCircles(now time.Time) error {
	for _, id := range inOrder(c.invites) {
		i := c.invites[id].clone()
		if i.State != Met || i.Circle == "" || c.join == nil {
			continue
		}
		said := "they were added to the circle " + content.Quote(i.Circle)
		if err := c.join(now, i.Circle, i.Relation); errors.Is(err, store.ErrFull) {
			return err
		} else if err != nil {
			said = "they could not be added to the circle " + content.Quote(i.Circle) + ": " +
				err.Error()
		}
		i.Circle = ""
		err := c.cfg.Store.Update(func(tx *store.Tx) error {
			k, ok, err := getContact(tx, i.Relation)
			if err == nil && ok {
				err = c.tell(tx, now, &k, "%s", said)
			}
			return errors.Join(err, c.keep(tx, id, i))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
