package circle

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/fault"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// maxChanged is how many posts' tallies wait to be said at most.
const maxChanged = 64

// changed has the tally of a post said soon.
func (c *Circles) changed(tx *store.Tx, now time.Time, o *circle, id string) error {
	e, err := c.open(tx, now, o)
	if err != nil || len(e.Changed) >= maxChanged || slices.Contains(e.Changed, id) {
		return err
	}
	e.Changed = append(e.Changed, id)
	return o.putEpoch(tx, e)
}

// Turn begins the epochs that are due, says what members feel, asks authors who are silent, and
// leaves streams in which nothing comes any more.
func (c *Circles) Turn(now time.Time) error {
	if now.Sub(c.turned) < turnsApart {
		return nil
	}
	var todo []func(tx *store.Tx) error
	err := c.cfg.Store.View(func(tx *store.Tx) error {
		return errors.Join(
			c.writes(tx, now, &todo), c.asks(tx, now, &todo), c.leaves(tx, now, &todo),
		)
	})
	if err == nil && len(todo) > 0 {
		err = c.cfg.Store.Update(func(tx *store.Tx) error {
			for _, do := range todo {
				if err := do(tx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err = unlessFull(err); err != nil {
		return fmt.Errorf("looking after circles: %w", err)
	}
	c.turned = now
	return nil
}

// full says whether too much waits in the outbox. That the disk is full is for the person's loop to
// wait out.
func full(err error) bool {
	return fault.Of(err).ExitCode() == int(fault.Quota) && !errors.Is(err, store.ErrFull)
}

// unlessFull passes over what the clock asks for again.
func unlessFull(err error) error {
	if err == nil || full(err) {
		return nil
	}
	return err
}

// later has what a member said come again, as after a full disk: nothing of it is noted.
func later(err error) error {
	if err != nil && full(err) {
		return store.ErrFull
	}
	return err
}

// writes is what is to be done about own circles.
func (c *Circles) writes(tx *store.Tx, now time.Time, todo *[]func(*store.Tx) error) error {
	closed := func(p closing) bool { return p.At <= now.Unix() }
	return store.Each(tx, bucketEpochs, func(name string, e epoch) error {
		var o circle
		if err := tx.Get(bucketCircles, name, &o); err != nil {
			return err
		}
		switch {
		case slices.ContainsFunc(o.Members, func(m member) bool {
			return c.cfg.People.Over(m.Relation)
		}):
			*todo = append(*todo, func(tx *store.Tx) error { return c.dropOver(tx, now, o) })
		case e.Due || now.Sub(time.Unix(e.Began, 0)) >= month:
			*todo = append(*todo, func(tx *store.Tx) error { return c.renew(tx, now, &o) })
		case e.Untold:
			e.Untold = false
			*todo = append(*todo, func(tx *store.Tx) error {
				return errors.Join(o.putEpoch(tx, e), c.tell(tx, now, o, e, true))
			})
		case len(e.Came) > 0:
			came := o.member(e.Came[0])
			e.Came = e.Came[1:]
			*todo = append(*todo, func(tx *store.Tx) error {
				err := o.putEpoch(tx, e)
				if err == nil && came != nil {
					err = c.heardAsk(tx, now, &o, came)
				}
				return err
			})
		case slices.ContainsFunc(e.Polls, closed):
			*todo = append(*todo, func(tx *store.Tx) error { return c.closes(tx, now, o, e) })
		case len(e.Changed) > 0 && now.Sub(time.Unix(e.Tallied, 0)) >= tallysApart:
			*todo = append(*todo, func(tx *store.Tx) error { return c.tally(tx, now, o, e) })
		}
		return nil
	})
}

// closes says the last tallies of polls that have closed, before any other.
func (c *Circles) closes(tx *store.Tx, now time.Time, o circle, e epoch) error {
	var over []string
	for _, p := range e.Polls {
		if p.At > now.Unix() {
			continue
		}
		final, err := c.final(tx, o, p.Post)
		if err != nil {
			return err
		}
		if final {
			over = append(over, p.Post)
		}
	}
	e.Polls = slices.DeleteFunc(e.Polls, func(p closing) bool { return p.At <= now.Unix() })
	e.Changed = append(over, slices.DeleteFunc(e.Changed, func(id string) bool {
		return slices.Contains(over, id)
	})...)
	if len(e.Changed) == 0 {
		return o.putEpoch(tx, e)
	}
	return c.tally(tx, now, o, e)
}

// final counts the votes of a poll for the last time, if it is still there.
func (c *Circles) final(tx *store.Tx, o circle, id string) (bool, error) {
	e, p, err := c.ownPost(tx, o, id)
	if err != nil || e.ID == "" || p.Poll == nil {
		return false, err
	}
	return true, mine(tx, id, func(h *thread) {
		h.count(len(p.Poll.Options))
		h.Final = true
	})
}

// tally says what changed about posts.
func (c *Circles) tally(tx *store.Tx, now time.Time, o circle, e epoch) error {
	var all []tally
	for _, id := range e.Changed[:min(len(e.Changed), maxTallies)] {
		h, err := getThread(tx, id)
		if err != nil {
			return err
		}
		all = append(all, tally{id, h.Emojis, h.Counts, h.Votes, h.Final})
	}
	n, err := fitting(all, c.cfg.Network.Format.ContentSize())
	if err != nil {
		return err
	}
	e.Changed, e.Tallied = e.Changed[len(n.Tallies):], now.Unix()
	return c.note(tx, now, o, &e, n)
}

// asks is which authors are to be asked for a card: of whom nothing came for long, and those whom
// this device does not read, since it was restored.
func (c *Circles) asks(tx *store.Tx, now time.Time, todo *[]func(*store.Tx) error) error {
	return store.Each(tx, bucketJoined, func(name string, j joined) error {
		read, err := tx.Has(bucketSeats, name)
		quiet := func(at int64, long time.Duration) bool {
			return now.Sub(time.Unix(at, 0)) >= long
		}
		if err != nil || j.Out || c.silent(j.Relation) || !quiet(j.Asked, asks) ||
			read && !j.Missed && !quiet(j.Heard, silence) {
			return err
		}
		j.Asked = now.Unix()
		*todo = append(*todo, func(tx *store.Tx) error {
			return errors.Join(j.put(tx), unlessEnded(
				c.say(tx, now, j.Relation, item{Ask: &about{j.ID}}, relation.Saying{}),
			))
		})
		return nil
	})
}

// Restored has this device ask every author for a card, although another one of this person may
// have asked not long ago.
func (c *Circles) Restored(tx *store.Tx, _ time.Time) error {
	var all []joined
	err := store.Each(tx, bucketJoined, func(_ string, j joined) error {
		all = append(all, j)
		return nil
	})
	for _, j := range all {
		j.Asked = 0
		err = errors.Join(err, j.put(tx))
	}
	return err
}

// leaves is which streams are read no more: at once those of whom is no contact any more.
func (c *Circles) leaves(tx *store.Tx, now time.Time, todo *[]func(*store.Tx) error) error {
	return store.Each(tx, bucketSeats, func(name string, all seats) error {
		var j joined
		err := tx.Get(bucketJoined, name, &j)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		ended := err == nil && c.cfg.People.Over(j.Relation)
		over := func(l leaving) bool { return ended || l.At <= now.Unix() }
		if !slices.ContainsFunc(all, func(s seat) bool {
			return slices.ContainsFunc(s.Streams, over)
		}) {
			return nil
		}
		*todo = append(*todo, func(tx *store.Tx) (err error) {
			for i := range all {
				for _, l := range all[i].Streams {
					if over(l) {
						err = errors.Join(err, c.cfg.Reading.Stop(tx, l.Name))
					}
				}
				all[i].Streams = slices.DeleteFunc(all[i].Streams, over)
			}
			all = slices.DeleteFunc(all, func(s seat) bool { return len(s.Streams) == 0 })
			return errors.Join(err, tx.Put(bucketSeats, name, all))
		})
		return nil
	})
}

// dropOver takes out who is no contact any more.
func (c *Circles) dropOver(tx *store.Tx, now time.Time, o circle) error {
	o.Members = slices.DeleteFunc(o.Members, func(m member) bool {
		return c.cfg.People.Over(m.Relation)
	})
	return errors.Join(c.renew(tx, now, &o), o.put(tx))
}

// happened has other epochs begin where a device that reads may be in other hands, and tells
// devices that come what this one writes: what they ask for as soon as they are there is heard by
// those alone that they know by then.
func (c *Circles) happened(tx *store.Tx, _ time.Time, e relation.Event) error {
	var change func(*epoch)
	switch e.What {
	case relation.EventGone, relation.EventRevoked, relation.EventDisputed,
		relation.EventCopied, relation.EventGave:
		change = func(p *epoch) { p.Due = true }
	case relation.EventDevice, relation.EventVouched:
		if !e.Own && e.What == relation.EventVouched {
			return nil // it came before
		}
		change = func(p *epoch) {
			if p.Untold = p.Untold || e.Own; !e.Own && !slices.Contains(p.Came, e.Relation) {
				p.Came = append(p.Came, e.Relation)
			}
		}
		tx.After(func() { c.turned = time.Time{} })
	default:
		return nil
	}
	all, err := list(tx)
	for _, o := range all {
		if e.Own || o.member(e.Relation) != nil {
			err = errors.Join(err, o.changeEpoch(tx, change))
		}
	}
	return err
}
