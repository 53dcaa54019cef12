package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/provider"
)

// TestFullHolderHoldsUpNothing: while the second holder has no room for data, a deletion that waits behind
// many boxes reaches it; when it has room again, so do the boxes.
func TestFullHolderHoldsUpNothing(t *testing.T) {
	onShore(t, nil, func(_ context.Context, s *shore) {
		s.pass(3 * time.Second)
		doc := document(t, s.net, "0")
		peer := box.Holder(listed(t, doc, "provider-2").ID)
		from, to := s.stores["provider-1"], s.stores["provider-2"]
		to.full.Store(true)
		var data []box.Box
		put := func(b box.Box) {
			if _, err := from.MemStore.Write(s.today(), b, peer); err != nil {
				t.Fatal(err)
			}
		}
		for i := range uint64(10) {
			data = append(data, s.mineToo(doc, "provider-2", i, 'x'))
			put(data[i])
		}
		deletion := boxtest.Box(s.number(doc, "provider-2", 10), 0, 0)
		put(deletion)
		s.pass(2 * time.Second)
		if _, status, err := to.MemStore.Read(s.today(), deletion.ID); err != nil || status != box.StatusTombstoned {
			t.Errorf("at a holder without room the deletion is %s, %v", status, err)
		}
		arrived := func() (n int) {
			for _, b := range data {
				if got, _, err := to.MemStore.Read(s.today(), b.ID); err == nil && got.Equal(b) {
					n++
				}
			}
			return n
		}
		if n := arrived(); n != 0 {
			t.Errorf("control: %d boxes are at a holder without room", n)
		}
		to.full.Store(false)
		s.pass(2 * time.Second)
		if n := arrived(); n != len(data) {
			t.Errorf("%d of %d boxes are at a holder that has room again", n, len(data))
		}
		if left, err := from.MemStore.Pending(peer, box.Entry{}, 99); err != nil || len(left) != 0 {
			t.Errorf("%d entries still wait, %v", len(left), err)
		}
	})
}

// holder is a replica link to the first provider, opened with somebody's identity.
func (s *shore) holder(ctx context.Context, identity link.Seed) (link.Conn, error) {
	transport, err := s.fabric.Transport(link.Config{
		Network: s.net.Genesis.ID(), Identity: identity, FrameSize: func(link.Kind) int { return s.net.Genesis.Parameters.Request() },
	})
	if err != nil {
		s.Fatal(err)
	}
	own := listed(s, document(s, s.net, "0"), "provider-1")
	return transport.Dial(ctx, link.Peer{Addr: own.Addr, Key: link.PublicKey(own.ID)}, link.Replica)
}

// identity is that of a node of the network.
func (s *shore) identity(name string) link.Seed {
	for _, n := range s.net.Nodes {
		if n.Name == name {
			home, err := node.OpenHome(n.Dir)
			if err != nil {
				s.Fatal(err)
			}
			return home.Seed
		}
	}
	s.Fatalf("no node %s", name)
	return link.Seed{}
}

// offer sends a box as another holder and reads the answer to the one before.
func (s *shore) offer(conn link.Conn, b box.Box) error {
	f := box.Format{Plaintext: s.net.Genesis.Parameters.BoxPlaintext}
	frame := box.Request{Op: box.OpWrite, Day: s.today(), Box: b}.Marshal(f)
	err := errors.Join(conn.Send(frame), conn.Receive(frame))
	synctest.Wait() // the store has decided
	return err
}

// has counts the boxes that the first provider has.
func (s *shore) has(boxes ...box.Box) (n int) {
	for _, b := range boxes {
		if got, _, err := s.stores["provider-1"].MemStore.Read(s.today(), b.ID); err == nil && got.Equal(b) {
			n++
		}
	}
	return n
}

// TestHoldersAreNotTrusted: another provider stores no forged box, and no more than the network's rate lets
// it; a mix and a stranger store nothing. The control is an honest box of each.
func TestHoldersAreNotTrusted(t *testing.T) {
	onShore(t, nil, func(ctx context.Context, s *shore) {
		s.pass(3 * time.Second)
		doc := document(t, s.net, "0")
		var boxes []box.Box
		for i := range uint64(100) {
			boxes = append(boxes, s.mineToo(doc, "provider-3", i, 'x'))
		}
		for who, identity := range map[string]link.Seed{"a mix": s.identity(doc.Layer(1)[0].Name), "a stranger": {98}} {
			if conn, err := s.holder(ctx, identity); err == nil {
				if err := s.offer(conn, boxes[0]); err == nil || s.has(boxes[0]) > 0 {
					t.Errorf("%s: its box was taken", who)
				}
				conn.Close()
			}
		}
		conn, err := s.holder(ctx, s.identity("provider-3"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		forged := boxes[0]
		forged.Signature[9] ^= 1
		if err := s.offer(conn, forged); err != nil || s.has(forged) != 0 || s.nodes["provider-1"].Dropped(provider.BadRequest) != 1 {
			t.Errorf("a forged box: %v, %d of it stored, %d counted", err, s.has(forged), s.nodes["provider-1"].Dropped(provider.BadRequest))
		}
		for _, b := range boxes {
			if err := s.offer(conn, b); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.has(boxes...); n < 10 || n > 40 || s.nodes["provider-1"].Dropped(provider.OverRate) == 0 {
			t.Errorf("of 100 boxes at once %d were taken, and %d are counted as too many", n, s.nodes["provider-1"].Dropped(provider.OverRate))
		}
	})
}

// TestWhoSendsTooMuchIsNotCarried: of a client's packets above the network's rate none goes on, though every
// frame is answered.
func TestWhoSendsTooMuchIsNotCarried(t *testing.T) {
	onShore(t, nil, func(ctx context.Context, s *shore) {
		s.pass(3 * time.Second)
		c := s.customer(ctx)
		defer c.conn.Close()
		var boxes []box.Box
		for i := range uint64(60) {
			boxes = append(boxes, s.mineToo(c.doc, "provider-2", i, 'x'))
			c.ask(box.Request{Op: box.OpWrite, Day: s.today(), Box: boxes[i]}, 0)
		}
		s.pass(time.Second)
		stored, dropped := s.has(boxes...), s.nodes["provider-1"].Dropped(provider.OverRate)
		if stored < 32 || stored > 40 || stored+int(dropped) != len(boxes) {
			t.Errorf("of %d packets at once %d were carried and %d counted as too many", len(boxes), stored, dropped)
		}
	})
}
