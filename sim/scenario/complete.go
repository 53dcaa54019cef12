package scenario

import (
	"math"
	"time"
)

// complete computes what follows from other keys: the mean delay from the end-to-end latency, the streams from the
// budget, the corrupt mixes from their share, the network's rate from its clients.
func (f *File) complete(c *Cell) Problems {
	s := &c.Scenario
	var all Problems
	if s.Mix.EndToEnd.Duration != 0 {
		if c.says("mix.mean_delay") {
			all = append(all, f.refuse("mix.end_to_end", "Keep one of the two.", "mean_delay is given too"))
		}
		onLinks := time.Duration(s.Topology.Layers+1) * s.Link.Delay.Duration
		s.Mix.MeanDelay.Duration = (s.Mix.EndToEnd.Duration - onLinks) / time.Duration(max(1, s.Topology.Layers))
		if s.Mix.MeanDelay.Duration <= 0 {
			all = append(all, f.refuse("mix.end_to_end", "Raise end_to_end, or lower topology.layers or link.delay.",
				"nothing is left for the mixes: %d links of %s take %s of %s", s.Topology.Layers+1, s.Link.Delay, onLinks, s.Mix.EndToEnd))
		}
	}
	if c.says("adversary.corrupt_fraction") {
		if c.says("adversary.corrupt") {
			all = append(all, f.refuse("adversary.corrupt_fraction", "Keep one of the two.", "corrupt is given too"))
		}
		s.Adversary.Corrupt = int(math.Round(s.Adversary.Fraction.Of * float64(s.Mixes())))
	}
	if s.Topology.Kind == "ring" && s.Topology.Providers == 0 {
		s.Topology.Providers = max(2, (s.Clients.Count+63)/64)
	}
	if c.says("clients.budget") && s.Clients.Budget.PerDay > 0 {
		s.Clients.scale(s.Clients.Budget.PerDay / s.Clients.Volume())
	}
	if !c.says("clients.rate") {
		s.Clients.Rate.PerSecond = float64(s.Clients.Count) * s.Clients.PerSecond()
	}
	return all
}

// Mixes is the number of mixes, providers not counted.
func (s Scenario) Mixes() int {
	if s.Topology.Kind == "free" {
		return s.Topology.Width
	}
	return s.Topology.Layers * s.Topology.Width
}

// PerSecond is the rate of one online client's three streams together.
func (c Clients) PerSecond() float64 {
	return perSecond(c.PayloadEvery) + perSecond(c.LoopEvery) + perSecond(c.DropEvery)
}

// Volume is what one client sends, and receives, if it is always online, in bytes per day.
func (c Clients) Volume() float64 { return c.PerSecond() * c.Packet.Bytes * 86400 }

func (c *Clients) scale(factor float64) {
	for _, d := range []*Duration{&c.PayloadEvery, &c.LoopEvery, &c.DropEvery} {
		d.Duration = time.Duration(float64(d.Duration) / factor)
	}
}

func perSecond(d Duration) float64 {
	if d.Duration <= 0 {
		return 0
	}
	return 1 / d.Seconds()
}
