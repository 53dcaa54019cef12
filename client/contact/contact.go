// Package contact is the people one knows: how one meets them, by an invitation or through somebody
// whom both know; what one calls them, and what they claim; and what happened with each, a line at
// a time. docs/contact.md is the specification.
//
// It is pure, and a person's Part. What two people say to each other goes through package relation;
// only the boxes of invitations it writes and looks for by itself. It must not show a claim as more
// than one, and nothing that comes in may change what the person has named, or end anything but
// what it is about.
package contact

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// The buckets of contacts.
const (
	bucketContacts   = "contacts"      // Contact, by relation
	bucketLines      = "contactlines"  // Line, by relation and number
	bucketInvites    = "invites"       // invite, by id
	bucketAccepts    = "accepts"       // accept, by id
	bucketIntroduced = "introductions" // introduced, by id
	bucketProfile    = "profile"       // profile, of this person
)

// Outbox is where the boxes of invitations wait: an *outbox.Outbox.
type Outbox interface {
	Put(tx *store.Tx, now time.Time, d outbox.Draft) error
}

// Cover is told of what a person writes, and of what boxes are to be emptied: so many boxes of
// cover less are written, and emptied.
type Cover interface {
	Wrote(tx *store.Tx, boxes int) error
	Empty(tx *store.Tx, day box.Day, b box.Box) error
}

// Relations is what contacts are made of: a *relation.Relations.
type Relations interface {
	Serve(kind relation.Kind, h relation.Hearer)
	Watch(do func(*store.Tx, time.Time, relation.Event) error)
	Fresh(now time.Time) (relation.Fresh, error)
	Knock(f relation.Fresh, now time.Time) (relation.Fresh, []byte, error)
	Answer(f relation.Fresh, secret [32]byte, card []byte, now time.Time) (
		relation.Fresh, []byte, error)
	Answered(f relation.Fresh, secret [32]byte, answer []byte, now time.Time) (
		relation.Fresh, error)
	Begin(tx *store.Tx, now time.Time, f relation.Fresh, secret [32]byte,
		theirs boxstream.Start) (relation.ID, error)
	Say(tx *store.Tx, now time.Time, to relation.ID, s relation.Saying) (relation.Said, error)
	Tell(tx *store.Tx, now time.Time, kind relation.Kind, content []byte) error
	Self(tx *store.Tx, id relation.ID) (session.DeviceID, error)
	Gone(tx *store.Tx, id relation.ID) ([]session.DeviceID, error)
	Others(tx *store.Tx, id relation.ID) ([]relation.Other, error)
	Reset(tx *store.Tx, now time.Time, id relation.ID) error
	End(tx *store.Tx, now time.Time, id relation.ID) error
}

// Config says whose contacts they are. All fields are required.
type Config struct {
	// Name is what the person is called until they set a profile.
	Name    string
	Store   *store.Store
	Network boxstream.Network
	// Random makes keys, and seeds what is drawn.
	Random    io.Reader
	Outbox    Outbox
	Cover     Cover
	Relations Relations
}

// Contacts is whom a person knows, and whom they may come to know.
type Contacts struct {
	cfg      Config
	access   *person.Access
	rng      *rand.Rand
	contacts map[relation.ID]*Contact
	invites  map[string]*invite
	accepts  map[string]*accept
	looked   looked
	told     []func(relation.ID, Line)
	odd      uint64
	own      string // what the person calls themselves
	// turns are how long after midnight each claim is written again.
	turns map[string]time.Duration
	join  func(now time.Time, circle string, r relation.ID) error
}

// New is the contacts of a person.
func New(p *person.Person, cfg Config) (*Contacts, error) {
	var seed [32]byte
	if _, err := io.ReadFull(cfg.Random, seed[:]); err != nil {
		return nil, fmt.Errorf("seeding contacts: %w", err)
	}
	c := &Contacts{
		cfg: cfg, rng: rand.New(rand.NewChaCha8(seed)), contacts: map[relation.ID]*Contact{},
		invites: map[string]*invite{}, accepts: map[string]*accept{},
		looked: looked{ids: map[spotDay]box.ID{}}, turns: map[string]time.Duration{},
	}
	c.access = p.Join(c)
	cfg.Relations.Serve(relation.KindContact, c)
	cfg.Relations.Watch(c.happened)
	return c, nil
}

// Load takes up whom the person knows.
func (c *Contacts) Load(tx *store.Tx) error {
	if err := c.loadOwn(tx); err != nil {
		return err
	}
	err := store.Each(tx, bucketContacts, func(_ string, k Contact) error {
		c.contacts[k.Relation] = &k
		return nil
	})
	if err != nil {
		return err
	}
	err = store.Each(tx, bucketInvites, func(id string, i invite) error {
		c.invites[id] = &i
		return nil
	})
	if err != nil {
		return err
	}
	return store.Each(tx, bucketAccepts, func(id string, a accept) error {
		c.accepts[id] = &a
		return nil
	})
}

// Odd is how many boxes and sayings for this room said nothing that is understood.
func (c *Contacts) Odd() uint64 { return c.odd }

// Told has something done for every line that is added to what happened with a contact, when it is
// on the disk.
func (c *Contacts) Told(do func(relation.ID, Line)) { c.told = append(c.told, do) }

// Supply does nothing: the outbox and cover supply what they were given.
func (c *Contacts) Supply(time.Time) error { return nil }

// Turn ends what is over, writes claims again, and looks for the boxes of the day.
func (c *Contacts) Turn(now time.Time) error {
	if err := errors.Join(c.expire(now), c.forgetOld(now)); err != nil {
		return fmt.Errorf("ending invitations: %w", later(err))
	}
	if err := c.joinCircles(now); err != nil {
		return fmt.Errorf("adding to a circle: %w", later(err))
	}
	if err := c.claimAgain(now); err != nil {
		return fmt.Errorf("writing claims again: %w", later(err))
	}
	return c.look(now)
}

// later has what found no room tried again: too much waits in the outbox, as when the disk is full.
func later(err error) error {
	if err != nil && fault.Of(err).ExitCode() == int(fault.Quota) {
		return store.ErrFull
	}
	return err
}

// today is the day by which this room counts.
func (c *Contacts) today(now time.Time) box.Day { return c.cfg.Network.Today(now) }

// sealingDay is that for which a box is sealed now.
func (c *Contacts) sealingDay(now time.Time) (box.Day, error) {
	after, err := boxstream.SwitchAfter(c.cfg.Random)
	return c.cfg.Network.WritingDay(now, after), err
}

// write leaves one box to the outbox, for whoever of its spot is first.
func (c *Contacts) write(tx *store.Tx, now time.Time, name string, s boxstream.Sealed) error {
	err := c.cfg.Outbox.Put(tx, now, outbox.Draft{
		Name: name, Author: "contact", Stream: name, Hidden: true, Door: true,
		Boxes: []boxstream.Sealed{s},
	})
	if errors.Is(err, outbox.ErrDoor) {
		return nil // this very box waits already, sealed again for the day
	}
	if err != nil {
		return err
	}
	return c.cfg.Cover.Wrote(tx, 1)
}

// newID draws a short name for something that a person may have to type: 8 letters and digits.
func (c *Contacts) newID() (string, error) {
	var b [5]byte
	if _, err := io.ReadFull(c.cfg.Random, b[:]); err != nil {
		return "", fmt.Errorf("drawing an id: %w", err)
	}
	return letters.EncodeToString(b[:]), nil
}
