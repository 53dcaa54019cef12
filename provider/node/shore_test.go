package node_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/internal/testnet"
	"murmuration/provider"
	providernode "murmuration/provider/node"
)

// shore is a whole network of real drivers in virtual time, of which a test watches the links of the
// first provider and is a client.
type shore struct {
	*testing.T
	net    *testnet.Network
	fabric *link.Fabric
	stores map[string]*slowStore
	nodes  map[string]testnet.Runner

	mu    sync.Mutex // guards trace
	trace map[link.Kind][]sighting
}

// sighting is one frame that a watcher of the first provider's outgoing links saw.
type sighting struct {
	at   time.Time
	peer string
	size int
	back bool // an answer
}

// slowStore takes its time.
type slowStore struct {
	*box.MemStore
	serve, merge, pending time.Duration
	full                  atomic.Bool // no data from other holders
}

func (s *slowStore) Read(d box.Day, id box.ID) (box.Box, box.Status, error) {
	<-time.After(s.serve)
	return s.MemStore.Read(d, id)
}

func (s *slowStore) Write(d box.Day, b box.Box, to ...box.Holder) (box.Status, error) {
	<-time.After(s.serve)
	return s.MemStore.Write(d, b, to...)
}

func (s *slowStore) Merge(d box.Day, b box.Box) (box.Status, error) {
	<-time.After(s.merge)
	if s.full.Load() && !b.Tombstone() {
		return box.StatusFull, nil
	}
	return s.MemStore.Merge(d, b)
}

func (s *slowStore) Pending(peer box.Holder, after box.Entry, n int) ([]box.Entry, error) {
	entries, err := s.MemStore.Pending(peer, after, n)
	if len(entries) > 0 {
		<-time.After(s.pending)
	}
	return entries, err
}

// onShore runs the network in virtual time, and body once all nodes are open.
func onShore(t *testing.T, slow func(name string, s *slowStore), body func(ctx context.Context, s *shore), log ...*slog.Logger) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour) // a bubble begins in the year 2000, a network may not
		s := &shore{T: t, fabric: link.NewFabric(), stores: map[string]*slowStore{}, trace: map[link.Kind][]sighting{}}
		s.net = newNetwork(t, filepath.Join(dir, "net"), time.Minute, func(par *directory.Parameters) { par.ReplicateEvery = 20 * time.Millisecond })
		s.net.Release()
		ctx, cancel := context.WithCancel(t.Context())
		o := testnet.Options{
			Transport: s.transport,
			Store: func(n *testnet.Node) providernode.Store {
				store := &slowStore{MemStore: box.NewMemStore(0)}
				if slow != nil {
					slow(n.Name, store)
				}
				s.stores[n.Name] = store
				return store
			},
		}
		if len(log) > 0 {
			o.Log = log[0]
		}
		done := make(chan error, 1)
		ready := make(chan struct{})
		go func() {
			done <- s.net.Run(ctx, o, func(nodes map[string]testnet.Runner) { s.nodes = nodes; close(ready) })
		}()
		<-ready
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		body(ctx, s)
	})
}

func newNetwork(t testing.TB, dir string, epoch time.Duration, change func(*directory.Parameters)) *testnet.Network {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	par.EpochLength, par.Grace, par.MixLoopEvery = epoch, epoch/4, time.Hour // no loops in the way of what is watched
	change(&par)
	n, err := testnet.New(testnet.Plan{Dir: dir, Label: "shore", Host: "127.0.0.1", Providers: 3, Width: 1, Parameters: par, Start: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *shore) transport(n *testnet.Node, cfg link.Config) (link.Transport, error) {
	inner, err := s.fabric.Transport(cfg)
	if n.Name != "provider-1" {
		return inner, err
	}
	return watched{inner, s}, err
}

// watched is a transport whose outgoing links are seen.
type watched struct {
	link.Transport
	s *shore
}

func (w watched) Dial(ctx context.Context, to link.Peer, kind link.Kind) (link.Conn, error) {
	conn, err := w.Transport.Dial(ctx, to, kind)
	if err != nil {
		return nil, err
	}
	return seen{conn, w.s, w.s.name(to.Addr)}, nil
}

type seen struct {
	link.Conn
	s    *shore
	peer string
}

func (c seen) Send(frames ...[]byte) error {
	for _, f := range frames {
		c.s.note(c.Kind(), sighting{time.Now(), c.peer, len(f), false})
	}
	return c.Conn.Send(frames...)
}

func (c seen) Receive(frame []byte) error {
	err := c.Conn.Receive(frame)
	if err == nil {
		c.s.note(c.Kind(), sighting{time.Now(), c.peer, len(frame), true})
	}
	return err
}

func (s *shore) note(k link.Kind, what sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trace[k] = append(s.trace[k], what)
}

// seenOn are the frames on links of one kind to one peer, those of all peers if it is empty.
func (s *shore) seenOn(k link.Kind, peer string) (out []sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.trace[k] {
		if peer == "" || w.peer == peer {
			out = append(out, w)
		}
	}
	return out
}

func (s *shore) name(addr string) string {
	for _, n := range s.net.Nodes {
		if n.Addr == addr {
			return n.Name
		}
	}
	return addr
}

func (s *shore) pass(d time.Duration) { <-time.After(d); synctest.Wait() }

func (s *shore) today() box.Day { return box.DayOf(s.net.Genesis.Start, time.Now()) }

// document is that of epoch e, read from a node's home.
func document(t testing.TB, n *testnet.Network, e string) *directory.Document {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(n.Nodes[0].Dir, "documents", e+".document"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := directory.ParseDocument(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func listed(t testing.TB, doc *directory.Document, name string) directory.Node {
	t.Helper()
	for _, n := range doc.Nodes {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("%s is not in the document", name)
	return directory.Node{}
}

// mineToo is a box that the first provider holds together with the named one.
func (s *shore) mineToo(doc *directory.Document, with string, skip uint64, mark byte) box.Box {
	return boxtest.Box(s.number(doc, with, skip), mark, doc.Parameters.Ciphertext())
}

func (s *shore) number(doc *directory.Document, with string, skip uint64) uint64 {
	var holders []box.Holder
	for _, id := range doc.StoringOn(uint16(s.today())) {
		holders = append(holders, box.Holder(id))
	}
	first, second := box.Holder(listed(s, doc, "provider-1").ID), box.Holder(listed(s, doc, with).ID)
	for n := skip * 1000; ; n++ {
		held := box.Placement(s.today(), boxtest.Box(n, 0, 0).ID, holders, 2)
		if (held[0] == first || held[1] == first) && (held[0] == second || held[1] == second) {
			return n
		}
	}
}

// replication is what a watcher sees on the first provider's replica links in four seconds, when so many
// boxes wait for the second provider.
func replication(t *testing.T, boxes int, slow func(string, *slowStore)) (trace []sighting, arrived int) {
	t.Helper()
	onShore(t, slow, func(ctx context.Context, s *shore) {
		s.pass(3 * time.Second)
		doc := document(t, s.net, "0")
		var put []box.Box
		for i := range boxes {
			b := s.mineToo(doc, "provider-2", uint64(i), 'x')
			if _, err := s.stores["provider-1"].MemStore.Write(s.today(), b, box.Holder(listed(t, doc, "provider-2").ID)); err != nil {
				t.Fatal(err)
			}
			put = append(put, b)
		}
		from := time.Now()
		s.pass(4 * time.Second)
		for _, w := range s.seenOn(link.Replica, "") {
			if w.at.After(from) {
				w.at = time.Time{}.Add(w.at.Sub(from))
				trace = append(trace, w)
			}
		}
		for _, b := range put {
			if got, _, err := s.stores["provider-2"].MemStore.Read(s.today(), b.ID); err == nil && got.Equal(b) {
				arrived++
			}
		}
	})
	return trace, arrived
}

// TestReplicationHidesWrites: a watcher of the links between providers sees the same frames at the same
// times whether boxes wait or not, on whatever disk; and the boxes arrive. Control: a provider that
// takes longer than a tick to find what waits is seen.
func TestReplicationHidesWrites(t *testing.T) {
	idle, _ := replication(t, 0, nil)
	if len(idle) < 300 {
		t.Fatalf("a watcher sees %d frames in four seconds", len(idle))
	}
	for name, slow := range map[string]func(string, *slowStore){
		"fast disk": nil,
		"slow disk": func(_ string, s *slowStore) { s.merge, s.pending = 7*time.Millisecond, 3*time.Millisecond },
		"late disk": func(_ string, s *slowStore) { s.merge = 30 * time.Millisecond }, // longer than a tick
	} {
		busy, arrived := replication(t, 20, slow)
		if arrived != 20 {
			t.Errorf("%s: %d of 20 boxes arrived at the second holder", name, arrived)
		}
		if !same(idle, busy) {
			t.Errorf("%s: a watcher can tell an idle from a busy provider", name)
		}
	}
	if control, _ := replication(t, 20, func(_ string, s *slowStore) { s.pending = 33 * time.Millisecond }); same(idle, control) {
		t.Error("control: a provider that falls behind its ticks is not seen")
	}
}

// same compares what was seen on each link; the order between links is chance.
func same(a, b []sighting) bool {
	for _, peer := range []string{"provider-2", "provider-3"} {
		x, y := only(a, peer), only(b, peer)
		both := min(len(x), len(y)) // where in a tick the watch began is chance, too
		if max(len(x), len(y)) > both+2 {
			return false
		}
		for i := range both {
			if x[i] != y[i] {
				return false
			}
		}
	}
	return true
}

// only is what was seen on one link, from the first frame that was sent on it.
func only(all []sighting, peer string) (some []sighting) {
	var first time.Time
	for _, s := range all {
		if s.peer != peer || len(some) == 0 && s.back {
			continue
		}
		if len(some) == 0 {
			first = s.at
		}
		s.at = time.Time{}.Add(s.at.Sub(first))
		some = append(some, s)
	}
	return some
}

// customer is a client of the first provider.
type customer struct {
	*shore
	conn   link.Conn
	params *sphinx.Params
	doc    *directory.Document
}

func (s *shore) customer(ctx context.Context) *customer {
	doc := document(s, s.net, "0")
	params, err := doc.Parameters.PacketParams()
	if err != nil {
		s.Fatal(err)
	}
	transport, err := s.fabric.Transport(link.Config{
		Network: s.net.Genesis.ID(), Identity: link.Seed{99},
		FrameSize: func(link.Kind) int { return params.PacketSize() + protocol.ExchangeOverhead },
	})
	if err != nil {
		s.Fatal(err)
	}
	own := listed(s, doc, "provider-1")
	conn, err := transport.Dial(ctx, link.Peer{Addr: own.Addr, Key: link.PublicKey(own.ID)}, link.Exchange)
	if err != nil {
		s.Fatal(err)
	}
	return &customer{s, conn, params, doc}
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
	packet, err := c.params.New(rand.Reader, []sphinx.Hop{there}, surb, r.Marshal(box.Format{Plaintext: c.doc.Parameters.BoxPlaintext}))
	if err != nil {
		c.Fatal(err)
	}
	frame := make([]byte, len(packet)+protocol.ExchangeOverhead)
	if err := (link.Up{Packet: packet}).Marshal(frame); err != nil {
		c.Fatal(err)
	}
	if err := errors.Join(c.conn.Send(frame), c.conn.Receive(frame)); err != nil {
		c.Fatal(err)
	}
}

// TestReplyTimeTellsNothing: the reply leaves at arrival + its delay + the allowance, to the
// nanosecond, for all operations and outcomes and on a slow disk. What a disk does not manage in that time
// is dropped and counted.
func TestReplyTimeTellsNothing(t *testing.T) {
	for name, serve := range map[string]time.Duration{"fast": 0, "slow": 30 * time.Millisecond, "late": 80 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			onShore(t, func(_ string, s *slowStore) { s.serve = serve }, func(ctx context.Context, s *shore) {
				s.pass(3 * time.Second)
				c := s.customer(ctx)
				defer c.conn.Close()
				b, other := s.mineToo(c.doc, "provider-2", 0, 'b'), s.mineToo(c.doc, "provider-2", 0, 'c')
				day := s.today()
				for what, r := range map[string]box.Request{
					"absent":    {Op: box.OpRead, Day: day, Box: box.Box{ID: s.mineToo(c.doc, "provider-2", 7, 'x').ID}},
					"write":     {Op: box.OpWrite, Day: day, Box: b},
					"conflict":  {Op: box.OpWrite, Day: day, Box: other},
					"read":      {Op: box.OpRead, Day: day, Box: box.Box{ID: b.ID}},
					"closed":    {Op: box.OpWrite, Day: day + 9, Box: b},
					"digest":    {Op: box.OpDigest, Epoch: 0},
					"tombstone": {Op: box.OpTombstone, Day: day, Box: boxtest.Box(s.number(c.doc, "provider-2", 3), 0, 0)},
				} {
					before, asked := len(s.seenOn(link.Packets, "")), time.Now()
					c.ask(r, 20*time.Millisecond)
					s.pass(200 * time.Millisecond)
					replies := s.seenOn(link.Packets, "")[before:]
					stored := what != "closed" && what != "digest"
					if serve > 70*time.Millisecond && stored {
						if len(replies) != 0 {
							t.Errorf("%s: a late reply left", what)
						}
						continue
					}
					if want := 20*time.Millisecond + c.doc.Parameters.ReplyAllowance; len(replies) != 1 || replies[0].at.Sub(asked) != want {
						t.Errorf("%s: replies %v, want one after %v", what, replies, want)
					}
				}
				late := s.nodes["provider-1"].Dropped(provider.LateReply)
				if (late > 0) != (serve > 70*time.Millisecond) {
					t.Errorf("%d late replies are counted", late)
				}
			})
		})
	}
}
