package board

import (
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Specification constants (docs/bulletin.md section 8).
const (
	attesting  = 2 // providers whose heads say the same of a maker
	against    = 3 // providers whose heads do not fit what was read
	lateSlots  = 3 // a bulletin is withheld if its maker was named for a slot so much later
	headWindow = protocol.RollSlots
)

// heads are what providers attest, as far as it still counts.
type heads struct {
	named  map[directory.NodeID]map[directory.NodeID]box.Slot // maker, provider: newest slot
	lacked map[directory.NodeID]map[directory.NodeID]box.Slot
	differ map[directory.NodeID]bulletin.Head // newest head of each that does not fit
}

func newHeads() heads {
	return heads{
		named:  map[directory.NodeID]map[directory.NodeID]box.Slot{},
		lacked: map[directory.NodeID]map[directory.NodeID]box.Slot{},
		differ: map[directory.NodeID]bulletin.Head{},
	}
}

// Head takes what came with a reply of a provider. It is one provider's word: two of them say that
// a maker was there, three that what was read here is not what others read.
func (b *Board) Head(now time.Time, provider directory.NodeID, raw [bulletin.HeadSize]byte) {
	h := bulletin.ParseHead(raw)
	if h.None() || b.document == nil || b.early(now, h.Slot) || !b.inWindow(h.Slot) {
		return
	}
	makers := b.Makers(h.Slot)
	named := h.Named(len(makers))
	for i, id := range makers {
		if slices.Contains(named, i) {
			note(b.heads.named, id, provider, h.Slot)
			b.lack(id, h.Slot)
		} else if h.Covers(len(makers), i) {
			note(b.heads.lacked, id, provider, h.Slot)
		}
	}
	b.compare(provider, h, makers)
}

func note(all map[directory.NodeID]map[directory.NodeID]box.Slot, maker, provider directory.NodeID,
	s box.Slot) {
	if all[maker] == nil {
		all[maker] = map[directory.NodeID]box.Slot{}
	}
	all[maker][provider] = max(all[maker][provider], s)
}

// lack has a bulletin asked for that others have and that should have come.
func (b *Board) lack(id directory.NodeID, s box.Slot) {
	m := b.maker(id)
	if _, here := m.find(s); !here && s >= b.state.Since && !m.rolled[bulletin.RollNumber(s)] {
		b.want(lacking{maker: id, slot: s})
	}
}

// compare notes whether a head fits what was read. What is not here yet says nothing.
func (b *Board) compare(provider directory.NodeID, h bulletin.Head, makers bulletin.Makers) {
	fits, known := h.Fits(b.bodies(makers, h.Slot))
	switch {
	case !known:
		return
	case fits:
		delete(b.heads.differ, provider)
		return
	}
	b.count(Head)
	b.heads.differ[provider] = h
	newest := b.state.Newest
	for p, d := range b.heads.differ {
		if d.Slot+headWindow < newest {
			delete(b.heads.differ, p)
		}
	}
	if len(b.heads.differ) >= min(against, len(makers)-1) {
		b.want(lacking{slot: h.Slot, all: true, from: provider})
	}
}

// bodies are the hashes of a slot's bodies that are here.
func (b *Board) bodies(makers bulletin.Makers, s box.Slot) []bulletin.Hash {
	all := make([]bulletin.Hash, len(makers))
	for i, id := range makers {
		if m := b.makers[id]; m != nil {
			if at, here := m.find(s); here {
				all[i] = m.bodies[at].hash
			}
		}
	}
	return all
}

// attested is the newest slot for which two providers, whoever they are, named a maker.
func (b *Board) attested(id directory.NodeID) (s box.Slot, ok bool) {
	return second(b.heads.named[id])
}

func second(all map[directory.NodeID]box.Slot) (s box.Slot, ok bool) {
	var slots []box.Slot
	for _, s := range all {
		slots = append(slots, s)
	}
	if len(slots) < attesting {
		return 0, false
	}
	slices.Sort(slots)
	return slots[len(slots)-attesting], true
}

// withheld says that others knew of a maker's bulletins of much later slots before one came here.
func (b *Board) withheld(id directory.NodeID, s box.Slot) bool {
	named, ok := b.attested(id)
	return ok && named >= s+lateSlots
}

// missedByOthers says that as many providers as there can be, two at most, lack a maker since a
// slot, and that no two have it.
func (b *Board) missedByOthers(id directory.NodeID, since box.Slot) bool {
	others := 0
	for _, p := range b.Makers(b.state.Newest) {
		if p != id && p != b.own {
			others++
		}
	}
	lacking := 0
	for p, s := range b.heads.lacked[id] {
		if named, ok := b.heads.named[id][p]; s >= since && (!ok || named < since) {
			lacking++
		}
	}
	named, ok := b.attested(id)
	return lacking >= min(attesting, others) && (!ok || named < since)
}

// watch counts, once a slot, of how many makers the bulletins come as others say that they should.
func (b *Board) watch(now time.Time) {
	slot := b.cfg.Calendar.Slot(now)
	day := b.cfg.Calendar.Day(slot)
	if day != b.guard.day || b.own != b.guard.own {
		before := b.guard.today
		if b.own != b.guard.own || day != b.guard.day+1 {
			before = passed{}
		}
		b.guard = guarded{day: day, own: b.own, yesterday: before}
	}
	if slot == b.guard.slot || slot < b.session.steady+2*youngSlots {
		return
	}
	b.guard.slot = slot
	for _, id := range b.Makers(slot) {
		named, ok := b.attested(id)
		if !ok || named+2*youngSlots < slot {
			continue // nobody speaks of it now
		}
		b.guard.today.expected++
		if named >= b.maker(id).newest+lateSlots {
			b.guard.today.withheld++
		}
	}
}

// withheldRoll counts a roll that another provider than its maker gave, which the own one did not
// though it was asked for it and had nothing more to say, like the bulletins of its slots.
func (b *Board) withheldRoll(roll uint32) {
	if b.Settled() && roll >= b.session.asked && b.own == b.guard.own {
		b.guard.today.expected += protocol.RollSlots
		b.guard.today.withheld += protocol.RollSlots
	}
}

// guarded is how the own provider passes bulletins on.
type guarded struct {
	day              box.Day
	own              directory.NodeID
	slot             box.Slot // that was counted last
	today, yesterday passed
}

// passed is how many bulletins should have come, and how many of these did not.
type passed struct{ expected, withheld uint64 }

// Withholding is how many bulletins the provider of this client should have passed on in about a
// day, by the word of two others, and how many of these it kept back: those of today, and as much
// of yesterday as today is short of it, so that midnight makes nothing good. One for each maker and
// slot counts, while this client is connected.
func (b *Board) Withholding() (withheld, expected uint64) {
	today, before := b.guard.today, b.guard.yesterday
	withheld, expected = today.withheld, today.expected
	if before.expected > today.expected {
		left := before.expected - today.expected
		withheld += before.withheld * left / before.expected
		expected += left
	}
	return withheld, expected
}
