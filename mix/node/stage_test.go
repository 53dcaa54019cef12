package node_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/sphinx"
	"murmuration/internal/testnet"
	"murmuration/internal/testnet/virtual"
	"murmuration/internal/transit"
	"murmuration/mix"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

// stage is a private network of real drivers, whose first mix the test looks at. It declares the
// greatest capacity, and so is in layer 1. The test sends packets to it in the place of provider-3,
// which sends none, and they end at the mix of layer 2, where every one is counted as a drop.
//
//	provider-1 provider-2 [provider-3] -> mix-1 -> layer 2 -> layer 3 -> providers
type stage struct {
	testing.TB
	net    *testnet.Network
	fabric *link.Fabric // nil: TLS on loopback
	params *sphinx.Params
	homes  map[string]*node.Home
	silent []string                  // nodes that send no packets, beside provider-3
	deaf   atomic.Bool               // the authority hears nobody and is heard by nobody
	nodes  map[string]testnet.Runner // all but mix-1; set once they run
}

// parameters: nine capped delays fit into an eighth of the epoch, and no loop of a mix gets in the
// way.
func parameters() directory.Parameters {
	par, _ := directory.Defaults("x25519")
	par.MeanHopDelay = 10 * time.Millisecond
	par.HopDelayLimit = 100 * time.Millisecond
	par.ReplyAllowance = 50 * time.Millisecond
	par.PayloadEvery = 250 * time.Millisecond
	par.LoopEvery = time.Second
	par.DropEvery = 500 * time.Millisecond
	par.MixLoopEvery, par.ReplicateEvery = time.Hour, 10*time.Second // nothing is replicated
	par.BulletinEvery = 90 * time.Second
	par.EpochLength, par.Grace = 40*time.Second, 10*time.Second
	par.SlowDelay, par.Clients = 0, 10
	return par
}

// slow has one epoch that no test outlives.
func slow() directory.Parameters {
	par := parameters()
	par.EpochLength, par.Grace = time.Hour, 15*time.Minute
	return par
}

// newStage founds the network in dir, for links over TLS on loopback.
func newStage(t testing.TB, dir string, par directory.Parameters) *stage {
	t.Helper()
	n, err := testnet.New(t.Context(), testnet.Plan{
		Dir: filepath.Join(dir, "net"), Label: "stage", Host: "127.0.0.1", Providers: 3, Width: 1,
		Parameters: par, Start: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	n.Release()
	s := &stage{TB: t}
	s.enter(n)
	return s
}

// enter learns who is who.
func (s *stage) enter(n *testnet.Network) {
	s.net, s.homes = n, map[string]*node.Home{}
	var err error
	if s.params, err = n.Plan.Parameters.PacketParams(); err != nil {
		s.Fatal(err)
	}
	for _, one := range n.Nodes {
		if s.homes[one.Name], err = node.OpenHome(one.Dir); err != nil {
			s.Fatal(err)
		}
	}
}

// run has all nodes but mix-1 run until ctx ends; the returned function waits for the end. Names
// that are sent to stop end nodes earlier.
func (s *stage) run(ctx context.Context, stop <-chan string) (wait func()) {
	o := testnet.Options{
		Transport: s.transport, Skip: []string{"mix-1"}, Stop: stop,
		Store: func(*testnet.Node) providernode.Store { return box.NewMemStore(0) },
	}
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.net.Run(ctx, o,
			func(nodes map[string]testnet.Runner) { s.nodes = nodes; close(ready) })
	}()
	select {
	case <-ready:
	case err := <-done:
		s.Fatal(err)
	}
	return func() {
		if err := <-done; err != nil {
			s.Error(err)
		}
	}
}

func (s *stage) transport(n *testnet.Node, cfg link.Config) (link.Transport, error) {
	inner, err := s.open(cfg)
	return faulty{inner, s, n.Name == "provider-3" || slices.Contains(s.silent, n.Name)}, err
}

// open is the network without faults.
func (s *stage) open(cfg link.Config) (link.Transport, error) {
	if s.fabric != nil {
		return s.fabric.Transport(cfg)
	}
	return link.NewTLS(cfg)
}

// faulty is the transport of a node that may be deaf or silent.
type faulty struct {
	link.Transport
	stage  *stage
	silent bool
}

// Dial implements link.Transport.
func (f faulty) Dial(ctx context.Context, to link.Peer, k link.Kind) (link.Conn, error) {
	if k == link.Directory && f.stage.deaf.Load() || k == link.Packets && f.silent {
		return nil, fmt.Errorf("dialling %s: the test forbids it", to.Addr)
	}
	return f.Transport.Dial(ctx, to, k)
}

// named is a node of the network.
func (s *stage) named(name string) *testnet.Node {
	for _, n := range s.net.Nodes {
		if n.Name == name {
			return n
		}
	}
	s.Fatalf("there is no node %s", name)
	return nil
}

// config is that of mix-1.
func (s *stage) config(change func(*mixnode.Config)) mixnode.Config {
	self := s.named("mix-1")
	cfg := mixnode.Config{
		Home: self.Dir, Name: self.Name, Listen: self.Addr, PacketsPerEpoch: greatest,
		Transport: func(l link.Config) (link.Transport, error) { return s.transport(self, l) },
	}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// greatest is a capacity above that of all others.
const greatest = 2_000_000

// doc is the newest document that mix-1 has, or nil.
func (s *stage) doc() (newest *directory.Document) {
	files, _ := filepath.Glob(filepath.Join(s.named("mix-1").Dir, "documents", "*.document"))
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			s.Fatal(err)
		}
		doc, err := directory.ParseDocument(raw)
		if err != nil {
			s.Fatal(err)
		}
		if newest == nil || doc.Epoch > newest.Epoch {
			newest = doc
		}
	}
	return newest
}

// waitForDocument waits until mix-1 has one.
func (s *stage) waitForDocument(ctx context.Context) *directory.Document {
	s.Helper()
	for {
		if doc := s.doc(); doc != nil {
			return doc
		}
		if !sleep(ctx, 20*time.Millisecond) {
			s.Fatal("mix-1 has no document")
		}
	}
}

// second is the mix of layer 2.
func (s *stage) second(doc *directory.Document) directory.Node {
	self, ok := doc.Node(s.identity("mix-1").ID())
	if !ok || self.Layer != 1 {
		s.Fatalf("mix-1 is in layer %d", self.Layer)
	}
	return doc.Layer(2)[0]
}

func (s *stage) identity(name string) *directory.Identity { return s.homes[name].Identity }

// packet makes one through mix-1 to the mix of layer 2, under the keys of epoch e.
func (s *stage) packet(doc *directory.Document, e directory.Epoch, delay time.Duration) []byte {
	return s.through(doc, e, delay)
}

// through makes a packet that goes on from the mix of layer 2 to more hops, with any key; without
// more it ends there.
func (s *stage) through(doc *directory.Document, e directory.Epoch, delay time.Duration,
	more ...sphinx.Hop) []byte {
	var hops []sphinx.Hop
	for _, id := range []directory.NodeID{s.identity("mix-1").ID(), s.second(doc).ID} {
		key, err := doc.Key(id, e)
		if err != nil {
			s.Fatal(err)
		}
		hops = append(hops, sphinx.Hop{ID: sphinx.NodeID(id), Key: key, Delay: delay})
	}
	for _, hop := range more {
		hop.Key = hops[0].Key
		hops = append(hops, hop)
	}
	hops[len(hops)-1].Recipient = &sphinx.RecipientID{1}
	packet, err := s.params.New(rand.Reader, hops, nil, nil)
	if err != nil {
		s.Fatal(err)
	}
	return packet
}

// dialAs is a link to mix-1 from another node.
func (s *stage) dialAs(ctx context.Context, name string) (link.Conn, error) {
	transport, err := s.open(link.Config{
		Network: s.net.Genesis.ID(), Identity: s.homes[name].Seed,
		FrameSize: func(link.Kind) int { return s.params.PacketSize() },
	})
	if err != nil {
		return nil, err
	}
	return transport.Dial(ctx,
		link.Peer{Addr: s.named("mix-1").Addr,
			Key: link.PublicKey(s.identity("mix-1").ID())}, link.Packets)
}

// dial is a link to mix-1 from provider-3; it tries until it is admitted.
func (s *stage) dial(ctx context.Context) link.Conn {
	for {
		conn, err := s.dialAs(ctx, "provider-3")
		if err == nil {
			return conn
		}
		if !sleep(ctx, 50*time.Millisecond) {
			s.Fatalf("dialling mix-1: %v", err)
		}
	}
}

// came is how many of the test's packets have come to the mix of layer 2, whatever became of them
// there.
func (s *stage) came(doc *directory.Document) (n int) {
	for _, reason := range mix.Reasons() {
		n += s.dropped(doc, reason)
	}
	return n
}

// dropped counts at the mix of layer 2. The test's packets are dropped as mix.UnknownLoop when they
// come for the first time, and as mix.Replayed after that.
func (s *stage) dropped(doc *directory.Document, reason transit.Reason) int {
	return int(s.nodes[s.second(doc).Name].Dropped(reason))
}

// receive sends, and waits for n packets to come, at most as long as ctx lasts; it counts what
// came.
func (s *stage) receive(ctx context.Context, doc *directory.Document, n int, send func()) int {
	before := s.came(doc)
	send()
	for s.came(doc)-before < n && sleep(ctx, time.Millisecond) {
	}
	return s.came(doc) - before
}

// onStage runs mix-1 in virtual time among the others.
func onStage(t *testing.T, v variant, body func(ctx context.Context, s *stage, n *mixnode.Node)) {
	t.Helper()
	among(t, v, func(ctx context.Context, s *stage, net *virtual.Net) {
		n, err := mixnode.New(s.config(v.config))
		if err != nil {
			t.Fatal(err)
		}
		net.Go(func(ctx context.Context) error { return errors.Join(n.Run(ctx), n.Close()) })
		body(ctx, s, n)
	})
}

// among runs all nodes but mix-1 in virtual time.
func among(t *testing.T, v variant, story func(ctx context.Context, s *stage, net *virtual.Net)) {
	t.Helper()
	t.Parallel() // most of the time goes into waiting for disks
	plan := virtual.Plan(t)
	if plan.Parameters = parameters(); v.loopEvery != 0 {
		plan.Parameters.MixLoopEvery = v.loopEvery
	}
	s := &stage{TB: t, silent: v.silent}
	o := testnet.Options{Transport: s.transport,
		Skip: append([]string{"provider-3", "mix-1"}, everybody...)}
	virtual.Run(t, plan, o, func(net *virtual.Net) {
		s.fabric = net.Fabric
		s.enter(net.Network)
		if v.before != nil {
			v.before(s)
		}
		for _, name := range o.Skip {
			if name != "mix-1" {
				net.Start(name)
			}
		}
		s.nodes = net.Running()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		story(ctx, s, net)
	})
}

// everybody is all nodes that send packets, but mix-1.
var everybody = []string{"provider-1", "provider-2", "mix-2", "mix-3"}

// variant is what a test changes about the stage.
type variant struct {
	config    func(*mixnode.Config) // of mix-1
	silent    []string
	loopEvery time.Duration
	before    func(*stage) // happens before the nodes start
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d); synctest.Wait() }

func within(ctx context.Context, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(ctx, d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// sleep is false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return ctx.Err() == nil
	}
}
