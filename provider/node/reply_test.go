package node_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/provider"
)

// customer is a client of the first provider.
type customer struct {
	*watched
	conn   link.Conn
	params *sphinx.Params
	doc    *directory.Document
}

func (w *watched) customer(ctx context.Context) *customer {
	doc := w.first()
	params, err := doc.Parameters.PacketParams()
	if err != nil {
		w.Fatal(err)
	}
	transport, err := w.Fabric.Transport(link.Config{
		Network: w.Genesis.ID(), Identity: link.Seed{99},
		FrameSize: func(link.Kind) int { return params.PacketSize() + protocol.ExchangeOverhead },
	})
	if err != nil {
		w.Fatal(err)
	}
	own := listed(w, doc, "provider-1")
	conn, err := transport.Dial(ctx, link.Peer{Addr: own.Addr, Key: link.PublicKey(own.ID)},
		link.Exchange)
	if err != nil {
		w.Fatal(err)
	}
	return &customer{w, conn, params, doc}
}

// ask sends a request that the own provider serves itself after delay, with a SURB over one mix.
func (c *customer) ask(r box.Request, delay time.Duration) {
	hop := func(name string, delay time.Duration) sphinx.Hop {
		n := listed(c, c.doc, name)
		key, err := c.doc.Key(n.ID, 0)
		if err != nil {
			c.Fatal(err)
		}
		return sphinx.Hop{ID: sphinx.NodeID(n.ID), Key: key, Delay: delay}
	}
	back := hop(c.doc.Layer(1)[0].Name, 0)
	back.Recipient, back.SURBID = &sphinx.RecipientID{}, &sphinx.SURBID{}
	surb, _, err := c.params.NewSURB(rand.Reader, []sphinx.Hop{back})
	if err != nil {
		c.Fatal(err)
	}
	there := hop("provider-1", delay)
	there.Recipient = &protocol.ServiceBoxes
	packet, err := c.params.New(rand.Reader, []sphinx.Hop{there}, surb,
		r.Marshal(box.Format{Plaintext: c.doc.Parameters.BoxPlaintext}))
	if err != nil {
		c.Fatal(err)
	}
	frame := make([]byte, len(packet)+protocol.ExchangeOverhead)
	if err := (exchange.Up{Packet: packet}).Marshal(frame); err != nil {
		c.Fatal(err)
	}
	if err := errors.Join(c.conn.Send(frame), c.conn.Receive(frame)); err != nil {
		c.Fatal(err)
	}
}

// TestReplyTimeTellsNothing: the reply leaves at arrival + its delay + the allowance, to the
// nanosecond, for all operations and outcomes and on a slow disk. What a disk does not manage in
// that time is dropped and counted.
func TestReplyTimeTellsNothing(t *testing.T) {
	for name, serve := range map[string]time.Duration{"fast": 0, "slow": 30 * time.Millisecond,
		"late": 80 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			watch(t, func(_ string, s *slowStore) { s.serve = serve },
				func(ctx context.Context, w *watched) {
					w.Pass(3 * time.Second)
					c := w.customer(ctx)
					defer c.conn.Close()
					b, other := w.mineToo(c.doc, "provider-2", 0, 'b'), w.mineToo(c.doc,
						"provider-2",
						0, 'c')
					day := w.today()
					for what, r := range map[string]box.Request{
						"fetch":    {Op: box.OpFetch, Fetch: box.FetchKey{Slot: 1}},
						"write":    {Op: box.OpWrite, Day: day, Box: b},
						"conflict": {Op: box.OpWrite, Day: day, Box: other},
						"again":    {Op: box.OpWrite, Day: day, Box: b},
						"closed":   {Op: box.OpWrite, Day: day + 9, Box: b},
						"digest":   {Op: box.OpDigest, Epoch: 0},
						"tombstone": {Op: box.OpTombstone, Day: day,
							Box: boxtest.Box(w.number(c.doc, "provider-2", 3), 0, 0)},
					} {
						asked := w.elapsed()
						c.ask(r, 20*time.Millisecond)
						w.Pass(200 * time.Millisecond)
						replies := w.seenOn(link.Packets, asked)
						stored := what != "closed" && what != "digest"
						if serve > 70*time.Millisecond && stored {
							if len(replies) != 0 {
								t.Errorf("%s: a late reply left", what)
							}
							continue
						}
						if want := 20*time.Millisecond +
							c.doc.Parameters.ReplyAllowance; len(replies) != 1 ||
							replies[0].at != want {
							t.Errorf("%s: replies %v, want one after %v", what, replies, want)
						}
					}
					late := w.Node("provider-1").Dropped(provider.LateReply)
					if (late > 0) != (serve > 70*time.Millisecond) {
						t.Errorf("%d late replies are counted", late)
					}
				})
		})
	}
}
