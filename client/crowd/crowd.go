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
	"io"
	"math/rand/v2"
	"time"

	"murmuration/client/board"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Wants says what is waited for: *person.Person.
type Wants interface {
	// Wanted are the boxes that an entry may stand for. What has one token counts together, by the
	// day.
	Wanted(e box.Entry) []person.Want
}

// Board is what the client has read of bulletins: *board.Board.
type Board interface {
	// Rate is how many pairs a second were listed in the newest roll period that is here whole;
	// without one, ok is false.
	Rate() (perSecond float64, ok bool)
	// Recent is how many pairs a second were listed in the last some slots.
	Recent() (perSecond float64)
	// Silent says whether a maker lists nothing at present.
	Silent(maker directory.NodeID) bool
	// Holders are those that a box belongs to by its placement.
	Holders(day box.Day, id box.ID) []directory.NodeID
	// Young is one of the pairs of the last YoungSlots slots, drawn uniformly.
	Young(rng *rand.Rand) (board.Pair, bool)
	// Nearest is the pair whose slot is nearest to one, of equal ones any.
	Nearest(slot box.Slot, rng *rand.Rand) (board.Pair, bool)
	// Behind says that of what was listed while this client was away something is still to come.
	Behind() bool
	// Settled says that nothing comes any more but what is new: new slots come before old ones, so
	// that until then some below the newest are still to come.
	Settled() bool
	// History is the pairs of a roll's slots.
	History(roll uint32) ([]board.Pair, error)
	// Question is something about bulletins, and a provider to ask: what this client lacks, or a
	// random one of a random slot that has ended. It is never the own provider's to answer.
	Question(now time.Time, rng *rand.Rand) (board.Ask, bool)
}

// Config says whose crowd it is. All fields are required.
type Config struct {
	// Store has bucket "crowd", which is this package's.
	Store *store.Store
	// Secret makes the key of a new home: crypto/rand.Reader outside of tests.
	Secret io.Reader
	// Rand draws listers, decoys and the times of what is late.
	Rand *rand.Rand
	// Schedule is the network's; bulletin slots are counted from its start.
	Schedule   directory.Schedule
	Parameters directory.Parameters
	Board      Board
	Wants      Wants
}

// Crowd is the fetches of one client. It is not safe for concurrent use.
type Crowd struct {
	cfg Config
	net directory.Parameters
	own directory.NodeID // the provider of this client, which is asked last
	rng *rand.Rand

	state state
	kept  state // as it is in the store
	began bool

	early  []board.Pair // before there is a rate to judge by
	missed []board.Pair // before all of them are here
	live   queue
	catch  queue // what was missed, in its window
	late   queue

	// What was listed before somebody began to wait for it, and is fetched soon.
	learned      queue
	learnedDay   box.Day
	learnedToday int
	beginning    bool // of a new home, which is still told what was listed before
	memory       memory

	offer *try // taken, and not yet sent
	open  []*try
	last  uint64 // token

	reads     reads
	answers   ring
	makers    map[directory.NodeID]*record
	strangers map[directory.NodeID]bool // that gave what is not theirs to hold
	questions questions
	newest    box.Slot
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
	GivenUp  uint64 // late ones whose box is not kept any more
	NotFound uint64 // answers
	Wrong    uint64 // answers that do not verify
	Waiting  int    // live ones that are due or will be
	Late     int
}

// New has nothing to fetch yet. Load and Resume come before anything else.
func New(cfg Config) *Crowd {
	return &Crowd{
		cfg: cfg, net: cfg.Parameters, rng: cfg.Rand, makers: map[directory.NodeID]*record{},
		strangers: map[directory.NodeID]bool{},
	}
}

// SetParameters has it go by those of another document.
func (c *Crowd) SetParameters(p directory.Parameters) { c.net = p }

// Begin says which provider is this client's own, at the start and when another takes over.
func (c *Crowd) Begin(own directory.NodeID) { c.own = own }

// Stats returns the counts so far.
func (c *Crowd) Stats() Stats {
	s := c.stats
	s.Waiting, s.Late = len(c.live), len(c.late)+len(c.learned)
	return s
}

// slots is how many work slots a second this client has.
func (c *Crowd) slots() float64 { return c.net.Streams().WorkPerSecond() }

// slot is the bulletin slot of a time.
func (c *Crowd) slot(t time.Time) box.Slot {
	return box.Slot(max(0, t.Sub(c.cfg.Schedule.Start)) / c.net.BulletinEvery)
}
