package flow

import "murmuration/sim/stat"

// stream is a Poisson process of packets that are born at one place: clients, or the mixes of one
// layer.
type stream struct {
	rate  float64 // packets/s
	next  float64 // time of the next one
	kinds []kind  // cumulative shares
	rng   *stat.Rand
}

type kind struct {
	upTo float64
	tag  uint8
}

func newStream(rng *stat.Rand) *stream { return &stream{rng: rng} }

// add joins another process of packets with this tag.
func (s *stream) add(rate float64, tag uint8) {
	if rate > 0 {
		s.rate += rate
		s.kinds = append(s.kinds, kind{upTo: s.rate, tag: tag})
	}
}

func (s *stream) begin() {
	if s.rate > 0 {
		s.next = s.rng.Exp() / s.rate
	}
}

// until tells whether the next packet comes before the end of this step.
func (s *stream) until(step int, perStep float64) bool {
	return s.rate > 0 && int(s.next*perStep) <= step
}

func (s *stream) draw() packet {
	p := packet{at: s.next, key: key(nowhere, s.tag())}
	s.next += s.rng.Exp() / s.rate
	return p
}

func (s *stream) tag() uint8 {
	if len(s.kinds) == 1 {
		return s.kinds[0].tag
	}
	at := s.rng.Float64() * s.rate
	for _, k := range s.kinds {
		if at < k.upTo {
			return k.tag
		}
	}
	return s.kinds[len(s.kinds)-1].tag
}

// flow is a part of the traffic whose packets are treated alike.
type flow struct {
	rate     float64
	tag      uint8
	from, to int // the layers where they are born (0: clients) and discarded (0: nowhere)
	standby  bool
}

// flows is all traffic but the targets.
func (c *Config) flows() []flow {
	all := []flow{{rate: c.Rate - float64(senders(c))*c.SenderRate, tag: ordinary}}
	for i := range senders(c) {
		all = append(all, flow{rate: c.SenderRate, tag: uint8(i + 1)})
	}
	for _, d := range c.Cover {
		f := flow{rate: d.Rate, from: d.From, to: d.To, standby: d.Standby, tag: ordinary}
		if d.To > 0 {
			f.tag = uint8(discarded + d.To)
		} else if d.From > 0 {
			f.tag = unclocked
		}
		all = append(all, f)
	}
	return all
}

// comesTo tells whether a flow's packets come over the links into a layer, counted from 1.
func (f *flow) comesTo(layer int) bool { return f.from < layer && (f.to == 0 || f.to >= layer) }

// waitsIn tells whether a flow's packets wait in the pools of a layer.
func (f *flow) waitsIn(layer int) bool { return f.from <= layer && (f.to == 0 || f.to > layer) }

// settled is the tag of a flow's packet that is there from the start: its age is unknown, and so is
// its sender.
func (f *flow) settled() uint8 {
	if f.to > 0 {
		return f.tag
	}
	return unclocked
}

// senders is how many senders have labels.
func senders(c *Config) int {
	if c.SenderRate > 0 {
		return 2
	}
	return 0
}

// birthsIn is the stream of what is born in a layer (0: at clients).
func (c *Config) birthsIn(layer int, rng *stat.Rand) *stream {
	s := newStream(rng)
	for _, f := range c.flows() {
		if f.from == layer {
			s.add(f.rate, f.tag)
		}
	}
	return s
}

// passing is the rate of packets that come over the links into a layer, counted from 1.
func (c *Config) passing(layer int) float64 {
	rate := 0.0
	for _, f := range c.flows() {
		if f.comesTo(layer) {
			rate += f.rate
		}
	}
	return rate
}

// waiting is the rate of packets that wait in a layer, and how many stand by in each of its mixes.
func (c *Config) waiting(layer int) (rate float64, standby int) {
	for _, f := range c.flows() {
		if f.waitsIn(layer) {
			rate += f.rate
		}
		if f.standby && f.from == layer {
			standby++
		}
	}
	return rate, standby
}

// thin lowers the rate of ordinary packets, by at most half.
func (s *stream) thin(by float64) {
	by = min(by, s.kinds[0].upTo/2)
	s.rate -= by
	for i := range s.kinds {
		s.kinds[i].upTo -= by
	}
}
