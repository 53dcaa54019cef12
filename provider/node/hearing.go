package node

import (
	"context"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/provider"
)

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
