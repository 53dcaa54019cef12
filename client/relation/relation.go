// Package relation is what two people share, and the floor on which contacts, messages and circles
// stand: doors, by which devices find each other; sessions, in which they speak; and the care that
// what was said arrives, once and in order, whatever is lost, restarted or restored.
// docs/relation.md is the specification.
//
// It is pure, and a person's Part. A room says something with Say and hears what comes as a Hearer.
// The package must not know what they say to each other; must not write anything that is not on the
// disk first; and believes nobody who is not in a session.
package relation

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Specification constants (docs/relation.md).
const (
	oneDay    = 24 * time.Hour
	sealAgain = 12             // days after which what was not acknowledged is sealed again
	month     = 30 * oneDay    // after which a device moves, and a door is renewed
	closes    = 90 * oneDay    // after which an older door is closed
	widens    = 3 * oneDay     // after which a knock without an answer goes to older doors
	patience  = 90 * oneDay    // for which something is sealed again
	mostReply = 8              // cards that are answered a day, in one relation
	settles   = 3 * oneDay     // for which a device that is new here keeps what it said
	remembers = 6 * time.Hour  // for which any does, though all have it
	mostAnew  = 32             // of what others have had, that a device that comes is told
	mostDoors = 6              // of one side
	frameSize = 1 + 4          // kind, number
	mostWraps = 16             // that a saying leaves room for
	wrapSize  = 65             // docs/session.md, section 4
	headSize  = 40             // docs/session.md, section 4
	resetGap  = 20 * time.Hour // between two knocks for something lost
)

// ID names a relation, the same at both sides.
type ID [16]byte

// IDOf is that of the relation whose devices share a secret.
func IDOf(secret [32]byte) ID {
	h := sha256.Sum256(append([]byte("murmuration/relation/id/v1"), secret[:]...))
	return ID(h[:16])
}

// Kind says which room a saying is for.
type Kind uint8

// The kinds; zero is a record that says nothing.
const (
	KindDevice  Kind = 1 // this room
	KindContact Kind = 2
	KindMessage Kind = 3
	KindCircle  Kind = 4
	KindApp     Kind = 5
)

// Faults of relations.
var (
	ErrNoRelation = fault.New(
		fault.NotFound, "there is no such relation", "`murmur contact list` shows whom you know.",
	)
	errKnown = fault.New(fault.User, "this relation has begun already", "Nothing to do.")
	ErrLong  = fault.New(
		fault.User, "too long for one record", "Shorten it, or send it in parts.",
	)
	errSmall = fault.New(
		fault.Network, "the boxes of this network are too small for conversations",
		"Use a network with boxes of 8,192 bytes.",
	)
)

// Outbox is where records wait: an *outbox.Outbox.
type Outbox interface {
	Serve(name string, a outbox.Author)
	Put(tx *store.Tx, now time.Time, d outbox.Draft) error
}

// Cover is told of what a person writes: so many boxes of cover less are needed.
type Cover interface {
	Wrote(tx *store.Tx, boxes int) error
}

// Config says whose relations they are. All fields are required.
type Config struct {
	Store   *store.Store
	Network boxstream.Network
	// Random makes keys, and seeds what is drawn.
	Random io.Reader
	Outbox Outbox
	Cover  Cover
}

// Heard is what one device said to the others.
type Heard struct {
	Relation ID
	Device   session.DeviceID
	Number   uint32 // with the device: names what was said, the same at every reader
	Own      bool   // another device of this person said it
	Content  []byte
	Day      box.Day // on which its box was sealed
}

// Hearer takes what is said to a room, in the transaction in which the session moves on: it may Say
// something in it. It counts what is malformed and returns nil; after an error all comes again.
type Hearer interface {
	Heard(tx *store.Tx, now time.Time, h Heard) error
}

// Relations is a person's relations.
type Relations struct {
	cfg      Config
	access   *person.Access
	rng      *rand.Rand
	hearers  map[Kind]Hearer
	watchers []func(*store.Tx, time.Time, Event) error
	live     map[ID]*live
	wanted   map[uint64]wanted
	jumped   map[ID]bool // numbers of sayings did, since Load
	last     uint64      // number of a want
	odd      uint64
	hour     time.Time // since which posts are counted
	posts    int       // that may be made for the first time until it is over
}

// part is how a person calls relations.
type part struct{ *Relations }

// Answered takes a box that was listed, or found.
func (p part) Answered(now time.Time, a person.Answer) error { return p.came(now, a) }

// New is the relations of a person.
func New(p *person.Person, cfg Config) (*Relations, error) {
	var seed [32]byte
	if _, err := io.ReadFull(cfg.Random, seed[:]); err != nil {
		return nil, fmt.Errorf("seeding relations: %w", err)
	}
	r := &Relations{
		cfg: cfg, rng: rand.New(rand.NewChaCha8(seed)), hearers: map[Kind]Hearer{},
		live: map[ID]*live{}, wanted: map[uint64]wanted{},
		jumped: map[ID]bool{},
	}
	r.access = p.Join(part{r})
	return r, nil
}

// Serve says who hears what is said to a kind.
func (r *Relations) Serve(kind Kind, h Hearer) { r.hearers[kind] = h }

// Watch has something done, in the transaction in which it happens, about what a person should be
// told of devices.
func (r *Relations) Watch(do func(*store.Tx, time.Time, Event) error) {
	r.watchers = append(r.watchers, do)
}

// Odd is how many boxes said something that is not understood.
func (r *Relations) Odd() uint64 { return r.odd }

// Load takes up the relations.
func (r *Relations) Load(tx *store.Tx) error {
	var all []*relation
	err := store.Each(tx, bucketRelations, func(name string, v running) error {
		rel, err := parse(tx, name, v)
		all = append(all, rel)
		return err
	})
	if err != nil {
		return err
	}
	for _, rel := range all {
		if err := r.take(rel); err != nil {
			return err
		}
	}
	return store.Each(tx, bucketHeld, func(name string, h held) error {
		if l := r.live[h.Relation]; l != nil {
			l.held = append(l.held, h.key())
		}
		return nil
	})
}

// size is how many bytes a record may have.
func (r *Relations) size() int { return r.cfg.Network.Format.ContentSize() }

// sealingDay is that for which a box is sealed now.
func (r *Relations) sealingDay(now time.Time) (box.Day, error) {
	after, err := boxstream.SwitchAfter(r.cfg.Random)
	return r.cfg.Network.WritingDay(now, after), err
}

// update is a transaction about one relation.
func (r *Relations) update(id ID, do func(tx *store.Tx, rel *relation) error) error {
	err := r.cfg.Store.Update(func(tx *store.Tx) error {
		rel, err := get(tx, id)
		if errors.Is(err, ErrNoRelation) {
			return nil
		}
		if err != nil {
			return err
		}
		return do(tx, rel)
	})
	if err != nil {
		return fmt.Errorf("keeping a relation: %w", err)
	}
	return nil
}
