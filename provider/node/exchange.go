package node

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/transit"
	"murmuration/provider"
	"murmuration/provider/desk"
)

// exchanges are the links of clients.
type exchanges struct {
	node      *node.Node
	edge      *provider.Edge
	inForce   *inForce
	bulletins *bulletins
	doorman   *doorman // nil when everybody is invited
	trouble   *complaints
	start     time.Time // of the network

	mu    sync.Mutex // guards conns; locked after the core
	conns map[provider.SpoolKey]link.Conn
}

func newExchanges(n *node.Node, edge *provider.Edge, f *inForce, b *bulletins, d *doorman,
	trouble *complaints, start time.Time) *exchanges {
	s := &exchanges{node: n, edge: edge, inForce: f, bulletins: b, doorman: d, trouble: trouble,
		start: start, conns: map[provider.SpoolKey]link.Conn{}}
	b.give = s.give
	return s
}

// Admits lets everybody in, once there is a document to go by: before it, all that they send would
// be dropped.
func (s *exchanges) Admits(link.PublicKey) bool { return s.inForce.document.Load() != nil }

// Room implements node.Roomy: who is not invited, or has no place here and would get none, is told
// so.
func (s *exchanges) Room(g link.Guest) (answer link.Answer) {
	if s.doorman != nil && !s.doorman.admits(g, time.Now()) {
		return link.Uninvited
	}
	s.node.Do(func(now time.Time) {
		key := provider.SpoolKey(g.Peer)
		if !s.edge.Room(now, key, block(g)) || s.node.Leaving() && !s.edge.Known(key) {
			answer = link.Full
		}
	})
	return answer
}

// block is where a client comes from. This computer is no such place: whoever comes from it comes
// through an onion service, or is one of many that try a network out.
func block(g link.Guest) provider.Block {
	if strings.HasPrefix(string(g.Block), "127.") || strings.HasPrefix(string(g.Block), "::/") {
		return ""
	}
	return provider.Block(g.Block)
}

// Serve serves one client until its connection ends: each up frame carries a packet into the mixes
// and is answered at once, from memory, with one reply or a dummy, and with bulletins in every byte
// that is left. The first of them gives a newcomer a place.
func (s *exchanges) Serve(_ context.Context, conn link.Conn) error {
	key := provider.SpoolKey(conn.Peer())
	up := make([]byte, s.node.FrameSize(link.Exchange))
	down := make([]byte, len(up))
	var cursor *provider.Cursor // from the first exchange on
	judged := s.judge(key)
	for {
		if err := conn.Receive(up); err != nil {
			return err
		}
		frame, err := exchange.ParseUp(up)
		if err != nil {
			s.node.Counts.Drop(transit.BadFrame)
			return err
		}
		if cursor == nil {
			if !s.attach(conn) {
				return nil
			}
			cursor = s.bulletins.cursor()
			defer s.detach(conn)
		}
		if err := s.answer(conn, key, cursor, frame, down, judged); err != nil {
			return err
		}
	}
}

// judge tells the edge when a client begins to send what is no packet, and when it stops. It knows
// of a packet that it could be opened, and nothing else.
func (s *exchanges) judge(key provider.SpoolKey) func(opened bool) {
	var garbage atomic.Bool
	return func(opened bool) {
		if garbage.Swap(!opened) == opened {
			s.node.Do(func(time.Time) { s.edge.Judged(key, opened) })
		}
	}
}

// attach gives the connection to its client's place, or the client a place; it is false when there
// is none.
func (s *exchanges) attach(conn link.Conn) (ok bool) {
	g := conn.Guest()
	if s.doorman != nil {
		if err := s.doorman.bind(g); err != nil {
			s.trouble.tell("an invited client got no place: is the disk full?", err)
			return false
		}
	}
	var lost []provider.SpoolKey
	s.node.Do(func(now time.Time) {
		ok = s.edge.Attach(now, provider.SpoolKey(g.Peer), block(g))
		lost = s.edge.TakeLost()
	})
	for _, old := range s.enlist(conn, ok, lost) {
		old.Close()
	}
	return ok
}

// enlist notes a connection that was attached, and gives those of clients whose places are lost.
func (s *exchanges) enlist(conn link.Conn, ok bool, lost []provider.SpoolKey) (old []link.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		s.conns[provider.SpoolKey(conn.Peer())] = conn
	}
	for _, key := range lost {
		if c := s.conns[key]; c != nil {
			old = append(old, c)
		}
	}
	return old
}

// detach ends what attach began.
func (s *exchanges) detach(conn link.Conn) {
	key := provider.SpoolKey(conn.Peer())
	s.node.Do(func(now time.Time) { s.edge.Detach(now, key) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[key] == conn {
		delete(s.conns, key)
	}
}

// errPlaceLost ends the connection of a client whose place went to somebody else.
var errPlaceLost = errors.New("the client's place went to another")

func (s *exchanges) answer(conn link.Conn, key provider.SpoolKey, cursor *provider.Cursor,
	up exchange.Up, down []byte, judged func(bool)) error {
	var (
		answer exchange.Down
		reason transit.Reason
		tokens []bulletin.Tokens
	)
	s.node.Do(func(now time.Time) {
		answer, reason = s.edge.Exchange(now, key, up.Received)
		tokens = s.edge.TakeTokens(key)
	})
	if reason == provider.NoSpool {
		return errPlaceLost
	}
	answer.Stream = s.bulletins.fill(cursor, up.Roll, answer.Free(len(down)), tokens)
	if err := answer.Marshal(down); err != nil {
		return err
	}
	// First the answer: on the link nobody sees how long what came up takes here.
	err := conn.Send(down)
	switch {
	case reason != transit.Accepted:
		s.node.Counts.Drop(reason)
	case up.Kind == exchange.Tokens:
		s.ask(key, up.Packet, judged)
	default:
		s.node.Submit(up.Packet, judged)
	}
	return err
}

// ask takes a question that came in the place of a packet. One that nobody may ask is as good as
// what is no packet.
func (s *exchanges) ask(key provider.SpoolKey, question []byte, judged func(bool)) {
	var asking desk.Asking
	var pass bool
	var reason transit.Reason
	doc := s.inForce.document.Load()
	s.node.Do(func(now time.Time) {
		asking, pass, reason = s.edge.Ask(now, key, doc, box.DayOf(s.start, now), question)
	})
	if reason != transit.Accepted {
		s.node.Counts.Drop(reason)
		if reason != provider.NoShare { // it is others of its block who asked for too many
			judged(false)
		}
	}
	if pass {
		s.bulletins.ask(asking)
	}
}

// give has tokens that came for clients go with their next exchanges.
func (s *exchanges) give(all []desk.Answer) {
	if len(all) == 0 {
		return
	}
	s.node.Do(func(time.Time) {
		for _, a := range all {
			s.edge.Give(a)
		}
	})
}
