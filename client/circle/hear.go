package circle

import (
	"errors"
	"time"

	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

// Heard takes what a device of a contact, or an own other one, said.
func (c *Circles) Heard(tx *store.Tx, now time.Time, h relation.Heard) error {
	i, err := parse(h.Content)
	switch {
	case err != nil:
		c.refuse(tx)
		return nil
	case c.cfg.People.Blocked(h.Relation) && !h.Own:
		c.refuse(tx)
		return missed(tx, h.Relation, i)
	case i.Card != nil && h.Own:
		return c.learn(tx, h.Relation, *i.Card)
	case i.Card != nil:
		return c.heardCard(tx, now, h, *i.Card)
	case i.Mine != nil:
		return c.heardMine(tx, now, h, *i.Mine)
	case i.Again != nil && h.Own, i.Photo != nil && h.Own:
		return nil // it is for this person's other device
	case i.Again != nil:
		return c.heardAgain(tx, now, h, *i.Again)
	case i.Out != nil && h.Own:
		return c.heardDrop(tx, h.Relation, i.Out.Circle)
	case i.Out != nil:
		return c.part(tx, now, h.Relation, i.Out.Circle)
	case h.Own:
		return c.heardOwn(tx, i)
	}
	return later(c.heardMember(tx, now, h, i))
}

// missed remembers that somebody who is blocked sent a card: without asking for it nothing would be
// read when they are not blocked any more.
func missed(tx *store.Tx, r relation.ID, i item) error {
	if i.Card == nil {
		return nil
	}
	var j joined
	err := tx.Get(bucketJoined, nameOf(i.Card.Circle), &j)
	if errors.Is(err, store.ErrNotFound) || err == nil && j.Relation != r {
		return nil
	}
	j.Missed, j.Asked = true, 0
	return errors.Join(err, j.put(tx))
}

// heardOwn notes what the person felt at another device.
func (c *Circles) heardOwn(tx *store.Tx, i item) error {
	switch {
	case i.React != nil:
		return mine(tx, i.React.Post, func(h *thread) { h.Mine = i.React.Emoji })
	case i.Vote != nil:
		return mine(tx, i.Vote.Post, func(h *thread) { h.Choice = i.Vote.Choice + 1 })
	}
	return nil
}

// mine changes what the person felt about a post.
func mine(tx *store.Tx, post string, change func(*thread)) error {
	h, err := getThread(tx, post)
	if err != nil {
		return err
	}
	change(&h)
	return h.put(tx, post)
}

// heardDrop is a removal at another own device: this one writes no more in an epoch that the
// removed one reads.
func (c *Circles) heardDrop(tx *store.Tx, r relation.ID, id content.Source) error {
	o, err := get(tx, id)
	if errors.Is(err, ErrNoCircle) || err == nil && o.member(r) == nil {
		return nil
	}
	if err != nil {
		return err
	}
	o.Members = without(o.Members, r)
	return errors.Join(o.put(tx), o.due(tx))
}

func without(all []member, r relation.ID) (left []member) {
	for _, m := range all {
		if m.Relation != r {
			left = append(left, m)
		}
	}
	return left
}

// due has another epoch begin before anything more is written.
func (o circle) due(tx *store.Tx) error {
	return o.changeEpoch(tx, func(e *epoch) { e.Due = true })
}

// changeEpoch changes that of this device, if there is one.
func (o circle) changeEpoch(tx *store.Tx, change func(*epoch)) error {
	var e epoch
	err := tx.Get(bucketEpochs, nameOf(o.ID), &e)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	change(&e)
	return errors.Join(err, o.putEpoch(tx, e))
}

// heardMember takes what a member asks for; of anybody else, nothing.
func (c *Circles) heardMember(tx *store.Tx, now time.Time, h relation.Heard, i item) error {
	id := i.circle()
	o, err := get(tx, id)
	if errors.Is(err, ErrNoCircle) || err == nil && o.member(h.Relation) == nil {
		c.refuse(tx)
		return nil
	}
	if err != nil {
		return err
	}
	m := o.member(h.Relation)
	if i.Ask != nil {
		return c.heardAsk(tx, now, &o, m)
	}
	e, p, err := c.ownPost(tx, o, i.post())
	if err != nil || e.ID == "" {
		c.refuse(tx)
		return err
	}
	switch {
	case i.Photo != nil:
		return c.heardPhoto(tx, now, &o, m, *i.Photo)
	case i.Reply != nil:
		return c.heardReply(tx, now, &o, m, e, h.Content, *i.Reply)
	case i.React != nil:
		return c.felt(tx, now, o, e.ID, p, func(t *thread) {
			t.of(h.Relation).Emoji = i.React.Emoji
		})
	}
	if !open(p, now, i.Vote.Choice) {
		c.refuse(tx)
		return nil
	}
	return c.felt(tx, now, o, e.ID, p, func(t *thread) {
		t.of(h.Relation).Choice = i.Vote.Choice + 1
	})
}

// open says whether there is a poll in which an option can be chosen yet.
func open(p content.Post, now time.Time, choice int) bool {
	return p.Poll != nil && choice < len(p.Poll.Options) && now.Unix() < p.Poll.Closes
}

func (i item) circle() content.Source {
	switch {
	case i.Ask != nil:
		return i.Ask.Circle
	case i.Reply != nil:
		return i.Reply.Circle
	case i.React != nil:
		return i.React.Circle
	case i.Photo != nil:
		return i.Photo.Circle
	}
	return i.Vote.Circle
}

func (i item) post() string {
	switch {
	case i.Reply != nil:
		return i.Reply.Post
	case i.React != nil:
		return i.React.Post
	case i.Photo != nil:
		return i.Photo.Post
	}
	return i.Vote.Post
}

// ownPost is a post that this device wrote to a circle; another one's is for that one to answer
// for. The entry is empty if there is none.
func (c *Circles) ownPost(
	tx *store.Tx, o circle, id string,
) (e timeline.Entry, p content.Post, err error) {
	e, err = c.cfg.Timeline.Entry(tx, id)
	if errors.Is(err, timeline.ErrNoPost) || err == nil && (!e.Own || e.Source != o.ID) {
		return timeline.Entry{}, p, nil
	}
	if err != nil {
		return e, p, err
	}
	p, err = e.Post()
	return e, p, err
}

// heardAsk gives a member the present position, and the last posts: one of their devices may have
// neither, however short it is since another one had them.
func (c *Circles) heardAsk(tx *store.Tx, now time.Time, o *circle, m *member) error {
	if day := now.Unix() / 86400; m.AskDay != day {
		m.AskDay, m.Asks = day, 0
	}
	if m.Asks >= maxAsks || o.Seed == nil {
		c.refuse(tx)
		return nil
	}
	m.Asks++
	packed := m.Asks <= maxPacks
	e, err := c.open(tx, now, o)
	if err != nil {
		return err
	}
	return errors.Join(c.card(tx, now, *o, e, o.member(m.Relation), packed), o.put(tx))
}

// heardReply publishes what a member answers, under the name that they have for themselves.
func (c *Circles) heardReply(
	tx *store.Tx, now time.Time, o *circle, m *member, to timeline.Entry, said []byte, r reply,
) error {
	h, err := getThread(tx, to.ID)
	if err != nil {
		return err
	}
	if !m.answers(now) || !h.takes(said) {
		c.refuse(tx)
		return o.put(tx)
	}
	if err := h.put(tx, to.ID); err != nil {
		return err
	}
	by := c.cfg.People.Claimed(m.Relation)
	if content.CheckName(by) != nil {
		by = nobody // what has no name would be the author's own
	}
	_, err = c.post(tx, now, o, post.Draft{
		Text: r.Text, Quick: true, Reply: &content.Reply{To: to.ID, By: by},
	})
	if fault.Of(err).ExitCode() == int(fault.User) {
		c.refuse(tx)
		return nil // it does not fit into a post of this network
	}
	return err
}

// nobody is a member who has told no name.
const nobody = "a member"

// answers takes so many replies of a member a day.
func (m *member) answers(now time.Time) bool {
	if today := now.Unix() / 86400; today != m.Day {
		m.Day, m.Replies = today, 0
	}
	m.Replies++
	return m.Replies <= maxDaily
}

// felt counts what somebody feels about an own post, and has the tally said.
func (c *Circles) felt(
	tx *store.Tx, now time.Time, o circle, id string, p content.Post, change func(*thread),
) error {
	h, err := getThread(tx, id)
	if err != nil {
		return err
	}
	change(&h)
	options := 0
	if p.Poll != nil {
		options = len(p.Poll.Options)
	}
	h.count(options)
	return errors.Join(h.put(tx, id), c.changed(tx, now, &o, id))
}
