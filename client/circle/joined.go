package circle

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

// joined is a circle of a contact that this person is a member of.
type joined struct {
	ID       content.Source `cbor:"1,keyasint"`
	Relation relation.ID    `cbor:"2,keyasint"` // with its author
	Name     string         `cbor:"3,keyasint"` // the author's, a claim
	Out      bool           `cbor:"4,keyasint,omitempty"`
	Heard    int64          `cbor:"5,keyasint"` // when something came last; Unix seconds
	Asked    int64          `cbor:"6,keyasint"` // when a card was asked for last
	Gone     []string       `cbor:"7,keyasint"` // posts that were taken back before they came
	// Missed: a card came while its author was blocked.
	Missed bool `cbor:"8,keyasint,omitempty"`
	// Wants are photos that the author was asked for.
	Wants []wanted `cbor:"9,keyasint,omitempty"`
}

func (j joined) put(tx *store.Tx) error { return tx.Put(bucketJoined, nameOf(j.ID), j) }

// seats are the streams of a circle that this device reads: of a contact's, or of an own one the
// streams of own other devices.
type seats []seat

// seat is one device of an author.
type seat struct {
	Device  session.DeviceID `cbor:"1,keyasint"`
	Epoch   uint32           `cbor:"2,keyasint"`
	Streams []leaving        `cbor:"3,keyasint"` // the newest last
	Day     int64            `cbor:"4,keyasint"` // of the last card
	Cards   int              `cbor:"5,keyasint"` // on it
}

// leaving is a stream, and when it is read no more: an epoch is over long before.
type leaving struct {
	_    struct{} `cbor:",toarray"`
	Name string
	At   int64 // Unix seconds
}

const mostStreams = 2 // of a device, that are read at once

func getSeats(tx *store.Tx, id content.Source) (all seats, err error) {
	err = tx.Get(bucketSeats, nameOf(id), &all)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return all, err
}

func (all seats) put(tx *store.Tx, id content.Source) error {
	return tx.Put(bucketSeats, nameOf(id), all)
}

// heardCard takes the card of a contact's circle.
func (c *Circles) heardCard(tx *store.Tx, now time.Time, h relation.Heard, k card) error {
	if !k.granted(h.Relation) {
		c.refuse(tx)
		return nil
	}
	asked, ok, err := c.join(tx, now, h.Relation, k)
	if err != nil || !ok {
		c.refuse(tx)
		return err
	}
	return c.seat(tx, now, h, k, asked)
}

// heardMine takes what an own other device says it writes.
func (c *Circles) heardMine(tx *store.Tx, now time.Time, h relation.Heard, k card) error {
	if !h.Own {
		c.refuse(tx)
		return nil
	}
	if err := c.known(tx, k); err != nil {
		return err
	}
	return c.seat(tx, now, h, k, false)
}

// seat reads what a device writes, if its card is newer than those before; again is for the same
// epoch, further on.
func (c *Circles) seat(
	tx *store.Tx, now time.Time, h relation.Heard, k card, again bool,
) error {
	all, err := getSeats(tx, k.Circle)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s seat) bool { return s.Device == h.Device })
	if i < 0 {
		if len(all) >= 2*session.MostDevices {
			c.refuse(tx)
			return nil
		}
		i, all = len(all), append(all, seat{Device: h.Device})
	}
	switch same := k.Epoch == all[i].Epoch; {
	case !all[i].counts(now) || k.Epoch < all[i].Epoch:
		c.refuse(tx)
	case !same || again:
		err = c.sit(tx, now, &all[i], k)
	}
	return errors.Join(err, all.put(tx, k.Circle), c.unpack(tx, now, k))
}

// counts takes so many cards of a device a day.
func (s *seat) counts(now time.Time) bool {
	if today := now.Unix() / 86400; today != s.Day {
		s.Day, s.Cards = today, 0
	}
	s.Cards++
	return s.Cards <= maxCards
}

// join is about a contact's circle; nobody else's card is taken for it.
func (c *Circles) join(
	tx *store.Tx, now time.Time, r relation.ID, k card,
) (asked, ok bool, err error) {
	if own, err := tx.Has(bucketCircles, nameOf(k.Circle)); err != nil || own {
		return false, false, err
	}
	var j joined
	err = tx.Get(bucketJoined, nameOf(k.Circle), &j)
	if errors.Is(err, store.ErrNotFound) {
		j = joined{ID: k.Circle, Relation: r}
		var n int
		if n, err = circlesOf(tx, r); err == nil && n >= maxJoined {
			return false, false, nil
		}
	}
	if err != nil || j.Relation != r && !c.cfg.People.Over(j.Relation) {
		return false, false, err
	}
	j.Relation = r // who made the circle has met the person again
	asked = j.Asked > j.Heard || j.Missed
	j.Name, j.Out, j.Missed, j.Heard = k.Name, false, false, now.Unix()
	return asked, true, j.put(tx)
}

func circlesOf(tx *store.Tx, r relation.ID) (n int, err error) {
	err = store.Each(tx, bucketJoined, func(_ string, j joined) error {
		if j.Relation == r {
			n++
		}
		return nil
	})
	return n, err
}

// learn hears of a member to whom an own other device gave a card.
func (c *Circles) learn(tx *store.Tx, r relation.ID, k card) error {
	if err := c.known(tx, k); err != nil {
		return err
	}
	o, err := get(tx, k.Circle)
	if err != nil || o.member(r) != nil || len(o.Members) >= maxMembers {
		return err
	}
	o.Members = append(o.Members, member{Relation: r})
	return o.put(tx)
}

// known has a circle that another own device made known here, and its key as soon as it is told.
func (c *Circles) known(tx *store.Tx, k card) error {
	o, err := get(tx, k.Circle)
	switch {
	case errors.Is(err, ErrNoCircle):
		tx.After(func() { c.serve(k.Circle) })
		return circle{ID: k.Circle, Name: k.Name, Seed: k.keyOf()}.put(tx)
	case err != nil || o.Seed != nil || k.keyOf() == nil:
		return err
	}
	o.Seed = k.keyOf()
	return o.put(tx)
}

// sit reads the stream of a card, and leaves those before it: in time.
func (c *Circles) sit(tx *store.Tx, now time.Time, s *seat, k card) error {
	name := fmt.Sprintf("%s/%x/%x/%d", kind, k.Circle[:], s.Device[:], k.Epoch)
	var errs []error
	if k.Epoch == s.Epoch { // the same one, further on
		errs = append(errs, c.cfg.Reading.Stop(tx, name))
		s.Streams = slices.DeleteFunc(s.Streams, func(l leaving) bool { return l.Name == name })
	}
	for len(s.Streams) >= mostStreams {
		errs = append(errs, c.cfg.Reading.Stop(tx, s.Streams[0].Name))
		s.Streams = s.Streams[1:]
	}
	s.Epoch = k.Epoch
	s.Streams = append(s.Streams, leaving{Name: name, At: now.Add(leave).Unix()})
	return errors.Join(append(errs, c.cfg.Reading.Start(
		tx, now, post.Stream{Name: name, Source: k.Circle, Epoch: order(k.Epoch)}, k.Start, k.Day,
	))...)
}

// unpack reads the last posts that come with a card.
func (c *Circles) unpack(tx *store.Tx, now time.Time, k card) error {
	if k.Pack == nil {
		return nil
	}
	all, err := getSeats(tx, k.Circle)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s seat) bool { return s.Device == session.DeviceID{} })
	if i < 0 {
		i, all = len(all), append(all, seat{})
	}
	root, _ := k.Pack.Start.Before()
	name := fmt.Sprintf("%s/%x/pack/%x", kind, k.Circle[:], root[:8])
	s := &all[i]
	if len(s.Streams) >= mostStreams || slices.ContainsFunc(s.Streams, func(l leaving) bool {
		return l.Name == name
	}) {
		return nil
	}
	s.Streams = append(s.Streams, leaving{Name: name, At: now.Add(c.kept()).Unix()})
	return errors.Join(all.put(tx, k.Circle), c.cfg.Reading.Collect(
		tx, now, post.Stream{Name: name, Source: k.Circle, Epoch: order(k.Epoch) - 1},
		k.Pack.Start, k.Day, k.Pack.places(),
	))
}

// kept is for how long boxes are.
func (c *Circles) kept() time.Duration {
	return time.Duration(c.cfg.Network.Calendar.Retention+1) * 24 * time.Hour
}

// ended settles when a stream is left: what was written before may come for as long as boxes are
// kept.
func (c *Circles) ended(tx *store.Tx, now time.Time, s post.Stream) error {
	all, err := getSeats(tx, s.Source)
	if err != nil {
		return err
	}
	at := now.Add(c.kept()).Unix()
	for i := range all {
		for j := range all[i].Streams {
			if l := &all[i].Streams[j]; l.Name == s.Name {
				l.At = min(l.At, at)
			}
		}
	}
	return all.put(tx, s.Source)
}

// part leaves a circle: nothing more is read, and what was stays.
func (c *Circles) part(tx *store.Tx, now time.Time, r relation.ID, id content.Source) error {
	var j joined
	err := tx.Get(bucketJoined, nameOf(id), &j)
	if errors.Is(err, store.ErrNotFound) || err == nil && (j.Relation != r || j.Out) {
		c.refuse(tx)
		return nil
	}
	if err != nil {
		return err
	}
	all, err := getSeats(tx, id)
	if err != nil {
		return err
	}
	for i := range all {
		for k := range all[i].Streams { // what was written before may come yet
			l := &all[i].Streams[k]
			l.At = min(l.At, now.Add(c.kept()).Unix())
		}
	}
	j.Out = true
	return errors.Join(j.put(tx), all.put(tx, id))
}

// Posted notes what came in a stream.
func (c *Circles) Posted(
	tx *store.Tx, now time.Time, s post.Stream, e timeline.Entry, p content.Post,
) error {
	var errs []error
	if p.Reply != nil {
		errs = append(errs, answered(tx, p.Reply.To, e.ID))
	}
	o, err := get(tx, s.Source)
	if err == nil && p.Reply == nil { // by another own device
		o.wrote(e.ID)
		errs = append(errs, o.put(tx))
	}
	var j joined
	if err := tx.Get(bucketJoined, nameOf(s.Source), &j); err == nil {
		j.Heard = now.Unix()
		if slices.Contains(j.Gone, e.ID) || c.silent(j.Relation) {
			errs = append(errs, c.cfg.Reading.Erase(tx, e.ID))
		} else if !c.cfg.People.Muted(j.Relation) {
			tx.After(func() {
				c.access.Show(person.Event{
					Kind: person.EventPost, ID: e.ID, From: c.cfg.People.Name(j.Relation),
					Text: firstWords(p.Text),
				})
			})
		}
		errs = append(errs, j.put(tx))
	}
	return errors.Join(errs...)
}

// silent says whether nothing of an author is kept.
func (c *Circles) silent(r relation.ID) bool {
	return c.cfg.People.Blocked(r) || c.cfg.People.Over(r)
}

// out says whether the person is not in a circle any more.
func (c *Circles) out(j joined) bool { return j.Out || c.cfg.People.Over(j.Relation) }

// wrote remembers a post for newcomers.
func (o *circle) wrote(id string) {
	o.Posts = append(o.Posts, id)
	o.Posts = o.Posts[max(0, len(o.Posts)-maxPack):]
}
