package des

import (
	"context"
	"testing"
	"time"

	"murmuration/sim/trace"

	"pgregory.net/rapid"
)

// anyConfig draws a small configuration, valid or not, with everything in it that the
// engine has.
func anyConfig(r *rapid.T) Config {
	ms := func(name string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(r, name)) * time.Millisecond
	}
	stream := func(name string) time.Duration {
		return rapid.SampledFrom([]time.Duration{0, 100, 400, 900}).Draw(r, name) * time.Millisecond
	}
	yes := func(name string) bool { return rapid.Bool().Draw(r, name) }
	upTo := func(name string, least, most int) int {
		return rapid.IntRange(least, most).Draw(r, name)
	}
	c := Config{
		Seed: 1, Warmup: ms("warmup", 3000), Duration: 6 * time.Second, Drain: 3 * time.Second,
		Clients: upTo("clients", 2, 24), Providers: upTo("providers", 1, 4),
		Layers: upTo("layers", 1, 4), Width: upTo("width", 1, 3),
		MeanHop: ms("hop", 800), DelayCap: float64(upTo("cap", 0, 3)), EntryDelay: yes("entry"),
		ExitDelay: yes("exit"),
		Link:      ms("link", 60), ClientLink: ms("client link", 60),
		Loss:         float64(upTo("loss", 0, 3)) / 10,
		PayloadEvery: stream("payload"), LoopEvery: stream("loop"), DropEvery: stream("drop"),
		NoCover:   yes("no cover"),
		Retrieval: Retrieval(upTo("retrieval", 0, 2)), PullEvery: ms("pull", 900),
		SpoolLimit: upTo("spool", 0, 5),
		Service:    ms("service", 4), Queue: upTo("queue", 0, 9), MixLoopEvery: stream("mix loop"),
		Hops: yes("hops"), TapClients: yes("tap clients"), Labels: yes("labels"), Samples: 20,
	}
	if yes("sessions") {
		c.OnlineFor, c.OfflineFor = 3*time.Second, 2*time.Second
	}
	if yes("spread") {
		c.LinkSpread = c.Link
	} else if yes("regions") {
		c.Regions = []time.Duration{0, ms("far", 90), ms("back", 90), 0}
	}
	anyWork(r, &c, ms, upTo)
	for range upTo("attacks", 0, 2) {
		c.Attacks = append(c.Attacks, Attack{
			Kind: AttackKind(upTo("attack", 0, 4)), Node: upTo("node", 0, 6),
			From:  upTo("from", -1, 6),
			Share: float64(upTo("share", 0, 2)) / 2, Delay: ms("held", 3000),
			Target: upTo("target", 0, 1), Start: ms("start", 4000),
		})
	}
	return c
}

func anyWork(
	r *rapid.T, c *Config, ms func(string, int) time.Duration, upTo func(string, int, int) int,
) {
	switch upTo("work", 0, 3) {
	case 0:
		c.Messages = Messages{
			Every: ms("message", 900) + 50*time.Millisecond, Friends: upTo("friends", 0, 1),
			Zipf: float64(upTo("zipf", 0, 2)),
		}
	case 1:
		c.Requests = Requests{
			Every: ms("request", 900) + 50*time.Millisecond, Tries: upTo("tries", 0, 3),
		}
	case 2:
		c.Groups = Groups{
			Count: 2, Size: upTo("size", 2, 12), Every: ms("post", 900) + 100*time.Millisecond,
			Strategy: Strategy(upTo("strategy", 0, 1)),
			Fanout:   upTo("fanout", 1, 3), Bundle: upTo("bundle", 1, 3), Heavy: 0.2,
			HeavyWeight: 4, Burst: upTo("burst", 0, 2),
		}
	case 3:
		c.Boxes = Boxes{
			Watched: upTo("watched", 1, 5), PollShare: 0.3, Allowance: ms("allowance", 90),
			Replicate: ms("replicate", 900),
		}
		c.Groups = Groups{
			Count: 2, Size: upTo("size", 2, 12), Every: ms("post", 900) + 100*time.Millisecond,
			Strategy: PublishOnce, Writers: upTo("writers", 0, 2),
		}
	}
}

// Whatever is valid runs to its end, the same twice, and keeps account of what it delivers.
func TestAnythingValidRuns(t *testing.T) {
	t.Parallel()
	ran := 0
	rapid.Check(t, func(r *rapid.T) {
		c := usual(anyConfig(r))
		if c.Validate() != nil {
			r.Skip()
		}
		ran++
		run := func() (*Result, int) {
			b := &trace.Buffer{Parties: c.Parties()}
			c.Tap = b
			res, err := Run(context.Background(), c)
			if err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			return res, len(b.Events)
		}
		res, events := run()
		again, eventsAgain := run()
		if res.Events != again.Events || events != eventsAgain {
			t.Fatalf("%+v: %d and %d events, %d and %d seen", c, res.Events, again.Events, events,
				eventsAgain)
		}
		if c.Labels && len(res.Labels.Packets) != events {
			t.Fatalf("%+v: %d labels for %d events", c, len(res.Labels.Packets), events)
		}
		if m, ok := res.Metric("latency_s_mean"); ok && m.Value < 0 {
			t.Fatalf("%+v: mean latency %v", c, m.Value)
		}
	})
	if ran < 20 {
		t.Errorf("only %d configurations were valid", ran)
	}
}
