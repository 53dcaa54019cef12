package board

import (
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// lateBody is how many slots after its own a bulletin is asked for.
const lateBody = 4

// mostWanted bounds what waits to be asked for; nobody can ask for more than two things an epoch.
const mostWanted = 64

// lacking is something to be asked for: a bulletin, or the hashes of all makers' of a slot.
type lacking struct {
	maker directory.NodeID
	slot  box.Slot
	all   bool             // of all makers
	roll  bool             // the roll in which the slot lies
	fork  bool             // another one than is here
	from  directory.NodeID // who is to be asked; zero: anybody
}

// Ask is a question, and the provider to ask. With some a proof of fraud is handed over.
type Ask struct {
	Of    directory.NodeID
	What  box.Question
	Proof []byte
}

// want has something asked for, if it is not already. What is of one slot replaces nothing; what is
// oldest goes first when there is too much.
func (b *Board) want(l lacking) {
	same := func(o lacking) bool {
		o.from = l.from
		return o == l
	}
	if slices.ContainsFunc(b.wanted, same) {
		return
	}
	if len(b.wanted) >= mostWanted {
		b.wanted = slices.Delete(b.wanted, 0, 1)
	}
	b.wanted = append(b.wanted, l)
}

// Question is something about bulletins and a provider to ask, never the own one: what this client
// lacks, or else a random maker's bulletin of a random slot that has ended. A proof that was found
// here goes first, to three others.
func (b *Board) Question(now time.Time, rng *rand.Rand) (ask Ask, ok bool) {
	if b.document == nil || b.state.Newest == 0 {
		return ask, false
	}
	others := slices.DeleteFunc(slices.Clone(b.Makers(b.cfg.Calendar.Slot(now))),
		func(id directory.NodeID) bool { return id == b.own || b.False(id) })
	if len(others) == 0 {
		return ask, false
	}
	if ask, ok := b.handOver(others, rng); ok {
		return ask, true
	}
	l, ok := b.lacks(rng)
	if ask, more := b.further(others, rng); more && (!ok || rng.IntN(2) == 0) {
		return ask, true
	}
	ask.Of = others[rng.IntN(len(others))]
	if !ok {
		ask.What = b.random(now, rng)
		return ask, len(b.Makers(b.state.Newest)) > 0
	}
	if l.from != (directory.NodeID{}) && l.from != b.own {
		ask.Of = l.from
	}
	ask.What = b.asks(l)
	return ask, true
}

// lacks is one of the things that are wanted and overdue: a bulletin four slots after its own.
func (b *Board) lacks(rng *rand.Rand) (l lacking, ok bool) {
	b.wanted = slices.DeleteFunc(b.wanted, b.over)
	due := slices.DeleteFunc(slices.Clone(b.wanted), func(l lacking) bool {
		_, is := b.makersOf(l).Index(l.maker)
		return !l.all && (!is || l.slot+lateBody >= b.state.Newest) || b.coming(l)
	})
	if len(due) == 0 {
		return l, false
	}
	return due[rng.IntN(len(due))], true
}

// over says that something needs no asking any more.
func (b *Board) over(l lacking) bool {
	m := b.maker(l.maker)
	_, here := m.find(l.slot)
	_, hole := m.holes[bulletin.RollNumber(l.slot)]
	switch {
	case m.fraud != nil:
		return true
	case l.roll:
		return !hole
	}
	return !l.all && !l.fork && here || !b.inWindow(l.slot)
}

func (b *Board) makersOf(l lacking) bulletin.Makers {
	if l.roll {
		return b.cfg.Calendar.RollMakers(b.document, bulletin.RollNumber(l.slot))
	}
	return b.Makers(l.slot)
}

// asks is the question for the first piece that is needed of what is lacking.
func (b *Board) asks(l lacking) box.Question {
	q := b.about(l)
	if l.all {
		q.Piece = uint16(slices.Index(b.needs(q, b.pieces(q)), true))
	}
	return q
}

// about is the question about what is lacking, for its first piece.
func (b *Board) about(l lacking) box.Question {
	q := box.Question{Kind: bulletin.AskBulletin, Maker: bulletin.AllMakers, Number: uint32(l.slot)}
	if l.roll {
		q.Kind, q.Number = bulletin.AskRoll, bulletin.RollNumber(l.slot)
	}
	if !l.all {
		q.Maker, _ = b.makersOf(l).Index(l.maker)
	}
	return q
}

// random is what everybody asks who lacks nothing.
func (b *Board) random(now time.Time, rng *rand.Rand) box.Question {
	last := b.state.Newest
	first := min(b.oldest(now), last)
	slot := first + box.Slot(rng.Uint64N(uint64(last-first)+1))
	makers := max(1, len(b.Makers(slot)))
	return box.Question{Kind: bulletin.AskBulletin, Maker: uint16(rng.IntN(makers)),
		Number: uint32(slot)}
}

// Answered takes what a provider says to a question, and adds what it brings. Only what a maker
// signed is taken; a list of hashes says what to ask for next, if it is the one that its head was
// made of. Of an answer of more than one piece the others are asked for, if it is wanted.
func (b *Board) Answered(now time.Time, from directory.NodeID, q box.Question, r box.Reply,
	news *News) error {
	switch {
	case b.document == nil:
	case q.Kind == bulletin.HandProof:
		b.gotProof(from)
	case r.Status == box.StatusNotFound:
		b.nothing(from, q)
	case r.Status == box.StatusBulletin:
		if whole, ok := b.assemble(from, q, r); ok {
			return b.answered(now, from, q, whole, news)
		}
	}
	return nil
}

// nothing takes that a provider does not have what it was asked for.
func (b *Board) nothing(from directory.NodeID, q box.Question) {
	if q.Piece > 0 { // of that it had some
		b.count(Answer)
		q.Piece = 0
		b.assemblies = slices.DeleteFunc(b.assemblies, func(a *assembly) bool {
			return a.from == from && a.ask == q
		})
		return
	}
	if q.Kind != bulletin.AskRoll {
		return
	}
	if id, is := b.cfg.Calendar.RollMakers(b.document, q.Number).At(q.Maker); is {
		b.absent(from, b.maker(id), q.Number)
	}
}

// answered takes a whole answer.
func (b *Board) answered(now time.Time, from directory.NodeID, q box.Question, whole []byte,
	news *News) error {
	switch {
	case q.Kind == bulletin.AskRoll:
		return b.answeredRoll(now, from, q, whole, news)
	case q.Kind != bulletin.AskBulletin:
	case q.Maker == bulletin.AllMakers:
		b.answeredAll(from, box.Slot(q.Number), whole)
	default:
		b.answeredOne(now, q, whole, news)
	}
	return nil
}

// answeredOne takes a bulletin. Everybody else has had it for long.
func (b *Board) answeredOne(now time.Time, q box.Question, raw []byte, news *News) {
	slot := box.Slot(q.Number)
	one, err := bulletin.Parse(raw)
	id, is := b.Makers(slot).At(q.Maker)
	if err != nil || !is || one.Maker != id || one.Slot != slot {
		b.count(Answer)
		return
	}
	b.wanted = slices.DeleteFunc(b.wanted, func(l lacking) bool {
		return l.fork && l.maker == id && l.slot == slot
	})
	before := len(news.Pairs)
	b.bulletin(now, one, news)
	for i := range news.Pairs[before:] {
		news.Pairs[before+i].Withheld = true
	}
}

// answeredRoll takes a roll.
func (b *Board) answeredRoll(now time.Time, from directory.NodeID, q box.Question, raw []byte,
	news *News) error {
	id, is := b.cfg.Calendar.RollMakers(b.document, q.Number).At(q.Maker)
	roll, err := bulletin.ParseSignedRoll(raw)
	if err != nil || !is || roll.Maker != id || roll.Number != q.Number {
		b.count(Answer)
		return nil
	}
	m := b.maker(id)
	had := m.rolled[q.Number]
	if err := b.roll(now, roll, news); err != nil || had || !m.rolled[q.Number] {
		return err
	}
	if from != id { // its maker may have given it to nobody else
		b.withheldRoll(q.Number)
	}
	if q.Number > b.floor && roll.Previous != (bulletin.Hash{}) && !b.has(id, q.Number-1) {
		m.lacks(q.Number - 1)
	}
	return nil
}

// answeredAll asks for the bodies that are not those which are here.
func (b *Board) answeredAll(from directory.NodeID, slot box.Slot, raw []byte) {
	b.wanted = slices.DeleteFunc(b.wanted, func(l lacking) bool { return l.all && l.slot == slot })
	theirs, err := bulletin.ParseHashList(raw)
	makers, head := b.Makers(slot), b.heads.differ[from]
	if err != nil || len(theirs) != len(makers) || bulletin.NewHead(slot, theirs) != head {
		b.count(Answer)
		return
	}
	ours := b.bodies(makers, slot)
	for _, i := range head.Named(len(makers)) { // of the others nobody vouches for the hash
		id := makers[i]
		if ours[i] != theirs[i] && ours[i] != (bulletin.Hash{}) && theirs[i] != (bulletin.Hash{}) {
			b.want(lacking{maker: id, slot: slot, fork: true, from: from})
		}
	}
}
