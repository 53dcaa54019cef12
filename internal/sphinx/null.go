package sphinx

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"murmuration/internal/suite"
)

// NullParams are the parameters of a network whose packets have the sizes of p's and hide nothing:
// for the simulator, where what travels matters and what it costs to hide it does not. No name and
// no file leads here; arrows_test.go sees to it that only sim/world calls it.
//
// A null packet lists its hops in the clear, and a hop takes its place in the list instead of
// peeling. Keys are the suite's own: a hop whose key is not the listed one gets ErrMAC, as a real
// one would, so that documents, epochs and replies are the same in both.
func NullParams(p *Params) *Params {
	null := *p
	null.null = true
	return &null
}

// A null packet has the parts of a real one:
//
//	element  number 16, hop that is next 1
//	routing  for each hop: key 16, last 1, SURB 1, delay 4, next or recipient 32, SURB ID 16
//	MAC      nullMark
//	body     zeros 32 (or, in a reply, the mark of its SURB), payload
const (
	nullNumber = 16
	nullHop    = 16 + 1 + 1 + 4 + 32 + 16 // at most commandsSize
)

// nullMark stands where a real packet has its MAC, so that neither is taken for the other.
var nullMark = [macSize]byte{'n', 'u', 'l', 'l'}

// nullHeader writes a header of HeaderSize bytes into dst, which is zero.
func (p *Params) nullHeader(dst []byte, rng io.Reader, path []Hop) error {
	if len(path) < 1 || len(path) > p.hops {
		return fmt.Errorf("%w: %d hops, not 1 to %d", errPath, len(path), p.hops)
	}
	v := p.view(dst)
	if _, err := io.ReadFull(rng, v.element[:nullNumber]); err != nil {
		return fmt.Errorf("reading randomness: %w", err)
	}
	for i := range path {
		last := i == len(path)-1
		if err := path[i].check(last); err != nil {
			return fmt.Errorf("hop %d: %w", i, err)
		}
		h := v.routing[i*nullHop : (i+1)*nullHop]
		key := path[i].Key.Short()
		copy(h, key[:])
		binary.BigEndian.PutUint32(h[18:], uint32(path[i].Delay/time.Millisecond))
		if !last {
			copy(h[22:54], path[i+1].ID[:])
			continue
		}
		h[16] = 1
		copy(h[22:54], path[i].Recipient[:])
		if id := path[i].SURBID; id != nil {
			h[17] = 1
			copy(h[54:], id[:])
		}
	}
	copy(v.mac, nullMark[:])
	return nil
}

func (p *Params) nullPacket(packet []byte, rng io.Reader, path []Hop, surb, user []byte) error {
	clear(packet)
	if len(path) > 0 && path[len(path)-1].SURBID != nil {
		return fmt.Errorf("%w: SURB ID in a forward path", errPath)
	}
	if err := p.nullHeader(packet[:p.HeaderSize()], rng, path); err != nil {
		return err
	}
	return p.putPayload(p.view(packet).body[tagSize:], surb, user)
}

func (p *Params) nullSURB(surb []byte, rng io.Reader, path []Hop) (SURBKeys, error) {
	if len(path) > 0 && path[len(path)-1].SURBID == nil {
		return nil, fmt.Errorf("%w: last hop without a SURB ID", errPath)
	}
	header, first, seal := p.cutSURB(surb)
	if err := p.nullHeader(header, rng, path); err != nil {
		return nil, err
	}
	copy(first, path[0].ID[:])
	copy(seal, p.view(header).element[:nullNumber])
	keys := make(SURBKeys, len(path)+1)
	keys[len(path)] = suite.WideKey(seal)
	return keys, nil
}

func (p *Params) nullUnwrap(key *suite.PrivateKey, packet []byte) (r Result, err error) {
	v := p.view(packet)
	at := int(v.element[nullNumber])
	if [macSize]byte(v.mac) != nullMark || at >= p.hops {
		return Result{}, ErrMAC
	}
	h := v.routing[at*nullHop : (at+1)*nullHop]
	if key.Public().Short() != [16]byte(h) {
		return Result{}, ErrMAC
	}
	copy(r.Tag[:], v.element[:nullNumber+1])
	r.Delay = time.Duration(binary.BigEndian.Uint32(h[18:])) * time.Millisecond
	if h[16] == 0 {
		r.Kind, r.Next = Forward, NodeID(h[22:54])
		v.element[nullNumber]++
		return r, nil
	}
	r.Recipient = RecipientID(h[22:54])
	if h[17] == 1 {
		r.Kind, r.SURBID, r.Payload = Reply, SURBID(h[54:]), v.body
		return r, nil
	}
	if !isZero(v.body[:tagSize]) {
		clear(v.all)
		return Result{}, ErrTag
	}
	r.Kind, r.Payload = Deliver, v.body[tagSize:]
	return r, nil
}

func nullOpen(seal suite.WideKey, body []byte) {
	for i := range nullNumber {
		body[i] ^= seal[i]
	}
}
