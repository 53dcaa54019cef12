package provider

import (
	"errors"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

var (
	errEarlyRoll = errors.New("roll of slots that are not over")
	errOtherRoll = errors.New("roll that its maker's bulletins do not name")
)

// headDelay is how many slots before the present one a head is about, so that what it says can have
// come everywhere: of the newest slot that ended two slots ago.
const headDelay = 3

// Head is what every reply says of the bulletins here; zero if there is nothing to say.
func (b *Bulletins) Head(now time.Time) [bulletin.HeadSize]byte {
	current := b.calendar.Slot(now)
	makers := b.makersOf(max(current, headDelay) - headDelay)
	if current < headDelay || len(makers) == 0 {
		return [bulletin.HeadSize]byte{}
	}
	slot, at := current-headDelay, b.trim+uint64(len(b.log))
	if b.headOf != slot || b.headAt != at {
		b.head = bulletin.NewHead(slot, b.bodies(makers, slot)).Marshal()
		b.headOf, b.headAt = slot, at
	}
	return b.head
}

// bodies are the hashes of a slot's bodies by index of their makers, zero for those that are not
// here.
func (b *Bulletins) bodies(makers bulletin.Makers, s box.Slot) []bulletin.Hash {
	all := make([]bulletin.Hash, len(makers))
	for i, maker := range makers {
		if x, ok := b.find(maker, s); ok {
			all[i] = x.Hash()
		}
	}
	return all
}

// find is the bulletin of a maker and slot, from memory or from the disk.
func (b *Bulletins) find(maker directory.NodeID, s box.Slot) (x bulletin.Bulletin, ok bool) {
	if c := b.makers[maker]; c == nil {
		return x, false
	} else if k := c.find(s); k != nil {
		return k.Bulletin, true
	}
	if maker == b.self.ID() {
		raw, ok, err := b.store.Body(s)
		if err != nil || !ok {
			return x, false
		}
		body, err := bulletin.ParseBody(raw)
		return body.Sign(b.self.PrivateKey()), err == nil
	}
	raw, ok, err := b.kept(KeptBulletin, uint32(s), maker)
	if err != nil || !ok {
		return x, false
	}
	x, err = bulletin.Parse(raw)
	return x, err == nil
}

// Answer is all that is to be said to a question, of which a reply carries a piece; ok is false if
// there is nothing.
func (b *Bulletins) Answer(q box.Question) (whole []byte, ok bool) {
	if b.doc == nil {
		return nil, false
	}
	switch q.Kind {
	case bulletin.AskBulletin:
		slot := box.Slot(q.Number)
		makers := b.makersOf(slot)
		if q.Maker == bulletin.AllMakers {
			return bulletin.HashList(b.bodies(makers, slot)), len(makers) > 0
		}
		if maker, is := makers.At(q.Maker); is {
			x, ok := b.find(maker, slot)
			return x.Marshal(), ok
		}
	case bulletin.AskRoll:
		if maker, is := b.calendar.RollMakers(b.doc, q.Number).At(q.Maker); is {
			raw, ok, err := b.kept(KeptRoll, q.Number, maker)
			return raw, ok && err == nil
		}
	}
	return nil, false
}

// TakeRoll takes in a roll that another provider handed over, whoever made it.
func (b *Bulletins) TakeRoll(now time.Time, r bulletin.SignedRoll) error {
	err := b.takeRoll(now, r)
	if err != nil {
		b.stats.Refused++
	}
	return err
}

func (b *Bulletins) takeRoll(now time.Time, r bulletin.SignedRoll) error {
	if b.doc == nil {
		return errNoMaker
	}
	makers := b.calendar.RollMakers(b.doc, r.Number)
	if _, ok := makers.Index(r.Maker); !ok {
		return errNoMaker
	}
	c := b.chain(r.Maker)
	switch {
	case c.false:
		return errFraud
	case c.rolls[r.Number]:
		return nil
	case bulletin.LastSlot(r.Number) >= b.calendar.Slot(now):
		return errEarlyRoll
	}
	if err := r.Verify(b.network, b.most(makers)); err != nil {
		return err
	}
	carrier := c.find(bulletin.LastSlot(r.Number) + 1 + protocol.RollHashAt)
	if carrier != nil && carrier.Roll != r.Hash() {
		return errOtherRoll
	}
	c.rolls[r.Number] = true
	b.stats.Taken++
	b.keep(b.calendar.Day(bulletin.LastSlot(r.Number)), KeptRoll, r.Number, r.Maker, r.Marshal())
	return nil
}

// reply is the records that answer a question; none if nothing of it is here.
func (b *Bulletins) reply(q question) (out []byte) {
	c := b.makers[q.maker]
	if c == nil {
		return nil
	}
	if q.kind == askRoll {
		if raw, ok, err := b.kept(KeptRoll, q.first, q.maker); ok && err == nil {
			out = appendSpread(out, spreadRoll, raw)
		}
		return out
	}
	from, _ := c.search(box.Slot(q.first))
	for _, k := range c.known[from:min(from+mostAnswered, len(c.known))] {
		if k.Slot <= box.Slot(q.last) {
			out = appendSpread(out, spreadBulletin, k.Marshal())
		}
	}
	return out
}
