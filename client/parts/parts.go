// Package parts puts the features of a person together: the outbox, cover, their own feed, the
// feeds that they follow, photos and the timeline. A new feature is one package with a Part, and a
// field and a line here.
//
// It is pure, and needs no driver. To run a person in virtual time, as people live in sim/world,
// give it a sender:
//
//	cfg := parts.In(genesis)
//	cfg.Name, cfg.Store, cfg.Random = "Ada", store.Memory(), rng
//	p, err := parts.New(cfg)
//	err = p.Load()
//	s, err := sender.New(…)
//	err = p.Begin(now, s)
//
// and from then on, whenever a frame came down:
//
//	e, err := s.Receive(now, frame)
//	err = p.Answered(now, e)
//
// Every person.TurnEvery it has its p.Turn(now) and p.Supply(now), and the latter after anything
// that the person did (p.Feed.Post, p.Following.Follow) besides. The package must not have an idea
// of its own: it wires.
package parts

import (
	"io"
	"time"

	"murmuration/client/app"
	"murmuration/client/boxstream"
	"murmuration/client/circle"
	"murmuration/client/contact"
	"murmuration/client/content"
	"murmuration/client/cover"
	"murmuration/client/fault"
	"murmuration/client/feed"
	"murmuration/client/message"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/photo"
	"murmuration/client/post"
	"murmuration/client/quota"
	"murmuration/client/relation"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Config says whose features they are. All fields are required.
type Config struct {
	// Name is what the person calls themselves in posts.
	Name string
	// Network is the one whose boxes they are.
	Network boxstream.Network
	// Store is open, and no other person's.
	Store *store.Store
	// Random makes keys of streams and ids of posts: crypto/rand.Reader outside of tests.
	Random io.Reader
	// Pace is how long writing takes in the network.
	Pace outbox.Pace
	// Cover is how many boxes that say nothing are written a day; zero: none.
	Cover int
}

// In is the config of a person in the network of a genesis, but for who they are.
func In(g *directory.Genesis) Config {
	p := g.Parameters
	late := protocol.ListingSlots * p.BulletinEvery
	return Config{
		Network: boxstream.Network{
			ID:       box.NetworkID(g.ID()),
			Format:   box.Format{Plaintext: p.BoxPlaintext},
			Calendar: box.Calendar{Genesis: g.Start, Retention: p.RetentionDays},
			Listing:  protocol.HoldCap*p.Hold + late,
		},
		Pace: outbox.Pace{
			Hold: p.Hold, Listing: late, Again: sender.RoundTrip(p) + 4*p.DropEvery,
			Slow: 2 * p.SlowDelay, // on its way, and on that of its answer
		},
		Cover: p.WritesPerDay,
	}
}

// Person is a person with all features.
type Person struct {
	*person.Person
	Outbox    *outbox.Outbox
	Photos    *photo.Photos
	Sources   *post.Sources
	Writing   *post.Writing
	Reading   *post.Reading
	Feed      *feed.Own
	Following *feed.Following
	Cover     *cover.Cover
	Relations *relation.Relations
	Contacts  *contact.Contacts
	Messages  *message.Messages
	Circles   *circle.Circles
	Apps      *app.Apps

	Quota *quota.Quota

	store    *store.Store
	timeline *timeline.Timeline
}

// New wires a person. Other parts may Join; then comes Load.
func New(cfg Config) (*Person, error) {
	p := &Person{
		Person: person.New(cfg.Store), store: cfg.Store, timeline: timeline.New(),
		Sources: post.NewSources(),
	}
	var err error
	p.Outbox, err = outbox.New(p.Person, outbox.Config{
		Store: cfg.Store, Network: cfg.Network, Random: cfg.Random, Pace: cfg.Pace,
	})
	if err != nil {
		return nil, err
	}
	p.Photos = photo.New(p.Person, cfg.Store, cfg.Network)
	p.Cover, err = cover.New(p.Person, cover.Config{
		Store: cfg.Store, Network: cfg.Network, Random: cfg.Random, Outbox: p.Outbox,
		PerDay: cfg.Cover,
	})
	if err != nil {
		return nil, err
	}
	p.Relations, err = relation.New(p.Person, relation.Config{
		Store: cfg.Store, Network: cfg.Network, Random: cfg.Random, Outbox: p.Outbox,
		Cover: p.Cover,
	})
	if err != nil {
		return nil, err
	}
	p.Contacts, err = contact.New(p.Person, contact.Config{
		Name: cfg.Name, Store: cfg.Store, Network: cfg.Network, Random: cfg.Random,
		Outbox: p.Outbox, Cover: p.Cover, Relations: p.Relations,
	})
	if err != nil {
		return nil, err
	}
	p.wireFeeds(cfg)
	p.wireTalk(cfg)
	p.wireQuota(cfg)
	return p, nil
}

// View reads what the parts have kept.
func (p *Person) View(read func(*store.Tx) error) error { return p.store.View(read) }

// Update changes the person's store.
func (p *Person) Update(write func(*store.Tx) error) error { return p.store.Update(write) }

// wireFeeds is New for what is read and written by many.
func (p *Person) wireFeeds(cfg Config) {
	p.Writing = post.NewWriting(post.WritingConfig{
		Name: p.Contacts.Own, Network: cfg.Network, Random: cfg.Random, Outbox: p.Outbox,
		Timeline: p.timeline, Photos: p.Photos, Cover: p.Cover,
	})
	p.Reading = post.NewReading(p.Person, post.ReadingConfig{
		Store: cfg.Store, Network: cfg.Network, Timeline: p.timeline, Photos: p.Photos,
		Sources: p.Sources,
	})
	p.Feed = feed.NewOwn(p.Person, feed.Config{
		Store: cfg.Store, Network: cfg.Network, Random: cfg.Random, Outbox: p.Outbox,
		Cover: p.Cover, Writing: p.Writing,
	})
	p.Following = feed.NewFollowing(
		p.Person, cfg.Store, cfg.Network, p.Feed, p.Reading, p.Sources,
	)
}

// Post is an entry of the timeline as it is shown. Claimed and Time are claims of whoever wrote it;
// a petname is this person's own.
type Post struct {
	ID       string
	Own      bool
	Petname  string // of the feed that it came from
	Claimed  string // what the author calls themselves
	Time     time.Time
	Received time.Time
	Text     string
	Photos   []Photo
	Circle   string // in which it was said, as its author calls it; empty: an open feed
	Reply    *content.Reply
	Warning  string
	Poll     *content.Poll
	Expires  time.Time // zero: never
}

// Photo is what a post says of one, and how far it is.
type Photo struct {
	content.Photo
	State photo.State
}

// Author is what lists show: one's own name, the petname, or the claimed name in quotes. Of an
// answer that its author publishes for another it is that one's name, as the author says.
func (p Post) Author() string {
	if p.Reply != nil && p.Reply.By != "" {
		return post.Claim(p.Reply.By) + " (says " + p.publisher() + ")"
	}
	return p.publisher()
}

func (p Post) publisher() string {
	switch {
	case p.Own:
		return p.Claimed
	case p.Petname != "":
		return p.Petname
	}
	return post.Claim(p.Claimed)
}

// Timeline is the last n posts, the newest first.
func (p *Person) Timeline(now time.Time, n int) (posts []Post, err error) {
	err = p.store.View(func(tx *store.Tx) error {
		kept, err := p.timeline.Last(tx, n)
		for _, e := range kept {
			shown, err := p.show(tx, now, e)
			if err != nil {
				return err
			}
			posts = append(posts, shown)
		}
		return err
	})
	return posts, err
}

func (p *Person) show(tx *store.Tx, now time.Time, e timeline.Entry) (Post, error) {
	said, err := e.Post()
	if err != nil {
		return Post{}, err
	}
	about, err := p.Sources.Get(tx, e.Source)
	if err != nil {
		return Post{}, err
	}
	shown := Post{
		ID: e.ID, Own: e.Own, Petname: about.Petname, Claimed: said.Name, Text: said.Text,
		Time: time.Unix(said.Time, 0).UTC(), Received: time.UnixMilli(e.Received).UTC(),
		Reply: said.Reply, Warning: said.Warning, Poll: said.Poll,
	}
	if said.Expires != 0 {
		shown.Expires = time.Unix(said.Expires, 0).UTC()
	}
	if err := p.inCircle(tx, e, &shown); err != nil {
		return Post{}, err
	}
	for i, about := range said.Photos {
		state, err := p.Photos.State(tx, now, of(e, i, about))
		if err != nil {
			return Post{}, err
		}
		shown.Photos = append(shown.Photos, Photo{about, state})
	}
	return shown, nil
}

func of(e timeline.Entry, index int, about content.Photo) photo.Of {
	return photo.Of{Post: e.ID, Index: index, Source: e.Source, Day: e.Day, About: about}
}

// errNoPhoto says that a post has none.
var errNoPhoto = fault.New(
	fault.NotFound, "this post has no photo", "`murmur timeline` shows which posts have one.",
)

// Photo says how far a photo of a post or a message is, the first of which has index 0.
func (p *Person) Photo(now time.Time, post string, index int) (s photo.State, err error) {
	if s, err := p.Messages.State(now, post); err == nil && index == 0 {
		return s, nil
	}
	err = p.store.View(func(tx *store.Tx) error {
		e, err := p.timeline.Entry(tx, post)
		if err != nil {
			return err
		}
		said, err := e.Post()
		if err == nil && (index < 0 || index >= len(said.Photos)) {
			err = errNoPhoto
		}
		if err == nil {
			s, err = p.Photos.State(tx, now, of(e, index, said.Photos[index]))
		}
		return err
	})
	return s, err
}
