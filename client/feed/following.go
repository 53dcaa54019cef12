package feed

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

const bucketFollows = "follows" // follow, by number

// follow is a feed that this person reads. Its position is durable, so that nothing is shown twice.
type follow struct {
	Number  uint64           `cbor:"1,keyasint"`
	Petname string           `cbor:"2,keyasint"` // this person's own name for it
	Claimed string           `cbor:"3,keyasint"` // the author's, from the latest post
	Posts   int              `cbor:"4,keyasint"`
	Reader  boxstream.Reader `cbor:"5,keyasint"`

	day box.Day // and
	id  box.ID  // of the box that is watched for it
}

func (f *follow) put(tx *store.Tx) error { return tx.Put(bucketFollows, followName(f.Number), *f) }

func followName(number uint64) string { return fmt.Sprintf("%020d", number) }

// Following is all feeds that a person reads, in the order in which they were followed.
type Following struct {
	store    *store.Store
	access   *person.Access
	network  boxstream.Network
	own      *Own
	timeline *timeline.Timeline
	follows  []*follow
}

// NewFollowing is what a person reads, beside their own feed.
func NewFollowing(
	p *person.Person, s *store.Store, n boxstream.Network, own *Own, t *timeline.Timeline,
) *Following {
	f := &Following{store: s, network: n, own: own, timeline: t}
	f.access = p.Join(f)
	return f
}

// Load takes up what is read.
func (f *Following) Load(tx *store.Tx) error {
	return store.Each(tx, bucketFollows, func(_ string, g follow) error {
		if err := g.Reader.Load(); err != nil {
			return store.ErrForeign.With("a followed feed: %w", err)
		}
		f.follows = append(f.follows, &g)
		return nil
	})
}

// Supply does nothing: what is followed is watched, at the sender's own pace.
func (f *Following) Supply(time.Time) error { return nil }

// Turn watches the boxes of the day.
func (f *Following) Turn(now time.Time) error {
	for _, g := range f.follows {
		f.watch(g, now)
	}
	return nil
}

// watch gives the sender the box that g waits for now.
func (f *Following) watch(g *follow, now time.Time) {
	day := g.Reader.Day(f.network, now)
	if g.id == (box.ID{}) || g.day != day {
		g.day, g.id = day, g.Reader.ID(f.network, day)
	}
	f.access.Watch(g.Number, g.day, g.id, time.UnixMilli(g.Reader.Since))
}

// Follow reads an open feed from where its link begins. petname may be empty.
func (f *Following) Follow(now time.Time, l Link, petname string) error {
	if petname != "" && content.CheckName(petname) != nil {
		return content.CheckName(petname)
	}
	if l.Network != NetworkOf(f.network.ID) {
		return ErrNetwork
	}
	reader, err := boxstream.NewReader(l.Stream, l.FirstDay, now)
	if err != nil {
		return err
	}
	g := &follow{Number: 1, Petname: petname, Reader: reader}
	if err := f.checkNew(g); err != nil {
		return err
	}
	for _, other := range f.follows {
		g.Number = max(g.Number, other.Number+1)
	}
	if err := f.store.Update(g.put); err != nil {
		return err
	}
	f.follows = append(f.follows, g)
	f.watch(g, now)
	return nil
}

func (f *Following) checkNew(g *follow) error {
	for _, other := range f.follows {
		if other.Reader.Same(g.Reader) {
			return ErrFollowing
		}
	}
	mine, err := f.own.writes(g.Reader)
	if mine {
		return ErrOwnFeed
	}
	return err
}

// Unfollow forgets a feed; its posts stay in the timeline.
func (f *Following) Unfollow(number uint64) error {
	g := f.find(number)
	if g == nil {
		return ErrNoFollow.With("number %d", number)
	}
	err := f.store.Update(
		func(tx *store.Tx) error { return tx.Delete(bucketFollows, followName(number)) },
	)
	if err != nil {
		return err
	}
	f.follows = slices.DeleteFunc(f.follows, func(other *follow) bool { return other == g })
	f.access.Unwatch(number)
	return nil
}

func (f *Following) find(number uint64) *follow {
	for _, g := range f.follows {
		if g.Number == number {
			return g
		}
	}
	return nil
}

// Followed is a feed that this person reads.
type Followed struct {
	Number  uint64
	Petname string
	Claimed string
	Posts   int
	Since   time.Time // of waiting for the next post
}

// Name is what lists show: the petname, or the author's claim in quotes.
func (f Followed) Name() string {
	switch {
	case f.Petname != "":
		return f.Petname
	case f.Claimed != "":
		return "“" + f.Claimed + "”"
	}
	return "(nothing read yet)"
}

// List is the feeds that are read.
func (f *Following) List() []Followed {
	all := []Followed{}
	for _, g := range f.follows {
		since := time.UnixMilli(g.Reader.Since).UTC()
		all = append(all, Followed{g.Number, g.Petname, g.Claimed, g.Posts, since})
	}
	return all
}

// Petname is this person's name for the feed of a number; empty if there is none.
func (f *Following) Petname(number uint64) string {
	if g := f.find(number); g != nil {
		return g.Petname
	}
	return ""
}

// Answered takes what a holder says about the next box of a feed.
func (f *Following) Answered(now time.Time, a person.Answer) error {
	g := f.find(a.Number)
	if g == nil || a.Kind != person.Polled || g.id != a.ID || g.day != a.Day {
		return nil // about a box that is not the next one any more
	}
	switch a.Reply.Status {
	case box.StatusFound:
		return f.read(now, g, a)
	case box.StatusTombstoned:
		_, err := g.Reader.Open(f.network, a.Day, a.Reply.Box)
		if errors.Is(err, box.ErrTombstone) {
			return f.advance(now, g, a.Day, nil, "")
		}
		return nil
	}
	after, moved := g.Reader.NotFound(f.network, a.Day, a.Sent)
	if !moved {
		return nil
	}
	next := *g
	next.Reader = after
	if err := f.store.Update(next.put); err != nil {
		return fmt.Errorf("noting the position in a feed: %w", err)
	}
	*g = next
	f.watch(g, now)
	return nil
}

// read opens a found box. What does not open is the holder's doing, and polled again; what opens
// and is no post is the author's, and skipped.
func (f *Following) read(now time.Time, g *follow, a person.Answer) error {
	plaintext, err := g.Reader.Open(f.network, a.Day, a.Reply.Box)
	if err != nil {
		f.access.Tell("a holder gave a box that does not open; it is asked for again", "")
		return nil
	}
	record, err := box.ParseRecord(f.network.Format, plaintext)
	var p content.Post
	if err == nil && record.Kind == content.KindPost && record.Parts == 1 {
		p, err = content.ParsePost(record.Content)
	}
	if err != nil || p.Name == "" {
		f.access.Tell(
			"a followed feed has a post that this program does not understand; it is passed over",
			"Update this program.",
		)
		return f.advance(now, g, a.Day, nil, "")
	}
	id, err := f.timeline.NewID()
	if err != nil {
		return err
	}
	post := timeline.Entry{
		ID: id, Follow: g.Number, Content: record.Content, Received: now.UnixMilli(), Day: a.Day,
	}
	return f.advance(now, g, a.Day, &post, p.Name)
}

// advance goes on to the next index; position and post reach the disk together.
func (f *Following) advance(
	now time.Time, g *follow, day box.Day, post *timeline.Entry, claimed string,
) error {
	next := *g
	next.Reader, next.id = g.Reader.Found(day, now), box.ID{}
	if post != nil {
		next.Claimed = claimed
		next.Posts++
	}
	err := f.store.Update(func(tx *store.Tx) error {
		if post == nil {
			return next.put(tx)
		}
		return errors.Join(next.put(tx), f.timeline.Keep(tx, *post))
	})
	if err != nil {
		return fmt.Errorf("noting a post: %w", err)
	}
	*g = next
	f.watch(g, now)
	return nil
}
