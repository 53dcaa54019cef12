package level

import (
	"context"
	"strings"

	"murmuration/sim/flow"
	"murmuration/sim/scenario"
)

// flowConfig turns a cell into the flow engine's terms. Of a ring it takes the mixes: what
// providers delay beside them only adds to what an observer does not know.
func flowConfig(s scenario.Scenario) flow.Config {
	c := flow.Config{
		Topology: map[string]flow.Topology{
			"stratified": flow.Stratified, "ring": flow.Stratified, "cascade": flow.Cascade,
			"free": flow.FreeRoute,
		}[s.Topology.Kind],
		Layers: s.Topology.Layers, Width: s.Topology.Width, Weights: s.Topology.Weights,
		Mix:  flowMix(s.Mix),
		Link: flow.Link{Min: s.Link.Delay.Seconds(), Max: s.Link.Delay.Seconds()},
		Rate: s.Clients.Rate.PerSecond, Cover: flowCover(s),
		Corrupt:  s.Adversary.Corrupt,
		Balanced: s.Adversary.Placement == "balanced" && s.Topology.Kind != "free",
		Targets:  s.Measure.Targets, Duration: s.Time.Duration.Seconds(),
		SenderRate: s.Measure.Sender.PerSecond,
	}
	if s.Link.Kind == "uniform" {
		c.Link.Min -= s.Link.Spread.Seconds()
		c.Link.Max += s.Link.Spread.Seconds()
	}
	if s.Measure.Tracing == "backward" {
		c.Direction = flow.Backward
	}
	if len(c.Weights) == 0 {
		c.Weights = nil
	}
	return c
}

func flowMix(m scenario.Mix) flow.Mix {
	switch m.Kind {
	case "threshold", "pool":
		return flow.Mix{Strategy: flow.Threshold, Threshold: m.Threshold, Keep: m.Pool}
	case "timed":
		return flow.Mix{Strategy: flow.Timed, Every: m.Interval.Seconds(), Keep: m.Pool}
	case "binomial":
		return flow.Mix{
			Strategy: flow.Binomial, Every: m.Interval.Seconds(), SendShare: m.Probability.Of,
		}
	}
	return flow.Mix{Strategy: flow.Poisson, MeanDelay: m.MeanDelay.Seconds()}
}

// flowCover is the streams of [[cover]] and those of mix.dummies.
func flowCover(s scenario.Scenario) (streams []flow.Cover) {
	for _, c := range s.Cover {
		streams = append(streams,
			flow.Cover{From: c.From, To: c.To, Rate: c.Rate.PerSecond, Standby: c.Standby})
	}
	if s.Mix.Dummies.PerSecond > 0 {
		streams = append(streams, flow.LinkDummies(s.Topology.Layers, s.Mix.Dummies.PerSecond)...)
	}
	return streams
}

// flowPlan is all that level "flow" reads of a cell.
type flowPlan struct {
	seed    uint64
	config  flow.Config
	samples bool // whether raw samples are kept
}

func planFlow(c scenario.Cell) flowPlan {
	s := c.Scenario
	return flowPlan{uint64(s.Seed), flowConfig(s), s.Measure.Samples}
}

// flowMemory bounds what a replication holds: what the engine says, and its samples.
func flowMemory(s scenario.Scenario) float64 {
	c := flowConfig(s)
	return 16<<20 + c.Memory() + 80*float64(c.Targets)
}

func checkFlow(c scenario.Cell) error {
	config := flowConfig(c.Scenario)
	return config.Validate()
}

func runFlow(ctx context.Context, c scenario.Cell, index int) (Replication, error) {
	p := planFlow(c)
	result, err := flow.Run(ctx, p.config, p.seed, uint64(c.Index), uint64(index))
	if err != nil {
		return Replication{}, err
	}
	r := Replication{Events: result.Hops, Packets: result.Packets}
	for _, m := range result.Metrics() {
		m.Name = withUnit(m.Name, m.Unit)
		if m.Unit == "bit" {
			m.Unit = "bits"
		}
		r.Metrics = append(r.Metrics, m)
	}
	if p.samples {
		for _, sample := range result.Samples() {
			r.Samples = append(r.Samples, Sample{withUnit(sample.Name, sample.Unit), sample.Values})
		}
	}
	return r, nil
}

// withUnit puts the unit into a name, in front of what is taken of it: latency_p90 of seconds is
// latency_s_p90.
func withUnit(name, unit string) string {
	unit = map[string]string{"bit": "_bits", "s": "_s"}[unit]
	for _, suffix := range []string{"_mean", "_sd", "_p50", "_p90", "_p95", "_p99"} {
		if base, found := strings.CutSuffix(name, suffix); found {
			return base + unit + suffix
		}
	}
	return name + unit
}
