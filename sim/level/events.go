package level

import (
	"context"
	"fmt"
	"io"
	"time"

	"murmuration/internal/protocol"
	"murmuration/sim/des"
	"murmuration/sim/scenario"
	"murmuration/sim/trace"
)

// eventConfig turns a cell into the event engine's terms.
func eventConfig(c scenario.Cell, replication int) des.Config {
	s := c.Scenario
	spread, regions := linkTimes(s.Link)
	return des.Config{
		Seed: uint64(s.Seed), Cell: uint64(c.Index), Replication: uint64(replication),
		Warmup: eventWarmUp(s), Duration: eventDuration(s), Drain: s.Time.Drain.Duration,
		Clients: s.Clients.Count, Providers: s.Topology.Providers, Layers: s.Topology.Layers, Width: s.Topology.Width,
		MeanHop: s.Mix.MeanDelay.Duration, DelayCap: s.Mix.DelayCap, EntryDelay: s.Mix.EntryDelay, ExitDelay: s.Mix.ExitDelay,
		Link: s.Link.Delay.Duration, LinkSpread: spread, Regions: regions, ClientLink: s.Link.ClientDelay.Duration, Loss: s.Link.Loss.Of,
		PayloadEvery: s.Clients.PayloadEvery.Duration, LoopEvery: s.Clients.LoopEvery.Duration, DropEvery: s.Clients.DropEvery.Duration,
		NoCover: !s.Clients.Cover, Retrieval: retrievals[s.Clients.Retrieval], PullEvery: s.Clients.PullEvery.Duration, SpoolLimit: s.Clients.Spool,
		OnlineFor: s.Clients.Session.Duration, OfflineFor: s.Clients.Absence.Duration,
		Service: interval(s.Mix.Capacity), Queue: s.Mix.Queue,
		MixLoopEvery: s.Mix.LoopEvery.Duration, MixLoopTimeout: s.Mix.LoopTimeout.Duration,
		Messages: messages(s), Requests: requests(s), Groups: groups(s), Boxes: boxes(s.Boxes), Attacks: attacks(s),
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

var retrievals = map[string]des.Retrieval{"push": des.Push, "pull": des.Pull, "exchange": des.Exchange}

func interval(r scenario.Rate) time.Duration {
	if r.PerSecond == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / r.PerSecond)
}

// eventWarmUp is, where the scenario says "auto", twenty times the mean way through the network and at least a minute:
// by then the share of packets from before the start is below e^-20.
func eventWarmUp(s scenario.Scenario) time.Duration {
	d, auto, _ := s.WarmUp() // the scenario was checked
	if auto {
		d = max(time.Minute, 20*time.Duration(protocol.PathHops(s.Topology.Layers))*(s.Mix.MeanDelay.Duration+s.Link.Delay.Duration))
	}
	return d
}

func eventDuration(s scenario.Scenario) time.Duration {
	if s.Time.Duration.Duration == 0 {
		return time.Hour
	}
	return s.Time.Duration.Duration
}

func messages(s scenario.Scenario) des.Messages {
	if s.Workload.Kind != "messages" {
		return des.Messages{}
	}
	return des.Messages{Every: s.Workload.Every.Duration, Friends: s.Workload.Friends, FriendsOf: s.Workload.FriendsOf, Zipf: s.Workload.Zipf, Senders: s.Workload.Writers}
}

func requests(s scenario.Scenario) des.Requests {
	if s.Workload.Kind != "requests" {
		return des.Requests{}
	}
	return des.Requests{Every: s.Workload.Every.Duration, Tries: s.Workload.Tries}
}

func groups(s scenario.Scenario) des.Groups {
	w := s.Workload
	if w.Kind != "groups" {
		return des.Groups{}
	}
	g := des.Groups{Count: w.Groups, Size: w.GroupSize, Every: w.Every.Duration, Heavy: w.HeavyShare.Of, HeavyWeight: w.HeavyWeight, Writers: w.Writers,
		Strategy: map[string]des.Strategy{"unicast": des.Unicast, "rollercoaster": des.Rollercoaster, "boxes": des.PublishOnce}[w.Posting]}
	if g.Strategy == des.Rollercoaster {
		g.Fanout, g.Bundle = w.Fanout, w.Bundle
		g.Timeout, g.LateIdle = w.AckTimeout, w.LateIdle
	}
	return g
}

func boxes(b scenario.Boxes) des.Boxes {
	if b.Watched == 0 {
		return des.Boxes{}
	}
	return des.Boxes{Watched: b.Watched, PollShare: b.PollShare.Of, AgeScale: b.AgeScale.Duration, AgeCap: b.AgeCap.Duration,
		DecoyLife: b.DecoyLife.Duration, Allowance: b.Allowance.Duration, Replicate: b.ReplicateAfter.Duration}
}

// attacks is the active adversary, on all links into the attacked mix.
func attacks(s scenario.Scenario) []des.Attack {
	kind, active := map[string]des.AttackKind{"drop": des.Drop, "delay": des.Delay, "replay": des.Replay, "trickle": des.Trickle, "n-1": des.NMinusOne}[s.Adversary.Attack]
	if !active {
		return nil
	}
	return []des.Attack{{Kind: kind, Node: s.Topology.Providers + s.Adversary.Node, From: -1, Share: s.Adversary.Strength.Of,
		Delay: s.Adversary.HoldFor.Duration, Target: s.Adversary.Target, Start: eventWarmUp(s) + s.Adversary.From.Duration}}
}

func eventMemory(s scenario.Scenario) float64 {
	return 16<<20 + float64(eventConfig(scenario.Cell{Scenario: s}, 0).Memory()) + tapBytes*tapped(s)
}

func checkEvents(c scenario.Cell) error {
	if c.Scenario.Adversary.Attack == "poll-intersection" {
		return nil // a world of its own, of clients' times only
	}
	return eventConfig(c, 0).Validate()
}

func runEvents(ctx context.Context, c scenario.Cell, index int) (Replication, error) {
	switch kind := c.Scenario.Adversary.Attack; {
	case watching[kind] != nil:
		return watch(ctx, c, index)
	case kind == "tracing":
		return follow(ctx, c, index)
	case kind == "poll-intersection":
		return pollIntersection(ctx, c, index)
	}
	return simulateEvents(ctx, c, index, nil)
}

// simulateEvents runs one replication; tap, where it is not nil, takes what a watcher of all links sees.
func simulateEvents(ctx context.Context, c scenario.Cell, index int, tap trace.Sink) (Replication, error) {
	config := eventConfig(c, index)
	config.Tap = tap
	result, err := des.Run(ctx, config)
	if err != nil {
		return Replication{}, err
	}
	return collectEvents(c.Scenario, result), nil
}

func collectEvents(s scenario.Scenario, result *des.Result) Replication {
	r := Replication{Metrics: result.Metrics, Events: result.Events, Packets: result.Packets}
	if s.Measure.Samples {
		for _, sample := range result.Samples {
			r.Samples = append(r.Samples, Sample{sample.Name + "_" + sample.Unit, sample.Values})
		}
	}
	return r
}

// Trace is Run with what a watcher of all links sees written to links as a link trace. Only level "des"
// has links.
func Trace(ctx context.Context, c scenario.Cell, index int, links io.Writer) (Replication, error) {
	if c.Scenario.Level != "des" {
		return Replication{}, fmt.Errorf("level %q has no links to trace\n  Set level = \"des\".", c.Scenario.Level)
	}
	config := eventConfig(c, index)
	w, err := trace.NewWriter(links, trace.Header{Parties: config.Parties()})
	if err != nil {
		return Replication{}, fmt.Errorf("writing link trace: %w", err)
	}
	r, err := simulateEvents(ctx, c, index, w)
	if err != nil {
		return r, err
	}
	r.Cell, r.Index = c.Index, index
	if err := w.Close(); err != nil {
		return r, fmt.Errorf("writing link trace: %w", err)
	}
	return r, nil
}
