package scenario

import (
	"math"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/protocol"
)

// complete computes what follows from other keys: the mean delay from the end-to-end latency, the
// streams from the budget, the corrupt mixes from their share, the network's rate from its clients.
func (f *File) complete(c *Cell) {
	s := &c.Scenario
	if s.Mix.EndToEnd.Duration != 0 {
		if c.says(&field.Mix.MeanDelay) {
			f.refuse(&field.Mix.EndToEnd, "Keep one of the two.", "mean_delay is given too")
		}
		onLinks := time.Duration(s.Topology.Layers+1) * s.Link.Delay.Duration
		s.Mix.MeanDelay.Duration = (s.Mix.EndToEnd.Duration - onLinks) /
			time.Duration(max(1, s.Topology.Layers))
		if s.Mix.MeanDelay.Duration <= 0 {
			f.refuse(&field.Mix.EndToEnd,
				"Raise end_to_end, or lower topology.layers or link.delay.",
				"nothing is left for the mixes: %d links of %s take %s of %s",
				s.Topology.Layers+1, s.Link.Delay, onLinks, s.Mix.EndToEnd)
		}
	}
	if c.says(&field.Adversary.Fraction) {
		if c.says(&field.Adversary.Corrupt) {
			f.refuse(&field.Adversary.Fraction, "Keep one of the two.", "corrupt is given too")
		}
		s.Adversary.Corrupt = int(math.Round(s.Adversary.Fraction.Of * float64(s.mixes())))
	}
	if s.Topology.Kind == "ring" && s.Topology.Providers == 0 {
		s.Topology.Providers = max(2, (s.Clients.Count+63)/64)
	}
	if c.says(&field.Clients.Budget) && s.Clients.Budget.PerDay > 0 {
		s.Clients.scale(s.Clients.Budget.PerDay / s.Clients.Volume())
	}
	if (s.Level == "des" || s.Level == "world") && s.Time.Duration.Duration == 0 &&
		s.Adversary.Attack != "poll-intersection" {
		s.Time.Duration.Duration = eventRun
	}
	if !c.says(&field.Clients.Rate) {
		s.Clients.Rate.PerSecond = float64(s.Clients.Count) * s.Clients.PerSecond()
	}
}

// eventRun is what the event engine runs for if nothing is said.
const eventRun = time.Hour

// mixes is the number of mixes, providers not counted.
func (s Scenario) mixes() int {
	if s.Topology.Kind == "free" {
		return s.Topology.Width
	}
	return s.Topology.Layers * s.Topology.Width
}

// PerSecond is the rate of one online client's three streams together.
func (c Clients) PerSecond() float64 {
	return protocol.Streams{Payload: c.PayloadEvery.Duration, Loop: c.LoopEvery.Duration,
		Drop: c.DropEvery.Duration}.PerSecond()
}

// Volume is what one client sends, and receives, if it is always online, in bytes per day.
func (c Clients) Volume() float64 { return c.PerSecond() * float64(c.Packet.Bytes) * 86400 }

func (c *Clients) scale(factor float64) {
	for _, d := range []*config.Duration{&c.PayloadEvery, &c.LoopEvery, &c.DropEvery} {
		d.Duration = time.Duration(float64(d.Duration) / factor)
	}
}
