package level

import (
	"context"
	"slices"

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
	"listings": looking.listings, "forked": looking.forked, "baits": looking.baits,
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
func (l looking) strangers(i int) []int32 { return l.someOf(strangersEach, i) }

func (l looking) someOf(most, i int) (found []int32) {
	n := len(l.seen.Frames)
	t := &l.truth[i]
	for k := range most {
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
