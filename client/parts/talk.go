package parts

import (
	"errors"
	"strings"
	"time"

	"murmuration/client/app"
	"murmuration/client/circle"
	"murmuration/client/feed"
	"murmuration/client/message"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

// wireTalk is New for what is said to contacts: to one, or to some.
func (p *Person) wireTalk(cfg Config) {
	p.Messages = message.New(p.Person, message.Config{
		Store: cfg.Store, Network: cfg.Network, Random: cfg.Random, Relations: p.Relations,
		People: p.Contacts, Writing: p.Writing, Reading: p.Reading, Photos: p.Photos,
	})
	p.Circles = circle.New(p.Person, circle.Config{
		Store: cfg.Store, Network: cfg.Network, Random: cfg.Random, Relations: p.Relations,
		People: p.Contacts, Outbox: p.Outbox, Writing: p.Writing, Reading: p.Reading,
		Photos: p.Photos, Timeline: p.timeline,
	})
	p.Contacts.JoinBy(p.Circles.Add)
	p.Apps = app.New(p.Person, app.Config{
		Store: cfg.Store, Random: cfg.Random, Relations: p.Relations, People: p.Contacts,
		Apps: app.Shipped(),
	})
}

// inCircle says of a post in which circle it is, and whose that is.
func (p *Person) inCircle(tx *store.Tx, e timeline.Entry, shown *Post) error {
	c, ok, err := p.Circles.From(tx, e.Source)
	if err != nil || !ok {
		return err
	}
	shown.Circle = c.Name
	if shown.Own = c.Own; !c.Own {
		shown.Petname = p.Contacts.Name(c.Of)
	}
	return nil
}

// Find is the id of a post that begins so.
func (p *Person) Find(prefix string) (id string, err error) {
	err = p.store.View(func(tx *store.Tx) error {
		e, err := p.timeline.Find(tx, strings.ToLower(prefix))
		id = e.ID
		return err
	})
	return id, err
}

// Delete takes an own post back, of a circle or of the feed.
func (p *Person) Delete(now time.Time, id string) error {
	err := p.store.Update(func(tx *store.Tx) error {
		e, err := p.timeline.Entry(tx, id)
		if err == nil {
			err = p.Feed.Delete(tx, now, e)
		}
		return err
	})
	if !errors.Is(err, feed.ErrNotOwn) {
		return err
	}
	if other := p.Circles.Delete(now, id); !errors.Is(other, circle.ErrNotHere) {
		return other
	}
	return err
}

// Thread is a post, how it was taken, and the answers to it.
type Thread struct {
	Post    Post
	Tally   circle.Tally
	Replies []Post // as they came
}

// Thread is that of a post.
func (p *Person) Thread(now time.Time, id string) (t Thread, err error) {
	err = p.store.View(func(tx *store.Tx) error {
		e, err := p.timeline.Entry(tx, id)
		if err != nil {
			return err
		}
		if t.Post, err = p.show(tx, now, e); err != nil {
			return err
		}
		if t.Tally, err = p.Circles.Tally(tx, id); err != nil {
			return err
		}
		for _, reply := range t.Tally.Replies {
			answer, err := p.timeline.Entry(tx, reply)
			if errors.Is(err, timeline.ErrNoPost) || err == nil && answer.Source != e.Source {
				continue // it was erased; or nobody of this circle said it
			}
			shown, err := p.show(tx, now, answer)
			if err != nil {
				return err
			}
			t.Replies = append(t.Replies, shown)
		}
		return nil
	})
	return t, err
}
