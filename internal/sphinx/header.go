package sphinx

import (
	"crypto/subtle"
	"fmt"
	"io"

	"murmuration/internal/suite"
)

// builder is the working memory for one header, and the keys of its hops.
type builder struct {
	p        *Params
	engine   *suite.Engine
	path     []Hop
	elements []byte
	keys     []suite.HopKeys
}

func (p *Params) newBuilder(path []Hop) (*builder, error) {
	if len(path) < 1 || len(path) > p.hops {
		return nil, fmt.Errorf("%w: %d hops, not 1 to %d", errPath, len(path), p.hops)
	}
	for i := range path {
		if err := path[i].check(i == len(path)-1); err != nil {
			return nil, fmt.Errorf("hop %d: %w", i, err)
		}
		if path[i].Key.Suite() != p.suite {
			return nil, fmt.Errorf("hop %d: %w: key is not of suite %s", i, errPath, p.suite.Name())
		}
	}
	return &builder{
		p: p, engine: suite.NewEngine(), path: path,
		elements: make([]byte, len(path)*p.suite.ElementSize()),
		keys:     make([]suite.HopKeys, len(path)),
	}, nil
}

func (b *builder) erase() {
	b.engine.Erase()
	clear(b.keys)
}

func (b *builder) element(hop int) []byte {
	n := b.p.suite.ElementSize()
	return b.elements[hop*n : (hop+1)*n]
}

// header fills dst (HeaderSize bytes) with the header for the first hop.
func (b *builder) header(rng io.Reader, dst []byte) error {
	keys := make([]*suite.PublicKey, len(b.path))
	for i := range b.path {
		keys[i] = b.path[i].Key
	}
	if err := b.engine.Offer(rng, keys, b.elements, b.keys); err != nil {
		return fmt.Errorf("agreeing on keys: %w", err)
	}
	unused := (b.p.hops - len(b.path)) * b.p.blockSize()
	v := b.p.view(dst)
	// The places of unused hops are random: zeros would tell the last hop how
	// long the path was.
	if _, err := io.ReadFull(rng, v.routing[len(v.routing)-unused:]); err != nil {
		return fmt.Errorf("filling unused hops: %w", err)
	}
	b.wrap(v, unused)
	return nil
}

// wrap builds the layers from the last hop to the first. At each step the
// routing info known so far sits at the end of v.routing, `used` bytes of it;
// the rest of what that hop will see is the filler.
func (b *builder) wrap(v view, used int) {
	streams, fillers := b.keystreams()
	defer clear(streams)
	size := b.p.blockSize()
	ksLen := b.p.routingSize() + size
	for i := len(b.path) - 1; i >= 0; i-- {
		used += size
		routing := v.routing[len(v.routing)-used:]
		c := b.path[i].commands()
		if i+1 < len(b.path) {
			c.hasNext, c.next, c.nextMAC = true, b.path[i+1].ID, [macSize]byte(v.mac)
			copy(routing[commandsSize:size], b.nextCiphertext(i))
		} else {
			clear(routing[commandsSize:size])
		}
		c.put(routing[:commandsSize])
		subtle.XORBytes(routing, routing, streams[i*ksLen:])
		sum := b.authenticate(i, routing, fillers)
		copy(v.mac, sum[:])
	}
	clear(v.ad)
	copy(v.element, b.element(0))
}

func (b *builder) nextCiphertext(i int) []byte {
	if !b.p.suite.KEM() {
		return nil
	}
	return b.element(i + 1)
}

func (b *builder) authenticate(i int, routing []byte, fillers [][]byte) [macSize]byte {
	message := make([]byte, 0, adSize+len(b.elements)+b.p.routingSize())
	message = append(message, 0, 0)
	message = append(message, b.element(i)...)
	message = append(message, routing...)
	return b.engine.Authenticate(&b.keys[i].MAC, message, fillers[i])
}

// keystreams returns the stream of each hop (routing size and one block more,
// one after the other), and for each hop the filler that it finds behind the
// blocks which the sender wrote: the tails of all streams before it.
func (b *builder) keystreams() (streams []byte, fillers [][]byte) {
	size := b.p.blockSize()
	n := b.p.routingSize() + size
	streams = make([]byte, len(b.path)*n)
	fillers = make([][]byte, len(b.path))
	for i := range b.path[:len(b.path)-1] {
		s := streams[i*n : (i+1)*n]
		b.engine.XORStream(&b.keys[i].Stream, s)
		filler := make([]byte, (i+1)*size)
		copy(filler, fillers[i])
		subtle.XORBytes(filler, filler, s[n-len(filler):])
		fillers[i+1] = filler
	}
	last := len(b.path) - 1
	b.engine.XORStream(&b.keys[last].Stream, streams[last*n:])
	return streams, fillers
}
