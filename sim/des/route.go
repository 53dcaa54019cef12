package des

import (
	"math"

	"murmuration/sim/stat"
)

// routes say which nodes a packet passes and how long each delays it.
//
// A packet of a client has hops 0 (entry provider), 1 to Layers (mixes), Layers+1 (exit
// provider); a reply goes on from Layers+2 to 2*Layers+1 (mixes) and 2*Layers+2 (the
// provider of the client). A mix's loop has hops 1 to Layers+1, the last at home.
// Nodes on the way are drawn when the packet goes there: nobody could have looked before.
type routes struct {
	e   *engine
	rng *stat.Rand
}

func (r *routes) init(e *engine) { r.e, r.rng = e, e.random("des network") }

func (c *Config) exitHop() uint8  { return uint8(c.Layers + 1) }
func (c *Config) replyHop() uint8 { return uint8(2*c.Layers + 2) }

// home is the provider of a client.
func (c *Config) home(client int32) int32 { return client % int32(c.Providers) }

// locate draws the node of the packet's present hop.
func (r *routes) locate(ev *event) uint16 {
	c := &r.e.cfg
	exit := c.exitHop()
	switch {
	case ev.Class == mixLoop:
		return r.e.mixLoops.locate(ev)
	case ev.Hop == 0 || ev.Hop == c.replyHop():
		return uint16(c.home(ev.Src))
	case ev.Hop < exit:
		return r.anyMix(int(ev.Hop))
	case ev.Hop > exit:
		return r.anyMix(int(ev.Hop - exit))
	case ev.Class == drop || ev.Class == request:
		return uint16(ev.Dst)
	}
	return uint16(c.home(ev.Dst))
}

func (r *routes) anyMix(layer int) uint16 {
	return uint16(r.e.cfg.Mix(layer, r.rng.IntN(r.e.cfg.Width)))
}

func (r *routes) anyProvider() int32 { return int32(r.rng.IntN(r.e.cfg.Providers)) }

// otherProvider draws a provider that is not the client's own, if there is one.
func (r *routes) otherProvider(c int32) int32 {
	n := r.e.cfg.Providers
	if n == 1 {
		return 0
	}
	p := int32(r.rng.IntN(n - 1))
	if p >= r.e.cfg.home(c) {
		p++
	}
	return p
}

// delay draws what the sender chooses for one hop, in ns.
func (r *routes) delay() int64 {
	c := &r.e.cfg
	x := r.rng.Exp()
	for c.DelayCap > 0 && x > c.DelayCap {
		x = r.rng.Exp()
	}
	return int64(math.Round(x * float64(c.MeanHop)))
}

// delays reports whether the packet's present hop delays it.
func (r *routes) delays(ev *event) bool {
	c := &r.e.cfg
	switch {
	case ev.Class == mixLoop:
		return ev.Hop < c.exitHop() && (r.e.mixLoops.ringPlace(ev) > 0 || c.ExitDelay)
	case ev.Hop == 0:
		return c.EntryDelay
	case ev.Hop == c.exitHop() || ev.Hop == c.replyHop():
		return c.ExitDelay
	}
	return true
}

// stay is how long the packet's present node keeps it.
func (r *routes) stay(ev *event) int64 {
	d := int64(0)
	if r.delays(ev) {
		if sent := r.e.requests.of(ev); sent != nil {
			d = int64(sent.delays[ev.Hop]) * 1000
		} else {
			d = r.delay()
		}
	}
	if ev.Class == reply && ev.Hop == r.e.cfg.exitHop() {
		d += int64(r.e.cfg.Boxes.Allowance)
	}
	return d
}
