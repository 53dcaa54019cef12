package flow

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Implementation constants.
const (
	stepPackets = 8192 // packets that enter per step: a day then fits the first two caches
	// steps of a trace at least, so that a lane is free soon after its trace is over
	stepsPerTrace = 32
	defaultLanes  = 8 // traces at once share the cost of moving packets
	// packets that enter per trace and lane, so that targets add at most a thousandth of load
	lanePackets = 2000
	leftOver    = 1e-8 // share of a target's mass that may be inside after a span
	warmUps     = 3    // spans before the first target, where the start is not the steady state
)

// span is about the time after which practically all of a packet's mass has come out, in s.
func (c *Config) span() float64 {
	return c.residence() + float64(c.Layers+1)*c.Link.Max
}

func (c *Config) residence() float64 {
	if c.Mix.Strategy == Poisson {
		return c.Mix.MeanDelay * mathext.GammaIncRegInv(float64(c.Layers), 1-leftOver)
	}
	sum := 0.0
	for layer := 1; layer <= c.Layers; layer++ {
		every, sends := c.round(layer)
		rounds := 1.0
		if sends < 1 {
			rounds += math.Log(leftOver) / math.Log1p(-sends)
		}
		sum += every * rounds
	}
	return sum
}

// round is how often a batching mix sends, and which share of its packets, for the one with the
// least traffic.
func (c *Config) round(layer int) (every, sends float64) {
	rate, _ := c.waiting(layer)
	rate *= c.leastShare()
	keep := float64(c.Mix.Keep)
	switch c.Mix.Strategy {
	case Threshold:
		n := float64(c.Mix.Threshold)
		return (n + 4*math.Sqrt(n)) / rate, n / (n + keep)
	case Binomial:
		return c.Mix.Every, c.Mix.SendShare
	}
	arrivals := rate * c.Mix.Every
	return c.Mix.Every * max(1, 1/arrivals), max(arrivals, 0.5) / (max(arrivals, 0.5) + keep)
}

// inside is the mean number of packets in the mixes of a layer.
func (c *Config) inside(layer int) float64 {
	rate, standby := c.waiting(layer)
	fixed := float64(c.Width * (standby + c.Mix.Keep))
	switch c.Mix.Strategy {
	case Threshold:
		return fixed + float64(c.Width*c.Mix.Threshold)
	case Timed:
		return fixed + rate*c.Mix.Every
	case Binomial:
		return fixed + rate*c.Mix.Every/c.Mix.SendShare
	}
	return fixed + rate*c.Mix.MeanDelay
}

// Memory is about how many bytes a replication needs: for packets in mixes and on links with their
// masses, for mixes, and of a backward run for all that passed.
func (c *Config) Memory() float64 {
	const packetBytes, poolBytes = 16 + 8, 64
	lanes := float64(c.lanes())
	bytes := 1e6 * float64(c.Layers+4)
	for layer := 1; layer <= c.Layers; layer++ {
		bytes += c.inside(layer)*packetBytes*1.5 +
			c.passing(layer)*(c.Link.Max+3*c.step())*(packetBytes+8*lanes)
		bytes += float64(c.Width) * (poolBytes + 16*lanes)
		if c.Corrupt > 0 {
			bytes += c.inside(layer) * 8 * (lanes + 2)
		}
	}
	if c.Direction == Backward {
		bytes += c.journalPackets() * (16*float64(c.Layers) + 4*8*passLanes)
	}
	return bytes
}

// journalPackets is how many packets a backward run keeps.
func (c *Config) journalPackets() float64 {
	return c.passing(1) * (c.warmUp() + float64(c.Targets+2*defaultLanes)*c.spacing())
}

// leastShare is the smallest part of a layer's traffic that goes through one mix.
func (c *Config) leastShare() float64 {
	if c.Weights == nil {
		return 1 / float64(c.Width)
	}
	least, total := math.Inf(1), 0.0
	for _, w := range c.Weights {
		least, total = min(least, w), total+w
	}
	return least / total
}

// lanes is how many targets are traced at once.
func (c *Config) lanes() int {
	if c.SenderRate > 0 {
		return senders(c)
	}
	if c.Direction == Backward {
		return 1 // for the numbers of departures
	}
	n := c.Lanes
	if n == 0 {
		n = min(defaultLanes, 1+int(c.Rate*c.span()/lanePackets))
	}
	return min(n, c.Targets, maxLanes)
}

// spacing is the time between targets in s. A lane is normally free when its next target comes, so
// that which packets become targets does not depend on how earlier traces went.
func (c *Config) spacing() float64 {
	if c.Duration > 0 {
		return c.Duration / float64(c.Targets)
	}
	if c.SenderRate > 0 {
		return c.span()
	}
	if c.Direction == Backward {
		return c.span() / defaultLanes
	}
	return 1.1 * c.span() / float64(c.lanes())
}

// step is the length of a step in s.
func (c *Config) step() float64 {
	busiest := 0.0
	for layer := 1; layer <= c.Layers; layer++ {
		rate, _ := c.waiting(layer)
		busiest = max(busiest, rate, c.passing(layer))
	}
	return min(stepPackets/busiest, c.span()/stepsPerTrace)
}

// warmUp is the time before the first target in s: none where the start is the steady state.
func (c *Config) warmUp() float64 {
	if c.Mix.Strategy != Poisson {
		return warmUps * c.span()
	}
	// packets from before the start have no label and no number
	if c.SenderRate > 0 || c.Direction == Backward {
		return c.span()
	}
	return 0
}
