package sender

import (
	"fmt"
	"io"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
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
}

// slotRequest is what a packet asks for: a read, write or tombstone, with whom it is for.
type slotRequest struct {
	Request
	work  *queued
	place *place
}

// Prepare builds the packet of the coming slot, if that is not done yet: the costly part, which a
// driver does while it waits. Due does it itself if nobody did.
func (s *Sender) Prepare() {
	if s.packet != nil {
		return
	}
	stream, at := s.slots.coming()
	p := &packet{at: at, stream: stream}
	if v, e := s.viewAt(at); v != nil {
		p.epoch = v.epoch
		if err := s.build(p, router{s, v, e, s.route}); err != nil {
			p.frame, p.reply = nil, nil
		}
	}
	s.packet = p
}

// build fills p. A request that cannot be carried becomes a random read, so that no trouble with one
// box shows on the wire.
func (s *Sender) build(p *packet, r router) error {
	if p.stream == Drop {
		return s.buildDrop(p, r)
	}
	err := s.buildRequest(p, r, s.choose(p.stream, p.at))
	if err != nil {
		err = s.buildRequest(p, r, s.random(p.at))
	}
	return err
}

// choose is what a slot carries: the watched set's pick, the head of the queue, or a random read. While loops
// do not come back, half of the work waits.
func (s *Sender) choose(stream Stream, at time.Time) slotRequest {
	if stream == Loop || s.slots.poll {
		p := s.watched.pick(at, s.day(at))
		return slotRequest{p.request(), nil, p}
	}
	if s.replies.loops.low() && s.route.IntN(2) == 0 {
		return s.random(at)
	}
	if it := s.queue.head(at); it != nil {
		return slotRequest{it.request(), it, nil}
	}
	return s.random(at)
}

// random is a read that nobody waits for: of a fresh id, as like a real one as can be.
func (s *Sender) random(at time.Time) slotRequest {
	return slotRequest{Request: Request{Op: box.OpRead, Day: s.day(at), Box: box.Box{ID: s.randomID()}}}
}

// buildRequest makes the packet for e, with a fresh path, fresh delays and a fresh SURB.
func (s *Sender) buildRequest(p *packet, r router, e slotRequest) error {
	holders := r.view.asked(e.Request, s.cfg.Provider)
	if len(holders) == 0 {
		return ErrDay
	}
	holder := holders[e.Try%len(holders)]
	path, there, err := r.forward(holder, protocol.ServiceBoxes)
	if err != nil {
		return err
	}
	surb, keys, back, err := s.surb(p, r)
	if err != nil {
		return err
	}
	p.delays = there + back + r.view.net.ReplyAllowance
	p.reply = &awaited{
		keys: keys, holder: directory.NodeID(holder.id), op: e.Op, day: e.Day, id: e.Box.ID, epoch: e.Epoch,
		stream: p.stream, work: e.work, place: e.place,
	}
	return s.seal(p, path, surb, box.Request{Op: e.Op, Day: e.Day, Box: e.Box, Epoch: uint64(e.Epoch)}.Marshal(s.format))
}

func (s *Sender) surb(p *packet, r router) (surb []byte, keys sphinx.SURBKeys, delays time.Duration, err error) {
	if _, err = io.ReadFull(s.cfg.Rand, p.id[:]); err != nil {
		return nil, nil, 0, fmt.Errorf("drawing a SURB id: %w", err)
	}
	id := p.id
	path, delays, err := r.back(&id)
	if err != nil {
		return nil, nil, 0, err
	}
	surb, keys, err = s.params.NewSURB(s.cfg.Rand, path)
	return surb, keys, delays, err
}

// buildDrop makes a packet of noise for a provider drawn from all, who throws it away.
func (s *Sender) buildDrop(p *packet, r router) error {
	last := r.view.providers[r.rng.IntN(len(r.view.providers))]
	path, _, err := r.forward(last, protocol.ServiceDrop)
	if err != nil {
		return err
	}
	noise := make([]byte, s.params.UserPayload())
	if _, err := io.ReadFull(s.cfg.Rand, noise); err != nil {
		return fmt.Errorf("drawing noise: %w", err)
	}
	return s.seal(p, path, nil, noise)
}

// seal makes the exchange frame, all but the acknowledgement that Due writes.
func (s *Sender) seal(p *packet, path []sphinx.Hop, surb, user []byte) error {
	frame := make([]byte, protocol.ExchangeOverhead, protocol.ExchangeOverhead+s.params.PacketSize())
	frame, err := s.params.AppendNew(frame, s.cfg.Rand, path, surb, user)
	if err != nil {
		return err
	}
	p.frame = frame
	return nil
}
