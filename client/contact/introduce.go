package contact

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
)

// mostIntroduced is how many introductions by one contact wait at once: more are not shown.
const mostIntroduced = 16

// introduced is an introduction that waits for the person.
type introduced struct {
	By      relation.ID   `cbor:"1,keyasint"`
	Name    string        `cbor:"2,keyasint"` // of the other, as By calls them
	First   bool          `cbor:"3,keyasint"`
	Ticket  ticket.Ticket `cbor:"4,keyasint"`
	Made    int64         `cbor:"5,keyasint"`
	Settled bool          `cbor:"6,keyasint,omitempty"`
}

// Introduce asks two contacts whether they want to know each other. Nothing is theirs before both
// have said yes; whoever says no is not told of.
func (c *Contacts) Introduce(now time.Time, one, other string) error {
	a, err := c.Find(one)
	if err != nil {
		return err
	}
	b, err := c.Find(other)
	if err != nil {
		return err
	}
	if a.Relation == b.Relation {
		return ErrSame
	}
	i := introduction{Day: c.today(now), First: true, Name: plainName(b)}
	if _, err := io.ReadFull(c.cfg.Random, i.Secret[:]); err != nil {
		return err
	}
	j := i
	j.First, j.Name = false, plainName(a)
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		return errors.Join(
			c.say(tx, now, a.Relation, saying{Type: sayIntroduce, Introduce: &i}),
			c.say(tx, now, b.Relation, saying{Type: sayIntroduce, Introduce: &j}),
			c.tell(tx, now, &a, "you introduced %s to them", b.Name()),
			c.tell(tx, now, &b, "you introduced %s to them", a.Name()),
		)
	})
}

// plainName is what somebody is called to others: the person's own word for them says more than
// they may want to be known by, so that it is what they claim.
func plainName(k Contact) string { return k.Claimed.Name }

// introduced takes an introduction: it waits for the person.
func (c *Contacts) introduced(tx *store.Tx, now time.Time, by Contact, i introduction) error {
	t := ticket.Ticket{Day: i.Day, Days: ticket.MostDays, Secret: i.Secret}
	copy(t.Network[:], c.cfg.Network.ID[:])
	waiting, known := 0, false
	err := store.Each(tx, bucketIntroduced, func(id string, other introduced) error {
		if now.Sub(time.Unix(other.Made, 0)) > remembered {
			return tx.Delete(bucketIntroduced, id)
		}
		known = known || same(other.Ticket, t)
		if other.By == by.Relation && !other.Settled {
			waiting++
		}
		return nil
	})
	if err != nil || known || waiting >= mostIntroduced || c.timely(now, t) != nil {
		tx.After(func() { c.odd++ })
		return err
	}
	id, err := c.newID()
	if err != nil {
		return err
	}
	k, _, err := getContact(tx, by.Relation)
	if err != nil {
		return err
	}
	c.ask(tx, id, i.Name, "would be introduced to you by "+k.Name())
	return errors.Join(
		tx.Put(bucketIntroduced, id, introduced{
			By: by.Relation, Name: i.Name, First: i.First, Ticket: t, Made: now.Unix(),
		}),
		c.tell(tx, now, &k, "they want to introduce %s to you: `murmur contact requests`",
			content.Quote(i.Name)),
	)
}

// Request is something that waits for the person: somebody who has used an invitation that asks, or
// an introduction.
type Request struct {
	ID      string
	Claimed string // the name of who would be known: a claim
	By      string // who introduces them, as the person calls them; empty for an invitation
	Alias   string // that the invitation is for
	Made    time.Time
	Until   time.Time
}

// ask shows that somebody waits for an answer.
func (c *Contacts) ask(tx *store.Tx, id, claimed, what string) {
	e := person.Event{Kind: person.EventRequest, ID: id, From: content.Quote(claimed), Text: what}
	tx.After(func() { c.access.Show(e) })
}

// Requests are those that wait, the oldest first.
func (c *Contacts) Requests(now time.Time) (all []Request, err error) {
	genesis := c.cfg.Network.Calendar.Genesis
	for _, i := range c.invites {
		for _, k := range i.Claims {
			if i.State == Asked && !k.Over {
				all = append(all, Request{
					ID: k.ID, Claimed: k.Claimant.Profile.Name, Alias: i.Alias,
					Made: time.Unix(k.At, 0).UTC(), Until: (i.Ticket.Last() + 1).Start(genesis),
				})
			}
		}
	}
	err = c.cfg.Store.View(func(tx *store.Tx) error {
		return store.Each(tx, bucketIntroduced, func(id string, i introduced) error {
			if !i.Settled && i.Ticket.Last() >= c.today(now) {
				all = append(all, Request{
					ID: id, Claimed: i.Name, By: c.Name(i.By),
					Made: time.Unix(i.Made, 0).UTC(), Until: (i.Ticket.Last() + 1).Start(genesis),
				})
			}
			return nil
		})
	})
	slices.SortFunc(all, func(a, b Request) int {
		return cmp.Or(a.Made.Compare(b.Made), strings.Compare(a.ID, b.ID))
	})
	return all, err
}

// request is the id of what waits, by its beginning.
func (c *Contacts) request(now time.Time, typed string) (string, error) {
	waiting, err := c.Requests(now)
	ids := []string{}
	for _, r := range waiting {
		ids = append(ids, r.ID)
	}
	return whole(typed, ids), err
}

// Grant says yes to a request.
func (c *Contacts) Grant(now time.Time, id, alias string) error {
	id, err := c.request(now, id)
	if err != nil {
		return err
	}
	if alias != "" {
		if err := CheckAlias(alias); err != nil {
			return err
		}
		if !c.free(alias, relation.ID{}) {
			return ErrTaken.With("%q", alias)
		}
	}
	if name, i, ok := c.asks(id); ok {
		if alias == "" {
			alias = i.Alias
		}
		return c.cfg.Store.Update(func(tx *store.Tx) error {
			return c.confirm(tx, now, name, i, id, alias)
		})
	}
	return c.settle(id, func(tx *store.Tx, i introduced) error {
		by := c.Name(i.By)
		if i.First {
			return c.invited(tx, now, i, by, alias)
		}
		wait, err := c.newID()
		if err != nil {
			return err
		}
		return c.hold(tx, wait, accept{
			Ticket: i.Ticket, Alias: alias, Agreed: true, Made: now.Unix(), State: Looking, Via: by,
		})
	})
}

// invited makes the card of an introduction.
func (c *Contacts) invited(
	tx *store.Tx, now time.Time, i introduced, by, alias string,
) error {
	id, err := c.newID()
	if err != nil {
		return err
	}
	day, err := c.sealingDay(now)
	if err != nil {
		return err
	}
	return c.open(tx, now, id, invite{
		Ticket: i.Ticket, Day: day, Alias: alias, Made: now.Unix(), State: Open, Via: by,
	})
}

// Deny says no to a request. Who has used an invitation is told; who is introduced is not.
func (c *Contacts) Deny(now time.Time, id string) error {
	id, err := c.request(now, id)
	if err != nil {
		return err
	}
	if name, i, ok := c.asks(id); ok {
		return c.cfg.Store.Update(func(tx *store.Tx) error { return c.deny(tx, now, name, i, id) })
	}
	return c.settle(id, func(*store.Tx, introduced) error { return nil })
}

// asks finds the claim of an invitation that waits for the person.
func (c *Contacts) asks(id string) (name string, i invite, ok bool) {
	for name, i := range c.invites {
		for _, k := range i.Claims {
			if k.ID == id && i.State == Asked && !k.Over {
				return name, i.clone(), true
			}
		}
	}
	return "", invite{}, false
}

// deny refuses one claim: the invitation stays open for others.
func (c *Contacts) deny(tx *store.Tx, now time.Time, name string, i invite, id string) error {
	waiting := false
	for n, k := range i.Claims {
		if k.ID == id {
			if err := c.reply(tx, now, k, ticket.Answer{Verdict: ticket.Declined}); err != nil {
				return err
			}
			i.Claims[n].Over = true
		}
		waiting = waiting || !i.Claims[n].Over
	}
	if !waiting {
		i.State = Open
	}
	return c.keep(tx, name, i)
}

// settle does something about an introduction, once.
func (c *Contacts) settle(id string, do func(*store.Tx, introduced) error) error {
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		var i introduced
		err := tx.Get(bucketIntroduced, id, &i)
		if errors.Is(err, store.ErrNotFound) || err == nil && i.Settled {
			return ErrNoRequest.With("%q", id)
		}
		if err != nil {
			return err
		}
		i.Settled = true
		return errors.Join(tx.Put(bucketIntroduced, id, i), do(tx, i))
	})
}
