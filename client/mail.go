package client

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/feed"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// action is a line of the outbox: a post with the boxes that it became. Bucket "actions", by the
// number of its first letter.
type action struct {
	Number uint64 `cbor:"1,keyasint"`
	Post   string `cbor:"2,keyasint"`
	Boxes  int    `cbor:"3,keyasint"`
	Stored int    `cbor:"4,keyasint"`
	Queued int64  `cbor:"5,keyasint"` // Unix milliseconds
	Done   int64  `cbor:"6,keyasint"` // when all were stored, or given up
	Lost   string `cbor:"7,keyasint"` // why it was given up
}

func (a action) put(tx *store.Tx) error { return tx.Put("actions", letterName(a.Number), a) }

// keptActions is how many finished lines the outbox keeps.
const keptActions = 200

// pending is what is known in memory about a letter; its bytes stay on the disk until it is sent.
type pending struct {
	number uint64
	post   string
	stream string
	day    box.Day
	given  bool // to the sender
	full   int  // times that a holder did not take it
}

// mail is the outbox: what waits, in order, and the lines that a person sees.
type mail struct {
	waiting []*pending
	actions map[string]*action // by post
}

func (m *mail) load(tx *store.Tx) error {
	m.actions = map[string]*action{}
	err := store.Each(tx, "actions", func(_ string, a action) error {
		m.actions[a.Post] = &a
		return nil
	})
	if err != nil {
		return err
	}
	return store.Each(tx, "letters", func(_ string, l letter) error {
		m.waiting = append(m.waiting, l.pending())
		return nil
	})
}

func (l letter) pending() *pending {
	return &pending{number: l.Number, post: l.Post, stream: l.Stream, day: l.Day}
}

func (m *mail) add(a action, letters []letter) {
	m.actions[a.Post] = &a
	for _, l := range letters {
		m.waiting = append(m.waiting, l.pending())
	}
	slices.SortFunc(m.waiting, func(a, b *pending) int { return int(int64(a.number) - int64(b.number)) })
}

// forgetSender notes that a new sender holds nothing yet.
func (m *mail) forgetSender() {
	for _, p := range m.waiting {
		p.given = false
	}
}

// next is the first letter that may be given to the sender. Those of the feed go one at a time: a
// reader looks for a box on the day of the one before it at the earliest.
func (m *mail) next() *pending {
	feedBusy := false
	for _, p := range m.waiting {
		if p.given {
			feedBusy = feedBusy || p.stream == feedStream
			continue
		}
		if p.stream != feedStream || !feedBusy {
			return p
		}
	}
	return nil
}

func (m *mail) find(number uint64) *pending {
	if i := slices.IndexFunc(m.waiting, func(p *pending) bool { return p.number == number }); i >= 0 {
		return m.waiting[i]
	}
	return nil
}

func (m *mail) drop(done func(*pending) bool) { m.waiting = slices.DeleteFunc(m.waiting, done) }

// supply gives letters to the sender until it is full. The caller holds c.state.
func (c *Client) supply(now time.Time) error {
	for p := c.mail.next(); p != nil; p = c.mail.next() {
		l, err := c.current(p, now)
		if err != nil {
			return err
		}
		c.mu.Lock()
		r := l.request()
		r.Try = p.full
		err = c.sender.Enqueue(now, r)
		c.mu.Unlock()
		if errors.Is(err, sender.ErrQueueFull) || errors.Is(err, sender.ErrDay) {
			return nil // later: the desk comes back
		}
		if err != nil {
			return fmt.Errorf("handing a box to the sender: %w", err)
		}
		p.given = true
	}
	return nil
}

// current is the letter, sealed for a day on which holders take it.
func (c *Client) current(p *pending, now time.Time) (letter, error) {
	var l letter
	err := c.store.View(func(tx *store.Tx) error { return tx.Get("letters", letterName(p.number), &l) })
	if err == nil && !c.calendar.Writable(now, l.Day) {
		err = c.sealAgain(&l, now)
	}
	if err != nil {
		return letter{}, fmt.Errorf("taking a box from the outbox: %w", err)
	}
	p.day = l.Day
	return l, nil
}

// sealAgain seals the same content at the same index under today, since it was not stored in time.
func (c *Client) sealAgain(l *letter, now time.Time) error {
	return c.store.Update(func(tx *store.Tx) error {
		var s stream
		if err := tx.Get("streams", l.Stream, &s); err != nil {
			return err
		}
		records, err := c.records(tx, *l)
		if err != nil {
			return err
		}
		writer, _, err := s.open()
		if err != nil {
			return err
		}
		if err := l.seal(writer, c.network, box.DayOf(c.genesis.Start, now), records[l.Part].Marshal(c.format)); err != nil {
			return err
		}
		return l.put(tx)
	})
}

// records is the content of a letter's stream, cut as when it was queued.
func (c *Client) records(tx *store.Tx, l letter) ([]box.Record, error) {
	if l.Stream == feedStream {
		var e entry
		err := tx.Get("posts", l.Post, &e)
		return c.format.Split(feed.KindPost, e.Content), err
	}
	var picture []byte
	err := tx.Get("photos", l.Post, &picture)
	return c.format.Split(feed.KindPhoto, picture), err
}

// stored is what the holder's answer to a write means. The caller holds c.state.
func (c *Client) stored(e sender.Event, now time.Time) error {
	p := c.mail.find(e.Token)
	if p == nil || p.day != e.Day {
		return nil // an answer to bytes that were sealed again since
	}
	switch e.Reply.Status {
	case box.StatusStored, box.StatusTombstoned:
		return c.finish(p, now)
	case box.StatusConflict:
		return c.conflict(p, now)
	}
	p.given = false // no room, or not that holder's by its clock: again, at the other one
	p.full++
	return nil
}

// finish takes a stored letter off the outbox.
func (c *Client) finish(p *pending, now time.Time) error {
	a := *c.mail.actions[p.post]
	a.Stored++
	if a.Stored == a.Boxes {
		a.Done = now.UnixMilli()
	}
	err := c.store.Update(func(tx *store.Tx) error {
		errs := []error{tx.Delete("letters", letterName(p.number)), a.put(tx)}
		if a.Done != 0 && a.Boxes > 1 {
			errs = append(errs, tx.Delete("streams", p.post)) // the photo's keys have done their work
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("noting a stored box: %w", err)
	}
	*c.mail.actions[p.post] = a
	c.mail.drop(func(q *pending) bool { return q == p })
	c.forgetHanded(p.number)
	return nil
}

// conflict means that other bytes stand in a box of ours: a copy of this home has written. The feed's
// stream is closed, a new epoch begins, and both stay visible in the outbox and the status.
func (c *Client) conflict(p *pending, now time.Time) error {
	const why = "another copy of this home has written to the same feed: a new epoch begins, give your readers the new link"
	c.log.Warn("conflict on an own box: a copy of this home is in use; the feed begins a new epoch")
	epoch := 0
	closed := map[string]action{}
	for _, q := range c.mail.waiting {
		if q.stream == p.stream || q.post == p.post {
			a := *c.mail.actions[q.post]
			a.Done, a.Lost = now.UnixMilli(), why
			closed[q.post] = a
		}
	}
	err := c.store.Update(func(tx *store.Tx) error {
		var old stream
		if err := tx.Get("streams", feedStream, &old); err != nil {
			return err
		}
		epoch = old.Epoch + 1
		fresh, err := newStream(epoch, box.DayOf(c.genesis.Start, now))
		if err != nil {
			return err
		}
		fresh.Unsaid = true
		return errors.Join(tx.Put("streams", feedStream, fresh), c.giveUp(tx, closed))
	})
	if err != nil {
		return fmt.Errorf("closing a feed: %w", err)
	}
	c.forgetPosts(closed)
	return nil
}

// giveUp takes the letters of whole posts off the outbox, in a transaction.
func (c *Client) giveUp(tx *store.Tx, lost map[string]action) error {
	for _, a := range lost {
		if err := a.put(tx); err != nil {
			return err
		}
	}
	for _, q := range c.mail.waiting {
		if _, ok := lost[q.post]; !ok {
			continue
		}
		if err := tx.Delete("letters", letterName(q.number)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) forgetPosts(lost map[string]action) {
	for post, a := range lost {
		*c.mail.actions[post] = a
	}
	c.mail.drop(func(q *pending) bool {
		_, gone := lost[q.post]
		if gone {
			c.forgetHanded(q.number)
		}
		return gone
	})
}

// forgetHanded takes a letter out of the sender, if it is there.
func (c *Client) forgetHanded(number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.handed, number)
	if c.sender != nil {
		c.sender.Cancel(number)
	}
}

// expire gives up posts that could not be stored for as long as boxes are kept, seals again what
// has missed its day, and forgets old lines. The caller holds c.state.
func (c *Client) expire(now time.Time) error {
	limit := now.AddDate(0, 0, -c.calendar.Retention).UnixMilli()
	lost := map[string]action{}
	for _, p := range c.mail.waiting {
		a := *c.mail.actions[p.post]
		if a.Queued < limit {
			a.Done, a.Lost = now.UnixMilli(), "no holder could be reached for as long as boxes are kept"
			lost[p.post] = a
		} else if p.given && !c.calendar.Writable(now, p.day) {
			p.given = false
			c.forgetHanded(p.number)
		}
	}
	old := c.mail.oldest(keptActions)
	if len(lost)+len(old) == 0 {
		return nil
	}
	err := c.store.Update(func(tx *store.Tx) error {
		for _, a := range old {
			if err := tx.Delete("actions", letterName(a.Number)); err != nil {
				return err
			}
		}
		return c.giveUp(tx, lost)
	})
	if err != nil {
		return fmt.Errorf("expiring the outbox: %w", err)
	}
	c.forgetPosts(lost)
	for _, a := range old {
		delete(c.mail.actions, a.Post)
	}
	return nil
}

// oldest are the finished lines beyond the newest `keep`.
func (m *mail) oldest(keep int) []action {
	var done []action
	for _, a := range m.actions {
		if a.Done != 0 {
			done = append(done, *a)
		}
	}
	slices.SortFunc(done, func(a, b action) int { return int(b.Done - a.Done) })
	return done[min(keep, len(done)):]
}
