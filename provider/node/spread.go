package node

import (
	"context"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/provider"
)

// keepLink holds one link to another provider for as long as ctx lasts, connecting again when it
// breaks.
func (b *bulletins) keepLink(ctx context.Context, f feed) {
	for trouble := ""; b.nextFrame(ctx); {
		err := b.connect(ctx, f.peer)
		if ctx.Err() == nil && err != nil && err.Error() != trouble { // each trouble once
			trouble = err.Error()
			b.log.Info("bulletins wait, and are asked for when the other provider can be reached",
				"node", f.peer.Addr, "error", err)
		}
	}
}

// nextFrame waits for the time of the next frame; it is false when ctx has ended.
func (b *bulletins) nextFrame(ctx context.Context) bool {
	b.mu.Lock()
	next := b.core.NextFrame(time.Now())
	b.mu.Unlock()
	return sleepUntil(ctx, next)
}

func (b *bulletins) connect(ctx context.Context, peer link.Peer) error {
	conn, end, err := dial(ctx, b.transport, peer, link.Bulletins)
	if err != nil {
		return err
	}
	defer end()
	return b.talk(ctx, conn)
}

// talk sends a frame at each of their times, and takes the answer in, until the link breaks.
func (b *bulletins) talk(ctx context.Context, conn link.Conn) error {
	b.mu.Lock()
	spread := b.core.Spread(directory.NodeID(conn.Peer()), true)
	b.mu.Unlock()
	frame := make([]byte, b.frame)
	for b.nextFrame(ctx) {
		b.say(spread, frame)
		if err := conn.Send(frame); err != nil {
			return err
		}
		if err := conn.Receive(frame); err != nil {
			return err
		}
		if err := b.hear(spread, frame); err != nil {
			return err
		}
	}
	return nil
}

func (b *bulletins) say(s *provider.Spread, frame []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Frame(time.Now(), frame)
}

// hear takes a frame in. What is refused is counted.
func (b *bulletins) hear(s *provider.Spread, frame []byte) (err error) {
	b.do(func(*provider.Bulletins) { _, err = s.Take(time.Now(), frame) })
	return err
}

// hearing is the links over which other providers say their bulletins and ask for those that they
// lack.
type hearing struct {
	node      *node.Node
	bulletins *bulletins
	inForce   *inForce
	budgets
}

func newHearing(n *node.Node, b *bulletins, f *inForce) *hearing {
	return &hearing{node: n, bulletins: b, inForce: f}
}

// Admits lets providers in.
func (h *hearing) Admits(peer link.PublicKey) bool { return h.inForce.isProvider(peer) }

// Serve takes frames of another provider in and answers each at once. What comes faster than the
// network's rate is not looked at.
func (h *hearing) Serve(_ context.Context, conn link.Conn) error {
	var spread *provider.Spread
	var every time.Duration
	h.bulletins.do(func(core *provider.Bulletins) {
		spread = core.Spread(directory.NodeID(conn.Peer()), false)
		every = core.FrameEvery()
	})
	frame := make([]byte, h.bulletins.frame)
	for {
		if err := conn.Receive(frame); err != nil {
			return err
		}
		if !h.allow(conn.Peer(), every) {
			h.node.Counts.Drop(provider.OverRate)
			clear(frame)
		} else if err := h.bulletins.hear(spread, frame); err != nil {
			return err
		} else {
			h.bulletins.say(spread, frame)
		}
		if err := conn.Send(frame); err != nil {
			return err
		}
	}
}
