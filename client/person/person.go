// Package person is the loop of one person's features, and the interface that a feature has to it.
//
// A feature is a Part. It keeps its state in buckets of the store that no other part touches, asks
// the network through an Access under numbers of its own, and gets the answers under the same
// numbers. A Person hands out the tokens by which the sender knows requests, and remembers whose
// each is.
//
// It is pure: time is an argument, nothing waits, and whoever drives it holds the lock, if there is
// one. It must not know what any part is about, and no part may change when a packet leaves: the
// sender decides that, and hears of requests only.
package person

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// TurnEvery is how often a driver lets a person look at what the clock alone asks for.
const TurnEvery = 20 * time.Second

// Part is one feature of a person. What it is given it may keep no longer than the call, but for
// the Access that Join gave it.
type Part interface {
	// Load takes up what the store has, once, before anything else.
	Load(tx *store.Tx) error

	// Supply puts requests into the part's access, as many as it has and the sender takes.
	Supply(now time.Time) error

	// Answered takes what became of a request, or of a wanted box. A part that cannot note it
	// because the disk is full returns store.ErrFull, with nothing changed; it is then told that
	// the answer is lost, and what it wants is looked for anew.
	Answered(now time.Time, a Answer) error

	// Turn does what the passing of time asks for.
	Turn(now time.Time) error
}

// Sender is what a person needs of a sender: *sender.Sender is one, and so is a driver that holds
// its own mutex around one.
type Sender interface {
	Enqueue(now time.Time, r sender.Request) error
	Cancel(token uint64) (handed bool)
	Handed() []uint64
}

// Person is everything that one person's client does with boxes. It is not safe for concurrent use.
type Person struct {
	store   *store.Store
	parts   []Part
	sender  Sender // nil before the first Begin
	owners  map[uint64]owner
	tokens  map[owner]uint64
	wants   wants
	whole   box.Day // before it all bulletins were read
	online  bool
	last    uint64 // token
	notices []Notice
	events  []Event
}

// owner is whose a token is.
type owner struct {
	access *Access
	number uint64
	use    use
}

// use is what a token stands for.
type use uint8

const (
	request use = iota
	want        // a set of wanted boxes
)

// Notice is something that happened and that somebody should be told, once. It names no box, no
// person and no address.
type Notice struct {
	What string
	Do   string // may be empty
}

// New is a person without features, on an open store.
func New(s *store.Store) *Person {
	return &Person{
		store: s, owners: map[uint64]owner{}, tokens: map[owner]uint64{},
		wants: newWants(),
	}
}

// Join adds a part, behind those that joined before, and gives it its access.
func (p *Person) Join(part Part) *Access {
	p.parts = append(p.parts, part)
	return &Access{person: p, part: part}
}

// Load lets every part take up what it left in the store.
func (p *Person) Load() error {
	return p.store.View(func(tx *store.Tx) error {
		for _, part := range p.parts {
			if err := part.Load(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Restorer is a Part that does something once its home was made of a backup.
type Restorer interface {
	// Restored is called once, after Load, in the transaction that finishes a home which was made
	// of a backup: what a backup never has is begun anew there, as another device. Memory changes
	// in tx.After.
	Restored(tx *store.Tx, now time.Time) error
}

// Restored tells the parts that their home was made of a backup.
func (p *Person) Restored(tx *store.Tx, now time.Time) error {
	for _, part := range p.parts {
		if r, ok := part.(Restorer); ok {
			if err := r.Restored(tx, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Begin speaks through s from now on: at the start, and when another guard takes over. What the
// sender before it had not answered is lost, and told to its parts; what is wanted stays so. Every
// part has its turn.
func (p *Person) Begin(now time.Time, s Sender) error {
	p.sender, p.online = s, true
	var errs []error
	for _, token := range slices.Sorted(maps.Keys(p.owners)) {
		if o := p.owners[token]; o.use == request {
			p.forget(o)
			errs = append(errs, p.answer(now, o, Answer{Number: o.number, Kind: Lost}))
		}
	}
	return errors.Join(append(errs, p.Turn(now), p.Supply(now))...)
}

// Online says whether there is a connection. Whoever never says so has one from Begin on.
func (p *Person) Online(now bool) { p.online = now }

// Supply fills the sender, part by part in the order in which they joined.
func (p *Person) Supply(now time.Time) error {
	if p.sender == nil {
		return nil
	}
	return p.each(func(part Part) error { return part.Supply(now) })
}

// Turn lets every part look at the clock; to be called every TurnEvery.
func (p *Person) Turn(now time.Time) error {
	return p.each(func(part Part) error { return part.Turn(now) })
}

func (p *Person) each(do func(Part) error) error {
	for _, part := range p.parts {
		if err := unlessFull(do(part)); err != nil {
			return err
		}
	}
	return nil
}

// Answered gives what the sender heard to the part that it is for, and supplies the sender again.
func (p *Person) Answered(now time.Time, e sender.Event) error {
	o, ok := p.owners[e.Token]
	if !ok || e.Kind != sender.Answered || o.use != request {
		return nil
	}
	p.forget(o)
	err := p.answer(now, o, Answer{
		Number: o.number, Kind: Done, Day: e.Day, ID: e.ID, Holder: e.Holder, Reply: e.Reply,
		Sent: e.Sent,
	})
	if err != nil {
		return err
	}
	return p.Supply(now)
}

// answer hands a to the part. One that cannot be noted is as good as lost, and asked for again.
func (p *Person) answer(now time.Time, o owner, a Answer) error {
	err := o.access.part.Answered(now, a)
	if errors.Is(err, store.ErrFull) && a.Kind == Done {
		err = o.access.part.Answered(now, Answer{Number: a.Number, Kind: Lost})
	}
	return unlessFull(err)
}

// unlessFull lets a person go on while the disk is full. Whatever fails with that has changed
// nothing, and is tried again.
func unlessFull(err error) error {
	if errors.Is(err, store.ErrFull) {
		return nil
	}
	return err
}

// Notices are those since the last call, the oldest first.
func (p *Person) Notices() []Notice {
	said := p.notices
	p.notices = nil
	return said
}

func (p *Person) token(o owner) uint64 {
	if token, ok := p.tokens[o]; ok {
		return token
	}
	p.last++
	p.tokens[o], p.owners[p.last] = p.last, o
	return p.last
}

func (p *Person) forget(o owner) {
	token := p.tokens[o]
	delete(p.tokens, o)
	delete(p.owners, token)
}

// enqueue gives a request of o to the sender.
func (p *Person) enqueue(now time.Time, o owner, r Request) error {
	if p.sender == nil {
		return ErrLater
	}
	if _, ok := p.tokens[o]; ok {
		return fmt.Errorf("request %d of a part is under way already", o.number)
	}
	err := p.sender.Enqueue(now, sender.Request{
		Token: p.token(o), Op: r.Op, Day: r.Day, Box: r.Box, Epoch: r.Epoch, Try: r.Try,
		Hold: r.Hold, Slow: r.Slow,
	})
	if err != nil {
		p.forget(o)
	}
	if errors.Is(err, sender.ErrQueueFull) || errors.Is(err, sender.ErrDay) {
		return ErrLater
	}
	return err
}
