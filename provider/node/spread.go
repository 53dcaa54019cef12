package node

import (
	"context"
	"crypto/rand"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/provider"
	"murmuration/provider/desk"
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
	var landed []desk.Answer
	b.do(func(core *provider.Bulletins) {
		_, err = s.Take(time.Now(), frame)
		landed = core.Desk().TakeAnswers()
	})
	b.give(landed)
	b.wake()
	return err
}

// ask passes a client's question for tokens on.
func (b *bulletins) ask(a desk.Asking) {
	b.mu.Lock()
	_ = b.core.Desk().Queue(time.Now(), a) // what is refused is counted
	b.mu.Unlock()
	b.wake()
}

// wake has tokens issued that were asked for.
func (b *bulletins) wake() {
	select {
	case b.asked <- struct{}{}:
	default:
	}
}

// issue gives tokens to those who asked, one batch at a time and in no frame's time, so that
// nothing on a link is later for it. It ends with ctx.
func (b *bulletins) issue(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.asked:
		}
		for ctx.Err() == nil && b.issueOne() {
		}
	}
}

// issueOne is false when nobody waits.
func (b *bulletins) issueOne() bool {
	b.mu.Lock()
	batch, ok := b.core.Desk().NextBatch()
	b.mu.Unlock()
	if !ok {
		return false
	}
	answer, err := batch.Issue(rand.Reader, b.keys)
	b.mu.Lock()
	b.core.Desk().Issued(batch, answer, err)
	landed := b.core.Desk().TakeAnswers()
	b.mu.Unlock()
	b.give(landed)
	return true
}

// tokens counts what was asked for and issued.
func (b *bulletins) tokens() desk.Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.Desk().Stats()
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
