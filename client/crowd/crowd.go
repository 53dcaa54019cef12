// Package crowd is the fetches of a client: which of the boxes that providers list it asks for, of
// whom, and when. It asks for what its person reads with certainty and for everything else with one
// probability, alike, so that each box is fetched by a crowd and nobody who answers can tell who
// reads it. Where a slot has nothing that is due it gives another fetch like these: there are no
// requests that only hide.
//
// It is pure: time and randomness are arguments, and it is asked by the slots of a sender. It must
// not know what a box says or whose it is, must keep nothing of what was read, and must not
// conclude anything from a box that is not found: whoever is asked can say that for nothing.
package crowd

import (
	"math/rand/v2"
	"time"

	"murmuration/client/person"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Listing is where a maker named a box: one of its fetches goes by these.
type Listing struct {
	Maker directory.NodeID
	Slot  box.Slot
	N     uint8 // which of equal entries of the slot
}

// Pair is a box that was listed: two makers named its entry, or one did while the other is silent,
// and Second is then zero.
type Pair struct {
	Entry         box.Entry
	First, Second Listing
	Slot          box.Slot // that of the listing that completed it
	Missed        bool     // the client was away when it was new
	Withheld      bool     // others knew of it long before somebody let this client know
}

// single says that only one maker listed it.
func (p Pair) single() bool { return p.Second == Listing{} }

// Wants says what is waited for: *person.Person.
type Wants interface {
	// Wanted are the boxes that an entry may stand for. What has one token counts together, by the
	// day.
	Wanted(e box.Entry) []person.Want
}

// Board is what the client has read of bulletins.
type Board interface {
	// Rate is how many pairs a second were listed in the newest roll period that is here whole;
	// without one, ok is false.
	Rate() (perSecond float64, ok bool)
	// Silent says whether a maker lists nothing at present.
	Silent(maker directory.NodeID) bool
	// Holders are those that a box belongs to by its placement.
	Holders(day box.Day, id box.ID) []directory.NodeID
	// Young is one of the pairs of the last YoungSlots slots, drawn uniformly.
	Young(rng *rand.Rand) (Pair, bool)
	// Nearest is the pair whose slot is nearest to one, of equal ones any.
	Nearest(slot box.Slot, rng *rand.Rand) (Pair, bool)
	// Question is something about bulletins, and a provider to ask: what this client lacks, or a
	// random one of a random slot that has ended. It is never the own provider's to answer.
	Question(now time.Time, rng *rand.Rand) (of directory.NodeID, q box.Question, ok bool)
}

// Config says whose crowd it is. All fields but Mark and Marked are required.
type Config struct {
	// Key is a secret of the home, made once: it decides which boxes are fetched.
	Key [32]byte
	// Rand draws listers, decoys and the times of what is late.
	Rand *rand.Rand
	// Schedule is the network's; bulletin slots are counted from its start.
	Schedule   directory.Schedule
	Parameters directory.Parameters
	Board      Board
	Wants      Wants
	// Mark is that of this person's last Crowd; Marked is false if there was none: who is new
	// fetches nothing that was listed before.
	Mark   box.Slot
	Marked bool
	Now    time.Time
}

// Crowd is the fetches of one client. It is not safe for concurrent use.
type Crowd struct {
	cfg Config
	net directory.Parameters
	own directory.NodeID // the provider of this client, which is asked last
	rng *rand.Rand

	early  []Pair // before there is a rate to judge by
	missed []Pair // before all of them are here
	live   queue
	catch  queue // what was missed, in its window
	late   queue

	offer *try // taken, and not yet sent
	open  []*try
	last  uint64 // token

	reads     reads
	answers   ring
	makers    map[directory.NodeID]*record
	questions questions
	newest    box.Slot
	mark      box.Slot
	seen      time.Time // when it last was told a time
	stats     Stats
}

// Stats counts what the crowd did. Nothing in it tells boxes apart.
type Stats struct {
	Listed   uint64 // pairs that were told
	Live     uint64 // of these, to be fetched soon
	Demoted  uint64 // live ones that had to wait for too long
	Missed   uint64 // pairs to be caught up with
	Retried  uint64
	GivenUp  uint64 // after all tries
	NotFound uint64 // answers
	Wrong    uint64 // answers that do not verify
	Waiting  int    // live ones that are due or will be
	Late     int
}

// New begins without anything to fetch.
func New(cfg Config) *Crowd {
	c := &Crowd{
		cfg: cfg, net: cfg.Parameters, rng: cfg.Rand,
		makers: map[directory.NodeID]*record{}, mark: cfg.Mark, seen: cfg.Now,
	}
	if !cfg.Marked {
		now := c.slot(cfg.Now)
		c.mark = now - min(now, YoungSlots)
	}
	return c
}

// SetParameters has it go by those of another document.
func (c *Crowd) SetParameters(p directory.Parameters) { c.net = p }

// Begin says which provider is this client's own, at the start and when another takes over.
func (c *Crowd) Begin(own directory.NodeID) { c.own = own }

// Stats returns the counts so far.
func (c *Crowd) Stats() Stats {
	s := c.stats
	s.Waiting, s.Late = len(c.live), len(c.late)
	return s
}

// slots is how many work slots a second this client has.
func (c *Crowd) slots() float64 { return c.net.Streams().SlotsPerSecond() }

// slot is the bulletin slot of a time.
func (c *Crowd) slot(t time.Time) box.Slot {
	return box.Slot(max(0, t.Sub(c.cfg.Schedule.Start)) / c.net.BulletinEvery)
}

// Mark is the first slot of which something may not have been fetched yet: to be kept, and given to
// the next Crowd of this person. That one fetches again what was listed from it on, by the same
// coins: whoever answers sees the same boxes asked for twice, and does not learn which of them were
// read in between, as it would from a memory of single boxes or from coins that are thrown anew.
func (c *Crowd) Mark() box.Slot {
	m := max(c.mark, c.newest-min(c.newest, settled))
	hold := func(p Pair) { m = min(m, p.Slot) }
	for _, pairs := range [][]Pair{c.early, c.missed} {
		for _, p := range pairs {
			hold(p)
		}
	}
	for _, q := range []queue{c.live, c.catch} {
		for _, f := range q {
			if !f.decoy {
				hold(f.pair)
			}
		}
	}
	for _, t := range c.open {
		if f := t.fetch; f != nil && !t.over && !f.done && !f.decoy && f.class != late {
			hold(f.pair)
		}
	}
	c.mark = max(c.mark, m)
	return c.mark
}
