package board

import (
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// period is what is known of the slots of one roll.
type period struct {
	Whole  bool     `cbor:"1,keyasint"` // all that the provider has is here
	Pairs  uint32   `cbor:"2,keyasint"`
	Makers [][]byte `cbor:"3,keyasint"` // of whom something is kept
	dirty  bool
	odd    bool // odd pairs came that are not kept yet
}

// add notes that something of a maker is kept.
func (p *period) add(id directory.NodeID) {
	p.dirty = true
	if !p.has(id) {
		p.Makers = append(p.Makers, id[:])
	}
}

func (p *period) has(id directory.NodeID) bool {
	return slices.ContainsFunc(p.Makers, func(m []byte) bool { return slices.Equal(m, id[:]) })
}

func (b *Board) period(roll uint32) *period {
	p := b.periods[roll]
	if p == nil {
		p = &period{}
		b.periods[roll] = p
	}
	return p
}

func (b *Board) whole(roll uint32) bool { return b.periods[roll] != nil && b.periods[roll].Whole }

// settle marks the rolls that are whole: they ended 8 slots ago, and either the provider has gone
// on to older ones, or it has sent nothing but what is new for 8 slots. An absence ends with the
// last of its rolls.
func (b *Board) settle() {
	newest := b.state.Newest
	if newest < youngSlots || !b.Settled() && !b.session.rolls {
		return
	}
	for _, id := range b.ids {
		b.close(id, b.makers[id])
	}
	for roll := b.floor; bulletin.LastSlot(roll)+youngSlots <= newest; roll++ {
		if !b.whole(roll) && b.in(roll) {
			b.missing(roll)
			p := b.period(roll)
			p.Whole, p.dirty = true, true
		}
	}
	if b.state.away() && !b.Behind() {
		b.state.From = b.state.To + 1
	}
}

// in says whether the provider has sent all that it has of a roll.
func (b *Board) in(roll uint32) bool {
	return b.session.rolls && b.session.lowest < roll || b.Settled()
}

// cutSlots is for how many slots nothing old that was not here has to come from a provider that
// cuts each link before 8 slots are over: it sends what is here over and over.
const cutSlots = 64

// Settled says that nothing old has come for 8 slots: the provider has sent all that it has.
func (b *Board) Settled() bool {
	s := b.session
	return b.state.Newest >= max(s.began, s.filled)+youngSlots ||
		b.state.Newest >= max(s.steady, s.gained)+cutSlots
}

// Position is the roll that the provider is asked to begin with: the one before the last of those
// that are here whole, with no hole in it or before. A new client asks for the oldest that is kept.
func (b *Board) Position(now time.Time) uint32 {
	if b.document == nil {
		return bulletin.RollNumber(b.cfg.Calendar.Slot(now))
	}
	oldest := bulletin.RollNumber(b.oldest(now))
	roll, this := oldest, bulletin.RollNumber(b.cfg.Calendar.Slot(now))
	for roll < this && b.whole(roll) && !b.hole(roll) {
		roll++
	}
	return max(oldest, roll-min(roll, windowRolls))
}

// WholeDay is the day before which all that makers listed was read, as far as anybody has it: of
// the boxes of earlier days nothing new comes.
func (b *Board) WholeDay(now time.Time) (day box.Day) {
	if b.document == nil {
		return 0
	}
	roll, this := bulletin.RollNumber(b.oldest(now)), bulletin.RollNumber(b.state.Newest)
	for roll < this && b.whole(roll) && !b.hole(roll) {
		roll++
	}
	if roll == 0 {
		return 0
	}
	listed := protocol.WriteGrace + protocol.HoldCap*b.document.Parameters.Hold +
		protocol.ListingSlots*b.cfg.Calendar.Every
	read := b.cfg.Calendar.Begins(bulletin.FirstSlot(roll)).Add(-listed)
	return box.DayOf(b.cfg.Calendar.Start, read)
}

// Rate is how many pairs a second were listed in the newest roll period that is here whole; without
// one, ok is false. Before its first period a network listed nothing.
func (b *Board) Rate() (perSecond float64, ok bool) {
	newest := uint32(0)
	for roll, p := range b.periods {
		if p.Whole && (!ok || roll > newest) {
			newest, ok = roll, true
		}
	}
	if !ok {
		return 0, b.state.Began && bulletin.RollNumber(b.state.Newest) <= 1
	}
	seconds := protocol.RollSlots * b.cfg.Calendar.Every.Seconds()
	return float64(b.periods[newest].Pairs) / seconds, true
}

// recentSlots is how many of the newest slots show what is listed at present.
const recentSlots = 16

// recent counts the pairs of the newest slots, by slot and not by when they came: a provider that
// keeps bulletins back and gives them all at once makes nothing look like more than it is.
type recent [recentSlots]struct {
	slot  box.Slot
	pairs int
}

func (r *recent) add(slot box.Slot) {
	at := &r[slot%recentSlots]
	if at.slot < slot {
		at.slot, at.pairs = slot, 0
	}
	if at.slot == slot {
		at.pairs++
	}
}

// Recent is how many pairs a second were listed in the newest 16 slots, as far as their bulletins
// are here: while they are still to come it is less.
func (b *Board) Recent() (perSecond float64) {
	pairs := 0
	for _, at := range b.recent {
		if at.slot+recentSlots > b.state.Newest {
			pairs += at.pairs
		}
	}
	return float64(pairs) / (recentSlots * b.cfg.Calendar.Every.Seconds())
}

// Behind says that bulletins of an absence are still to come from the provider of this client. What
// it keeps back comes late.
func (b *Board) Behind() bool {
	if !b.state.away() {
		return false
	}
	if !b.session.rolls && !b.Settled() {
		return true
	}
	for roll := bulletin.RollNumber(b.state.From); roll < bulletin.RollNumber(b.state.To); roll++ {
		if !b.whole(roll) {
			return true
		}
	}
	return false
}

// state is what a board knows of its own time.
type state struct {
	Began  bool     `cbor:"1,keyasint"`
	Since  box.Slot `cbor:"2,keyasint"` // in which this client read its first bulletin
	Newest box.Slot `cbor:"3,keyasint"` // of all that came
	From   box.Slot `cbor:"4,keyasint"` // of the last absence; none if it is above To
	To     box.Slot `cbor:"5,keyasint"`
}

// connected notes whether this client was away, in a slot that has not ended. An absence of which
// something is still to come goes on.
func (s *state) connected(slot box.Slot, behind bool) {
	switch {
	case !s.Began:
		*s = state{Began: true, Since: slot, Newest: slot - min(slot, 1), From: 1}
	case slot > s.Newest+1+youngSlots && behind:
		s.To = slot - 1
	case slot > s.Newest+1+youngSlots:
		s.From, s.To = s.Newest+1, slot-1
	}
}

func (s *state) away() bool { return s.From <= s.To && s.Began }

func (s *state) missed(slot box.Slot) bool { return s.away() && s.From <= slot && slot <= s.To }
