package des

import "murmuration/sim/stat"

// clients are the sources of packets. Which streams a client has is the same for all and stands in
// Config. Most of the time most clients have nothing to send or to fetch, and a million of them do
// not fit into a cache: whether one is online stands in bits apart, so that slots of cover look
// nowhere else.
type clients struct {
	e                       *engine
	slots                   clock // all clients' streams in one
	rng                     *stat.Rand
	life                    *stat.Rand // of sessions and absences
	offline                 set
	payloadShare, loopShare float64 // of the packets that clients send
}

// set is a set of clients: 125 kB for a million.
type set []uint64

func newSet(n int) set         { return make(set, (n+63)/64) }
func (b set) has(c int32) bool { return b[c>>6]&(1<<(c&63)) != 0 }
func (b set) add(c int32)      { b[c>>6] |= 1 << (c & 63) }
func (b set) clear(c int32)    { b[c>>6] &^= 1 << (c & 63) }

func (s *clients) init(e *engine) {
	c := &e.cfg
	s.e, s.rng, s.life = e, e.random("des slots"), e.random("des sessions")
	s.offline = newSet(c.Clients)
	payload, loops := perSecond(c.PayloadEvery), perSecond(c.LoopEvery)
	drops := perSecond(c.DropEvery)
	s.payloadShare = payload / (payload + loops + drops)
	s.loopShare = loops / (payload + loops + drops)
	s.slots = newClock(c.packetRate(), s.rng)
	s.begin()
}

// begin draws who is online at the start, in the long-run share, and until when.
func (s *clients) begin() {
	on, off := float64(s.e.cfg.OnlineFor), float64(s.e.cfg.OfflineFor)
	if on == 0 {
		return
	}
	for c := range int32(s.e.cfg.Clients) {
		if s.life.Float64() >= on/(on+off) {
			s.offline.add(c)
		}
		s.e.later(s.remains(c), event{Src: c, Kind: toggled})
	}
}

// remains draws how long a client stays as it is.
func (s *clients) remains(c int32) int64 {
	mean := s.e.cfg.OnlineFor
	if s.offline.has(c) {
		mean = s.e.cfg.OfflineFor
	}
	return int64(s.life.Exp() * float64(mean))
}

// toggle brings a client online or takes it offline.
func (s *clients) toggle(ev event) {
	c := ev.Src
	if s.offline.has(c) {
		s.offline.clear(c)
		s.e.spools.comeBack(c)
		s.e.readers.comeBack(c)
		s.e.seen.comes(c)
	} else {
		s.offline.add(c)
		s.e.seen.goes(c)
	}
	s.e.later(s.remains(c), ev)
}

// slot is one sending slot of some client's streams. Which client and which stream is
// drawn now: superposed Poisson processes do not remember.
func (s *clients) slot() {
	c := int32(s.rng.IntN(s.e.cfg.Clients))
	x := s.rng.Float64()
	if s.offline.has(c) {
		return
	}
	switch {
	case x < s.payloadShare:
		s.payload(c)
	case x < s.payloadShare+s.loopShare:
		s.loop(c)
	default:
		s.send(event{Src: c, Dst: s.e.routes.anyProvider(), Ref: none, Class: drop})
	}
	s.e.outboxes.passed(c)
}

func (s *clients) payload(c int32) {
	e := s.e
	if e.cfg.Bulletins.Every > 0 {
		e.fetches.slot(c)
		return
	}
	if e.cfg.Boxes.Watched > 0 && s.rng.Float64() < e.cfg.Boxes.PollShare {
		e.watched.poll(c)
		return
	}
	if ev, ok := e.outboxes.take(c); ok {
		s.send(ev)
		return
	}
	switch {
	case e.cfg.NoCover:
	case e.cfg.Boxes.Watched > 0:
		s.send(event{Src: c, Dst: e.routes.otherProvider(c), Ref: none, Class: request})
	default:
		s.send(event{Src: c, Dst: e.routes.anyProvider(), Ref: none, Class: drop})
	}
}

func (s *clients) loop(c int32) {
	if s.e.cfg.Bulletins.Every > 0 {
		s.e.fetches.slot(c)
		return
	}
	if s.e.cfg.Boxes.Watched > 0 {
		s.e.watched.poll(c)
		return
	}
	s.e.m.count.loopsSent++
	s.send(event{Src: c, Dst: c, Ref: none, Class: loop})
}

// send gives a client's packet to its provider, or to the bundle that it fills.
func (s *clients) send(ev event) {
	if s.e.cfg.bundleSize() > 1 {
		s.e.bundles.wrap(ev)
		return
	}
	s.e.links.up(ev)
}
