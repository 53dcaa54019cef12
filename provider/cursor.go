package provider

import (
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// earlierBlock is how many slots a connection gets in order when it gets earlier ones: the newest
// block first, so that a short absence is made up for soon.
const earlierBlock = 16

// Cursor is how far one connection of a client has come in the stream of bulletins: new ones go
// first, then tokens that came for the client, then those of the current roll's earlier slots, then
// rolls, the newest first. TCP carries what was said once; nothing is repeated.
type Cursor struct {
	b       *Bulletins
	links   *bulletin.Links
	rest    []byte // of the record that began to go
	next    uint64 // in the log of all that came
	proofs  int    // of Bulletins.Frauds that went out
	begun   bool
	earlier []*known // still to go, the last one first
	rolls   []box.RecordKey
	tokens  []bulletin.Tokens
}

// Cursor is for a new connection, which hears of what comes from now on.
func (b *Bulletins) Cursor() *Cursor {
	return &Cursor{b: b, links: bulletin.NewLinks(), next: b.trim + uint64(len(b.log))}
}

// Say puts tokens that a holder gave to the client into the stream.
func (c *Cursor) Say(all ...bulletin.Tokens) { c.tokens = append(c.tokens, all...) }

// Fill gives up to so many bytes of the stream. wanted is what the up frame said: the number of the
// first roll that the client wants, and one; the first frame of a connection counts.
func (c *Cursor) Fill(now time.Time, wanted uint32, room int) (out []byte) {
	if !c.begun {
		c.begun = true
		c.plan(now, wanted)
	}
	for len(out) < room {
		if len(c.rest) == 0 {
			c.rest = c.record()
		}
		if len(c.rest) == 0 {
			break
		}
		n := min(len(c.rest), room-len(out))
		out, c.rest = append(out, c.rest[:n]...), c.rest[n:]
	}
	return out
}

// plan says what goes when nothing is new: bulletins of what no roll here tells of, and the rolls
// that are wanted.
func (c *Cursor) plan(now time.Time, wanted uint32) {
	if wanted == 0 || c.b.doc == nil {
		return
	}
	first := wanted - 1
	for _, k := range c.b.log[:max(c.next, c.b.trim)-c.b.trim] {
		number := bulletin.RollNumber(k.Slot)
		if number >= first && !c.b.makers[k.Maker].rolls[number] {
			c.earlier = append(c.earlier, k)
		}
	}
	slices.SortStableFunc(c.earlier, func(a, b *known) int {
		if x, y := a.Slot/earlierBlock, b.Slot/earlierBlock; x != y {
			return int(int64(x) - int64(y))
		}
		return int(int64(b.Slot) - int64(a.Slot))
	})
	c.planRolls(now, first)
}

func (c *Cursor) planRolls(now time.Time, first uint32) {
	oldest := bulletin.RollNumber(c.b.oldest())
	last := bulletin.RollNumber(c.b.calendar.Slot(now))
	for number := last; number > max(first, oldest); number-- {
		for _, maker := range c.b.calendar.RollMakers(c.b.doc, number-1) {
			if x := c.b.makers[maker]; x != nil && x.rolls[number-1] {
				c.rolls = append(c.rolls, box.RecordKey{Kind: KeptRoll, Number: number - 1,
					Maker: box.Holder(maker)})
			}
		}
	}
}

// oldest is the first slot of the first day that the document lists.
func (b *Bulletins) oldest() box.Slot {
	if b.doc == nil || len(b.doc.Storing) == 0 {
		return 0
	}
	return b.calendar.Slot(box.Day(b.doc.Storing[0].Day).Start(b.calendar.Start))
}

// record is the next one; empty if there is none now.
func (c *Cursor) record() []byte {
	b := c.b
	for c.next = max(c.next, b.trim); c.next < b.trim+uint64(len(b.log)); {
		k := b.log[c.next-b.trim]
		c.next++
		if raw := c.append(k); raw != nil {
			return raw
		}
	}
	if f, next, ok := b.proof(c.proofs); ok {
		c.proofs = next
		return bulletin.AppendFraud(nil, f)
	}
	if len(c.tokens) > 0 {
		t := c.tokens[0]
		c.tokens = c.tokens[1:]
		return bulletin.AppendTokens(nil, t)
	}
	for n := len(c.earlier); n > 0; n = len(c.earlier) {
		k := c.earlier[n-1]
		c.earlier = c.earlier[:n-1]
		if raw := c.append(k); raw != nil {
			return raw
		}
	}
	for len(c.rolls) > 0 {
		k := c.rolls[0]
		c.rolls = c.rolls[1:]
		if raw := c.roll(k); raw != nil {
			return raw
		}
	}
	return nil
}

func (c *Cursor) append(k *known) []byte {
	index, ok := c.b.makersOf(k.Slot).Index(k.Maker)
	if !ok {
		return nil
	}
	return bulletin.AppendBulletin(nil, c.links, index, k.Bulletin)
}

func (c *Cursor) roll(k box.RecordKey) []byte {
	index, ok := c.b.calendar.RollMakers(c.b.doc, k.Number).Index([32]byte(k.Maker))
	raw, is, err := c.b.kept(k.Kind, k.Number, k.Maker)
	if !ok || !is || err != nil {
		return nil
	}
	r, err := bulletin.ParseSignedRoll(raw)
	if err != nil {
		return nil
	}
	return bulletin.AppendRoll(nil, index, r)
}
