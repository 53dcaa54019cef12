package circle

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// circle is one of the person's own: what all of their devices know of it, and a backup.
type circle struct {
	ID      content.Source `cbor:"1,keyasint"`
	Name    string         `cbor:"2,keyasint"`
	Members []member       `cbor:"3,keyasint"`
	Posts   []string       `cbor:"4,keyasint"` // ids of the last ones, for newcomers
	// Seed is that of its key; nil: an own device that made it has not told it yet.
	Seed []byte `cbor:"5,keyasint,omitempty"`
}

// member is somebody who reads a circle, and what was done for them.
type member struct {
	Relation relation.ID `cbor:"1,keyasint"`
	Day      int64       `cbor:"2,keyasint"` // of their last reply
	Replies  int         `cbor:"3,keyasint"` // on it
	AskDay   int64       `cbor:"4,keyasint,omitempty"`
	Asks     int         `cbor:"5,keyasint,omitempty"` // for a card, on that day
	PhotoDay int64       `cbor:"6,keyasint,omitempty"` // on which they asked for a photo last
	Photos   int         `cbor:"7,keyasint,omitempty"` // on that day
}

// epoch is the stream that this device writes to a circle now.
type epoch struct {
	Number  uint32           `cbor:"1,keyasint"` // counts from 1
	Writer  boxstream.Writer `cbor:"2,keyasint"`
	Began   int64            `cbor:"3,keyasint"`           // Unix seconds
	Due     bool             `cbor:"4,keyasint,omitempty"` // another one must begin
	Tallied int64            `cbor:"5,keyasint"`           // when tallies were said last; Unix s
	Changed []string         `cbor:"6,keyasint,omitempty"` // posts whose tallies were not said
	Untold  bool             `cbor:"7,keyasint,omitempty"` // an own device came that knows it not
	Came    []relation.ID    `cbor:"8,keyasint,omitempty"` // of whom a device came, likewise
	Polls   []closing        `cbor:"9,keyasint,omitempty"` // that this device wrote and are open
}

// closing is a poll, and when it closes.
type closing struct {
	_    struct{} `cbor:",toarray"`
	Post string
	At   int64 // Unix seconds
}

func nameOf(id content.Source) string { return fmt.Sprintf("%x", id[:]) }

// authorOf is the outbox's name for who writes a circle.
func authorOf(id content.Source) string { return kind + "/" + nameOf(id) }

func (o circle) put(tx *store.Tx) error { return tx.Put(bucketCircles, nameOf(o.ID), o) }

func (o circle) putEpoch(tx *store.Tx, e epoch) error {
	return tx.Put(bucketEpochs, nameOf(o.ID), e)
}

// stream is the one of an epoch.
func (o circle) stream(e epoch) post.Stream {
	return post.Stream{
		Name: fmt.Sprintf("%s/%d", authorOf(o.ID), e.Number), Source: o.ID, Epoch: order(e.Number),
	}
}

// order says how posts of an epoch are kept in the timeline: by even numbers. Odd ones are those
// that came with a card and are not known to be of any epoch.
func order(epoch uint32) int { return 2 * int(epoch) }

// member finds one, or is nil.
func (o *circle) member(r relation.ID) *member {
	for i := range o.Members {
		if o.Members[i].Relation == r {
			return &o.Members[i]
		}
	}
	return nil
}

func get(tx *store.Tx, id content.Source) (o circle, err error) {
	err = tx.Get(bucketCircles, nameOf(id), &o)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoCircle
	}
	return o, err
}

// byName is a circle as the person calls it.
func byName(tx *store.Tx, name string) (found circle, err error) {
	all, err := list(tx)
	for _, o := range all {
		if o.Name == name {
			return o, nil
		}
	}
	if err == nil {
		err = ErrNoCircle.With("%q", name)
	}
	return found, err
}

func list(tx *store.Tx) (all []circle, err error) {
	err = store.Each(tx, bucketCircles, func(_ string, o circle) error {
		all = append(all, o)
		return nil
	})
	return all, err
}

// New makes a circle without members.
func (c *Circles) New(name string) error {
	if err := content.CheckName(name); err != nil {
		return err
	}
	o := circle{Name: name}
	if err := o.drawKey(c.cfg.Random); err != nil {
		return err
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		all, err := list(tx)
		switch {
		case err != nil:
			return err
		case len(all) >= maxCircles:
			return errMost.With("%d circles", len(all))
		}
		like := func(o circle) bool { return content.Alike(o.Name, name) }
		if i := slices.IndexFunc(all, like); i >= 0 {
			return errExists.With("%q", all[i].Name)
		}
		tx.After(func() { c.serve(o.ID) })
		return o.put(tx)
	})
}

// Add makes a contact a member: from now on they read what is written, and the last posts besides.
func (c *Circles) Add(now time.Time, name string, r relation.ID) error {
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		o, err := byName(tx, name)
		if err != nil {
			return err
		}
		if o.member(r) != nil {
			return errMember
		}
		if len(o.Members) >= maxMembers {
			return errMost.With("%d members", len(o.Members))
		}
		e, err := c.open(tx, now, &o)
		if err != nil {
			return err
		}
		o.Members = append(o.Members, member{Relation: r})
		if err := c.card(tx, now, o, e, o.member(r), true); err != nil {
			return err
		}
		return o.put(tx)
	})
}

// Remove ends a membership: what is written from now on is in another stream, of which everybody
// else gets a card. What was read stays read.
func (c *Circles) Remove(now time.Time, name string, r relation.ID) error {
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		o, err := byName(tx, name)
		if err != nil {
			return err
		}
		if o.member(r) == nil {
			return errNoMember
		}
		if err := c.drop(tx, now, &o, r); err != nil {
			return err
		}
		return unlessEnded(c.say(tx, now, r, item{Out: &about{o.ID}}, relation.Saying{}))
	})
}

// unlessEnded passes over what cannot be said because there is no relation any more.
func unlessEnded(err error) error {
	if errors.Is(err, relation.ErrNoRelation) {
		return nil
	}
	return err
}

// drop takes a member out, and begins another epoch if this device has one.
func (c *Circles) drop(tx *store.Tx, now time.Time, o *circle, r relation.ID) error {
	o.Members = slices.DeleteFunc(o.Members, func(m member) bool { return m.Relation == r })
	if err := c.renew(tx, now, o); err != nil {
		return err
	}
	return o.put(tx)
}

// renew begins another epoch in place of the one of this device, if there is one.
func (c *Circles) renew(tx *store.Tx, now time.Time, o *circle) error {
	var e epoch
	err := tx.Get(bucketEpochs, nameOf(o.ID), &e)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.note(tx, now, *o, &e, note{Ended: true}); err != nil {
		return err
	}
	_, err = c.begin(tx, now, o, e)
	return err
}

// open is the epoch to write in; the first one of a device begins when it first has something to
// say.
func (c *Circles) open(tx *store.Tx, now time.Time, o *circle) (e epoch, err error) {
	err = tx.Get(bucketEpochs, nameOf(o.ID), &e)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return c.begin(tx, now, o, epoch{})
	case err == nil && e.Due:
		if err = c.note(tx, now, *o, &e, note{Ended: true}); err == nil {
			e, err = c.begin(tx, now, o, e)
		}
	}
	return e, err
}

// begin makes a new stream under new keys, and sends its card to everybody who is a member.
func (c *Circles) begin(tx *store.Tx, now time.Time, o *circle, before epoch) (epoch, error) {
	if o.Seed == nil {
		return epoch{}, errKey
	}
	w, err := boxstream.NewWriter(c.cfg.Random)
	if err != nil {
		return epoch{}, err
	}
	e := epoch{
		// One that a restored device begins is later than those of the device before it.
		Number: max(before.Number+1, uint32(now.Unix()/60)), Writer: w, Began: now.Unix(),
		Tallied: before.Tallied, Changed: before.Changed, Polls: before.Polls,
	}
	for i := range o.Members {
		if err := c.card(tx, now, *o, e, &o.Members[i], false); err != nil {
			return e, err
		}
	}
	return e, errors.Join(o.putEpoch(tx, e), o.put(tx), c.tell(tx, now, *o, e, false))
}

// cardOf says how to read on in an epoch.
func (c *Circles) cardOf(now time.Time, o circle, e epoch) (card, error) {
	start, err := e.Writer.Start()
	// What is written next may be sealed for the day before.
	return card{
		Circle: o.ID, Name: o.Name, Epoch: e.Number, Start: start,
		Day: max(c.cfg.Network.Today(now), 1) - 1,
	}, err
}

// card gives a member a card, and with packed what was said last.
func (c *Circles) card(
	tx *store.Tx, now time.Time, o circle, e epoch, m *member, packed bool,
) error {
	k, err := c.cardOf(now, o, e)
	if err != nil {
		return err
	}
	if packed {
		if k.Pack, err = c.pack(tx, now, o); err != nil {
			return err
		}
	}
	if err := o.grant(&k, m.Relation); err != nil {
		return err
	}
	return unlessEnded(c.say(tx, now, m.Relation, item{Card: &k}, relation.Saying{}))
}

// tell says to own other devices what this one writes, and with packed what was said last: to one
// that came since.
func (c *Circles) tell(tx *store.Tx, now time.Time, o circle, e epoch, packed bool) error {
	k, err := c.cardOf(now, o, e)
	if err != nil {
		return err
	}
	if packed {
		if k.Pack, err = c.pack(tx, now, o); err != nil {
			return err
		}
	}
	k.Seed = o.Seed
	b, err := content.Encode(item{Mine: &k})
	return errors.Join(err, c.cfg.Relations.Tell(tx, now, relation.KindCircle, b))
}

// say says something to one contact.
func (c *Circles) say(
	tx *store.Tx, now time.Time, to relation.ID, i item, s relation.Saying,
) (err error) {
	s.Kind = relation.KindCircle
	if s.Content, err = content.Encode(i); err == nil {
		_, err = c.cfg.Relations.Say(tx, now, to, s)
	}
	return err
}
