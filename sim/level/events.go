package level

import (
	"context"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/protocol"
	"murmuration/sim/des"
	"murmuration/sim/scenario"
)

// eventPlan is all that level "des" reads of a cell: two cells with the same plan give the same
// numbers.
type eventPlan struct {
	config des.Config
	polls  des.Pollers // instead of config, for the attack by polls
	attack string
	method string // of disclosure
	rounds int
	round  time.Duration
	window time.Duration // of a watcher who compares traffic
	// that a message is under way through the mixes on average, which a watcher knows
	lag     time.Duration
	known   int     // clients who have friends, the first ones; 0 is all
	tapped  float64 // events that the tap of an attack will see, roughly
	targets int     // traced packets
	samples bool    // whether raw samples are kept
	allies  allies  // providers that work together
}

func planEvents(c scenario.Cell) eventPlan {
	s := c.Scenario
	p := eventPlan{
		config: eventConfig(c), attack: s.Adversary.Attack, samples: s.Measure.Samples,
		tapped: tapped(s), lag: lag(s),
		known: s.Workload.FriendsOf,
	}
	if coalitions[p.attack] != nil {
		p.allies = alliesOf(s)
	}
	switch p.attack {
	case "tracing":
		p.targets = s.Measure.Targets
	case "poll-intersection":
		p.polls = pollers(c)
	case "correlation", "active-or-idle":
		p.window = s.Adversary.Window.Duration
	case "disclosure", "intersection":
		p.rounds, p.round = s.Adversary.Rounds, s.Adversary.Round.Duration
		p.method = s.Adversary.Method
		p.config.Duration = time.Duration(p.rounds+1)*p.round + p.lag
	}
	return p
}

// replication is the plan of one replication.
func (p eventPlan) replication(index int) eventPlan {
	p.config.Replication, p.polls.Replication = uint64(index), uint64(index)
	return p
}

// eventConfig turns a cell into the event engine's terms.
func eventConfig(c scenario.Cell) des.Config {
	s := c.Scenario
	spread, regions := linkTimes(s.Link)
	return des.Config{
		Seed: uint64(s.Seed), Cell: uint64(c.Index),
		Warmup: eventWarmUp(s), Duration: s.Time.Duration.Duration, Drain: s.Time.Drain.Duration,
		Clients: s.Clients.Count, Providers: s.Topology.Providers, Layers: s.Topology.Layers,
		Width:   s.Topology.Width,
		MeanHop: s.Mix.MeanDelay.Duration, DelayCap: s.Mix.DelayCap,
		EntryDelay: s.Mix.EntryDelay, ExitDelay: s.Mix.ExitDelay,
		Link: s.Link.Delay.Duration, LinkSpread: spread, Regions: regions,
		ClientLink: s.Link.ClientDelay.Duration, Loss: s.Link.Loss.Of,
		PayloadEvery: s.Clients.PayloadEvery.Duration, LoopEvery: s.Clients.LoopEvery.Duration,
		DropEvery: s.Clients.DropEvery.Duration, NoCover: !s.Clients.Cover,
		BuildAhead: s.Clients.BuildAhead,
		Retrieval:  retrievals[s.Clients.Retrieval], PullEvery: s.Clients.PullEvery.Duration,
		SpoolLimit: s.Clients.Spool,
		OnlineFor:  s.Clients.Session.Duration, OfflineFor: s.Clients.Absence.Duration,
		Service: interval(s.Mix.Capacity), Queue: s.Mix.Queue,
		MixLoopEvery: s.Mix.LoopEvery.Duration, MixLoopTimeout: s.Mix.LoopTimeout.Duration,
		Messages: messages(s), Requests: requests(s), Groups: groups(s), Boxes: boxes(s.Boxes),
		Bulletins: bulletins(s), Attacks: attacks(s),
		PacketSize: int(s.Clients.Packet.Bytes),
	}
}

func linkTimes(l scenario.Link) (spread time.Duration, regions []time.Duration) {
	if l.Kind == "uniform" {
		spread = l.Spread.Duration
	}
	if l.Kind == "matrix" {
		for _, d := range l.Matrix {
			regions = append(regions, d.Duration)
		}
	}
	return spread, regions
}

var retrievals = map[string]des.Retrieval{
	"push": des.Push, "pull": des.Pull, "exchange": des.Exchange,
}

func interval(r config.Rate) time.Duration {
	if r.PerSecond == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / r.PerSecond)
}

// eventWarmUp is, where the scenario says "auto", twenty times the mean way through the network and
// at least a minute: by then the share of packets from before the start is below e^-20.
func eventWarmUp(s scenario.Scenario) time.Duration {
	if !s.Time.WarmUp.Auto {
		return s.Time.WarmUp.Duration
	}
	hop := s.Mix.MeanDelay.Duration + s.Link.Delay.Duration
	return max(time.Minute, 20*time.Duration(protocol.PathHops(s.Topology.Layers))*hop)
}

func messages(s scenario.Scenario) des.Messages {
	if s.Workload.Kind != "messages" {
		return des.Messages{}
	}
	return des.Messages{
		Every: s.Workload.Every.Duration, Friends: s.Workload.Friends,
		FriendsOf: s.Workload.FriendsOf, Zipf: s.Workload.Zipf, Senders: s.Workload.Writers,
	}
}

// requests are round trips; how often one is tried holds for writes of boxes too.
func requests(s scenario.Scenario) des.Requests {
	r := des.Requests{Tries: s.Workload.Tries}
	if s.Workload.Kind == "requests" {
		r.Every = s.Workload.Every.Duration
	}
	return r
}

func groups(s scenario.Scenario) des.Groups {
	w := s.Workload
	if w.Kind != "groups" {
		return des.Groups{}
	}
	g := des.Groups{Count: w.Groups, Size: w.GroupSize, Every: w.Every.Duration,
		Heavy: w.HeavyShare.Of, HeavyWeight: w.HeavyWeight, Writers: w.Writers,
		Strategy: map[string]des.Strategy{
			"unicast": des.Unicast, "rollercoaster": des.Rollercoaster, "boxes": des.PublishOnce,
		}[w.Posting]}
	if g.Strategy == des.Rollercoaster {
		g.Fanout, g.Bundle = w.Fanout, w.Bundle
		g.Timeout, g.LateIdle = w.AckTimeout, w.LateIdle
	}
	return g
}

func boxes(b scenario.Boxes) des.Boxes {
	if b.Reading == "bulletins" {
		return des.Boxes{Allowance: b.Allowance.Duration, Replicate: b.ReplicateAfter.Duration}
	}
	if b.Watched == 0 {
		return des.Boxes{}
	}
	return des.Boxes{Watched: b.Watched, PollShare: b.PollShare.Of, AgeScale: b.AgeScale.Duration,
		AgeCap:    b.AgeCap.Duration,
		DecoyLife: b.DecoyLife.Duration, Allowance: b.Allowance.Duration,
		Replicate: b.ReplicateAfter.Duration}
}

var rules = map[string]des.Rules{
	"crowd": des.CrowdRule, "late": des.LateRule, "own": des.OwnRule, "missed": des.MissedRule,
	"photo": des.PhotoRule, "cover": des.CoverRule, "false": des.FalseRule, "heads": des.HeadsRule,
}

func bulletins(s scenario.Scenario) des.Bulletins {
	b := s.Boxes
	if b.Reading != "bulletins" {
		return des.Bulletins{}
	}
	out := des.Bulletins{
		Every: b.Bulletins.Duration, Hold: b.Hold.Duration, FetchDelay: b.FetchDelay.Duration,
		FetchLoad: b.FetchLoad, WritesPerDay: b.WritesPerDay, StreamPerDay: b.StreamPerDay,
		CatchUp: b.CatchUp.Duration, Retention: b.Retention.Duration,
		SlowDelay: b.SlowDelay.Duration, SlowQuiet: b.SlowQuiet.Duration, Epoch: b.Epoch.Duration,
		AwaitStored: b.AwaitStored, ReplyBody: int(b.Reply.Bytes),
		Without: rules[s.Adversary.Without],
	}
	switch hold := s.Adversary.HoldFor.Duration; s.Adversary.Attack {
	case "withheld":
		out.Withhold = hold
	case "forked":
		out.Fork = hold
	case "baits":
		out.Baits = hold
	}
	if s.Workload.Kind == "groups" {
		out.SlowPosts, out.PhotoShare = s.Workload.Slow.Of, s.Workload.Photos.Of
		out.PhotoBoxes = s.Workload.PhotoBoxes
	}
	return out
}

// attacks is the active adversary, on all links into the attacked mix.
func attacks(s scenario.Scenario) []des.Attack {
	kind, active := map[string]des.AttackKind{
		"drop": des.Drop, "delay": des.Delay, "replay": des.Replay, "trickle": des.Trickle,
		"n-1": des.NMinusOne,
	}[s.Adversary.Attack]
	if !active {
		return nil
	}
	return []des.Attack{{Kind: kind, Node: s.Topology.Providers + s.Adversary.Node, From: -1,
		Share: s.Adversary.Strength.Of,
		Delay: s.Adversary.HoldFor.Duration, Target: s.Adversary.Target,
		Start: eventWarmUp(s) + s.Adversary.From.Duration}}
}

func eventMemory(s scenario.Scenario) float64 {
	p := planEvents(scenario.Cell{Scenario: s})
	return 16<<20 + float64(p.config.Memory()) + tapBytes*p.tapped
}

func checkEvents(c scenario.Cell) error {
	p := planEvents(c)
	if p.attack == "poll-intersection" {
		return nil // a world of its own, of clients' times only
	}
	return p.config.Validate()
}

func runEvents(ctx context.Context, c scenario.Cell, index int) (Replication, error) {
	p := planEvents(c).replication(index)
	switch {
	case watching[p.attack] != nil:
		return p.watch(ctx)
	case p.attack == "tracing":
		return p.follow(ctx)
	case p.attack == "poll-intersection":
		return p.pollIntersection()
	case coalitions[p.attack] != nil:
		return p.ally(ctx)
	}
	return p.simulate(ctx)
}

// simulate runs one replication.
func (p eventPlan) simulate(ctx context.Context) (Replication, error) {
	result, err := des.Run(ctx, p.config)
	if err != nil {
		return Replication{}, err
	}
	return p.collect(result), nil
}

func (p eventPlan) collect(result *des.Result) Replication {
	r := Replication{Metrics: result.Metrics, Events: result.Events, Packets: result.Packets}
	if p.samples {
		for _, sample := range result.Samples {
			r.Samples = append(r.Samples, Sample{sample.Name + "_" + sample.Unit, sample.Values})
		}
	}
	return r
}
