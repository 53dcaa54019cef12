package provider

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/provider/desk"
)

// Types of records on a link between two providers (docs/provider.md); what is between records, and
// behind the last, are single zero bytes.
const (
	spreadBulletin = 1 // body ‖ signature
	spreadRoll     = 2 // roll ‖ signature
	spreadQuestion = 3
	spreadBatch    = 4 // number 8 ‖ day 4 ‖ blinded elements
	spreadTokens   = 5 // number 8 ‖ evaluated elements ‖ proof
	spreadProof    = 6 // length of the first 4 ‖ first ‖ second, each body ‖ signature
)

const (
	spreadHead   = 1 + 3          // type ‖ length of the data
	questionSize = 1 + 32 + 4 + 4 // kind ‖ maker ‖ first ‖ last

	mostAsked     = 4096 // questions that a link remembers
	mostQuestions = 16   // that wait for their answer on one link
	mostAnswered  = 64   // bulletins that one question brings
	askAgain      = 2    // slots until a question goes to the same provider again
	mostTries     = 64   // of one question, at all providers together
	lateAfter     = 2    // slots until others than its maker are asked for a bulletin
)

// ErrSpread says that the frames of another provider do not parse; the link has no use any more.
var ErrSpread = errors.New("frames of bulletins that do not parse")

// Spread is one end of a link between two providers. Frames of one size go both ways at a constant
// rate, whatever there is: the side that dialled says its own bulletins and asks for what is
// missing here, and for tokens, the other one answers.
type Spread struct {
	b       *Bulletins
	peer    directory.NodeID
	dialled bool
	rest    []byte // of the records that began to go
	in      []byte // of the record that began to come
	said    *known // the last own one that went out
	proofs  int    // of Bulletins.Frauds that went out
	asked   map[question]box.Slot
	waiting []question
}

// Spread is for a new link to a peer, dialled here or there.
func (b *Bulletins) Spread(peer directory.NodeID, dialled bool) *Spread {
	return &Spread{b: b, peer: peer, dialled: dialled, asked: map[question]box.Slot{}}
}

// FrameEvery is the time between two frames of a link.
func (b *Bulletins) FrameEvery() time.Duration {
	return protocol.BulletinFrameEvery(b.calendar.Every)
}

// NextFrame is when the next frame goes after a time: at fixed times of every slot, none of them
// its end, so that what is signed there has gone to the disk.
func (b *Bulletins) NextFrame(after time.Time) time.Time {
	every := b.FrameEvery()
	gone := after.Sub(b.calendar.Start) + every - every/2 // since half a frame before the start
	if gone < 0 {
		return b.calendar.Start.Add(every / 2)
	}
	return b.calendar.Start.Add(gone/every*every + every/2)
}

// Frame fills a frame with what there is to say, and zeros.
func (s *Spread) Frame(now time.Time, frame []byte) {
	clear(frame)
	for at := 0; at < len(frame); {
		if len(s.rest) == 0 {
			s.rest = s.say(now)
		}
		if len(s.rest) == 0 {
			return
		}
		n := copy(frame[at:], s.rest)
		at, s.rest = at+n, s.rest[n:]
	}
}

// Idle says that there is nothing to say here but questions.
func (s *Spread) Idle() bool {
	return len(s.rest) == 0 && len(s.waiting) == 0 && !s.b.desk.Owes(s.peer)
}

// say is the next records: bulletins and what is missing of them first, then tokens.
func (s *Spread) say(now time.Time) []byte {
	if !s.dialled {
		for len(s.waiting) > 0 {
			q := s.waiting[0]
			s.waiting = s.waiting[1:]
			if out := s.b.reply(q); len(out) > 0 {
				return out
			}
		}
		return appendSome(spreadTokens, s.b.desk.Reply(s.peer))
	}
	if k := s.news(); k != nil {
		s.said = k
		return appendSpread(nil, spreadBulletin, k.Marshal())
	}
	if f, next, ok := s.b.proof(s.proofs); ok {
		s.proofs = next
		return appendSpread(nil, spreadProof, f.Marshal())
	}
	if out := s.ask(now); len(out) > 0 {
		return out
	}
	return appendSome(spreadBatch, s.b.desk.Next(now, s.peer))
}

// appendSome is a record of data, none of none.
func appendSome(kind byte, data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return appendSpread(nil, kind, data)
}

// news is the own bulletin that the peer has not got; on a new link the newest, after which it can
// ask for what is before.
func (s *Spread) news() *known {
	own := s.b.chain(s.b.self.ID())
	if s.said == nil {
		return own.newest()
	}
	if i, found := own.search(s.said.Slot + 1); found || i < len(own.known) {
		return own.known[i]
	}
	return nil
}

// ask is a question that the peer was not asked lately.
func (s *Spread) ask(now time.Time) []byte {
	current := s.b.calendar.Slot(now)
	for _, q := range s.b.missing(now) {
		late := q.kind == askBulletins && box.Slot(q.last)+lateAfter >= current
		at, before := s.asked[q]
		if q.maker != s.peer && late || before && current < at+askAgain ||
			s.b.tries[q] >= mostTries {
			continue
		}
		if len(s.asked) >= mostAsked {
			clear(s.asked)
		}
		s.asked[q] = current
		s.b.tries[q]++
		return appendSpread(nil, spreadQuestion, q.marshal())
	}
	return nil
}

// missing is what is not here of all other makers, looked up again when something came or a slot
// has passed.
func (b *Bulletins) missing(now time.Time) []question {
	at := lookedUp{b.calendar.Slot(now), b.trim + uint64(len(b.log)), b.stats.Taken}
	if b.wantedAt != at {
		b.wantedAt, b.wanted = at, nil
		for _, id := range b.order {
			if c := b.makers[id]; id != b.self.ID() && !c.false {
				b.wanted = append(b.wanted, b.missingOf(now, id, c)...)
				b.wanted = append(b.wanted, b.missingRolls(now, id, c)...)
			}
		}
	}
	return b.wanted
}

// lookedUp is when, and with how much here.
type lookedUp struct {
	slot        box.Slot
	logs, taken uint64
}

// missingOf is what is not here of a maker's bulletins: those between others, before the first and
// after the last.
func (b *Bulletins) missingOf(now time.Time, maker directory.NodeID, c *chain) []question {
	all := append([]question(nil), c.gaps...)
	current, from := b.calendar.Slot(now), b.floor(now)
	newest := c.newest()
	if newest != nil {
		first := c.known[0]
		if first.Slot > from && first.Previous != (bulletin.Hash{}) {
			all = append(all, question{askBulletins, maker, uint32(from), uint32(first.Slot - 1)})
		}
		from = newest.Slot + 1
	}
	if from+lateAfter < current && b.doc != nil {
		all = append(all, question{askBulletins, maker, uint32(from),
			uint32(current - lateAfter - 1)})
	}
	return all
}

// missingRolls asks for the newest roll that every provider should have by now, and is not here.
func (b *Bulletins) missingRolls(now time.Time, maker directory.NodeID, c *chain) []question {
	const done = protocol.RollSlots + protocol.RollHashAt + lateAfter
	current := b.calendar.Slot(now)
	if current < done || b.doc == nil {
		return nil
	}
	c.settled = max(c.settled, bulletin.RollNumber(b.oldest()))
	end := bulletin.RollNumber(current-done) + 1
	for c.settled < end && !b.wantsRoll(maker, c, c.settled) {
		c.settled++
	}
	for n := end; n > c.settled; n-- {
		if b.wantsRoll(maker, c, n-1) {
			return []question{{askRoll, maker, n - 1, n - 1}}
		}
	}
	return nil
}

// wantsRoll is false for rolls that are here, that there are none of, or that nobody has.
func (b *Bulletins) wantsRoll(maker directory.NodeID, c *chain, n uint32) bool {
	if c.rolls[n] || b.tries[question{askRoll, maker, n, n}] >= mostTries {
		return false
	}
	_, is := b.calendar.RollMakers(b.doc, n).Index(maker)
	return is
}

func appendSpread(out []byte, kind byte, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	out[len(out)-spreadHead] = kind // lengths have three bytes
	return append(out, data...)
}

// Take reads a frame of the other side. Of what it says, what is refused is counted; refused is the
// last reason. The error is ErrSpread, and the link of no use any more, when it does not parse.
func (s *Spread) Take(now time.Time, frame []byte) (refused, err error) {
	s.in = append(s.in, frame...)
	at := 0
	for {
		for at < len(s.in) && s.in[at] == 0 {
			at++
		}
		rest := s.in[at:]
		if len(rest) < spreadHead {
			break
		}
		kind, size := rest[0], int(binary.BigEndian.Uint32(rest)&0xffffff)
		if size > s.limit(kind) {
			return refused, ErrSpread
		}
		if len(rest) < spreadHead+size {
			break
		}
		reason, err := s.take(now, kind, rest[spreadHead:spreadHead+size])
		if err != nil {
			return refused, err
		}
		if reason != nil {
			refused = reason
		}
		at += spreadHead + size
	}
	s.in = append([]byte(nil), s.in[at:]...)
	return refused, nil
}

// limit is the most data of a record of a kind; nothing fits one that there is not.
func (s *Spread) limit(kind byte) int {
	most := protocol.MinBulletinEntries
	if s.b.doc != nil {
		most = s.b.most(nil)
	}
	switch kind {
	case spreadBulletin:
		return bulletin.MostBytes(most)
	case spreadRoll:
		return min(bulletin.MostRollBytes(most), math.MaxUint32>>8)
	case spreadQuestion:
		return questionSize
	case spreadProof:
		return bulletin.MostFraud
	case spreadBatch:
		return desk.MostAsked
	case spreadTokens:
		return desk.MostAnswered
	}
	return -1
}

func (s *Spread) take(now time.Time, kind byte, data []byte) (refused, err error) {
	switch kind {
	case spreadBulletin:
		x, err := bulletin.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSpread, err)
		}
		return s.b.Take(now, x), nil
	case spreadRoll:
		r, err := bulletin.ParseSignedRoll(data)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSpread, err)
		}
		return s.b.TakeRoll(now, r), nil
	case spreadProof:
		f, err := bulletin.ParseFraud(data)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSpread, err)
		}
		return s.b.Accuse(f), nil
	case spreadBatch:
		if s.dialled {
			return nil, ErrSpread
		}
		return s.b.desk.Asked(now, s.peer, data), nil
	case spreadTokens:
		if !s.dialled {
			return nil, ErrSpread
		}
		return s.b.desk.Answered(s.peer, data), nil
	}
	q, err := parseQuestion(data)
	if err != nil || s.dialled { // who is dialled only answers
		return nil, ErrSpread
	}
	if len(s.waiting) < mostQuestions {
		s.waiting = append(s.waiting, q)
	}
	return nil, nil
}
