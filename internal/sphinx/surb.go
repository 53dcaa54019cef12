package sphinx

import (
	"fmt"
	"io"
	"slices"

	"murmuration/internal/suite"
)

// SURBKeys open the reply to one SURB: a wide-block key for each hop, the last
// hop first, then the one under which the reply was sealed. Use them once.
type SURBKeys []suite.WideKey

// erase overwrites the keys.
func (k SURBKeys) erase() { clear(k) }

// NewSURB makes a single-use reply block of SURBSize bytes, and the keys for
// its reply. The last hop of path names the maker's own recipient and SURB ID.
func (p *Params) NewSURB(rng io.Reader, path []Hop) (surb []byte, keys SURBKeys, err error) {
	surb = make([]byte, p.SURBSize())
	if keys, err = p.fillSURB(surb, rng, path); err != nil {
		return nil, nil, fmt.Errorf("making a SURB: %w", err)
	}
	return surb, keys, nil
}

func (p *Params) fillSURB(surb []byte, rng io.Reader, path []Hop) (SURBKeys, error) {
	if p.null {
		return p.nullSURB(surb, rng, path)
	}
	b, err := p.newBuilder(path)
	if err != nil {
		return nil, err
	}
	defer b.erase()
	if path[len(path)-1].SURBID == nil {
		return nil, fmt.Errorf("%w: last hop without a SURB ID", errPath)
	}
	header, first, seal := p.cutSURB(surb)
	if _, err := io.ReadFull(rng, seal); err != nil {
		return nil, fmt.Errorf("reading randomness: %w", err)
	}
	if err := b.header(rng, header); err != nil {
		return nil, err
	}
	copy(first, path[0].ID[:])
	keys := make(SURBKeys, 0, len(path)+1)
	for i := range b.keys {
		keys = append(keys, b.keys[i].Wide())
	}
	slices.Reverse(keys)
	return append(keys, suite.WideKey(seal)), nil
}

func (p *Params) cutSURB(surb []byte) (header, first, seal []byte) {
	h := p.HeaderSize()
	return surb[:h], surb[h : h+len(NodeID{})], surb[h+len(NodeID{}):]
}

// checkSURB refuses bytes that cannot be a SURB of this network: errSize,
// errVersion, ErrDegenerate. What else is wrong with it, only its hops can see.
func (p *Params) checkSURB(surb []byte) error {
	if len(surb) != p.SURBSize() {
		return fmt.Errorf("checking a SURB: %w", errSize)
	}
	v := p.view(surb)
	if v.ad[0] != 0 || v.ad[1] != 0 {
		return fmt.Errorf("checking a SURB: %w", errVersion)
	}
	if !p.null && p.suite.ValidElement(v.element) != nil {
		return fmt.Errorf("checking a SURB: %w", ErrDegenerate)
	}
	return nil
}

// FromSURB makes the packet that carries payload (at most PayloadSize bytes,
// padded with zeros) back to the maker of surb, and names the hop to send it to.
func (p *Params) FromSURB(surb, payload []byte) (packet []byte, first NodeID, err error) {
	if err := p.checkSURB(surb); err != nil {
		return nil, NodeID{}, err
	}
	if len(payload) > p.PayloadSize() {
		return nil, NodeID{}, fmt.Errorf("replying: %w: %d bytes, room for %d", errSize,
			len(payload), p.PayloadSize())
	}
	header, id, seal := p.cutSURB(surb)
	packet = make([]byte, p.PacketSize())
	copy(packet, header)
	body := packet[len(header):]
	copy(body[tagSize:], payload)
	key := suite.WideKey(seal)
	if p.null {
		nullOpen(key, body)
		return packet, NodeID(id), nil
	}
	engine := suite.NewEngine()
	engine.WideEncrypt(&key, body)
	engine.Erase()
	clear(key[:])
	return packet, NodeID(id), nil
}

// OpenReply opens the body of a Reply (BodySize bytes) in place, and returns
// the PayloadSize bytes in it. ErrTag means that it was changed on the way or
// belongs to other keys; body is then wiped.
func (p *Params) OpenReply(keys SURBKeys, body []byte) ([]byte, error) {
	if len(body) != p.BodySize() || len(keys) < 2 || len(keys) > p.hops+1 {
		return nil, fmt.Errorf("opening a reply: %w", errSize)
	}
	if p.null {
		nullOpen(keys[len(keys)-1], body)
	} else {
		keys.open(body)
	}
	if !isZero(body[:tagSize]) {
		clear(body)
		return nil, ErrTag
	}
	return body[tagSize:], nil
}

// open undoes what the hops and the seal did to a reply's body.
func (k SURBKeys) open(body []byte) {
	engine := suite.NewEngine()
	defer engine.Erase()
	hops := k[:len(k)-1]
	for i := range hops {
		engine.WideEncrypt(&hops[i], body)
	}
	engine.WideDecrypt(&k[len(hops)], body)
}
