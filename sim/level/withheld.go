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
	c := l.correlation(false)
	within := int64(lateWithin)
	if l.config.Bulletins.Without == des.LateRule {
		within = fetchedWithin
	}
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
	victims, others := l.away(window)
	total := 0.0
	for _, r := range slices.Concat(victims, others) {
		total += float64(len(r.fetches))
	}
	online := 1 - l.allies.absence/(l.allies.absence+l.config.OnlineFor.Seconds())
	rate := online * float64(l.config.Bulletins.WritesPerDay*l.config.Clients) / 86400
	chance := min(1, 0.35*l.allies.work*l.allies.window/(rate*l.allies.absence))
	if l.config.Bulletins.Without == des.MissedRule {
		chance = 0.01
	}
	mean := max(0.1, total/float64(max(1, len(victims)+len(others)))-1)
	var e evidence
	look := func(r returned) float64 {
		return c.Reader(l.seen, r.client, &attack.Window{
			Since: r.since, Until: r.since + window, Fetches: r.fetches, Others: mean,
			Own: even(window), All: even(window),
		}, chance)
	}
	for _, r := range victims {
		e.victims = append(e.victims, look(r))
	}
	for _, r := range others {
		e.others = append(e.others, look(r))
	}
	return l.report(e)
}

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
			if stay.To < stay.From+window {
				return to
			}
			return append(to, returned{client, stay.From,
				attack.Between(b.Fetches, stay.From, stay.From+window)})
		}
	}
	return to
}

// beforeRead is how many boxes of a photo are listed before most have read its post.
const beforeRead = 3

// photoAge compares how often boxes of photos and those of posts are fetched in their third and
// fourth minute.
func (l looking) photoAge() []stat.Metric {
	var posts, photos []float64
	for i := range l.truth {
		b := &l.seen.Boxes[i]
		if !l.measured(b) {
			continue
		}
		n := float64(len(attack.Between(b.Fetches, b.Listed+120e9, b.Listed+fetchedWithin)))
		switch part := l.truth[i].Part; {
		case part == 0:
			posts = append(posts, n)
		case part <= beforeRead:
			photos = append(photos, n)
		}
	}
	mean := func(of []float64) float64 {
		sum := 0.0
		for _, x := range of {
			sum += x
		}
		return sum / float64(max(1, len(of)))
	}
	return []stat.Metric{
		stat.AUC("photo_age_auc", posts, photos),
		plain("photo_age_ratio", "1", mean(photos)/max(mean(posts), 1e-9)),
	}
}
