// Package message is what two people say to each other and nobody else: each message is one record
// of their relation, which all devices of both read. docs/message.md is the specification.
//
// It is pure, and a Hearer of relations. What it hears is kept in the transaction in which the
// session moves on. It must not tell the other side what was read, or that somebody types; it must
// not believe a number, a time or an id that a contact claims; and it does nothing to boxes but
// through the relation, and the stream of a photo.
package message

import (
	"io"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/photo"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Faults of messages.
var (
	ErrNoMessage = fault.New(
		fault.NotFound, "there is no such message", "`murmur read ALIAS` lists the ids.",
	)
	errAmbiguous = fault.New(
		fault.User, "more than one message has an id that begins so", "Give more of it.",
	)
	errExpiry = fault.New(
		fault.User, "a message lasts from an hour to a year", "Use --expire 1h to --expire 365d.",
	)
	errLarge = fault.New(
		fault.User, "the picture is too large", "A photo takes up to 16 boxes: make it smaller.",
	)
	errNoPhoto = fault.New(
		fault.NotFound, "this message has no photo", "`murmur read ALIAS` shows which have one.",
	)
	errRoom = fault.New(
		fault.User, "the message is too long for one record",
		"Many devices read it, each needs some of the room: write less, or two messages.",
	)
)

// Limits of what is kept for others.
const (
	maxExpiry    = 365 * 24 * time.Hour
	maxWithdrawn = 100 // of a relation, that were taken back before they came
)

// The buckets of messages.
const (
	bucketMessages      = "messages"      // entry, by id
	bucketConversations = "conversations" // conversation, by relation
	bucketLines         = "lines"         // []line, by relation and page
	bucketExpiring      = "expiring"      // ID, by hour and id
	bucketWithdrawn     = "withdrawn"     // []ID, by relation
	bucketAttached      = "attached"      // attached, by id: photos that are being read
)

// Relations carries what is said: *relation.Relations does.
type Relations interface {
	Serve(kind relation.Kind, h relation.Hearer)
	Say(tx *store.Tx, now time.Time, to relation.ID, s relation.Saying) (relation.Said, error)
	Unsay(tx *store.Tx, now time.Time, to relation.ID, name string) error
	Room(tx *store.Tx, to relation.ID) (int, error)
	Decided(tx *store.Tx, to relation.ID) error
	Tell(tx *store.Tx, now time.Time, kind relation.Kind, content []byte) error
}

// People is who contacts are: *contact.Contacts does.
type People interface {
	Name(r relation.ID) string
	Muted(r relation.ID) bool   // nothing of theirs is announced
	Blocked(r relation.ID) bool // nor kept
}

// Writing writes the boxes of photos: *post.Writing does.
type Writing interface {
	Say(
		tx *store.Tx, now time.Time, to post.Stream, s *boxstream.Writer, d outbox.Draft,
		records ...box.Record,
	) ([]boxstream.Sealed, error)
}

// Reading reads them: *post.Reading does.
type Reading interface {
	Start(
		tx *store.Tx, now time.Time, s post.Stream, start boxstream.Start, first box.Day,
	) error
	Stop(tx *store.Tx, name string) error
}

// Photos keeps them: *photo.Photos does.
type Photos interface {
	Keep(tx *store.Tx, post string, index int, jpeg, thumb []byte) error
	Expect(tx *store.Tx, of photo.Of) error
	Forget(tx *store.Tx, post string, index int) error
	State(tx *store.Tx, now time.Time, of photo.Of) (photo.State, error)
}

// Config says whose messages they are. All fields are required.
type Config struct {
	Store     *store.Store
	Network   boxstream.Network
	Random    io.Reader
	Relations Relations
	People    People
	Writing   Writing
	Reading   Reading
	Photos    Photos
}

// Messages is all that a person and their contacts said to each other. All of it is on the disk.
type Messages struct {
	cfg     Config
	access  *person.Access
	refused uint64
	swept   int64 // the hour in which what expired was erased last
}

// New is the messages of a person.
func New(p *person.Person, cfg Config) *Messages {
	m := &Messages{cfg: cfg}
	m.access = p.Join(m)
	cfg.Relations.Serve(relation.KindMessage, m)
	return m
}

// Refused is how many records were malformed, came again, or said what they must not.
func (m *Messages) Refused() uint64 { return m.refused }

// refuse counts one, if the transaction succeeds.
func (m *Messages) refuse(tx *store.Tx) { tx.After(func() { m.refused++ }) }
