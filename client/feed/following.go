package feed

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

const bucketFollows = "follows" // follow, by source

// follow is a feed that this person reads.
type follow struct {
	Source post.Source `cbor:"1,keyasint"`
	Since  int64       `cbor:"2,keyasint"` // Unix milliseconds
	Epoch  int         `cbor:"3,keyasint"` // of the newest stream
	// Start and First are those of the link: where a home that is made of a backup begins again.
	Start boxstream.Start `cbor:"4,keyasint"` // zero: the head says it
	First box.Day         `cbor:"5,keyasint"`

	Head    Head     `cbor:"6,keyasint"` // unknown in a feed of an old link
	Latest  place    `cbor:"7,keyasint"` // of the heads that came
	Streams []string `cbor:"8,keyasint"` // that are read, by name, the newest last
	Ended   bool     `cbor:"9,keyasint"`
	// Gone are posts that were taken back before they came.
	Gone []string `cbor:"10,keyasint,omitempty"`
}

// maxStreams is how many streams of a feed are read at once: after a copy or a backup of its home
// it goes on in another one, and the last boxes of the one before may come late.
const maxStreams = 4

func (f follow) put(tx *store.Tx) error { return tx.Put(bucketFollows, followName(f.Source), f) }

// stream is the one that begins with a start.
func (f follow) stream(start boxstream.Start, epoch int) post.Stream {
	root, _ := start.Before()
	name := fmt.Sprintf("%s/%x/%x", kind, f.Source, root[:8])
	return post.Stream{Name: name, Source: f.Source, Epoch: epoch}
}

func followName(s post.Source) string { return hex.EncodeToString(s[:]) }

// kind is what the names of feeds' streams begin with.
const kind = "feed"

// Following is all feeds that a person reads. All of it is on the disk.
type Following struct {
	access  *person.Access
	store   *store.Store
	network boxstream.Network
	own     *Own
	reading *post.Reading
	sources *post.Sources
	doors   doors
}

// NewFollowing is what a person reads, beside their own feed.
func NewFollowing(
	p *person.Person, s *store.Store, n boxstream.Network, own *Own, r *post.Reading,
	sources *post.Sources,
) *Following {
	f := &Following{store: s, network: n, own: own, reading: r, sources: sources, doors: doors{}}
	f.access = p.Join(f)
	r.Serve(kind, f)
	return f
}

// Load looks whether what is followed can be read.
func (f *Following) Load(tx *store.Tx) error {
	return store.Each(tx, bucketFollows, func(name string, g follow) error {
		_, _, err := g.Start.Open()
		if g.Head.Known() && g.Start == (boxstream.Start{}) {
			_, _, err = g.Head.start().Open()
		}
		if err != nil || name != followName(g.Source) {
			return store.ErrForeign.With("a followed feed: %v", err)
		}
		return nil
	})
}

// Restored reads on, from where each feed was followed: what comes again is shown once.
func (f *Following) Restored(tx *store.Tx, now time.Time) error {
	return store.Each(tx, bucketFollows, func(_ string, g follow) error {
		g.Streams, g.Latest = nil, place{}
		return errors.Join(f.start(tx, now, &g), g.put(tx))
	})
}

// Supply asks for nothing.
func (f *Following) Supply(time.Time) error { return nil }

// Posted shows that a post came, which is kept already.
func (f *Following) Posted(
	tx *store.Tx, _ time.Time, s post.Stream, e timeline.Entry, p content.Post,
) error {
	if gone, err := f.wasGone(tx, e); err != nil || gone {
		return err
	}
	about, err := f.sources.Get(tx, s.Source)
	tx.After(func() {
		f.access.Show(person.Event{
			Kind: person.EventPost, ID: e.ID, From: about.Name(), Text: post.FirstWords(p),
		})
	})
	return err
}

// Said takes the end of a feed, as its stream says it, and what its author takes back.
func (f *Following) Said(
	tx *store.Tx, _ time.Time, s post.Stream, _ uint64, r box.Record,
) (bool, error) {
	switch {
	case r.Parts != 1:
		return false, nil
	case r.Kind == content.KindNote:
		return f.gone(tx, s, r)
	case r.Kind != content.KindHead:
		return false, nil
	}
	p, err := parseHead(r.Content)
	if err != nil || !p.Ended {
		return false, nil
	}
	var g follow
	if err := tx.Get(bucketFollows, followName(s.Source), &g); err != nil {
		return true, err
	}
	return true, errors.Join(f.end(tx, &g), g.put(tx))
}

// Follow reads an open feed from where its link begins. petname may be empty.
func (f *Following) Follow(now time.Time, l Link, petname string) error {
	if petname != "" && content.CheckName(petname) != nil {
		return content.CheckName(petname)
	}
	if !l.of(f.network.ID) {
		return ErrNetwork
	}
	return f.store.Update(func(tx *store.Tx) error { return f.follow(tx, now, l, petname) })
}

func (f *Following) follow(tx *store.Tx, now time.Time, l Link, petname string) error {
	if err := f.checkNew(tx, l); err != nil {
		return err
	}
	root, _ := l.Stream.Before()
	g := follow{
		Source: content.SourceOf(root), Since: now.UnixMilli(), Epoch: 1, Start: l.Stream,
		First: min(l.FirstDay, f.network.Today(now)), Head: l.Head,
	}
	if l.Head.Known() {
		g.Source = l.Head.Source()
	}
	known, err := f.sources.Meet(tx, g.Source)
	if err != nil {
		return err
	}
	known.Read = true
	if petname != "" {
		known.Petname = petname
	}
	tx.After(func() { f.look(now, g, known.Number) })
	return errors.Join(f.sources.Put(tx, known), f.start(tx, now, &g), g.put(tx))
}

// start reads the stream that the link says; where it says none, the head will.
func (f *Following) start(tx *store.Tx, now time.Time, g *follow) error {
	if g.Start == (boxstream.Start{}) && g.Head.Known() {
		return nil
	}
	s := g.stream(g.Start, g.Epoch)
	g.Streams = append(g.Streams, s.Name)
	return f.reading.Start(tx, now, s, g.Start, g.First)
}

func (f *Following) checkNew(tx *store.Tx, l Link) error {
	if _, read := f.reading.Reads(kind, l.Stream); read {
		return ErrFollowing
	}
	if l.Head.Known() {
		read, err := tx.Has(bucketFollows, followName(l.Head.Source()))
		if err != nil {
			return err
		}
		if read {
			return ErrFollowing
		}
	}
	mine, err := f.own.writes(tx, l)
	if mine {
		return ErrOwnFeed
	}
	return err
}

// Unfollow forgets a feed; its posts stay in the timeline, under its name.
func (f *Following) Unfollow(number uint64) error {
	return f.store.Update(func(tx *store.Tx) error {
		all, err := f.all(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(g followed) bool { return g.about.Number == number })
		if i < 0 {
			return ErrNoFollow.With("number %d", number)
		}
		g := all[i]
		g.about.Read = false
		errs := []error{
			f.sources.Put(tx, g.about), tx.Delete(bucketFollows, followName(g.Source)),
		}
		for _, name := range g.Streams {
			errs = append(errs, f.reading.Stop(tx, name))
		}
		tx.After(func() { f.access.Unwant(number) })
		return errors.Join(errs...)
	})
}

// followed is a feed that is read, and what is known of it.
type followed struct {
	follow
	about post.About
}

// all is the feeds that are read, in the order of their numbers.
func (f *Following) all(tx *store.Tx) (all []followed, err error) {
	known, err := f.sources.List(tx)
	for _, about := range known {
		var g follow
		read := tx.Get(bucketFollows, followName(about.Source), &g)
		switch {
		case read == nil:
			all = append(all, followed{g, about})
		case !errors.Is(read, store.ErrNotFound):
			return nil, read
		}
	}
	return all, err
}

// Followed is a feed that this person reads.
type Followed struct {
	Number  uint64
	Petname string
	Claimed string
	Posts   int
	Since   time.Time // when the last post came, or the feed was followed
	// Ended: its author says that nothing more comes. Silent: nothing came for a month, though all
	// that holders list was read.
	Ended, Silent bool
}

// silence is how long a feed that is read is silent until that is said.
const silence = 30 * 24 * time.Hour

// Name is what lists show: the petname, or the author's claim in quotes.
func (f Followed) Name() string {
	return post.About{Petname: f.Petname, Claimed: f.Claimed}.Name()
}

// List is the feeds that are read.
func (f *Following) List(now time.Time) ([]Followed, error) {
	all := []Followed{}
	whole := f.access.Whole()+2 >= f.network.Today(now)
	err := f.store.View(func(tx *store.Tx) error {
		read, err := f.all(tx)
		for _, g := range read {
			a := g.about
			since := time.UnixMilli(max(a.Last, g.follow.Since)).UTC()
			all = append(all, Followed{
				Number: a.Number, Petname: a.Petname, Claimed: a.Claimed, Posts: a.Posts,
				Since: since, Ended: g.Ended,
				Silent: !g.Ended && whole && now.Sub(since) > silence,
			})
		}
		return err
	})
	return all, err
}
