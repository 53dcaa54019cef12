package client

import (
	"context"
	"errors"
	"time"

	"murmuration/client/connection"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/feed"
	"murmuration/client/parts"
	"murmuration/client/person"
	"murmuration/client/post"
	"murmuration/client/sender"
	"murmuration/internal/directory"
)

// keepPerson does what answers ask for, and keeps the sender supplied, until ctx ends. Everything
// that costs time (opening boxes, fsync) happens here and never in the way of a slot.
func (c *Client) keepPerson(ctx context.Context) error {
	tick := time.NewTicker(person.TurnEvery)
	defer tick.Stop()
	for {
		var err error
		select {
		case h := <-c.connection.Heard():
			err = c.do(func(time.Time) error { return c.hear(h) })
		case <-c.nudge:
			err = c.do(c.person.Supply)
		case <-tick.C:
			err = c.do(c.turn)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// hear takes a new sender, a new connection, or what the sender heard. The caller holds mu.
func (c *Client) hear(h connection.Heard) error {
	switch {
	case h.Sender != nil:
		return c.person.Begin(h.At, h.Sender)
	case h.Guard != directory.NodeID{}:
		c.scan.Connected(h.At, h.Guard)
		c.person.Online(true)
		return c.person.Supply(h.At)
	}
	return errors.Join(c.scan.Heard(h.At, h.Event), c.person.Answered(h.At, h.Event))
}

func (c *Client) turn(now time.Time) error {
	c.person.Online(c.connection.Status().Connected)
	return errors.Join(c.person.Turn(now), c.person.Supply(now))
}

// do lets something happen in the person's life, and passes on what there is to tell.
func (c *Client) do(act func(now time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.tell()
	return act(time.Now())
}

// Do lets something happen that the person at the keyboard asked for; the sender is supplied with
// it at once. Nothing else happens in the person's life meanwhile, so that act must not wait for
// anything but the disk, and must not call the client.
func (c *Client) Do(act func(now time.Time, p *parts.Person) error) error {
	err := c.do(func(now time.Time) error { return act(now, c.person) })
	select {
	case c.nudge <- struct{}{}:
	default: // there is a token already
	}
	return err
}

// View is Do for a look that changes nothing.
func (c *Client) View(look func(now time.Time, p *parts.Person) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return look(time.Now(), c.person)
}

// Expect is when so many boxes that wait are expected to be stored.
func (c *Client) Expect(ahead int) sender.Window {
	return sender.Expect(c.genesis.Parameters, ahead)
}

// Publish makes the open feed, if there is none yet, and returns the link for readers who begin
// now.
func (c *Client) Publish() (l feed.Link, err error) {
	err = c.Do(func(now time.Time, p *parts.Person) (err error) {
		l, err = p.Feed.Publish(now)
		return err
	})
	return l, err
}

// Draft is what a person wants to say.
type Draft struct {
	Text   string
	Photos []Photo // in their order
	Quick  bool    // travels as fast as what is read, and shows its author sooner

	// Circle is an own one, by its name; empty: the open feed.
	Circle  string
	Expire  time.Duration // after which readers forget it; zero: never
	Warning string        // what it is about, to be read before it; one line
	Poll    []string      // options
	Closes  time.Duration // after which the poll ends
}

// longest is how far ahead a post can name a time.
const longest = 100 * 365 * 24 * time.Hour

var errAhead = fault.New(
	fault.User, "a post names no such time", "Its end, and that of its poll, are within 100 years.",
)

var errOpenPoll = fault.New(
	fault.User, "nobody can vote in an open feed", "Post the poll to a circle: its `circle`, or "+
		"`murmur post --circle NAME --poll …`. Nothing was queued.",
)

// check refuses times that are none, as programs give them, and polls that nobody can answer.
func (d Draft) check() error {
	for _, t := range []time.Duration{d.Expire, d.Closes} {
		if t < 0 || t > longest {
			return errAhead.With("%s", t)
		}
	}
	if len(d.Poll) > 0 && d.Closes == 0 {
		return errAhead.With("a poll without an end")
	}
	if len(d.Poll) > 0 && d.Circle == "" {
		return errOpenPoll
	}
	return nil
}

// Photo is a picture that a person wants to show.
type Photo struct {
	File []byte // as it is
	Alt  string // what it shows, in words
}

// Receipt is what somebody gets for a draft: its place in the outbox, and when it is expected to be
// stored.
type Receipt struct {
	Post  string
	Boxes int
	Notes []string // what of the pictures does not go, for the person to know
	Outlook
}

// Post queues a draft: everything is checked and sealed, and on the disk, when it returns. Nothing
// is queued when it fails.
func (c *Client) Post(d Draft) (r Receipt, err error) {
	if err := d.check(); err != nil {
		return Receipt{}, err
	}
	// before anything is touched: this takes a while
	pictures, notes, err := c.prepare(d.Photos)
	if err != nil {
		return Receipt{}, err
	}
	err = c.Do(func(now time.Time, p *parts.Person) error {
		write := p.Feed.Post
		if d.Circle != "" {
			write = func(now time.Time, said post.Draft) (post.Receipt, error) {
				return p.Circles.Post(now, d.Circle, said)
			}
		}
		queued, err := write(now, d.said(now, pictures))
		outlook := c.Outlook(now, p.Outbox.Ahead(), !d.Quick)
		r = Receipt{queued.Post, queued.Boxes, notes, outlook}
		return err
	})
	return r, err
}

func (d Draft) said(now time.Time, pictures []post.Picture) post.Draft {
	said := post.Draft{Text: d.Text, Quick: d.Quick, Warning: d.Warning, Pictures: pictures}
	if d.Expire > 0 {
		said.Expires = content.Hour(now.Add(d.Expire + time.Hour - 1))
	}
	if len(d.Poll) > 0 {
		said.Poll = &content.Poll{
			Options: d.Poll, Closes: content.Hour(now.Add(d.Closes + time.Hour - 1)),
		}
	}
	return said
}

// Follow reads an open feed from where its link begins. petname may be empty.
func (c *Client) Follow(link, petname string) error {
	l, err := feed.ParseLink(link)
	if err != nil {
		return err
	}
	return c.Do(func(now time.Time, p *parts.Person) error {
		return p.Following.Follow(now, l, petname)
	})
}

// Unfollow forgets a feed; its posts stay in the timeline.
func (c *Client) Unfollow(number uint64) error {
	return c.Do(func(_ time.Time, p *parts.Person) error { return p.Following.Unfollow(number) })
}

// Follows lists the feeds that are read.
func (c *Client) Follows() (list []feed.Followed, err error) {
	err = c.View(func(now time.Time, p *parts.Person) error {
		list, err = p.Following.List(now)
		return err
	})
	return list, err
}

// Timeline is the last n posts, the newest first.
func (c *Client) Timeline(n int) (posts []parts.Post, err error) {
	err = c.View(func(now time.Time, p *parts.Person) error {
		posts, err = p.Timeline(now, n)
		return err
	})
	return posts, err
}
