package level

import (
	"time"

	"murmuration/sim/attack"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// readers compares fetches of each box of a feed, or polls of it, with the times of clients.
func (l looking) readers() []stat.Metric {
	if l.config.Bulletins.Every == 0 {
		return l.report(l.pollers(l.correlation(false)))
	}
	return l.report(l.fetchers(false))
}

// baits compares the fetches of boxes that were listed and never written, which only members of a
// feed take for theirs. A maker may list as many as it may fail to give.
func (l looking) baits() []stat.Metric {
	e := l.fetchers(true)
	listed := l.config.Bulletins.WritesPerDay * l.config.Clients
	listed += int(24*time.Hour/l.config.Bulletins.Baits) * l.config.Groups.Count
	e.perDay = tolerated * float64(listed)
	return l.report(e)
}

// tolerated is the share of listed boxes that a maker need not give before people are told.
const tolerated = 0.05

// fetchers compares the fetches of each box with the times of clients, of true ones or of baits.
func (l looking) fetchers(bait bool) (e evidence) {
	c := l.correlation(false)
	windows, _ := l.windows(func(b *trace.SeenBox, t *trace.BoxTruth) (int64, int64, bool) {
		return b.Listed, b.Listed + fetchedWithin, l.measured(b) && t.Bait == bait
	})
	ages := l.ages(windows, func(i int) int64 { return l.seen.Boxes[i].Listed }, fetchedWithin)
	for i, all := range windows {
		n := float64(len(all)) // the same for all candidates
		if n == 0 {
			continue
		}
		from := l.seen.Boxes[i].Listed
		w := &attack.Window{
			Since: from, Until: from + fetchedWithin, Fetches: all, Others: n, Own: ages, All: ages,
		}
		chance := min(1, n/float64(len(l.seen.Frames)))
		for _, r := range l.truth[i].Readers {
			if r != l.truth[i].Author {
				e.victims = append(e.victims, c.Reader(l.seen, r, w, chance))
			}
		}
		for _, s := range l.strangers(i) {
			e.others = append(e.others, c.Reader(l.seen, s, w, chance))
		}
	}
	return e
}

// pollers takes each poll of a feed for an event of its own.
func (l looking) pollers(c *attack.Correlation) (e evidence) {
	polls := 0
	for i := range l.truth {
		for _, r := range attack.Between(l.seen.Boxes[i].Fetches, l.from, l.to) {
			polls++
			for _, reader := range l.truth[i].Readers {
				if reader != l.truth[i].Author {
					e.victims = append(e.victims, c.One(l.seen, reader, r))
				}
			}
			for _, s := range l.strangers(i)[:4] {
				e.others = append(e.others, c.One(l.seen, s, r))
			}
		}
	}
	days := float64(l.to-l.from) / float64(24*time.Hour)
	e.perDay = float64(polls) / float64(max(len(l.truth), 1)) / days
	return e
}

// authors compares the first request that writes each box with the times of clients.
func (l looking) authors() []stat.Metric {
	c := l.correlation(true)
	var e evidence
	each := min(len(l.seen.Frames), max(strangersEach, judged/max(1, len(l.truth))))
	for i := range l.truth {
		writes := attack.Between(l.seen.Boxes[i].Writes, l.from, l.to-int64(time.Hour))
		if len(writes) == 0 || writes[0] != l.seen.Boxes[i].Writes[0] {
			continue
		}
		e.victims = append(e.victims, c.One(l.seen, l.truth[i].Author, writes[0]))
		for _, s := range l.someOf(each, i) {
			e.others = append(e.others, c.One(l.seen, s, writes[0]))
		}
	}
	return l.report(e)
}

// judged is how many strangers are looked at in all where boxes are few: one in many thousands
// decides whether a single box names its author.
const judged = 100_000

// listings compares when each box was listed with the times of clients: the attack of first
// providers without any holder.
func (l looking) listings() []stat.Metric {
	c := l.correlation(false)
	c.There = c.There.Held(l.config.Bulletins.Hold.Seconds(), l.config.Bulletins.Every.Seconds())
	var e evidence
	for i := range l.truth {
		b := &l.seen.Boxes[i]
		if !l.measured(b) {
			continue
		}
		e.victims = append(e.victims, c.Listed(l.seen, l.truth[i].Author, b.Listed))
		for _, s := range l.strangers(i) {
			e.others = append(e.others, c.Listed(l.seen, s, b.Listed))
		}
	}
	return l.report(e)
}

// ownBoxes looks for the one who did not fetch a box, where everybody fetches everything.
func (l looking) ownBoxes() []stat.Metric {
	c := l.correlation(false)
	windows, _ := l.windows(func(b *trace.SeenBox, _ *trace.BoxTruth) (int64, int64, bool) {
		return b.Listed, b.Listed + fetchedWithin, l.measured(b)
	})
	ages := l.ages(windows, func(i int) int64 { return l.seen.Boxes[i].Listed }, fetchedWithin)
	var e evidence
	for i, all := range windows {
		if len(all) == 0 {
			continue
		}
		t, from := &l.truth[i], l.seen.Boxes[i].Listed
		w := &attack.Window{
			Since: from, Until: from + fetchedWithin, Fetches: all, Others: float64(len(all)),
			Own: ages, All: ages,
		}
		e.victims = append(e.victims, c.Absent(l.seen, t.Author, w))
		for _, s := range t.Readers {
			if s != t.Author {
				e.others = append(e.others, c.Absent(l.seen, s, w))
			}
		}
	}
	return l.report(e)
}
