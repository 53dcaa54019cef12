package crowd

import (
	"math"
	"slices"
	"time"

	"murmuration/client/board"
	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Specification constants (docs/client.md, "The crowd").
const (
	// lateDoublings bounds the waits of a late fetch: they grow to 64 times the first one.
	lateDoublings = 6
	// slowOneIn is of how many late fetches one is slow: else a long delay would tell a mix of a
	// write.
	slowOneIn = 16
)

// try is one request under way, or taken and not yet sent.
type try struct {
	sender.Fetch
	fetch    *fetch // nil in a question
	at       *board.Listing
	routine  bool      // a question that was due
	again    time.Time // when it counts as lost
	gone     time.Time // when no answer is expected at all
	answered bool
	over     bool // again has come
}

// Live implements sender.Fetches.
func (c *Crowd) Live(at time.Time) bool {
	c.tick(at)
	return c.live.head(at) != nil
}

// Take implements sender.Fetches. Without anything live it gives a question that everybody asks now
// and then, what was missed, and else, by an even coin, a young decoy or what is late.
func (c *Crowd) Take(at time.Time, live bool) (sender.Fetch, bool) {
	c.tick(at)
	c.offer = nil
	switch {
	case live && c.pick(c.live.head(at), at):
	case !live && c.questions.due(at) && c.ask(at, true):
	case !live && c.pick(c.catch.head(at), at):
	default:
		c.idle(at)
	}
	if c.offer == nil {
		return sender.Fetch{}, false
	}
	return c.offer.Fetch, true
}

// idle is what a slot carries that nothing needs.
func (c *Crowd) idle(at time.Time) {
	if c.rng.IntN(2) == 0 {
		if p, ok := c.cfg.Board.Young(c.rng); ok && c.pick(&fetch{pair: p, decoy: true}, at) {
			return
		}
	}
	p, ok := c.old(at) // drawn in any case, so that no draw afterwards tells what this one was for
	switch {
	case c.pick(c.learned.head(at), at), c.pick(c.late.head(at), at):
	case ok && c.pick(&fetch{pair: p, class: late, decoy: true}, at):
	default:
		c.ask(at, false)
	}
}

// old is a pair of an age that is log-uniform between what is new and what is about to go.
func (c *Crowd) old(at time.Time) (board.Pair, bool) {
	oldest := time.Duration(c.net.RetentionDays)*24*time.Hour - protocol.WriteGrace
	low := math.Log(YoungSlots)
	high := math.Log(max(YoungSlots, float64(oldest/c.net.BulletinEvery)))
	age := box.Slot(math.Exp(low + c.rng.Float64()*(high-low)))
	now := c.slot(at)
	return c.cfg.Board.Nearest(now-min(now, age), c.rng)
}

// pick offers a fetch, of one of its listers.
func (c *Crowd) pick(f *fetch, at time.Time) bool {
	if f == nil {
		return false
	}
	l := c.lister(f)
	if l == nil { // nobody may be asked now
		c.queueOf(f).remove(f)
		if !f.decoy {
			c.postpone(at, f)
		}
		return false
	}
	c.propose(&try{fetch: f, at: l, Fetch: sender.Fetch{
		Op: box.OpFetch, Holder: l.Maker, Slow: f.old() && c.rng.IntN(slowOneIn) == 0,
		Key: box.FetchKey{Slot: l.Slot, Entry: f.pair.Entry, N: l.N},
	}})
	return true
}

func (c *Crowd) propose(t *try) {
	c.last++
	t.Token = c.last
	c.offer = t
}

// lister is who is asked: one of two, drawn uniformly at first, then the other; never one that
// is silent, and the own provider only if nobody else is left.
func (c *Crowd) lister(f *fetch) *board.Listing {
	var others, all []*board.Listing
	for _, l := range []*board.Listing{&f.pair.First, &f.pair.Second} {
		if l.Maker == (directory.NodeID{}) || c.cfg.Board.Silent(l.Maker) {
			continue
		}
		if all = append(all, l); l.Maker != c.own {
			others = append(others, l)
		}
	}
	if len(others) == 0 {
		others = all
	}
	if len(others) > 1 && f.last != nil {
		others = slices.DeleteFunc(others, func(l *board.Listing) bool { return *l == *f.last })
	}
	if len(others) == 0 {
		return nil
	}
	return others[c.rng.IntN(len(others))]
}

// Sent implements sender.Fetches.
func (c *Crowd) Sent(token uint64, at, again time.Time) {
	t := c.offer
	if t == nil || t.Token != token {
		return
	}
	c.offer = nil
	t.again, t.gone = again, again.Add(again.Sub(at))
	c.open = append(c.open, t)
	f := t.fetch
	if f == nil {
		c.questions.asked(t)
		return
	}
	c.queueOf(f).remove(f)
	if f.tries > 0 {
		c.stats.Retried++
	}
	if f.class == late {
		f.further++
	}
	f.tries++
	f.last = t.at
}

// tick does what the time of a slot asks for.
func (c *Crowd) tick(at time.Time) {
	c.wake(at)
	c.settle(at)
	c.judge(at)
	c.catchUp(at)
	c.questions.turn(c.cfg.Schedule, at, c.rng)
	c.open = slices.DeleteFunc(c.open, func(t *try) bool {
		if !t.over && !at.Before(t.again) {
			c.expire(t, at)
		}
		return t.over && (t.answered || !at.Before(t.gone))
	})
	c.demote(at)
}

// wake moves times that passed while the client was off: after a night nothing comes all at once.
func (c *Crowd) wake(at time.Time) {
	away := at.Sub(c.seen)
	if at.After(c.seen) {
		c.seen = at
	}
	if away < YoungSlots*c.net.BulletinEvery {
		return
	}
	for _, q := range []queue{c.catch, c.learned} {
		for _, f := range q {
			f.due = f.due.Add(away)
		}
	}
	all := c.late
	c.late = nil
	for _, f := range all {
		if f.due.Before(at) {
			c.postpone(at, f)
		} else {
			c.late.push(f)
		}
	}
}

// expire has what was not given asked for again: once more soon, if the network seems
// to work, and then late.
func (c *Crowd) expire(t *try, at time.Time) {
	t.over = true
	if !t.answered {
		c.answers.add(false)
	}
	f := t.fetch
	switch {
	case f == nil || f.done:
	case f.class != late && f.tries == 1 && c.answers.good():
		f.due = at
		c.queueOf(f).push(f)
	default:
		c.postpone(at, f)
	}
}

// stays says whether the box of a pair may still be there at a time. As long as it may it is asked
// for, or who was unlucky a few times would never read it.
func (c *Crowd) stays(p board.Pair, at time.Time) bool {
	days := box.Calendar{Genesis: c.cfg.Schedule.Start, Retention: c.net.RetentionDays}
	listed := c.cfg.Schedule.Start.Add(time.Duration(p.Slot) * c.net.BulletinEvery)
	return box.DayOf(c.cfg.Schedule.Start, listed) >= days.Oldest(at)
}
