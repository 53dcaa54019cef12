package flow

import (
	"errors"
	"fmt"
	"math"
)

// Topology is how a packet's mixes are chosen.
type Topology int

const (
	Stratified Topology = iota // a random mix of each layer in turn
	Cascade                    // a random column at the first layer, and its mixes from then on
	// a walk over all mixes: each hop a random mix other than the one before
	FreeRoute
)

// Strategy is when a mix sends what it holds.
type Strategy int

const (
	Poisson Strategy = iota // each packet after an exponential delay of its own
	// when Threshold new packets have come, as many, chosen among them and Keep kept ones
	Threshold
	Timed    // at every tick, all but Keep random ones
	Binomial // at every tick, each packet with probability SendShare
)

// Mix is the strategy of every mix with its parameters; those of other strategies stay zero.
type Mix struct {
	Strategy  Strategy
	MeanDelay float64 // s, 1/μ: Poisson
	Threshold int     // packets: Threshold
	Keep      int     // packets: Threshold, Timed; 0 makes them plain
	Every     float64 // s, one tick of all mixes together: Timed, Binomial
	SendShare float64 // 0 < p ≤ 1: Binomial
}

// Link is the delay of a link in s, uniform between both for each packet: from client to first mix,
// between mixes, and from the last mix to its receiver.
type Link struct{ Min, Max float64 }

// Cover is a stream of dummies, Poisson, besides what clients send. A dummy that is born in a mix
// waits in its pool as any packet does; corrupt mixes make none. With To zero it goes to the end
// and is counted among the outputs there: then tracing is exact. With To set, it is discarded on
// arrival at that layer, and the mass that the observer had on it counts for that mix's pool from
// then on. That is the rule of MiXiM (2022), a bookkeeping and not a posterior, so that the
// calibration identity does not hold, and Result.Exact is false.
type Cover struct {
	From int     // layer in whose mixes they are born, at random; 0 for clients
	To   int     // layer that discards them, above From; 0 for none
	Rate float64 // packets/s of all mixes of From together
	// every mix of From always holds one dummy more, the next to be sent (as MiXiM's do); not exact
	// either
	Standby bool
}

// LinkDummies are those of MiXiM (Fig 9) at this rate in packets/s of the whole network: every mix
// but those of the last layer makes as many as any other, sends each to a mix of the next layer,
// which discards it, and always holds the next one ready.
func LinkDummies(layers int, rate float64) []Cover {
	var streams []Cover
	for from := 1; from < layers; from++ {
		streams = append(streams,
			Cover{From: from, To: from + 1, Rate: rate / float64(layers-1), Standby: true})
	}
	return streams
}

// Direction of a trace.
type Direction int

const (
	forward  Direction = iota // which output is this input
	Backward                  // which input was this output
)

// Config is one cell: a network, its traffic, its adversary, and what to trace. The observer sees
// every link; in a FreeRoute network also how many hops each packet has behind it.
type Config struct {
	Topology Topology
	Layers   int // hops of a path
	Width    int // mixes of a layer; of the whole network for FreeRoute
	// how much of the traffic each mix of a layer gets, in any unit; nil for the same. Not for
	// FreeRoute.
	Weights []float64
	Mix     Mix
	Link    Link
	// packets/s of all clients together, real and full-length cover alike (what counts is that they
	// mix)
	Rate  float64
	Cover []Cover

	Corrupt int // mixes that tell the adversary which packet is which, of all
	// as many in each layer as in any other, within one (not for FreeRoute); else placed at random
	Balanced bool

	Targets   int       // packets to trace, at even times, in one replication
	Direction Direction // of these traces
	Lanes     int       // traces under way at once; 0 chooses (at most maxLanes)
	Duration  float64   // s over which targets are spread; 0 for as long as they need

	// SenderRate set (packets/s, above 0) labels two senders instead of Targets packets: all
	// packets of either carry its label, and at outputs of theirs the Loopix ε and δ are taken,
	// Targets times.
	SenderRate float64
}

// Limits of a Config.
const (
	maxLanes  = 16
	maxLayers = 100     // a dummy's layer shares a byte with lanes
	maxWidth  = 1 << 20 // places are counted in 24 bits
	// packets of one layer: each may need a pool of its own, and those are counted in 24 bits, with
	// room for chance
	maxInside = 1 << 23
	maxSpan   = 1e12 // packets of one replication
	// packets of one backward replication: about 50 + 16·Layers bytes each are kept, and 128 while
	// one layer is read
	maxJournal = 4 << 20
)

// Validate tells what contradicts itself.
func (c *Config) Validate() error {
	if err := errors.Join(c.validateShape(), c.Mix.validate(), c.validateTraffic(),
		c.validateAdversary()); err != nil {
		return err
	}
	return c.validateTrace() // which calculates with the rest
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }

func (c *Config) validateShape() error {
	switch {
	case c.Topology < Stratified || c.Topology > FreeRoute:
		return fmt.Errorf("topology %d is none", c.Topology)
	case c.Layers < 1 || c.Layers > maxLayers:
		return fmt.Errorf("layers: %d, want 1 to %d", c.Layers, maxLayers)
	case c.Width < 1 || c.Width > maxWidth:
		return fmt.Errorf("width: %d, want 1 to %d", c.Width, maxWidth)
	case c.Topology == FreeRoute && c.Layers > 1 && c.Width < 2:
		return fmt.Errorf("free routes of %d hops need two mixes", c.Layers)
	case c.Topology == FreeRoute && (c.Weights != nil || c.Balanced):
		return fmt.Errorf("free routes have no layers to weigh or to balance")
	case c.Topology == FreeRoute && c.Mix.Strategy == Threshold:
		return fmt.Errorf(
			"threshold mixes on free routes feed back, which no engine here follows: take a " +
				"cascade or stratified layers")
	case !(c.Link.Min >= 0) || !(c.Link.Max >= c.Link.Min) || math.IsInf(c.Link.Max, 0):
		return fmt.Errorf("links of %g to %g s", c.Link.Min, c.Link.Max)
	case c.Weights != nil && len(c.Weights) != c.Width:
		return fmt.Errorf("%d weights for a width of %d", len(c.Weights), c.Width)
	}
	for _, w := range c.Weights {
		if !positive(w) {
			return fmt.Errorf("a mix weight of %g", w)
		}
	}
	return nil
}

func (m *Mix) validate() error {
	switch {
	case m.Strategy < Poisson || m.Strategy > Binomial:
		return fmt.Errorf("mix strategy %d is none", m.Strategy)
	case m.Strategy == Poisson && !positive(m.MeanDelay):
		return fmt.Errorf("a Poisson mix needs a mean delay, not %g s", m.MeanDelay)
	case m.Strategy == Threshold && (m.Threshold < 1 || m.Threshold > 1<<20):
		return fmt.Errorf("a threshold of %d", m.Threshold)
	case m.Keep < 0 || m.Keep > 1<<20:
		return fmt.Errorf("a pool that keeps %d", m.Keep)
	case (m.Strategy == Timed || m.Strategy == Binomial) && !positive(m.Every):
		return fmt.Errorf("a timed mix needs a tick, not %g s", m.Every)
	case m.Strategy == Binomial && !(m.SendShare > 0 && m.SendShare <= 1):
		return fmt.Errorf("a binomial mix that sends with probability %g", m.SendShare)
	}
	return nil
}

func (c *Config) validateTraffic() error {
	if !positive(c.Rate) {
		return fmt.Errorf("a rate of %g packets/s", c.Rate)
	}
	for _, d := range c.Cover {
		if d.From < 0 || d.From > c.Layers || (d.To != 0 && (d.To <= d.From || d.To > c.Layers)) {
			return fmt.Errorf("cover from layer %d to %d of %d", d.From, d.To, c.Layers)
		}
		if !positive(d.Rate) {
			return fmt.Errorf("cover of %g packets/s", d.Rate)
		}
		if d.Standby && (d.From == 0 || c.Mix.Strategy != Poisson) {
			return fmt.Errorf("only Poisson mixes hold standby dummies")
		}
	}
	return nil
}

func (c *Config) validateAdversary() error {
	for layer := 1; layer <= c.Layers; layer++ {
		if n := c.inside(layer); n > maxInside {
			return fmt.Errorf(
				"%.3g packets in its mixes at once are more than %d: scale rate and delays down", n,
				maxInside)
		}
	}
	mixes := c.Width
	if c.Topology != FreeRoute {
		mixes *= c.Layers
	}
	if c.Corrupt < 0 || c.Corrupt > mixes {
		return fmt.Errorf("%d of %d mixes corrupt", c.Corrupt, mixes)
	}
	return nil
}

func (c *Config) validateTrace() error {
	switch {
	case c.Targets < 1:
		return fmt.Errorf("%d targets", c.Targets)
	case c.Lanes < 0 || c.Lanes > maxLanes:
		return fmt.Errorf("%d lanes, want 1 to %d, or 0 to choose", c.Lanes, maxLanes)
	case !(c.Duration >= 0) || c.Duration*c.Rate > maxSpan:
		return fmt.Errorf("a duration of %g s", c.Duration)
	case !(c.SenderRate >= 0) || 2*c.SenderRate > c.Rate:
		return fmt.Errorf("two senders of %g packets/s among %g", c.SenderRate, c.Rate)
	case c.Direction < forward || c.Direction > Backward:
		return fmt.Errorf("direction %d is none", c.Direction)
	case c.Direction == Backward && (c.SenderRate > 0 || !c.exact()):
		return fmt.Errorf("only exact traces of packets go backward")
	case c.Direction == Backward && c.journalPackets() > maxJournal:
		return fmt.Errorf(
			"a backward run keeps all its packets, which here are more than %d: take fewer "+
				"targets and more replications", maxJournal)
	}
	return nil
}

// exact tells whether masses are posteriors: no dummy is discarded inside the network, none is
// known to stay.
func (c *Config) exact() bool {
	for _, d := range c.Cover {
		if d.To != 0 || d.Standby {
			return false
		}
	}
	return true
}
