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

// follow is a feed that this person reads: bucket "follows", by token. Its position is durable, so
// that nothing is shown twice.
type follow struct {
	Token   uint64  `cbor:"1,keyasint"`
	Petname string  `cbor:"2,keyasint"` // this person's own name for it
	Claimed string  `cbor:"3,keyasint"` // the author's, from the latest post
	Cap     []byte  `cbor:"4,keyasint"` // box.ReadCap at the next index
	Checked box.Day `cbor:"5,keyasint"`
	Since   int64   `cbor:"6,keyasint"` // when the next index became that; Unix milliseconds
	Posts   int     `cbor:"7,keyasint"`
	Root    []byte  `cbor:"8,keyasint"` // public root key: names the feed among those followed

	cap    *box.ReadCap
	polled sender.Target // what the sender watches for it
}

func followName(token uint64) string { return fmt.Sprintf("%020d", token) }

func (f *follow) put(tx *store.Tx) error { return tx.Put("follows", followName(f.Token), *f) }

// Name is what lists show: the petname, or the author's claim in quotes.
func (f *follow) name() string {
	switch {
	case f.Petname != "":
		return f.Petname
	case f.Claimed != "":
		return "“" + f.Claimed + "”"
	}
	return "(nothing read yet)"
}

// reader is all feeds that are read, in the order in which they were followed.
type reader struct{ follows []*follow }

func (r *reader) load(tx *store.Tx) error {
	return store.Each(tx, "follows", func(_ string, f follow) (err error) {
		if f.cap, err = box.ParseReadCap(f.Cap); err != nil {
			return store.ErrForeign.With("a followed feed: %w", err)
		}
		r.follows = append(r.follows, &f)
		return nil
	})
}

func (r *reader) find(token uint64) *follow {
	for _, f := range r.follows {
		if f.Token == token {
			return f
		}
	}
	return nil
}

// Follow reads an open feed from where its link begins. petname may be empty.
func (c *Client) Follow(text, petname string) error {
	l, err := feed.ParseLink(text)
	if err != nil {
		return err
	}
	if petname != "" && feed.CheckName(petname) != nil {
		return feed.CheckName(petname)
	}
	if l.Network != feed.NetworkOf(c.network) {
		return feed.ErrNetwork
	}
	reading, _, err := l.Stream.Open()
	if err != nil {
		return err
	}
	now := time.Now()
	c.state.Lock()
	defer c.state.Unlock()
	f := &follow{
		Petname: petname, Cap: reading.Marshal(), Checked: l.FirstDay, Since: now.UnixMilli(),
		Root: reading.Marshal()[:32], cap: reading,
	}
	if err := c.checkNew(f); err != nil {
		return err
	}
	for _, g := range c.reader.follows {
		f.Token = max(f.Token, g.Token)
	}
	f.Token++
	if err := c.store.Update(f.put); err != nil {
		return err
	}
	c.reader.follows = append(c.reader.follows, f)
	c.watch(f, now)
	return nil
}

func (c *Client) checkNew(f *follow) error {
	if slices.ContainsFunc(c.reader.follows, func(g *follow) bool { return string(g.Root) == string(f.Root) }) {
		return ErrFollowing
	}
	own, err := c.ownFeed()
	if errors.Is(err, ErrNoFeed) {
		return nil
	}
	if err != nil {
		return err
	}
	writer, _, err := own.open()
	if err == nil && string(writer.ReadCap().Marshal()[:32]) == string(f.Root) {
		return ErrOwnFeed
	}
	return err
}

// Unfollow forgets a feed; its posts stay in the timeline.
func (c *Client) Unfollow(token uint64) error {
	c.state.Lock()
	defer c.state.Unlock()
	f := c.reader.find(token)
	if f == nil {
		return ErrNoFollow.With("number %d", token)
	}
	err := c.store.Update(func(tx *store.Tx) error { return tx.Delete("follows", followName(token)) })
	if err != nil {
		return err
	}
	c.reader.follows = slices.DeleteFunc(c.reader.follows, func(g *follow) bool { return g == f })
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sender != nil {
		c.sender.Unwatch(token)
	}
	return nil
}

func (f *follow) position() position { return position{f.Checked} }

// watch gives the sender the box that f waits for now. The caller holds c.state.
func (c *Client) watch(f *follow, now time.Time) {
	day := f.position().day(c.calendar, now)
	if f.polled.ID == (box.ID{}) || f.polled.Day != day {
		f.polled = sender.Target{Token: f.Token, Day: day, ID: f.cap.ID(f.cap.Start(), c.network, day), Since: time.UnixMilli(f.Since)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sender != nil {
		c.sender.Watch(f.polled)
	}
}

// watchAll watches all feeds at now: at the start, and when the day turns. The caller holds c.state.
func (c *Client) watchAll(now time.Time) {
	for _, f := range c.reader.follows {
		c.watch(f, now)
	}
}

// polled is what a holder says about the next box of a feed. The caller holds c.state.
func (c *Client) polled(e sender.Event, now time.Time) error {
	f := c.reader.find(e.Token)
	if f == nil || f.polled.ID != e.ID || f.polled.Day != e.Day {
		return nil // about a box that is not the next one any more
	}
	switch e.Reply.Status {
	case box.StatusFound:
		return c.read(f, e, now)
	case box.StatusTombstoned:
		_, err := f.cap.Open(f.cap.Start(), c.network, e.Day, e.Reply.Box)
		if errors.Is(err, box.ErrTombstone) {
			return c.advance(f, e.Day, nil, now)
		}
		return nil
	}
	after := f.position().empty(c.calendar, e.Day, e.Sent)
	if after == f.position() {
		return nil
	}
	next := *f
	next.Checked = after.Checked
	if err := c.store.Update(next.put); err != nil {
		return fmt.Errorf("noting the position in a feed: %w", err)
	}
	*f = next
	c.watch(f, now)
	return nil
}

// read opens a found box. What does not open is the holder's doing, and polled again; what opens and
// is no post is the author's, and skipped.
func (c *Client) read(f *follow, e sender.Event, now time.Time) error {
	plaintext, err := f.cap.Open(f.cap.Start(), c.network, e.Day, e.Reply.Box)
	if err != nil {
		c.log.Warn("a holder gave a box that does not open")
		return nil
	}
	record, err := box.ParseRecord(c.format, plaintext)
	var p feed.Post
	if err == nil && record.Kind == feed.KindPost && record.Parts == 1 {
		p, err = feed.ParsePost(record.Content)
	}
	if err != nil || p.Name == "" {
		c.log.Warn("a followed feed has a post that this program does not understand")
		return c.advance(f, e.Day, nil, now)
	}
	return c.advance(f, e.Day, &entry{ID: newID(), Follow: f.Token, Content: record.Content, Received: now.UnixMilli(), Day: e.Day, claimed: p.Name}, now)
}

// advance goes on to the next index; position and post reach the disk together.
func (c *Client) advance(f *follow, day box.Day, post *entry, now time.Time) error {
	next := *f
	next.cap = f.cap.At(f.cap.Start().Next())
	next.Cap, next.Checked, next.Since = next.cap.Marshal(), f.position().found(day).Checked, now.UnixMilli()
	next.polled = sender.Target{}
	if post != nil {
		next.Claimed = post.claimed
		next.Posts++
	}
	err := c.store.Update(func(tx *store.Tx) error {
		if post == nil {
			return next.put(tx)
		}
		return errors.Join(next.put(tx), tx.Put("posts", post.ID, *post))
	})
	if err != nil {
		return fmt.Errorf("noting a post: %w", err)
	}
	*f = next
	c.watch(f, now)
	return nil
}
