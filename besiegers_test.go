package main

import (
	"context"
	"crypto/rand"
	"errors"
	mrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// What the besiegers do at each provider.
const (
	squatPause = 100 * time.Millisecond // between two throwaway keys
	heldOpen   = 120                    // connections of each idle kind
	chatters   = 50                     // keys that send noise, more than there are places
	flooders   = 4                      // clients that always send and acknowledge nothing
)

// besiege begins all attacks; they end with the test.
func (s *siege) besiege(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, "net", "genesis"))
	if err != nil {
		t.Fatal(err)
	}
	if s.genesis, err = directory.ParseGenesis(raw); err != nil {
		t.Fatal(err)
	}
	if s.params, err = s.genesis.Parameters.PacketParams(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var besiegers sync.WaitGroup
	t.Cleanup(func() { cancel(); besiegers.Wait() })
	for _, e := range s.genesis.Entries {
		at := link.Peer{Addr: e.Addr, Key: link.PublicKey(e.ID)}
		besiegers.Go(func() { s.squat(ctx, at) })
		besiegers.Go(func() { s.sit(ctx, at, link.Exchange, &s.silent) })
		besiegers.Go(func() { s.sit(ctx, at, link.Directory, &s.sitters) })
		besiegers.Go(func() { s.stayHalfOpen(ctx, at.Addr) })
		for range chatters {
			besiegers.Go(func() {
				for ctx.Err() == nil {
					s.chatter(ctx, at)
					pause(ctx, 2*time.Second)
				}
			})
		}
		for range flooders {
			besiegers.Go(func() {
				for ctx.Err() == nil {
					s.flood(ctx, at)
					pause(ctx, time.Second)
				}
			})
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// dial links under a key that nobody ever saw.
func (s *siege) dial(ctx context.Context, at link.Peer, kind link.Kind) (link.Conn, error) {
	var seed link.Seed
	rand.Read(seed[:])
	return s.dialAs(ctx, at, kind, seed)
}

func (s *siege) dialAs(ctx context.Context, at link.Peer, kind link.Kind, seed link.Seed) (
	link.Conn, error) {
	transport, err := link.NewTLS(link.Config{Network: s.genesis.ID(), Identity: seed,
		FrameSize: func(k link.Kind) int {
			if k == link.Directory {
				return query.FrameSize
			}
			return s.params.PacketSize() + protocol.ExchangeOverhead
		}})
	if err != nil {
		return nil, err
	}
	conn, err := transport.Dial(ctx, at, kind)
	if errors.Is(err, link.ErrFull) {
		s.full.Add(1)
	}
	return conn, err
}

// squat takes places under throwaway keys: one exchange each. Every second one hangs up, the others
// stay and say nothing more.
func (s *siege) squat(ctx context.Context, at link.Peer) {
	held := holding{most: heldOpen}
	defer held.end()
	for n := 0; ctx.Err() == nil; n++ {
		if conn, err := s.dial(ctx, at, link.Exchange); err == nil {
			frame := make([]byte, s.params.PacketSize()+protocol.ExchangeOverhead)
			rand.Read(frame[protocol.ExchangeOverhead:])
			if conn.Send(frame) == nil && conn.Receive(frame) == nil {
				s.squats.Add(1)
			}
			if n%2 == 0 {
				conn.Close()
			} else {
				held.add(conn.Close)
			}
		}
		pause(ctx, squatPause)
	}
}

// chatter is one key that sends noise where a client sends packets, until its link ends.
func (s *siege) chatter(ctx context.Context, at link.Peer) {
	conn, err := s.dial(ctx, at, link.Exchange)
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	frame := make([]byte, s.params.PacketSize()+protocol.ExchangeOverhead)
	for ctx.Err() == nil {
		clear(frame[:protocol.ExchangeOverhead])
		rand.Read(frame[protocol.ExchangeOverhead:])
		if conn.Send(frame) != nil || conn.Receive(frame) != nil {
			return
		}
		s.chats.Add(1)
		pause(ctx, s.genesis.Parameters.PayloadEvery)
	}
}

// sit opens links of a kind and says nothing on them.
func (s *siege) sit(ctx context.Context, at link.Peer, kind link.Kind, count *atomic.Int64) {
	held := holding{most: heldOpen}
	defer held.end()
	for ctx.Err() == nil {
		if conn, err := s.dial(ctx, at, kind); err == nil {
			count.Add(1)
			held.add(conn.Close)
		}
		pause(ctx, squatPause)
	}
}

// stayHalfOpen opens sockets and does not begin a handshake.
func (s *siege) stayHalfOpen(ctx context.Context, addr string) {
	held := holding{most: heldOpen}
	defer held.end()
	for ctx.Err() == nil {
		if socket, err := net.Dial("tcp", addr); err == nil {
			s.halfOpen.Add(1)
			held.add(socket.Close)
		}
		pause(ctx, squatPause/2)
	}
}

// holding keeps so many things open; one more closes the oldest.
type holding struct {
	most int
	open []func() error
}

func (h *holding) add(close func() error) {
	if h.open = append(h.open, close); len(h.open) > h.most {
		h.open[0]()
		h.open = h.open[1:]
	}
}

func (h *holding) end() {
	for _, close := range h.open {
		close()
	}
}

// flood is one client that writes in every slot, sends noise besides, and acknowledges nothing, so
// that its replies stay. It ends when the provider has enough of it, or the document is old.
func (s *siege) flood(ctx context.Context, at link.Peer) {
	var seed link.Seed
	rand.Read(seed[:])
	client, tokens, err := s.flooder(ctx, at, seed)
	if err != nil {
		return
	}
	var (
		asked []uint64
		wrote time.Time
	)
	conn, err := s.dialAs(ctx, at, link.Exchange, seed)
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	client.Connect(time.Now(), 0)
	down := make([]byte, s.params.PacketSize()+protocol.ExchangeOverhead)
	noise := make([]byte, len(down))
	rand.Read(noise[protocol.ExchangeOverhead:])
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end) && ctx.Err() == nil; {
		if s.writesEvery > 0 && time.Since(wrote) > s.writesEvery {
			asked, wrote = s.enqueue(client, asked), time.Now()
		}
		client.Prepare()
		pause(ctx, time.Until(client.Next()))
		sent, ok := client.Due(time.Now())
		if !ok {
			continue
		}
		up, err := exchange.ParseUp(sent.Frame)
		if err != nil || (exchange.Up{Kind: up.Kind, Packet: up.Packet}).Marshal(noise) != nil {
			return
		}
		for range 2 { // the second is a replay, and above the rate
			if conn.Send(noise) != nil || conn.Receive(down) != nil {
				s.cut.Add(1)
				return
			}
			s.frames.Add(1)
			tokens.take(down)
		}
	}
}

// flooder is the core of a client, with the document of now, and what it pays with.
func (s *siege) flooder(ctx context.Context, at link.Peer, seed link.Seed) (*sender.Sender, *bribes,
	error) {
	now := time.Now()
	epoch, err := s.genesis.Schedule().Epoch(now)
	if err != nil {
		return nil, nil, err
	}
	conn, err := s.dial(ctx, at, link.Directory)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	raw, err := query.Fetch(conn, epoch)
	if err != nil {
		return nil, nil, err
	}
	doc, err := directory.ParseDocument(raw)
	if err != nil {
		return nil, nil, err
	}
	var chance [32]byte
	rand.Read(chance[:])
	tokens, err := s.bribes(doc, directory.NodeID(at.Key), now)
	if err != nil {
		return nil, nil, err
	}
	client, err := sender.New(sender.Config{Seed: chance, Rand: rand.Reader, Document: doc,
		Schedule: s.genesis.Schedule(), Provider: directory.NodeID(at.Key),
		Spool: sphinx.RecipientID(seed.Public()), Now: now, Tokens: tokens})
	return client, tokens, err
}

// enqueue has a box waiting for each slot that works, and gives those up whose answers never come.
func (s *siege) enqueue(client *sender.Sender, asked []uint64) []uint64 {
	if len(asked) > 3 {
		client.Cancel(asked[0])
		asked = asked[1:]
	}
	w, err := box.NewWriteCap(rand.Reader)
	if err != nil {
		return asked
	}
	now, token := time.Now(), mrand.Uint64()
	day := box.Day(s.genesis.Schedule().DayOf(now))
	b := w.Seal(w.Start(), box.NetworkID(s.genesis.ID()), day,
		make([]byte, s.genesis.Parameters.BoxPlaintext))
	if client.Enqueue(now, sender.Request{Token: token, Op: box.OpWrite, Day: day,
		Box: b}) == nil {
		s.writes.Add(1)
	}
	return append(asked, token)
}
