package sphinx

import (
	"fmt"
	"io"
	"slices"
)

// Flags of a forward payload.
const (
	flagNone = 0
	flagSURB = 1
)

// New makes a packet of PacketSize bytes for path, whose last hop names a
// recipient. surb, made by NewSURB, is what the recipient can answer with, or
// nil. user is at most UserPayload bytes and is padded with zeros. All
// randomness comes from rng; production passes crypto/rand.Reader.
func (p *Params) New(rng io.Reader, path []Hop, surb, user []byte) ([]byte, error) {
	return p.AppendNew(nil, rng, path, surb, user)
}

// AppendNew is New into a buffer of the caller: the packet is appended to dst.
// On error, dst is returned as it was.
func (p *Params) AppendNew(
	dst []byte, rng io.Reader, path []Hop, surb, user []byte,
) ([]byte, error) {
	out := slices.Grow(dst, p.PacketSize())[:len(dst)+p.PacketSize()]
	packet := out[len(dst):]
	if err := p.fill(packet, rng, path, surb, user); err != nil {
		clear(packet)
		return dst, fmt.Errorf("making a packet: %w", err)
	}
	return out, nil
}

func (p *Params) fill(packet []byte, rng io.Reader, path []Hop, surb, user []byte) error {
	if p.null {
		return p.nullPacket(packet, rng, path, surb, user)
	}
	b, err := p.newBuilder(path)
	if err != nil {
		return err
	}
	defer b.erase()
	if path[len(path)-1].SURBID != nil {
		return fmt.Errorf("%w: SURB ID in a forward path", errPath)
	}
	v := p.view(packet)
	clear(v.body)
	if err := p.putPayload(v.body[tagSize:], surb, user); err != nil {
		return err
	}
	if err := b.header(rng, packet[:p.HeaderSize()]); err != nil {
		return err
	}
	for i := len(path) - 1; i >= 0; i-- {
		w := b.keys[i].Wide()
		b.engine.WideEncrypt(&w, v.body)
		clear(w[:])
	}
	return nil
}

// putPayload writes flags, SURB and user bytes over zeros.
func (p *Params) putPayload(payload, surb, user []byte) error {
	if len(user) > p.userPayload {
		return fmt.Errorf("%w: %d user bytes, room for %d", errSize, len(user), p.userPayload)
	}
	copy(payload[p.userOffset():], user)
	if surb == nil {
		return nil
	}
	if !p.surbSlot || len(surb) != p.SURBSize() {
		return fmt.Errorf("%w: SURB of %d bytes", errSize, len(surb))
	}
	payload[0] = flagSURB
	copy(payload[payloadPrefix:], surb)
	return nil
}

// ParsePayload cuts a delivered payload into the SURB (nil if there is none)
// and the user's UserPayload bytes, padding included. Both point into payload.
// The SURB is a stranger's: FromSURB checks it.
func (p *Params) ParsePayload(payload []byte) (surb, user []byte, err error) {
	if len(payload) != p.PayloadSize() {
		return nil, nil, fmt.Errorf("parsing a payload: %w", errSize)
	}
	user = payload[p.userOffset():]
	if !p.surbSlot {
		return nil, user, nil
	}
	slot := payload[payloadPrefix:p.userOffset()]
	if payload[1] != 0 {
		return nil, nil, errPayload
	}
	switch payload[0] {
	case flagSURB:
		return slot, user, nil
	case flagNone:
		if isZero(slot) {
			return nil, user, nil
		}
	}
	return nil, nil, errPayload
}

// isZero takes the same time wherever the first other byte is.
func isZero(b []byte) bool {
	var all byte
	for _, x := range b {
		all |= x
	}
	return all == 0
}
