package crowd

import (
	"slices"
	"time"

	"murmuration/client/board"
	"murmuration/client/person"
	"murmuration/internal/box"
	"murmuration/internal/cover"
	"murmuration/internal/directory"
)

// Specification constants (docs/client.md, "The crowd").
const (
	// crowded is how many due fetches may wait: at that many the oldest becomes late.
	crowded = 32
	// lateWork is the work slots in which, on average, a late fetch waits.
	lateWork = 450
	// catchShare is the share of the work slots in the window that is for what was missed.
	catchShare = 0.35
)

// mostLate bounds what waits to be fetched late, some 0.5 MiB; nothing that is read is dropped.
const mostLate = 4096

// Listed takes a box that bulletins list, at the time they were read. Whether it is fetched is
// decided here, by the coin, whether or not it is one's own or here already.
func (c *Crowd) Listed(now time.Time, p board.Pair) {
	c.wake(now)
	c.stats.Listed++
	c.newest = max(c.newest, p.Slot)
	c.reads.turn(c.newest)
	switch {
	case p.Slot < c.state.Mark:
		c.Old(now, p)
	case p.Missed:
		c.missed = append(c.missed, p)
		c.stats.Missed++
	default:
		c.early = append(c.early, p)
		c.judge(now)
	}
}

// Old takes a box that was listed before this client can have fetched it with others: one that is
// read is fetched late, unless it is going to be fetched anyway.
func (c *Crowd) Old(now time.Time, p board.Pair) {
	if len(c.readers(p)) > 0 && !c.coming(p) {
		c.postpone(now, &fetch{pair: p, read: true, beginning: c.beginning && !p.Withheld})
	}
}

// coming says whether a pair waits to be fetched, or is under way.
func (c *Crowd) coming(p board.Pair) bool {
	same := func(o board.Pair) bool { return o.Entry == p.Entry && o.Slot == p.Slot }
	is := func(f *fetch) bool { return !f.decoy && same(f.pair) }
	asked := func(t *try) bool {
		return t.fetch != nil && !t.over && !t.fetch.done && is(t.fetch)
	}
	return slices.ContainsFunc(c.early, same) || slices.ContainsFunc(c.missed, same) ||
		slices.ContainsFunc(c.live, is) || slices.ContainsFunc(c.catch, is) ||
		slices.ContainsFunc(c.late, is) || slices.ContainsFunc(c.open, asked)
}

// judge throws the coins for what was listed, once there is a rate to go by.
func (c *Crowd) judge(now time.Time) {
	rate, ok := c.cfg.Board.Rate()
	if !ok {
		return
	}
	q := c.chance(rate, c.cfg.Board.Recent())
	for _, p := range c.early {
		if p.Slot+YoungSlots < c.slot(now) { // there was no rate for long: it is not new any more
			c.missed = append(c.missed, p)
			c.stats.Missed++
			continue
		}
		u, d := coin(c.state.Key, p.Slot, p.Entry)
		readers := c.readers(p)
		read := len(readers) > 0
		followed := read && c.reads.within(readers, c.net.StreamPerDay)
		if followed {
			c.reads.now++
		}
		due := now.Add(after(c.net.FetchDelay, d))
		f := &fetch{pair: p, read: read, followed: followed, due: due}
		switch {
		case !followed && u >= q:
			if read {
				c.postpone(now, f)
			}
		case p.Withheld:
			c.postpone(now, f)
		default:
			c.stats.Live++
			c.live.push(f)
		}
	}
	c.early = nil
}

// readers are those who wait for the box of a pair, if it was listed by those who hold it.
func (c *Crowd) readers(p board.Pair) []person.Want {
	return slices.DeleteFunc(slices.Clone(c.cfg.Wants.Wanted(p.Entry)), func(w person.Want) bool {
		return !w.Read || !c.holds(p, w)
	})
}

// holds says whether two of a box's holders have listed it, whoever else did; where all others are
// silent one will do.
func (c *Crowd) holds(p board.Pair, w person.Want) bool {
	listed, silent := 0, true
	for _, id := range c.cfg.Board.Holders(w.Day, w.ID) {
		switch {
		case id == p.First.Maker || id == p.Second.Maker || slices.Contains(p.Others, id):
			listed++
		case !c.cfg.Board.Silent(id):
			silent = false
		}
	}
	return listed > 1 || listed == 1 && silent
}

// catchUp begins to fetch what was missed, when all of it is listed here: a share that the slots
// carry beside what is new, at times of a window that say nothing. What is read is always in it.
func (c *Crowd) catchUp(now time.Time) {
	if len(c.missed) == 0 || c.cfg.Board.Behind() {
		return
	}
	followed := func(p board.Pair) bool { return len(c.readers(p)) > 0 }
	read := 0
	for _, p := range c.missed {
		if followed(p) {
			read++
		}
	}
	perSecond := catchShare * c.slots()
	window := c.net.CatchUp
	room := perSecond * window.Seconds()
	q := 1.0
	if room < float64(len(c.missed)) {
		q = max(0, (room-float64(read))/float64(len(c.missed)-read))
		window = max(window, time.Duration(float64(read)/perSecond*float64(time.Second)))
	}
	for _, p := range c.missed {
		u, _ := coin(c.state.Key, p.Slot, p.Entry)
		at := now.Add(time.Duration(c.rng.Float64() * float64(window)))
		if f := followed(p); f || u < q {
			c.catch.push(&fetch{pair: p, class: caught, read: f, due: at})
		}
	}
	c.missed = nil
}

// postpone makes a fetch late: its time is exponential, so that late ones come in no order.
func (c *Crowd) postpone(now time.Time, f *fetch) {
	f.class = late
	mean := float64(lateWork) / c.slots() * float64(int(1)<<min(f.further, lateDoublings))
	f.due = now.Add(cover.Exp(c.rng, time.Duration(mean*float64(time.Second))))
	if !c.stays(f.pair, f.due) {
		c.stats.GivenUp++
		return
	}
	if len(c.late) >= mostLate && !f.read {
		return
	}
	c.late.push(f)
}

// demote makes late what waits for too long: of the crowd, or of all where all is fetched, since
// what is read would stand out there if it stayed. A flood ends that case within some slots: then
// what the coin chose by the chance of before goes first.
func (c *Crowd) demote(at time.Time) {
	rate, _ := c.cfg.Board.Rate()
	q := c.chance(rate, c.cfg.Board.Recent())
	for n := c.live.due(at); n >= crowded; n-- {
		i := slices.IndexFunc(c.live[:n], func(f *fetch) bool {
			u, _ := coin(c.state.Key, f.pair.Slot, f.pair.Entry)
			return q == 1 || !f.followed && u >= q
		})
		if i < 0 {
			i = slices.IndexFunc(c.live[:n], func(f *fetch) bool { return !f.followed })
		}
		if i < 0 {
			return
		}
		f := c.live[i]
		c.live.remove(f)
		c.stats.Demoted++
		c.postpone(at, f)
	}
}

// Heard is a listing of a box that somebody waits for.
type Heard struct {
	Want  person.Want
	Maker directory.NodeID
	Slot  box.Slot
}

// Heard says for whom a listing of one of the holders of their box is news.
func (c *Crowd) Heard(e box.Entry, l board.Listing) (all []Heard) {
	for _, w := range c.cfg.Wants.Wanted(e) {
		if slices.Contains(c.cfg.Board.Holders(w.Day, w.ID), l.Maker) {
			all = append(all, Heard{w, l.Maker, l.Slot})
		}
	}
	return all
}
