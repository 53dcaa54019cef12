package circle

import (
	"errors"

	"murmuration/client/content"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// Shown is a circle as lists show it.
type Shown struct {
	ID      content.Source
	Name    string
	Own     bool
	Of      relation.ID // who writes it, if that is another
	Members []relation.ID
	Epoch   int  // of an own one, on this device; zero: nothing was written to it
	Out     bool // the person was removed, or the author is no contact any more
}

// List is all circles: first the person's own.
func (c *Circles) List() (shown []Shown, err error) {
	err = c.cfg.Store.View(func(tx *store.Tx) error {
		all, err := list(tx)
		for _, o := range all {
			s, e := o.show(tx)
			shown, err = append(shown, s), errors.Join(err, e)
		}
		if err != nil {
			return err
		}
		return store.Each(tx, bucketJoined, func(_ string, j joined) error {
			shown = append(shown, Shown{ID: j.ID, Name: j.Name, Of: j.Relation, Out: c.out(j)})
			return nil
		})
	})
	return shown, err
}

func (o circle) show(tx *store.Tx) (Shown, error) {
	s := Shown{ID: o.ID, Name: o.Name, Own: true}
	for _, m := range o.Members {
		s.Members = append(s.Members, m.Relation)
	}
	var e epoch
	err := tx.Get(bucketEpochs, nameOf(o.ID), &e)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	s.Epoch = int(e.Number)
	return s, err
}

// From is the circle that posts of a source are from, if it is one.
func (c *Circles) From(tx *store.Tx, s content.Source) (shown Shown, ok bool, err error) {
	o, err := get(tx, s)
	if err == nil {
		shown, err = o.show(tx)
		return shown, true, err
	}
	if !errors.Is(err, ErrNoCircle) {
		return shown, false, err
	}
	var j joined
	err = tx.Get(bucketJoined, nameOf(s), &j)
	if errors.Is(err, store.ErrNotFound) {
		return shown, false, nil
	}
	return Shown{ID: j.ID, Name: j.Name, Of: j.Relation, Out: c.out(j)}, err == nil, err
}

// Tally is what is known of how a post was taken.
type Tally struct {
	Replies []string // ids, as they came
	Mine    string   // this person's reaction
	Choice  int      // and vote, from 1 on; zero: none
	Emojis  []string
	Counts  []int // of the emojis
	Votes   []int // of the options of a poll
	Final   bool  // it has closed, and its author has counted all votes
}

// Unheard are the members of an own circle whose devices contradict each other, so that nothing of
// it goes to them yet.
func (c *Circles) Unheard(name string) (members []relation.ID, err error) {
	err = c.cfg.Store.View(func(tx *store.Tx) error {
		o, err := byName(tx, name)
		for _, m := range o.Members {
			e := c.cfg.Relations.Decided(tx, m.Relation)
			if errors.Is(e, relation.ErrDisputed) { // of a contact that is over nothing is said
				members = append(members, m.Relation)
			}
		}
		return err
	})
	return members, err
}

// Tally is that of a post.
func (c *Circles) Tally(tx *store.Tx, post string) (Tally, error) {
	h, err := getThread(tx, post)
	return Tally{
		h.Replies, h.Mine, h.Choice, h.Emojis, h.Counts, h.Votes, h.Final,
	}, err
}
