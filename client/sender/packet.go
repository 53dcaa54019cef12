package sender

import (
	"math/rand/v2"
	"time"

	"murmuration/internal/box"
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
	delays time.Duration
	// fetch is what Fetches gave for this slot, whether or not the packet could carry it; else nil
	fetch *Fetch
}

// carries says whether it asks for what the work lane knows by a token.
func (p *packet) carries(token uint64) bool {
	return p != nil && p.reply != nil && p.reply.work != nil && p.reply.work.Token == token
}

// slotRequest is what a packet asks for, with whom it is for.
type slotRequest struct {
	Request
	work  *queued
	place *place
	fetch *Fetch // if not nil, Request is of no meaning
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
		e = s.views.keys(v, e, at, s.packets.route)
		if err := s.build(p, router{packets: &s.packets, view: v, epoch: e}); err != nil {
			p.frame, p.reply = nil, nil
		}
	}
	s.packet = p
}

// build fills p. A request that cannot be carried becomes a random read, so that no trouble with
// one box shows on the wire.
func (s *Sender) build(p *packet, r router) error {
	if p.stream == Drop {
		return s.packets.drop(p, r)
	}
	e := s.choose(p.stream, p.at, r)
	p.fetch = e.fetch
	r.slow = s.views.slow(r.view, r.epoch, p.at) && (e.Slow || e.fetch != nil && e.fetch.Slow)
	err := s.packets.request(p, r, e)
	if err != nil {
		err = s.packets.request(p, r, s.random(p.at, r))
	}
	return err
}

// choose is what a slot carries: the watched set's pick, the head of the queue, or a random read.
// While loops do not come back, half of the work waits.
func (s *Sender) choose(stream Stream, at time.Time, r router) slotRequest {
	if s.fetches != nil {
		return s.work(at, r)
	}
	if stream == Loop || s.slots.poll {
		p := s.watched.pick(at, s.views.day(at))
		return slotRequest{Request: p.request(), place: p}
	}
	if s.replies.loops.low() && s.packets.route.IntN(2) == 0 {
		return s.random(at, r)
	}
	if it := s.queue.head(at, true); it != nil {
		return slotRequest{Request: it.request(at), work: it}
	}
	return s.random(at, r)
}

// random is a request that nobody waits for: who polls reads a fresh id, as like a real one as can
// be; who fetches asks for the digest of a document, as everybody does now and then.
func (s *Sender) random(at time.Time, r router) slotRequest {
	if s.fetches != nil {
		return slotRequest{Request: Request{
			Op: box.OpDigest, Epoch: r.view.epoch, Try: s.packets.route.IntN(1 << 10),
		}}
	}
	read := Request{Op: box.OpRead, Day: s.views.day(at), Box: box.Box{ID: s.ids.draw()}}
	return slotRequest{Request: read}
}

// ids are random ones: of decoys, and of reads that nobody waits for.
type ids struct{ source *rand.ChaCha8 }

func (i ids) draw() box.ID {
	id, err := box.RandomID(i.source)
	if err != nil {
		panic("sender: a ChaCha8 generator ran dry")
	}
	return id
}
