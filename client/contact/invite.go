package contact

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"murmuration/client/content"
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

// same says whether an invitation is of a ticket.
func same(a, b ticket.Ticket) bool { return bytes.Equal(a.Secret[:], b.Secret[:]) }
