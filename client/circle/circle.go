// Package circle is posts for some people: whoever has a circle writes a stream of its own for it,
// and gives each member a card with which they read it from then on. Nobody but its author writes
// to a circle: members answer over their relation with the author, who publishes what they accept.
// docs/circle.md is the specification.
//
// It is pure, a person's Part, and a Hearer of relations and of streams of posts. It must not let
// anybody who was removed read what is written afterwards: that is what epochs are for. It believes
// a contact in nothing but the contact's own circles, and it does what a member asks for only while
// they are one.
package circle

import (
	"io"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

// Specification constants (docs/circle.md).
const (
	month   = 30 * 24 * time.Hour // for which an epoch lasts
	silence = 35 * 24 * time.Hour // after which a member asks for a card
	asks    = 7 * 24 * time.Hour  // between two times of it
	leave   = 90 * 24 * time.Hour // after which an epoch is left that did not end
)

// Limits of what is kept and done for others.
const (
	maxCircles  = 64 // of a person's own
	maxMembers  = 150
	maxJoined   = 16  // circles of one contact
	maxReplies  = 256 // to one post
	maxDaily    = 50  // replies of one member in a day
	maxCards    = 16  // of one device in a day
	maxThread   = 500 // answers that are listed with a post
	maxAsks     = 4   // of one member for a card in a day
	maxPacks    = 2   // times that the last posts come with it
	tallysApart = 10 * time.Minute
	turnsApart  = time.Minute
)

// The buckets of circles. What is in the first two, and threads, goes into backups: an epoch is one
// device's.
const (
	bucketCircles = "circles" // circle, by id
	bucketJoined  = "joined"  // joined, by the circle's id
	bucketThreads = "threads" // thread, by the id of a post
	bucketEpochs  = "epochs"  // epoch, by the circle's id
	bucketSeats   = "seats"   // seats, by the circle's id
)

// Faults of circles.
var (
	ErrNoCircle = fault.New(
		fault.NotFound, "there is no such circle", "`murmur circle list` shows yours.",
	)
	errExists = fault.New(
		fault.User, "there is a circle of this name, or of one that looks like it",
		"Choose another name.",
	)
	errMember = fault.New(
		fault.User, "they are a member already", "`murmur circle show` lists the members.",
	)
	errNoMember = fault.New(
		fault.NotFound, "they are no member", "`murmur circle show` lists the members.",
	)
	errMost = fault.New(
		fault.Quota, "no more than that",
		"A person has up to 64 circles, and a circle up to 150 members.",
	)
	ErrNotHere = fault.New(
		fault.User, "this post is in no circle that you are in",
		"Posts of circles are answered through their authors; open feeds have no answers.",
	)
	errLeft = fault.New(
		fault.User, "you are not in this circle any more", "Ask its author.",
	)
	errEmoji = fault.New(
		fault.User, "not one emoji", "A reaction is one character that can be seen, such as 👍.",
	)
	errVote = fault.New(
		fault.User, "not an option of an open poll",
		"`murmur show ID` lists the options, counted from 1, and when it closes.",
	)
	errNotOwn = fault.New(
		fault.User, "the post is not yours", "Only its author can take a post back.",
	)
)

// Relations carries cards and answers: *relation.Relations does.
type Relations interface {
	Serve(kind relation.Kind, h relation.Hearer)
	Watch(do func(*store.Tx, time.Time, relation.Event) error)
	Say(tx *store.Tx, now time.Time, to relation.ID, s relation.Saying) (relation.Said, error)
	Tell(tx *store.Tx, now time.Time, kind relation.Kind, content []byte) error
	Decided(tx *store.Tx, to relation.ID) error
}

// Writing writes posts: *post.Writing does.
type Writing interface {
	Post(
		tx *store.Tx, now time.Time, to post.Stream, author string, s *boxstream.Writer,
		d post.Draft,
	) (post.Receipt, error)
	Say(
		tx *store.Tx, now time.Time, to post.Stream, s *boxstream.Writer, d outbox.Draft,
		records ...box.Record,
	) ([]boxstream.Sealed, error)
	Cancel(tx *store.Tx, id string) (nothing []byte, err error)
}

// Reading reads them: *post.Reading does.
type Reading interface {
	Serve(kind string, h post.Hearer)
	Start(
		tx *store.Tx, now time.Time, s post.Stream, start boxstream.Start, first box.Day,
	) error
	Collect(
		tx *store.Tx, now time.Time, s post.Stream, start boxstream.Start, first box.Day,
		places []post.Place,
	) error
	Stop(tx *store.Tx, name string) error
	Erase(tx *store.Tx, post string) error
}

// Outbox is told who writes a stream: *outbox.Outbox is.
type Outbox interface {
	Serve(name string, a outbox.Author)
}

// People is who contacts are: *contact.Contacts does.
type People interface {
	Claimed(r relation.ID) string // what they call themselves; empty: nothing
	Name(r relation.ID) string
	Muted(r relation.ID) bool   // nothing of theirs is announced
	Blocked(r relation.ID) bool // nor kept
	Over(r relation.ID) bool    // they are no contact any more
}

// Config says whose circles they are. All fields are required.
type Config struct {
	Store   *store.Store
	Network boxstream.Network
	// Random makes ids of circles, keys of streams and nonces.
	Random    io.Reader
	Relations Relations
	People    People
	Outbox    Outbox
	Writing   Writing
	Reading   Reading
	Photos    Albums
	Timeline  *timeline.Timeline
}

// kind is what the names of streams begin with that are read or written here.
const kind = "circle"

// Circles is a person's own circles, and those that they are in. All of it is on the disk.
type Circles struct {
	cfg     Config
	access  *person.Access
	refused uint64
	turned  time.Time
}

// New is the circles of a person.
func New(p *person.Person, cfg Config) *Circles {
	c := &Circles{cfg: cfg}
	c.access = p.Join(c)
	cfg.Relations.Serve(relation.KindCircle, c)
	cfg.Relations.Watch(c.happened)
	cfg.Reading.Serve(kind, c)
	return c
}

// Refused is how many records were malformed, or said or asked what they must not.
func (c *Circles) Refused() uint64 { return c.refused }

// refuse counts one, if the transaction succeeds.
func (c *Circles) refuse(tx *store.Tx) { tx.After(func() { c.refused++ }) }

// Load has the outbox know the author of each circle.
func (c *Circles) Load(tx *store.Tx) error {
	return store.Each(tx, bucketCircles, func(_ string, o circle) error {
		c.serve(o.ID)
		return nil
	})
}

func (c *Circles) serve(id content.Source) { c.cfg.Outbox.Serve(authorOf(id), author{c, id}) }

// Supply does nothing: outbox and relations write.
func (c *Circles) Supply(time.Time) error { return nil }

// Answered takes nothing: relations and streams are read elsewhere.
func (c *Circles) Answered(time.Time, person.Answer) error { return nil }
