package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
)

// town is a network of which one mix is real. The test plays all others: it is the authority that
// tallies, the node that sends to the mix, and the nodes that the mix sends to.
//
//	p0 p1 p2 -> [mix] -> [m1] -> [m2] -> p0 p1 p2
type town struct {
	testing.TB
	genesis *directory.Genesis
	params  *sphinx.Params
	people  []*townsman       // 0 to 2 are providers, 0 is the authority, 3 is the real mix, then two mixes
	got     chan []byte       // packets that reached anybody
	made    uint64            // numbers the test's packets
	last    *suite.PrivateKey // opened the last packet that came; receive's

	mu    sync.Mutex // guards all below
	voter *directory.Voter
	docs  map[directory.Epoch][]byte
	deaf  bool // the authority takes no descriptors and gives no documents
}

// townsman is one node.
type townsman struct {
	seed      [32]byte
	identity  *directory.Identity
	role      directory.Role
	addr      string
	keys      map[directory.Epoch]*suite.PrivateKey
	reserved  *link.Reservation
	transport link.Transport
}

const real = 3 // the real mix's place in town.people

// townParameters: nine capped delays fit into an eighth of the epoch.
func townParameters() directory.Parameters {
	par, _ := directory.Defaults("x25519")
	par.MeanHopDelay, par.HopDelayLimit, par.ReplyAllowance = 10*time.Millisecond, 100*time.Millisecond, 50*time.Millisecond
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 250*time.Millisecond, time.Second, 500*time.Millisecond
	par.MixLoopEvery, par.ReplicateEvery = time.Second, 20*time.Millisecond
	par.WatchedBoxes, par.PollShare = 4, 0.5
	par.EpochLength, par.Grace = 40*time.Second, 10*time.Second
	return par
}

// newTown founds the network. Without a fabric the links are TLS on loopback.
func newTown(t testing.TB, par directory.Parameters, fabric *link.Fabric) *town {
	t.Helper()
	w := &town{TB: t, got: make(chan []byte, 1<<14), docs: map[directory.Epoch][]byte{}}
	var err error
	if w.params, err = par.PacketParams(); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		w.people = append(w.people, w.settle(i, fabric))
	}
	w.found(par)
	for _, p := range w.people {
		w.open(p, fabric)
	}
	return w
}

func (w *town) settle(i int, fabric *link.Fabric) *townsman {
	p := &townsman{role: directory.RoleMix, addr: fmt.Sprintf("127.0.0.1:%d", 2000+i), keys: map[directory.Epoch]*suite.PrivateKey{}}
	if i < 3 {
		p.role = directory.RoleProvider
	}
	if _, err := rand.Read(p.seed[:]); err != nil {
		w.Fatal(err)
	}
	p.identity = directory.NewIdentity(p.seed)
	if fabric == nil {
		var err error
		if p.reserved, err = link.Reserve("127.0.0.1:0"); err != nil {
			w.Fatal(err)
		}
		p.addr = p.reserved.Addr()
		w.Cleanup(func() { p.reserved.Close() })
	}
	return p
}

func (w *town) found(par directory.Parameters) {
	var entries []directory.Authority
	var admitted directory.Admissions
	for i, p := range w.people {
		if p.role == directory.RoleProvider {
			entries = append(entries, directory.Authority{Name: fmt.Sprint("p", i), ID: p.identity.ID(), Addr: p.addr})
		}
		admitted = admitted.Add(directory.Admission{ID: p.identity.ID(), Role: p.role})
	}
	now := time.Now()
	genesis, err := directory.NewGenesis("town", now, par, entries[:1:1], entries)
	if err != nil {
		w.Fatal(err)
	}
	w.genesis = genesis
	if w.voter, err = directory.NewVoter(directory.VoterConfig{Genesis: genesis, Identity: w.people[0].identity, Admitted: admitted}, now); err != nil {
		w.Fatal(err)
	}
}

// open gives a townsman its links; the real mix opens its own.
func (w *town) open(p *townsman, fabric *link.Fabric) {
	cfg := link.Config{
		Network: w.genesis.ID(), Identity: link.Seed(p.seed), Reserved: p.reserved,
		Admit: func(link.PublicKey, link.Kind) bool { return true },
		FrameSize: func(k link.Kind) int {
			return map[link.Kind]int{link.Packets: w.params.PacketSize(), link.Directory: directory.FrameSize}[k]
		},
	}
	var err error
	if fabric != nil {
		p.transport, err = fabric.Transport(cfg)
	} else {
		p.transport, err = link.NewTLS(cfg)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// run has everybody but the real mix listen, until ctx ends; the returned function waits for the end.
func (w *town) run(ctx context.Context) (wait func()) {
	var group sync.WaitGroup
	for i, p := range w.people {
		if i == real {
			continue
		}
		l, err := p.transport.Listen(p.addr)
		if err != nil {
			w.Fatal(err)
		}
		group.Go(func() {
			defer l.Close()
			for {
				conn, err := l.Accept(ctx)
				if err != nil {
					return
				}
				group.Go(func() { w.serve(conn) })
			}
		})
	}
	return group.Wait
}

func (w *town) serve(conn link.Conn) {
	defer conn.Close()
	if conn.Kind() == link.Directory {
		_ = directory.Serve(conn, w) // ends with the connection
		return
	}
	for {
		packet := make([]byte, w.params.PacketSize())
		if conn.Receive(packet) != nil {
			return
		}
		w.got <- packet
	}
}

// Document implements directory.Library.
func (w *town) Document(e directory.Epoch) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	raw, ok := w.docs[e]
	return raw, ok && !w.deaf
}

// Latest implements directory.Library.
func (w *town) Latest() (directory.Epoch, []byte, bool) { return 0, nil, false }

// Submit implements directory.Library: with the real mix's descriptor come those of all others.
func (w *town) Submit(raw []byte) error {
	d, err := directory.ParseDescriptor(raw)
	if err != nil {
		return directory.RefusedMalformed
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf {
		return directory.RefusedLater
	}
	now := time.Now()
	for _, p := range w.people {
		if p != w.people[real] {
			if err := w.voter.Add(now, w.describe(p, d.Epoch)); err != nil {
				return err
			}
		}
	}
	if err := w.voter.Add(now, d); err != nil {
		return err
	}
	w.tally(now)
	return nil
}

func (w *town) describe(p *townsman, e directory.Epoch) *directory.Descriptor {
	d := &directory.Descriptor{Network: w.genesis.ID(), ID: p.identity.ID(), Role: p.role, Name: "n" + p.identity.ID().String()[:8],
		Addr: p.addr, Epoch: e, Storing: p.role == directory.RoleProvider, Capacity: 1000}
	for i := range d.Keys {
		d.Keys[i] = p.key(w, e+directory.Epoch(i)).Public().Bytes()
	}
	d.Sign(p.identity)
	return d
}

func (p *townsman) key(w *town, e directory.Epoch) *suite.PrivateKey {
	if p.keys[e] == nil {
		var seed [suite.SeedSize]byte
		if _, err := rand.Read(seed[:]); err != nil {
			w.Fatal(err)
		}
		key, err := w.params.Suite().NewPrivateKey(seed)
		if err != nil {
			w.Fatal(err)
		}
		p.keys[e] = key
	}
	return p.keys[e]
}

// tally signs what can be signed. The caller holds mu.
func (w *town) tally(now time.Time) {
	for {
		action := w.voter.Due(now)
		switch action.Do {
		case directory.DoNothing:
			return
		case directory.DoPersist:
			if err := w.voter.Persisted(action.Record); err != nil {
				w.Error(err)
			}
		case directory.DoPublish:
			w.docs[action.Document.Epoch] = action.Document.Marshal()
		}
	}
}

// clock lets the authority do what is due even when nobody asks; it ends with ctx.
func (w *town) clock(ctx context.Context) {
	for {
		w.mu.Lock()
		if !w.deaf {
			w.tally(time.Now())
		}
		w.mu.Unlock()
		if !sleepUntil(ctx, time.Now().Add(w.genesis.Schedule().Length/64)) {
			return
		}
	}
}

func (w *town) doc(e directory.Epoch) *directory.Document {
	w.mu.Lock()
	defer w.mu.Unlock()
	raw := w.docs[e]
	if raw == nil {
		return nil
	}
	doc, err := directory.ParseDocument(raw)
	if err != nil {
		w.Fatal(err)
	}
	return doc
}

// neighbour is a townsman whose layer is the real mix's plus step.
func (w *town) neighbour(doc *directory.Document, step int) *townsman {
	self, ok := doc.Node(w.people[real].identity.ID())
	if !ok {
		w.Fatal("the mix is not in the document")
	}
	ring := doc.Parameters.Layers + 1
	for _, p := range w.people {
		if n, ok := doc.Node(p.identity.ID()); ok && n.Layer == (self.Layer+step+ring)%ring {
			return p
		}
	}
	w.Fatalf("nobody is in layer %d", self.Layer+step)
	return nil
}

// packet makes one through the real mix to the layer after it, under the keys of epoch e.
func (w *town) packet(doc *directory.Document, e directory.Epoch, delay time.Duration) []byte {
	hops := make([]sphinx.Hop, 2)
	for i, p := range []*townsman{w.people[real], w.neighbour(doc, 1)} {
		key, err := doc.Key(p.identity.ID(), e)
		if err != nil {
			w.Fatal(err)
		}
		hops[i] = sphinx.Hop{ID: sphinx.NodeID(p.identity.ID()), Key: key, Delay: delay}
	}
	hops[1].Recipient = &sphinx.RecipientID{1}
	w.made++
	packet, err := w.params.New(rand.Reader, hops, nil, binary.BigEndian.AppendUint64(nil, w.made))
	if err != nil {
		w.Fatal(err)
	}
	return packet
}

// dial is a link to the real mix from the layer before it; it tries until the mix admits it.
func (w *town) dial(ctx context.Context, doc *directory.Document) link.Conn {
	mix := w.people[real]
	for {
		conn, err := w.neighbour(doc, -1).transport.Dial(ctx, link.Peer{Addr: mix.addr, Key: link.PublicKey(mix.identity.ID())}, link.Packets)
		if err == nil {
			return conn
		}
		if !sleepUntil(ctx, time.Now().Add(50*time.Millisecond)) {
			w.Fatalf("dialling the mix: %v", err)
		}
	}
}

// receive waits for n packets beside the mix's own loops, at most as long as ctx lasts, and counts what came.
func (w *town) receive(ctx context.Context, n int) (came int) {
	for came < n {
		if _, ok := w.next(ctx); !ok {
			break
		}
		came++
	}
	return came
}

// next is the number of the next of the test's packets that comes through; false when ctx ends first.
func (w *town) next(ctx context.Context) (number uint64, ok bool) {
	for {
		select {
		case packet := <-w.got:
			if number, ok = w.opened(packet); ok {
				return number, true
			}
		case <-ctx.Done():
			return 0, false
		}
	}
}

// opened opens a packet of the test's, whose next hop is the last one; a loop of the mix has more.
func (w *town) opened(packet []byte) (number uint64, ok bool) {
	u := sphinx.NewUnwrapper(w.params)
	for _, key := range w.allKeys() {
		hop, err := u.Unwrap(key, packet)
		if err == nil && hop.Kind != sphinx.Deliver {
			return 0, false
		}
		if err == nil {
			w.last = key
			_, user, err := w.params.ParsePayload(hop.Payload)
			return binary.BigEndian.Uint64(user), err == nil
		}
	}
	return 0, false
}

// allKeys are those of all townspeople, the one that was right the last time first.
func (w *town) allKeys() (keys []*suite.PrivateKey) {
	if w.last != nil {
		keys = append(keys, w.last)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.people {
		for _, key := range p.keys {
			keys = append(keys, key)
		}
	}
	return keys
}

// node opens the real mix in dir.
func (w *town) node(dir string, fabric *link.Fabric, change func(*Config)) *Node {
	w.Helper()
	n, err := New(w.config(dir, fabric, change))
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func (w *town) config(dir string, fabric *link.Fabric, change func(*Config)) Config {
	p := w.people[real]
	cfg := Config{Home: dir, Name: "mix", Listen: p.addr, PacketsPerEpoch: 20_000, Transport: func(l link.Config) (link.Transport, error) {
		if fabric != nil {
			return fabric.Transport(l)
		}
		l.Reserved = p.reserved
		return link.NewTLS(l)
	}}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// home makes the real mix's.
func (w *town) home() string {
	w.Helper()
	dir := w.TempDir()
	if _, err := CreateHome(dir, w.genesis, w.people[real].seed); err != nil {
		w.Fatal(err)
	}
	return dir
}

// sleepUntil is false when ctx ended first.
func sleepUntil(ctx context.Context, t time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Until(t)):
		return ctx.Err() == nil
	}
}
