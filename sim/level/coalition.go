package level

import (
	"context"
	"slices"
	"time"

	"murmuration/sim/attack"
	"murmuration/sim/des"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// allies is what the first providers of clients and the holders of boxes know of a network when
// they work together.
type allies struct {
	links, hop, limit float64 // seconds; the limit in mean delays
	delays            int     // from client to holder, and as many back
	slow, slowLimit   float64
	window            float64 // seconds in which a missed box is fetched
	absence           float64 // seconds that a client is away
	work              float64 // work slots a second
}

func alliesOf(s scenario.Scenario) allies {
	a := allies{
		links: float64(s.Topology.Layers+1)*s.Link.Delay.Seconds() + s.Link.ClientDelay.Seconds(),
		hop:   s.Mix.MeanDelay.Seconds(), limit: s.Mix.DelayCap, delays: s.Topology.Layers + 1,
		window: s.Boxes.CatchUp.Seconds(), absence: s.Clients.Absence.Seconds(),
	}
	for _, d := range []float64{s.Clients.PayloadEvery.Seconds(), s.Clients.LoopEvery.Seconds()} {
		if d > 0 {
			a.work += 1 / d
		}
	}
	if s.Workload.Slow.Of == 1 && s.Boxes.Reading == "bulletins" {
		a.slow, a.slowLimit = s.Boxes.SlowDelay.Seconds(), 4
	}
	return a
}

// correlation is the attack with what they know, and how much they see of a client on average.
// Slow is only what is written.
func (l looking) correlation(slow bool) *attack.Correlation {
	a := l.allies
	limit := max(a.limit, 1)
	r := attack.NewRoute(a.links, limit, slices.Repeat([]float64{a.hop}, a.delays)...)
	round := attack.NewRoute(2*a.links, limit, slices.Repeat([]float64{a.hop}, 2*a.delays+1)...)
	if slow && a.slow > 0 { // what else a client sends is quick
		r = r.Delayed(a.slow, a.slowLimit)
	}
	rate := func(times [][]int64) float64 {
		n := 0
		for _, t := range times {
			n += len(t)
		}
		return float64(n) / float64(len(times)) / (float64(l.to) / 1e9)
	}
	return &attack.Correlation{
		There: r, Back: r, Round: round, Frames: rate(l.seen.Frames), Replies: rate(l.seen.Replies),
	}
}

// evidence is what single events say of victims and of others, in nats.
type evidence struct {
	victims, others []float64
	perDay          float64 // events of one feed
}

// looking is one run as the allies see it, and the truth for scoring.
type looking struct {
	eventPlan
	seen     *trace.Coalition
	truth    []trace.BoxTruth
	from, to int64
}

var coalitions = map[string]func(looking) []stat.Metric{
	"readers": looking.readers, "authors": looking.authors, "withheld": looking.withheld,
	"absence": looking.absence, "photo-age": looking.photoAge, "own-boxes": looking.ownBoxes,
	"listings": looking.listings,
}

// ally runs one replication, and the attack on it.
func (p eventPlan) ally(ctx context.Context) (Replication, error) {
	config := p.config
	config.Coalition = true
	result, err := des.Run(ctx, config)
	if err != nil {
		return Replication{}, err
	}
	r := p.collect(result)
	from := int64(config.Warmup)
	r.Metrics = append(r.Metrics, coalitions[p.attack](looking{
		p, result.Seen, result.Labels.Boxes, from, from + int64(config.Duration),
	})...)
	return r, nil
}

// strangers are some clients who have nothing to do with a box, spread over all.
func (l looking) strangers(i int) (found []int32) {
	n := len(l.seen.Frames)
	t := &l.truth[i]
	for k := range strangersEach {
		c := int32((i*7919 + k*104729) % n)
		if c != t.Author && !slices.Contains(t.Readers, c) {
			found = append(found, c)
		}
	}
	return found
}

const (
	strangersEach = 24
	// fetchedWithin is the time after a bulletin in which live fetches of a box come, in ns.
	fetchedWithin = 240e9
	// lateWithin is that in which most late ones do.
	lateWithin = 10800e9
)

// measured reports whether a box was listed early enough for all fetches of it to be seen.
func (l looking) measured(b *trace.SeenBox) bool {
	return b.Listed >= l.from && b.Listed+fetchedWithin < l.to
}

// readers compares fetches of each box of a feed, or polls of it, with the times of clients.
func (l looking) readers() []stat.Metric {
	c := l.correlation(false)
	var e evidence
	if l.config.Bulletins.Every == 0 {
		return l.report(l.pollers(c))
	}
	windows, _ := l.windows(func(b *trace.SeenBox, _ *trace.BoxTruth) (int64, int64, bool) {
		return b.Listed, b.Listed + fetchedWithin, l.measured(b)
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
	return l.report(e)
}

// ages are those of fetches in windows, since the beginning of each.
func (l looking) ages(
	windows [][]trace.Handled, since func(i int) int64, longest float64,
) attack.Ages {
	var ages []float64
	for i, all := range windows {
		for _, r := range all {
			ages = append(ages, float64(r.At-since(i))/1e9)
		}
	}
	return attack.NewAges(ages, longest/1e9)
}

// even are ages of which each is as likely as any other.
func even(longest int64) attack.Ages { return attack.NewAges(nil, float64(longest)/1e9) }

// windows cuts the fetches of each box to a span, and says how many there are on average. Boxes
// that are not looked at have none.
func (l looking) windows(
	span func(*trace.SeenBox, *trace.BoxTruth) (from, to int64, ok bool),
) (cut [][]trace.Handled, mean float64) {
	cut = make([][]trace.Handled, len(l.truth))
	n := 0
	for i := range l.truth {
		from, to, ok := span(&l.seen.Boxes[i], &l.truth[i])
		if !ok {
			continue
		}
		cut[i] = attack.Between(l.seen.Boxes[i].Fetches, from, to)
		if cut[i] == nil {
			cut[i] = []trace.Handled{}
		}
		mean += float64(len(cut[i]))
		n++
	}
	return cut, max(mean/float64(max(n, 1)), 0.1)
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
	for i := range l.truth {
		writes := attack.Between(l.seen.Boxes[i].Writes, l.from, l.to-int64(time.Hour))
		if len(writes) == 0 || writes[0] != l.seen.Boxes[i].Writes[0] {
			continue
		}
		e.victims = append(e.victims, c.One(l.seen, l.truth[i].Author, writes[0]))
		for _, s := range l.strangers(i) {
			e.others = append(e.others, c.One(l.seen, s, writes[0]))
		}
	}
	return l.report(e)
}

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
	var victims, others []returned
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

func spread(of []float64) float64 {
	var r stat.Running
	for _, x := range of {
		r.Add(x)
	}
	return r.SD()
}

func (l looking) rng() *stat.Rand {
	return stat.Seed(l.config.Seed, l.config.Cell, l.config.Replication, 0, "scoring coalitions")
}

// report says after how many events a victim is named in 95 of 100 cases, and what one event gives.
func (l looking) report(e evidence) []stat.Metric {
	return l.reportAmong(l.config.Clients, e)
}

// suspects is of how many clients a test of one takes one for a victim that is none.
const suspects = 20

// reportAmong is report where only so many clients come into question.
func (l looking) reportAmong(candidates int, e evidence) []stat.Metric {
	n := attack.EventsToName(e.victims, e.others, candidates, l.rng())
	mean := func(of []float64) float64 {
		if len(of) == 0 {
			return 0
		}
		return stat.Mean("", "", of).Value
	}
	out := []stat.Metric{
		plain("named_after", "events", float64(n)),
		plain("evidence_victims", "nats", mean(e.victims)),
		plain("evidence_others", "nats", mean(e.others)),
		plain("evidence_sd", "nats", spread(e.others)),
		plain("evidence_events", "events", float64(len(e.victims))),
	}
	if e.perDay > 0 {
		out = append(out, plain("named_after_days", "days", float64(n)/e.perDay))
	}
	return out
}
