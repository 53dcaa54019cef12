// Package board is what a client has read of bulletins: which boxes were listed, by whom and when.
// It takes the bytes that come with every exchange, refuses what their makers did not sign, tells
// when a second maker lists a box that a first one had listed, and keeps it all for as long as the
// boxes are kept.
//
// It is pure: time and randomness are arguments. It must not know which boxes anybody waits for:
// what it tells is the same for everybody, and what is asked for is the crowd's to decide. Of what
// a single provider says nothing is believed that its maker has not signed.
package board

import (
	"time"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// Implementation constants.
const (
	// youngSlots is for how many slots a box counts as new, how many slots running a maker that is
	// silent misses, and after how many without bulletins this client was away.
	youngSlots = 8
	// tolerance is how many slots a bulletin may seem to be early: clocks differ.
	tolerance = 4
	// windowRolls are those of which bulletins are kept one by one: this period's, and the last.
	windowRolls = 2
)

// Listing is where a maker named a box: it is asked for by this.
type Listing struct {
	Maker directory.NodeID
	Slot  box.Slot
	N     uint8 // which of equal entries of the slot, from 0
}

// Single is one listing of an entry.
type Single struct {
	Entry box.Entry
	Listing
}

// Pair is a box that counts as listed: a second maker named its entry, or one did while another
// maker is silent.
type Pair struct {
	Entry         box.Entry
	First, Second Listing  // by slot; Second is zero if only one maker named it
	Slot          box.Slot // that of the listing that completed it; of one maker's, 8 slots later
	Missed        bool     // it was listed while this client was away
	Withheld      bool     // others knew of it long before this client was told
	// Others are the makers that had listed it before, beside the first: who lists a box without
	// holding it does not stand in the way of its holders.
	Others []directory.NodeID
}

// News is what a call has brought.
type News struct {
	Listed []Single // every listing, in any order
	Pairs  []Pair   // in any order
	Frauds []bulletin.Fraud
	Tokens []bulletin.Tokens // no bulletins, but they come in the same stream
}

// Config says whose board it is. All fields are required.
type Config struct {
	Store    *store.Store
	Network  directory.NetworkID
	Calendar bulletin.Calendar
}

// Board is what was read. It is not safe for concurrent use.
type Board struct {
	cfg      Config
	document *directory.Document
	counts   [reasons]uint64

	stream  *bulletin.Parser // nil before the first connection
	links   *bulletin.Links
	broken  bool             // the stream of this connection
	own     directory.NodeID // who serves this client
	session session

	makers  map[directory.NodeID]*maker
	ids     []directory.NodeID // by number
	groups  groups
	pairs   map[uint32][]Pair // of the window's rolls, all
	odd     map[uint32][]Pair // of these, what rolls do not tell by themselves
	periods map[uint32]*period
	recent  recent
	state   state
	floor   uint32 // the oldest roll that is kept
	folded  uint32 // the roll of the newest bulletin, when it was last folded
	heads   heads
	guard   guarded
	wanted  []lacking

	assemblies []*assembly // answers of which pieces are here, the oldest first

	handing directory.NodeID // of whom a proof was handed over last
	pending pending
	read    cached
	last    struct { // makers that were asked for last
		slot   box.Slot
		makers bulletin.Makers
	}
}

// session is what is known of the connection's stream.
type session struct {
	number int      // of this connection
	began  box.Slot // by the clock
	steady box.Slot // by the clock, when the first one began of those with no absence between them
	heard  box.Slot // by the clock, when the last frame came
	filled box.Slot // by the clock, when the last record came that was not new
	gained box.Slot // by the clock, when one of these brought something, since steady
	lowest uint32   // roll whose record came: rolls come newest first
	rolls  bool     // whether one came at all
	asked  uint32   // the oldest roll that the provider was asked for
}

// maker is what is known of one.
type maker struct {
	number uint16
	newest box.Slot // of its bulletins that came
	bodies []known  // ascending, of the window
	rolled map[uint32]bool
	fraud  *bulletin.Fraud
	hand   bool               // the proof is to be handed to other providers
	handed []directory.NodeID // who got it

	tip    bulletin.Chain
	holes  map[uint32][]directory.NodeID // rolls that are not whole, and who does not have them
	hashes map[uint32]bulletin.Hash      // of its rolls, as far as they are known
	links  map[uint32]bulletin.Hash      // of each roll that came: the one that it follows
}

// known is a bulletin that is here.
type known struct {
	bulletin.Bulletin
	hash    bulletin.Hash
	session int // in which it came
}

// New is a board that has read nothing yet.
func New(cfg Config) *Board {
	return &Board{
		cfg: cfg, makers: map[directory.NodeID]*maker{}, groups: groups{},
		pairs: map[uint32][]Pair{}, odd: map[uint32][]Pair{}, periods: map[uint32]*period{},
		heads: newHeads(), pending: newPending(),
	}
}

// SetDocument tells who the makers are. Without a document nothing is taken.
func (b *Board) SetDocument(d *directory.Document) { b.document, b.last.makers = d, nil }

// Connected begins a new stream, from this provider.
func (b *Board) Connected(now time.Time, own directory.NodeID) {
	slot := b.cfg.Calendar.Slot(now)
	b.state.connected(slot, b.Behind())
	steady, gained := slot, slot
	if own == b.own && b.session.number > 0 && slot <= b.session.heard+youngSlots {
		// who cuts links is watched none the less
		steady, gained = b.session.steady, b.session.gained
	}
	b.own, b.broken, b.stream, b.links = own, false, nil, bulletin.NewLinks()
	b.session = session{number: b.session.number + 1, began: slot, steady: steady, filled: slot,
		gained: gained, heard: slot, asked: b.Position(now)}
}

// Receive takes the stream's bytes of one frame.
func (b *Board) Receive(now time.Time, raw []byte) (News, error) {
	b.session.heard = b.cfg.Calendar.Slot(now)
	if b.document == nil || b.broken || b.links == nil {
		return News{}, nil
	}
	if b.stream == nil {
		b.stream = bulletin.NewParser(b.mostEntries())
	}
	records, err := b.stream.Feed(raw)
	if err != nil {
		b.broken = true
		b.count(Stream)
	}
	var news News
	for _, r := range records {
		if err := b.record(now, r, &news); err != nil {
			return news, err
		}
	}
	if len(records) > 0 {
		b.settle()
	}
	return news, nil
}

// mostEntries is the most that any maker may list in a slot, of the days that are kept.
func (b *Board) mostEntries() int {
	fewest := 0
	for _, s := range b.document.Storing {
		if n := len(s.Nodes); fewest == 0 || n < fewest {
			fewest = n
		}
	}
	return bulletin.MaxEntries(b.document.Parameters, fewest)
}

// Turn does what the clock asks for, and keeps what has come: to be called every some seconds. What
// came since the last call is lost with the process, and comes again from the next provider.
func (b *Board) Turn(now time.Time) (News, error) {
	var news News
	if b.document == nil {
		return news, nil
	}
	b.countAlone(&news)
	b.watch(now)
	b.settle()
	if err := b.fold(); err != nil {
		return news, err
	}
	b.forget(now)
	return news, b.flush()
}

// Makers are those of a slot, by index.
func (b *Board) Makers(s box.Slot) bulletin.Makers {
	if b.document == nil {
		return nil
	}
	if b.last.makers == nil || b.last.slot != s {
		b.last.slot, b.last.makers = s, b.cfg.Calendar.Makers(b.document, s)
	}
	return b.last.makers
}

// Holders are those that a box belongs to by its placement, the first one first.
func (b *Board) Holders(day box.Day, id box.ID) (holders []directory.NodeID) {
	if b.document == nil {
		return nil
	}
	var storing []box.Holder
	for _, n := range b.document.StoringOn(uint16(day)) {
		storing = append(storing, box.Holder(n))
	}
	for _, h := range box.Placement(day, id, storing, b.document.Parameters.Replicas) {
		holders = append(holders, directory.NodeID(h))
	}
	return holders
}

// Silent says whether a maker has not been heard of for 8 slots running in which others were, here
// and at two others, or is not heard any more because it is false.
func (b *Board) Silent(id directory.NodeID) bool {
	if b.False(id) {
		return true
	}
	newest := b.state.Newest
	if _, is := b.Makers(newest).Index(id); !is {
		return false
	}
	since := b.session.began
	if m := b.makers[id]; m != nil && m.newest+1 > since {
		since = m.newest + 1
	}
	return newest+1 >= since+youngSlots && b.missedByOthers(id, since)
}

// oldest is the first slot whose boxes are kept.
func (b *Board) oldest(now time.Time) box.Slot {
	c := box.Calendar{Genesis: b.cfg.Calendar.Start,
		Retention: b.document.Parameters.RetentionDays}
	day := c.Oldest(now).Start(b.cfg.Calendar.Start)
	slot := b.cfg.Calendar.Slot(day)
	if b.cfg.Calendar.Begins(slot).Before(day) {
		slot++
	}
	return slot
}

func (b *Board) maker(id directory.NodeID) *maker {
	m := b.makers[id]
	if m == nil {
		m = &maker{
			number: uint16(len(b.ids)), rolled: map[uint32]bool{},
			holes: map[uint32][]directory.NodeID{}, hashes: map[uint32]bulletin.Hash{},
			links: map[uint32]bulletin.Hash{},
		}
		b.makers[id], b.ids = m, append(b.ids, id)
	}
	return m
}

// inWindow says whether bulletins of a slot are kept one by one.
func (b *Board) inWindow(s box.Slot) bool {
	return bulletin.RollNumber(s)+windowRolls > bulletin.RollNumber(b.state.Newest)
}
