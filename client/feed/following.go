package feed

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/photo"
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
	// Newest is the index of the latest post that came, from which Claimed is.
	Newest uint64 `cbor:"6,keyasint"`
}

func (f *follow) put(tx *store.Tx) error { return tx.Put(bucketFollows, followName(f.Number), *f) }

func followName(number uint64) string { return fmt.Sprintf("%020d", number) }

// idsATurn is how many ids are worked out at most when a person has their turn, 40 µs each.
const idsATurn = 4000

// Albums keeps the photos of followed feeds as they come: *photo.Photos does.
type Albums interface {
	Expect(tx *store.Tx, of photo.Of) error
	Take(tx *store.Tx, follow uint64, day box.Day, r box.Record) error
}

// Following is all feeds that a person reads, in the order in which they were followed.
type Following struct {
	store    *store.Store
	access   *person.Access
	network  boxstream.Network
	own      *Own
	timeline *timeline.Timeline
	photos   Albums
	follows  []*follow
}

// NewFollowing is what a person reads, beside their own feed.
func NewFollowing(
	p *person.Person, s *store.Store, n boxstream.Network, own *Own, t *timeline.Timeline, a Albums,
) *Following {
	f := &Following{store: s, network: n, own: own, timeline: t, photos: a}
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

// Supply does nothing: what is wanted is fetched at the sender's own pace.
func (f *Following) Supply(time.Time) error { return nil }

// Turn looks out for the boxes of the day, and closes the days of which nothing new comes.
func (f *Following) Turn(now time.Time) error {
	room := idsATurn
	for _, g := range f.follows {
		if after, changed := g.Reader.Close(f.network, now, f.access.Whole()); changed {
			next := *g
			next.Reader = after
			if err := f.store.Update(next.put); err != nil {
				return fmt.Errorf("noting the position in a feed: %w", err)
			}
			*g = next
		}
		f.look(g, now, &room)
	}
	return nil
}

// look has the boxes looked out for that may come of a feed.
func (f *Following) look(g *follow, now time.Time, room *int) {
	places, others := g.Reader.IDs(f.network, now, room)
	if !others {
		return
	}
	ids := make([]person.ID, len(places))
	for i, p := range places {
		ids[i] = person.ID(p)
	}
	f.access.Want(g.Number, ids, true)
}

// Follow reads an open feed from where its link begins. petname may be empty.
func (f *Following) Follow(now time.Time, l Link, petname string) error {
	if petname != "" && content.CheckName(petname) != nil {
		return content.CheckName(petname)
	}
	if l.Network != NetworkOf(f.network.ID) {
		return ErrNetwork
	}
	reader, err := boxstream.NewReader(l.Stream, min(l.FirstDay, f.network.Today(now)), now)
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
	room := idsATurn
	f.look(g, now, &room)
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
	f.access.Unwant(number)
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
	Since   time.Time // when the last box came, or the feed was followed
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

// Answered takes a box that came. Whoever fetched it has seen that its id and signature are right,
// so that its author wrote it; what does not open all the same is passed over as nothing.
func (f *Following) Answered(now time.Time, a person.Answer) error {
	g := f.find(a.Number)
	if g != nil && a.Kind == person.Listed {
		g.Reader.Listed(boxstream.Place{Day: a.Day, ID: a.ID})
	}
	if g == nil || a.Kind != person.Found {
		return nil
	}
	opened, err := g.Reader.Open(f.network, a.Day, a.Reply.Box)
	if err != nil && !errors.Is(err, box.ErrTombstone) || g.Reader.Has(opened.Number) {
		return nil
	}
	return f.read(now, g, opened)
}

// read keeps what a box says, and that it came; what is neither post nor photo is the author's
// doing, and passed over.
func (f *Following) read(now time.Time, g *follow, o boxstream.Opened) error {
	next := *g
	next.Reader = g.Reader.Found(now, o.Number, o.Day)
	keep, understood := f.keep(now, &next, o)
	if !understood {
		f.access.Tell(
			"a followed feed has a post that this program does not understand; it is passed over",
			"Update this program.",
		)
	}
	err := f.store.Update(func(tx *store.Tx) error { return errors.Join(next.put(tx), keep(tx)) })
	if err != nil {
		return fmt.Errorf("noting a post: %w", err)
	}
	*g = next
	room := idsATurn
	f.look(g, now, &room)
	return nil
}

func nothing(*store.Tx) error { return nil }

// keep is what to keep of a box beside the position, and whether the box says something.
func (f *Following) keep(
	now time.Time, g *follow, o boxstream.Opened,
) (keep func(*store.Tx) error, understood bool) {
	if o.Plaintext == nil {
		return nothing, true // a tombstone
	}
	record, err := box.ParseRecord(f.network.Format, o.Plaintext)
	switch {
	case err == nil && record.Kind == content.KindPhoto:
		return func(tx *store.Tx) error {
			return f.photos.Take(tx, g.Number, o.Day, record)
		}, true
	case err != nil || record.Kind != content.KindPost || record.Parts != 1:
		return nothing, false
	}
	p, err := content.ParsePost(record.Content)
	if err != nil {
		return nothing, false
	}
	g.Posts++
	if o.Number >= g.Newest {
		g.Claimed, g.Newest = p.Name, o.Number
	}
	return func(tx *store.Tx) error {
		return f.post(tx, p, timeline.Entry{
			Follow: g.Number, Content: record.Content, Received: now.UnixMilli(), Day: o.Day,
			Number: o.Number,
		})
	}, true
}

// post keeps a post, and expects its photo.
func (f *Following) post(tx *store.Tx, p content.Post, e timeline.Entry) (err error) {
	if e.ID, err = f.timeline.NewID(); err != nil {
		return err
	}
	err = f.timeline.Keep(tx, e)
	if err == nil && p.Photo != nil {
		of := photo.Of{Post: e.ID, Follow: e.Follow, Day: e.Day, About: p.Photo}
		err = f.photos.Expect(tx, of)
	}
	return err
}
