package script

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// replay GENESIS COPIES FRESH: sends one and the same packet COPIES times to a real provider, then
// FRESH packets and more, and expects one reply for each packet, not for each copy. The fresh ones
// are the control: they show that replies come, and come to everybody who asks anew.
func replayPacket(ts *testscript.TestScript, _ bool, args []string) {
	copies, err := strconv.Atoi(args[1])
	ts.Check(err)
	fresh, err := strconv.Atoi(args[2])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := newStranger(readGenesis(ts, args[0]))
	ts.Check(err)
	ts.Check(s.connect(ctx))
	defer s.conn.Close()

	ts.Check(s.warmUp(ctx))
	for came := false; !came; { // anew if it was lost
		came, err = s.again(ctx, copies, fresh)
		ts.Check(err)
	}
	for _, n := range s.replies {
		if n != 1 {
			ts.Fatalf("a packet had %d replies; all: %v", n,
				slices.Collect(maps.Values(s.replies)))
		}
	}
}

// Of replies to fresh packets, for each that is expected: after so many those to all copies would
// be here, and after so many a network that loses a packet now and then has lost the one that was
// copied.
const (
	enoughAfter = 4
	lostAfter   = 20
)

// again sends a packet so many times and then fresh ones, and says whether it had a reply when at
// least as many fresh ones as are expected had theirs. Each exchange takes a new packet up.
func (s *stranger) again(ctx context.Context, copies, fresh int) (came bool, err error) {
	packet, id, err := s.request(ctx)
	for range copies {
		err = errors.Join(err, s.exchange(ctx, packet))
	}
	before := len(s.replies)
	for err == nil {
		came = s.replies[id] > 0
		others := len(s.replies) - before
		if came && others > enoughAfter*fresh || others > lostAfter*fresh {
			return came, nil
		}
		if packet, _, err = s.request(ctx); err == nil {
			err = s.exchange(ctx, packet)
		}
	}
	return false, fmt.Errorf("%w; came %v, and replies to %d others", err, came,
		len(s.replies)-before)
}

// warmUp asks until something answers: the links between the nodes of a young network take a
// moment.
func (s *stranger) warmUp(ctx context.Context) error {
	for len(s.replies) == 0 {
		packet, _, err := s.request(ctx)
		if err != nil {
			return err
		}
		if err := s.exchange(ctx, packet); err != nil {
			return err
		}
	}
	return nil
}

// stranger is a client that keeps no rules: it sends when it likes, and the same twice.
type stranger struct {
	genesis *directory.Genesis
	doc     *directory.Document
	params  *sphinx.Params
	self    link.Seed
	guard   directory.NodeID
	conn    link.Conn
	slot    *time.Ticker
	got     uint64 // sequence numbers without a gap
	replies map[sphinx.SURBID]int
}

func newStranger(g *directory.Genesis) (s *stranger, err error) {
	s = &stranger{genesis: g, guard: g.Entries[0].ID,
		slot: time.NewTicker(g.Parameters.PayloadEvery), replies: map[sphinx.SURBID]int{}}
	if _, err := rand.Read(s.self[:]); err != nil {
		return nil, err
	}
	s.params, err = g.Parameters.PacketParams()
	return s, err
}

// connect opens the exchange link, as soon as the provider goes by a document itself.
func (s *stranger) connect(ctx context.Context) (err error) {
	if s.doc, err = s.fetch(ctx); err != nil {
		return err
	}
	for again := glance(0); ; {
		s.conn, err = s.dial(ctx, link.Exchange)
		if !errors.Is(err, link.ErrNotAdmitted) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.next():
		}
	}
}

func (s *stranger) dial(ctx context.Context, kind link.Kind) (link.Conn, error) {
	transport, err := link.NewTLS(link.Config{Network: s.genesis.ID(), Identity: s.self,
		FrameSize: func(k link.Kind) int {
			if k == link.Directory {
				return query.FrameSize
			}
			return s.params.PacketSize() + protocol.ExchangeOverhead
		}})
	if err != nil {
		return nil, err
	}
	return transport.Dial(ctx, link.Peer{Addr: s.genesis.Entries[0].Addr,
		Key: link.PublicKey(s.guard)}, kind)
}

// fetch gets the document of now, verified, trying again until the network has made it.
func (s *stranger) fetch(ctx context.Context) (*directory.Document, error) {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		doc, err := s.fetchOnce(ctx)
		if err == nil {
			return doc, doc.Verify(s.genesis)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("fetching the document: %w", err)
		case <-again.C:
		}
	}
}

func (s *stranger) fetchOnce(ctx context.Context) (*directory.Document, error) {
	e, err := s.genesis.Schedule().Epoch(time.Now())
	if err != nil {
		return nil, err
	}
	conn, err := s.dial(ctx, link.Directory)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	raw, err := query.Fetch(conn, e)
	if err != nil {
		return nil, err
	}
	return directory.ParseDocument(raw)
}

// request is a packet that asks another provider for a box that nobody wrote, and the id of its
// SURB.
func (s *stranger) request(ctx context.Context) (packet []byte, id sphinx.SURBID, err error) {
	now := time.Now()
	epoch, err := s.genesis.Schedule().Epoch(now)
	if err != nil {
		return nil, id, err
	}
	if s.doc.Epoch < epoch {
		if s.doc, err = s.fetch(ctx); err != nil {
			return nil, id, err
		}
	}
	epoch = max(epoch, s.doc.Epoch) // the next one may have begun while the document came
	if _, err = rand.Read(id[:]); err != nil {
		return nil, id, err
	}
	var mixes []directory.NodeID
	for layer := 1; layer <= s.genesis.Parameters.Layers; layer++ {
		mixes = append(mixes, s.doc.Layer(layer)[0].ID)
	}
	own := sphinx.RecipientID(s.self.Public())
	back, err := s.hops(epoch, append(slices.Clone(mixes), s.guard),
		sphinx.Hop{Recipient: &own, SURBID: &id})
	if err != nil {
		return nil, id, err
	}
	surb, _, err := s.params.NewSURB(rand.Reader, back)
	if err != nil {
		return nil, id, err
	}
	service := protocol.ServiceBoxes
	path := slices.Concat([]directory.NodeID{s.guard}, mixes, []directory.NodeID{s.other()})
	there, err := s.hops(epoch, path, sphinx.Hop{Recipient: &service})
	if err != nil {
		return nil, id, err
	}
	ask := box.Request{Op: box.OpFetch} // of what was never listed
	packet, err = s.params.New(rand.Reader, there, surb,
		ask.Marshal(box.Format{Plaintext: s.genesis.Parameters.BoxPlaintext}))
	return packet, id, err
}

// other is a provider that is not the guard.
func (s *stranger) other() directory.NodeID {
	all := s.doc.Providers()
	return all[slices.IndexFunc(all, func(n directory.Node) bool { return n.ID != s.guard })].ID
}

func (s *stranger) hops(
	e directory.Epoch, path []directory.NodeID, end sphinx.Hop,
) ([]sphinx.Hop, error) {
	hops := make([]sphinx.Hop, len(path))
	for i, id := range path {
		key, err := s.doc.Key(id, e)
		if err != nil {
			return nil, err
		}
		if i == len(path)-1 {
			hops[i] = end
		}
		hops[i].ID, hops[i].Key, hops[i].Delay = sphinx.NodeID(id), key, time.Millisecond
	}
	return hops, nil
}

// exchange sends a packet up, at the rate that the provider allows, and counts what comes down.
func (s *stranger) exchange(ctx context.Context, packet []byte) error {
	select {
	case <-s.slot.C:
	case <-ctx.Done():
		return errors.New("waited too long for replies")
	}
	frame := make([]byte, len(packet)+protocol.ExchangeOverhead)
	if err := (exchange.Up{Received: s.got, Packet: packet}).Marshal(frame); err != nil {
		return err
	}
	if err := s.conn.Send(frame); err != nil {
		return err
	}
	if err := s.conn.Receive(frame); err != nil {
		return err
	}
	down, err := exchange.ParseDown(frame, s.params.BodySize())
	if err != nil || down.Sequence == 0 {
		return err
	}
	s.got = max(s.got, down.Sequence)
	s.replies[sphinx.SURBID(down.SURBID)]++
	return nil
}

// refused GENESIS: a link to the network's first provider under this genesis is refused as one of
// another network. `! refused` is the control: under the right genesis it comes about.
func refusedLink(ts *testscript.TestScript, neg bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := newStranger(readGenesis(ts, args[0]))
	ts.Check(err)
	conn, err := s.dial(ctx, link.Directory)
	if err == nil {
		conn.Close()
	}
	if neg {
		ts.Check(err)
	} else if !errors.Is(err, link.ErrOtherNetwork) {
		ts.Fatalf("the link came to %v, expected %v", err, link.ErrOtherNetwork)
	}
}
