package sender

import (
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
)

// packet is the packet of the coming slot, built before the slot.
type packet struct {
	at     time.Time
	stream Stream
	epoch  directory.Epoch // of the document that it was built with
	frame  []byte          // nil if no document serves: the slot stays silent
	id     sphinx.SURBID
	reply  *awaited // nil in the drop stream
	// question says that it carries one for write tokens in place of a packet
	question bool
	delays   time.Duration
	// fetch is what Fetches gave for this slot, whether or not the packet could carry it; else nil
	fetch *Fetch
}

// carries says whether it asks for what the queue knows by a token.
func (p *packet) carries(token uint64) bool {
	return p != nil && p.reply != nil && p.reply.work != nil && p.reply.work.Token == token
}

// slotRequest is what a packet asks for, with whom it is for.
type slotRequest struct {
	Request
	work  *queued
	fetch *Fetch // if not nil, Request is of no meaning
	// of a write that is paid for: with what, and at whom that is good; else nil
	paid *payment
}

// Prepare builds the packet of the coming slot, if that is not done yet: the costly part, which a
// driver does while it waits. Due does it itself if nobody did.
func (s *Sender) Prepare() {
	s.tell()
	if s.packet != nil {
		return
	}
	stream, at := s.slots.coming()
	p := &packet{at: at, stream: stream}
	if v, e := s.views.at(at); v != nil {
		p.epoch = v.epoch
		if err := s.build(p, s.router(v, e, at)); err != nil {
			p.frame, p.reply = nil, nil
		}
	}
	s.packet = p
}

// router is for the packet of a slot at a time in epoch e. Where our provider has no key of the
// next epoch yet, that of e does it.
func (s *Sender) router(v *view, e directory.Epoch, at time.Time) router {
	r := router{packets: &s.packets, view: v, epoch: s.views.keys(v, e, at, s.packets.route)}
	if r.home = s.views.home(r.packets.own, v, r.epoch); r.home == nil {
		r.epoch, r.home = e, s.views.home(r.packets.own, v, e)
	}
	return r
}

// build fills p. A request that cannot be carried becomes one that nobody waits for, so that no
// trouble with one box shows on the wire.
func (s *Sender) build(p *packet, r router) error {
	if p.stream == Drop {
		if s.ask(p, r) {
			return nil
		}
		return s.packets.drop(p, r)
	}
	e := s.choose(p.at, r)
	p.fetch = e.fetch
	r.slow = s.views.slow(r.view, r.epoch, p.at) && (e.Slow || e.fetch != nil && e.fetch.Slow)
	err := s.packets.request(p, r, e)
	if err != nil {
		err = s.packets.request(p, r, s.anything(r))
	}
	return err
}
