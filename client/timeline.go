package client

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"murmuration/client/feed"
	"murmuration/client/sender"
	"murmuration/client/store"
)

// Post is an entry of the timeline. Author, Claimed and Time are claims of whoever wrote it; a petname
// is this person's own.
type Post struct {
	ID       string    `json:"id"`
	Own      bool      `json:"own,omitempty"`
	Author   string    `json:"author"`  // petname, or the claimed name in quotes
	Claimed  string    `json:"claimed"` // what the author calls themselves
	Time     time.Time `json:"time"`    // claimed
	Received time.Time `json:"received"`
	Text     string    `json:"text,omitempty"`
	Photo    *Picture  `json:"photo,omitempty"`
}

// Picture is what a timeline knows about a post's photo.
type Picture struct {
	State  string `json:"state"` // "here", "fetching", "there", "expired" or "bad"
	Got    int    `json:"got"`   // boxes
	Of     int    `json:"of"`
	Bytes  int    `json:"bytes"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Alt    string `json:"alt,omitempty"`
	SHA256 string `json:"sha256"`
	Thumb  []byte `json:"thumb,omitempty"` // JPEG
}

// Timeline is the last n posts, the newest first.
func (c *Client) Timeline(n int) ([]Post, error) {
	c.state.Lock()
	defer c.state.Unlock()
	var entries []entry
	err := c.store.View(func(tx *store.Tx) error {
		return store.Each(tx, "posts", func(_ string, e entry) error {
			entries = append(entries, e)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.Received, a.Received), cmp.Compare(a.ID, b.ID))
	})
	posts := make([]Post, 0, min(n, len(entries)))
	for _, e := range entries[:min(n, len(entries))] {
		p, err := c.show(e)
		if err != nil {
			return nil, err
		}
		posts = append(posts, p)
	}
	return posts, nil
}

func (c *Client) show(e entry) (Post, error) {
	content, err := feed.ParsePost(e.Content)
	if err != nil {
		return Post{}, store.ErrForeign.With("a post: %w", err)
	}
	p := Post{
		ID: e.ID, Own: e.Own, Author: content.Name, Claimed: content.Name, Text: content.Text,
		Time: time.Unix(content.Time, 0).UTC(), Received: time.UnixMilli(e.Received).UTC(),
	}
	if !e.Own {
		p.Author = "“" + content.Name + "”"
		if f := c.reader.find(e.Follow); f != nil && f.Petname != "" {
			p.Author = f.Petname
		}
	}
	if content.Photo != nil {
		p.Photo, err = c.picture(e.ID, content.Photo, e.BadPhoto)
	}
	return p, err
}

func (c *Client) picture(post string, p *feed.Photo, bad bool) (*Picture, error) {
	s, err := c.photoState(post)
	if err != nil {
		return nil, err
	}
	state := "there"
	switch {
	case s.Here:
		state = "here"
	case bad:
		state = "bad"
	case c.fetches[post] != nil:
		state = "fetching"
	case p.Day < c.calendar.Oldest(time.Now()):
		state = "expired"
	}
	return &Picture{
		State: state, Got: s.Got, Of: s.Of, Bytes: p.Size, Width: p.Width, Height: p.Height,
		Alt: p.Alt, SHA256: hexOf(p.Hash), Thumb: p.Thumb,
	}, nil
}

// Followed is a feed that this person reads.
type Followed struct {
	Token   uint64    `json:"token"`
	Name    string    `json:"name"`
	Claimed string    `json:"claimed,omitempty"`
	Posts   int       `json:"posts"`
	Since   time.Time `json:"since"` // of waiting for the next post
}

// Follows lists the feeds that are read.
func (c *Client) Follows() []Followed {
	c.state.Lock()
	defer c.state.Unlock()
	list := []Followed{}
	for _, f := range c.reader.follows {
		list = append(list, Followed{f.Token, f.name(), f.Claimed, f.Posts, time.UnixMilli(f.Since).UTC()})
	}
	return list
}

// Line is one line of the outbox.
type Line struct {
	Number uint64    `json:"number"`
	Post   string    `json:"post"`
	State  string    `json:"state"` // "queued", "handed over", "stored" or "expired"
	Boxes  int       `json:"boxes"`
	Handed int       `json:"handed"` // in a packet at least once, those stored included
	Stored int       `json:"stored"` // acknowledged by a holder after its fsync
	Queued time.Time `json:"queued"`
	Done   time.Time `json:"done,omitzero"`
	Reason string    `json:"reason,omitempty"`   // why it expired
	Soon   string    `json:"expected,omitempty"` // "in 40s to 1m30s": the expected window
}

// Outbox lists what was queued, the newest first.
func (c *Client) Outbox() []Line {
	c.state.Lock()
	defer c.state.Unlock()
	c.mu.Lock()
	handed := maps.Clone(c.handed) // the slots do not wait for what follows
	c.mu.Unlock()
	lines := []Line{}
	for _, a := range c.mail.actions {
		lines = append(lines, c.lineOf(*a, handed))
	}
	slices.SortFunc(lines, func(a, b Line) int { return cmp.Compare(b.Number, a.Number) })
	return lines
}

func (c *Client) lineOf(a action, handed map[uint64]bool) Line {
	l := Line{
		Number: a.Number, Post: a.Post, State: "queued", Boxes: a.Boxes, Handed: a.Stored, Stored: a.Stored,
		Queued: time.UnixMilli(a.Queued).UTC(), Reason: a.Lost,
	}
	ahead := 0
	for i, p := range c.mail.waiting {
		if p.post == a.Post {
			ahead = i + 1
			if handed[p.number] {
				l.Handed++
			}
		}
	}
	switch {
	case a.Lost != "":
		l.State = "expired"
	case a.Done != 0:
		l.State = "stored"
	case l.Handed > 0:
		l.State = "handed over"
	}
	if a.Done != 0 {
		l.Done = time.UnixMilli(a.Done).UTC()
	} else {
		l.Soon = sender.Expect(c.genesis.Parameters, ahead).String()
	}
	return l
}

// Name is what this person calls themselves.
func (c *Client) Name() string { return c.name() }
