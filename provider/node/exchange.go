package node

import (
	"context"
	"time"

	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/transit"
	"murmuration/provider"
)

// exchanges are the links of clients.
type exchanges struct {
	node      *node.Node
	edge      *provider.Edge
	inForce   *inForce
	bulletins *bulletins
}

// Admits lets everybody in, once there is a document to go by: before it, all that they send would
// be dropped. Who is no client of this provider yet becomes one, if there is room.
func (s exchanges) Admits(link.PublicKey) bool { return s.inForce.document.Load() != nil }

// Serve serves one client until its connection ends: each up frame carries a packet into the mixes
// and is answered at once, from memory, with one reply or a dummy, and with bulletins in every byte
// that is left.
func (s exchanges) Serve(_ context.Context, conn link.Conn) error {
	key := provider.SpoolKey(conn.Peer())
	admitted := false
	s.node.Do(func(now time.Time) { admitted = s.edge.Attach(now, key) })
	if !admitted {
		return nil
	}
	defer s.node.Do(func(now time.Time) { s.edge.Detach(now, key) })
	cursor := s.bulletins.cursor()
	up := make([]byte, s.node.FrameSize(link.Exchange))
	down := make([]byte, len(up))
	for {
		if err := conn.Receive(up); err != nil {
			return err
		}
		frame, err := exchange.ParseUp(up)
		if err != nil {
			s.node.Counts.Drop(transit.BadFrame)
			return err
		}
		if err := s.answer(conn, key, cursor, frame, down); err != nil {
			return err
		}
	}
}

func (s exchanges) answer(conn link.Conn, key provider.SpoolKey, cursor *provider.Cursor,
	up exchange.Up, down []byte) error {
	var (
		answer exchange.Down
		reason transit.Reason
	)
	s.node.Do(func(now time.Time) { answer, reason = s.edge.Exchange(now, key, up.Received) })
	answer.Stream = s.bulletins.fill(cursor, up.Roll, answer.Free(len(down)))
	if err := answer.Marshal(down); err != nil {
		return err
	}
	if reason != transit.Accepted {
		s.node.Counts.Drop(reason)
	} else {
		s.node.Submit(up.Packet)
	}
	return conn.Send(down)
}
