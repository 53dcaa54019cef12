package provider

import (
	"time"

	"murmuration/internal/link"
	"murmuration/internal/transit"
)

// exchange serves one client until its connection ends: each up frame carries a packet into the mixes
// and is answered at once, from memory, with one reply or a dummy.
func (s *Server) exchange(conn link.Conn) error {
	key := SpoolKey(conn.Peer())
	admitted := false
	s.machine.Pipeline.Do(func(now time.Time) { admitted = s.edge.Attach(now, key) })
	if !admitted {
		return nil
	}
	defer s.machine.Pipeline.Do(func(now time.Time) { s.edge.Detach(now, key) })
	up := make([]byte, frameSize(s.machine, link.Exchange))
	down := make([]byte, len(up))
	for {
		if err := conn.Receive(up); err != nil {
			return err
		}
		frame, err := link.ParseUp(up)
		if err != nil {
			s.machine.Counts.Drop(transit.BadFrame)
			return err
		}
		if err := s.answerExchange(conn, key, frame, down); err != nil {
			return err
		}
	}
}

func (s *Server) answerExchange(conn link.Conn, key SpoolKey, up link.Up, down []byte) error {
	var (
		answer link.Down
		reason transit.Reason
	)
	s.machine.Pipeline.Do(func(now time.Time) { answer, reason = s.edge.Exchange(now, key, up.Received) })
	if err := answer.Marshal(down); err != nil {
		return err
	}
	if reason != transit.Accepted {
		s.machine.Counts.Drop(reason)
	} else {
		packet := s.machine.Buffers.Get()
		copy(packet, up.Packet)
		s.machine.Pipeline.Submit(packet)
	}
	return conn.Send(down)
}
