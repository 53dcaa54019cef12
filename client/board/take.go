package board

import (
	"errors"
	"math"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// record takes what a record of the stream says.
func (b *Board) record(now time.Time, r bulletin.Record, news *News) error {
	if r.Tokens != nil {
		news.Tokens = append(news.Tokens, *r.Tokens)
		return nil
	}
	if r.Fraud != nil {
		b.accused(*r.Fraud, news)
		return nil
	}
	makers := b.Makers(r.Slot())
	if r.IsRoll {
		makers = b.cfg.Calendar.RollMakers(b.document, r.Number())
	}
	id, ok := makers.At(r.Maker)
	if !ok {
		b.count(NoMaker)
		return nil
	}
	if r.IsRoll {
		b.session.filled = b.cfg.Calendar.Slot(now)
		if !b.session.rolls || r.Number() < b.session.lowest {
			b.session.lowest, b.session.rolls = r.Number(), true
		}
		return b.roll(now, r.Roll(b.cfg.Network, id), news)
	}
	whole, ok := r.Bulletin(b.cfg.Network, id, b.links)
	if !ok {
		b.count(Unlinked)
		return nil
	}
	b.bulletin(now, whole, news)
	return nil
}

// bulletin takes one, from the stream or as an answer.
func (b *Board) bulletin(now time.Time, one bulletin.Bulletin, news *News) {
	m, newest := b.maker(one.Maker), b.state.Newest
	k := known{one, one.Hash(), b.session.number}
	reason, ok := b.refuses(now, m, k, news)
	if !ok {
		b.count(reason)
		return
	}
	if gap := b.insert(m, k); gap && b.Settled() { // else what is between is still to come
		b.count(Gap)
		b.between(m, k)
	}
	b.follow(m, one)
	m.newest = max(m.newest, one.Slot)
	b.state.Newest = max(newest, one.Slot)
	if one.Slot+youngSlots < newest {
		b.session.filled = b.cfg.Calendar.Slot(now)
		b.session.gained = b.session.filled
	}
	b.pending.bulletins = append(b.pending.bulletins, k.Bulletin)
	b.list(m, one.Slot, one.Entries, news)
}

// refuses says why a bulletin is not taken, the cheapest check first.
func (b *Board) refuses(now time.Time, m *maker, k known, news *News) (r Reason, ok bool) {
	at, found := m.find(k.Slot)
	switch {
	case b.early(now, k.Slot):
		return Future, false
	case m.fraud != nil:
		return Fraudster, false
	case !b.inWindow(k.Slot):
		return Past, false
	case found && m.bodies[at].hash == k.hash:
		return Repeated, false
	}
	if r, ok := refusal(k.Verify(b.cfg.Network, b.most(k.Slot))); !ok {
		return r, false
	}
	if found {
		b.convict(m, bulletin.NewFraud(m.bodies[at].Bulletin, k.Bulletin), news)
		m.hand = true
		return Fork, false
	}
	between := at > 0 && at < len(m.bodies)
	if between && m.bodies[at].Previous == m.bodies[at-1].hash {
		return Backdated, false
	}
	return 0, true
}

// early says that a slot has not ended yet, by a clock that may be a little slow.
func (b *Board) early(now time.Time, s box.Slot) bool {
	return b.cfg.Calendar.Ends(s).After(now.Add(tolerance * b.cfg.Calendar.Every))
}

func (b *Board) most(s box.Slot) int {
	return bulletin.MaxEntries(b.document.Parameters, len(b.Makers(s)))
}

func refusal(err error) (Reason, bool) {
	switch {
	case err == nil:
		return 0, true
	case errors.Is(err, bulletin.ErrOversized):
		return Oversized, false
	}
	return Signature, false
}

// find is where a slot's bulletin is, or belongs.
func (m *maker) find(s box.Slot) (at int, found bool) {
	return slices.BinarySearchFunc(m.bodies, s, func(k known, s box.Slot) int {
		return int(int64(k.Slot) - int64(s))
	})
}

// insert puts a bulletin in its place, and says whether its maker signed another one between it and
// the last one before it that is here.
func (b *Board) insert(m *maker, k known) (gap bool) {
	at, _ := m.find(k.Slot)
	m.bodies = slices.Insert(m.bodies, at, k)
	return at > 0 && k.Previous != m.bodies[at-1].hash
}

// between has asked for what may lie in a small gap before a bulletin.
func (b *Board) between(m *maker, k known) {
	at, _ := m.find(k.Slot)
	for s := m.bodies[at-1].Slot + 1; s < k.Slot && k.Slot-s <= youngSlots; s++ {
		b.want(lacking{maker: k.Maker, slot: s})
	}
}

// list takes the entries of one slot.
func (b *Board) list(m *maker, s box.Slot, entries []box.Entry, news *News) {
	each(entries, func(e box.Entry, n uint8) {
		b.listed(e, listing{slot: s, maker: m.number, n: n}, news)
	})
}

// roll takes one: what it lists in slots of which the bulletin is not here.
func (b *Board) roll(now time.Time, r bulletin.SignedRoll, news *News) error {
	m := b.maker(r.Maker)
	chained := m.chained(r)
	reason, ok := b.refusesRoll(now, m, r)
	good := ok || chained && reason != Differs
	if good || reason == Repeated && r.Verify(b.cfg.Network, math.MaxInt) == nil {
		b.signed(m, r)
	}
	if !ok {
		b.count(reason)
		if reason == Differs {
			m.lacks(r.Number)
		}
		return nil
	}
	delete(m.holes, r.Number)
	b.read.known = false
	had, err := b.kept(rollKey{r.Number, r.Maker})
	if err != nil {
		return err
	}
	m.rolled[r.Number], b.session.gained = true, b.cfg.Calendar.Slot(now)
	m.newest = max(m.newest, lastOf(r))
	b.pending.rolls[rollKey{r.Number, r.Maker}] = r.Entries
	b.period(r.Number).add(r.Maker)
	b.listRoll(m, r, had, news)
	return nil
}

// lastOf is the last slot in which a roll lists anything; what came after it is not known.
func lastOf(r bulletin.SignedRoll) (last box.Slot) {
	for _, e := range r.Entries {
		last = max(last, r.Slot(e))
	}
	return last
}

func (b *Board) refusesRoll(now time.Time, m *maker, r bulletin.SignedRoll) (Reason, bool) {
	last := bulletin.LastSlot(r.Number)
	switch {
	case b.early(now, last):
		return Future, false
	case last < b.oldest(now):
		return Past, false
	case m.fraud != nil:
		return Fraudster, false
	case m.strays(r):
		return Differs, false
	case m.rolled[r.Number]:
		return Repeated, false
	}
	if reason, ok := refusal(r.Verify(b.cfg.Network, b.most(last))); !ok {
		return reason, false
	}
	return 0, true
}

// listRoll lists what is not among those that were kept of this roll before.
func (b *Board) listRoll(m *maker, r bulletin.SignedRoll, had []bulletin.RollEntry, news *News) {
	before := map[bulletin.RollEntry]int{}
	for _, e := range had {
		before[e]++
	}
	first := bulletin.FirstSlot(r.Number)
	eachOfRoll(r.Number, r.Entries, func(e box.Entry, s box.Slot, n uint8) {
		if int(n) >= before[bulletin.RollEntry{Entry: e, At: uint8(s - first)}] {
			b.listed(e, listing{slot: s, maker: m.number, n: n}, news)
		}
	})
}

// listed takes one listing of one entry, and tells what it makes.
func (b *Board) listed(e box.Entry, l listing, news *News) {
	isNew, pair := b.groups.add(e, l)
	if !isNew {
		return
	}
	news.Listed = append(news.Listed, Single{e, b.listing(l)})
	if pair == nil {
		return
	}
	p := b.pair(e, pair)
	late := b.withheld(b.ids[l.maker], l.slot) || p.Slot+2*youngSlots < b.state.Newest
	p.Withheld = late && p.Slot >= b.state.Since && !b.state.missed(p.Slot)
	b.tell(p, news)
}

// pair is that of the first two listings.
func (b *Board) pair(e box.Entry, all []listing) Pair {
	p := Pair{Entry: e, First: b.listing(all[0]), Second: b.listing(all[1]), Slot: all[1].slot}
	for _, l := range all[2:] {
		p.Others = append(p.Others, b.ids[l.maker])
	}
	return p
}

// tell counts a pair, and tells it. Whoever is new hears of what was listed before as well: what
// they wait for may be among it.
func (b *Board) tell(p Pair, news *News) {
	roll := bulletin.RollNumber(p.Slot)
	period := b.period(roll)
	period.Pairs, period.dirty = period.Pairs+1, true
	b.recent.add(p.Slot)
	if b.inWindow(p.Slot) {
		b.pairs[roll] = append(b.pairs[roll], p)
		if p.odd() && len(b.odd[roll]) < mostOdd {
			b.odd[roll], period.odd = append(b.odd[roll], p), true
		}
	}
	p.Missed = b.state.missed(p.Slot)
	news.Pairs = append(news.Pairs, p)
}

func (b *Board) listing(l listing) Listing {
	return Listing{Maker: b.ids[l.maker], Slot: l.slot, N: l.n}
}
