package level

import (
	"slices"

	"murmuration/sim/attack"
	"murmuration/sim/des"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// withheld keeps the bulletin of a post from one client and looks who fetches its box afterwards.
func (l looking) withheld() []stat.Metric {
	if l.config.Bulletins.Without == des.LateRule {
		return l.shown(fetchedWithin)
	}
	return l.shown(lateWithin)
}

// forked shows a post to one client alone, and looks whether its box is fetched.
func (l looking) forked() []stat.Metric {
	return l.shown(min(fetchedWithin, int64(l.config.Bulletins.Fork)))
}

// shown looks who fetches a box in a time after it was shown to one client.
func (l looking) shown(within int64) []stat.Metric {
	c := l.correlation(false)
	windows, mean := l.windows(func(b *trace.SeenBox, t *trace.BoxTruth) (int64, int64, bool) {
		inTime := t.Shown >= l.from && t.Shown+within < l.to
		return t.Shown, t.Shown + within, t.Target >= 0 && inTime
	})
	chance := l.crowd()
	mean = max(0.1, mean-(1+chance)/2)
	own := l.ages(windows, func(i int) int64 { return l.truth[i].Shown }, float64(within))
	var e evidence
	for i, all := range windows {
		t := &l.truth[i]
		w := &attack.Window{
			Since: t.Shown, Until: t.Shown + within, Fetches: all, Others: mean, Own: own,
			All: even(within),
		}
		switch {
		case all == nil:
		case slices.Contains(t.Readers, t.Target):
			e.victims = append(e.victims, c.Reader(l.seen, t.Target, w, chance))
		default:
			e.others = append(e.others, c.Reader(l.seen, t.Target, w, chance))
		}
	}
	rng := l.rng()
	fork := attack.NamedAfter(1, e.victims, e.others, suspects, rng)
	return append(l.reportAmong(suspects, e), plain("named_after_one", "1", fork))
}

// crowd is the share of clients who fetch a box that they do not read.
func (l looking) crowd() float64 {
	boxes := 0.0
	for i := range l.truth {
		if l.measured(&l.seen.Boxes[i]) {
			boxes++
		}
	}
	cover := float64(l.config.Bulletins.WritesPerDay*l.config.Clients) / 86400
	rate := max(boxes/(float64(l.to-l.from)/1e9), cover)
	return min(1, l.config.Bulletins.FetchLoad*l.allies.work/rate)
}

// absence looks at the fetches of missed boxes in the time after a client has come back.
func (l looking) absence() []stat.Metric {
	c := l.correlation(false)
	window := int64(l.allies.window * 1e9)
	online := l.config.OnlineFor.Seconds() / (l.config.OnlineFor.Seconds() + l.allies.absence)
	rate := online * float64(l.config.Bulletins.WritesPerDay*l.config.Clients) / 86400
	chance := min(1, 0.35*l.allies.work*l.allies.window/(rate*l.allies.absence))
	if l.config.Bulletins.Without == des.MissedRule {
		window, chance = int64(backWithin), 0.001
	}
	victims, others := l.away(window)
	own, all := even(window), even(window)
	if l.config.Bulletins.Without == des.MissedRule {
		own = l.sinceBack(victims, window)
	}
	mean := 0.0
	for _, r := range others {
		mean += float64(len(r.fetches)) / float64(len(others))
	}
	mean = max(0.1, mean-chance)
	look := func(of []returned) (nats []float64) {
		for _, r := range of {
			nats = append(nats, c.Reader(l.seen, r.client, &attack.Window{
				Since: r.since, Until: r.since + window, Fetches: r.fetches, Others: mean,
				Own: own, All: all,
			}, chance))
		}
		return nats
	}
	return l.report(evidence{victims: look(victims), others: look(others)})
}

// backWithin is the time after coming back in which what was missed is fetched if that need not
// take a window, in ns.
const backWithin = 300e9

// sinceBack are the ages of fetches since clients are back.
func (l looking) sinceBack(all []returned, window int64) attack.Ages {
	var ages []float64
	for _, r := range all {
		for _, f := range r.fetches {
			ages = append(ages, float64(f.At-r.since)/1e9)
		}
	}
	return attack.NewAges(ages, float64(window)/1e9)
}

// aged is the age from which on others fetch a box so seldom that who comes back stands out, in ns.
const aged = 6 * 3600e9

// away are the clients who missed each box: its readers, and some strangers.
func (l looking) away(window int64) (victims, others []returned) {
	for i := range l.truth {
		b, t := &l.seen.Boxes[i], &l.truth[i]
		if b.Listed < l.from || b.Listed >= l.to {
			continue
		}
		for _, r := range t.Readers {
			if r != t.Author {
				victims = l.missed(victims, b, r, window)
			}
		}
		for _, s := range l.strangers(i)[:8] {
			others = l.missed(others, b, s, window)
		}
	}
	return victims, others
}

// returned is a client that missed a box, and the fetches of it since it is back.
type returned struct {
	client  int32
	since   int64
	fetches []trace.Handled
}

// missed adds a client if it was away when a box was listed and stayed long enough afterwards.
func (l looking) missed(
	to []returned, b *trace.SeenBox, client int32, window int64,
) []returned {
	for _, stay := range l.seen.Online[client] {
		if stay.From <= b.Listed && b.Listed < stay.To {
			return to
		}
		if stay.From > b.Listed {
			if stay.From-b.Listed < aged || stay.To < stay.From+window {
				return to
			}
			return append(to, returned{client, stay.From,
				attack.Between(b.Fetches, stay.From, stay.From+window)})
		}
	}
	return to
}
