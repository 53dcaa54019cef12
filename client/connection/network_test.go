package connection

import (
	"context"
	"sync"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/sim/world"
)

const epochs = 12 // whose documents a network has

// network has the documents of a world, and providers that can be dialled: they answer each frame
// with a dummy, and give documents to whoever asks.
type network struct {
	*testing.T
	genesis *directory.Genesis
	docs    map[directory.Epoch]*directory.Document
	fabric  *link.Fabric
	names   map[link.PublicKey]string
	author  *directory.Identity

	mu     sync.Mutex // guards all below
	closed map[string]bool
	full   map[string]bool // for who is new
	frames map[string]int  // by provider
	askers []asker         // for documents
	spools map[link.PublicKey]bool
	dials  int                // of exchange links
	answer func(frame []byte) // makes the answer to an up frame in its place
	conns  []link.Conn
	hide   directory.Epoch // whose document nobody has, zero: none
	serves func(directory.Epoch) *directory.Document
}

// asker is a key under which somebody asked a provider for a document.
type asker struct {
	key link.PublicKey
	of  string
}

// signing is the world whose documents networks have; nobody changes it any more. Calm is one in
// which clients make few packets, for tests that look at nothing but documents: each packet takes
// most of a millisecond.
var (
	signing = sync.OnceValues(func() (*world.World, error) { return signs(1) })
	calm    = sync.OnceValues(func() (*world.World, error) { return signs(15) })
)

// signs makes a world in which there are so many times fewer packets than usual.
func signs(fewer time.Duration) (*world.World, error) {
	p := world.Quick()
	p.EpochLength, p.BulletinEvery = 4*time.Minute, time.Minute
	p.PayloadEvery, p.MixLoopEvery = fewer*3*time.Second, time.Minute
	p.LoopEvery, p.DropEvery = fewer*6*time.Second, fewer*6*time.Second
	drawn, err := world.ParseNetwork("p1 p2 p3 -> [m1] -> [m2] -> [m3]")
	if err != nil {
		return nil, err
	}
	w, err := world.New(world.Config{Seed: 1, Network: drawn, Parameters: p, Null: true})
	if err != nil {
		return nil, err
	}
	return w, w.Run((epochs + 1) * p.EpochLength)
}

// newNetwork is made within a bubble, at whose time its epoch 2 begins.
func newNetwork(t *testing.T) *network { return networkOf(t, signing) }

func networkOf(t *testing.T, signing func() (*world.World, error)) *network {
	t.Helper()
	w, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	n := &network{
		T: t, genesis: w.Genesis(), docs: map[directory.Epoch]*directory.Document{},
		fabric: link.NewFabric(),
		names:  map[link.PublicKey]string{}, closed: map[string]bool{}, full: map[string]bool{},
		frames: map[string]int{},
		spools: map[link.PublicKey]bool{}, answer: dummy,
	}
	for e := range directory.Epoch(epochs + 1) {
		n.docs[e] = w.Document(e)
	}
	n.serves = func(e directory.Epoch) *directory.Document { return n.docs[e] }
	<-time.After(time.Until(n.at(2)))
	for _, entry := range n.genesis.Entries {
		node := w.NodeOf(entry.ID)
		n.listen(entry, node.Identity())
		if _, ok := n.genesis.Authority(entry.ID); ok {
			n.author = node.Identity()
		}
	}
	return n
}

func (n *network) at(e directory.Epoch) time.Time { return n.genesis.Schedule().StartOf(e) }

func (n *network) listen(entry directory.Authority, identity *directory.Identity) {
	key := link.PublicKey(entry.ID)
	n.names[key] = entry.Name
	transport, err := n.fabric.Transport(link.Config{
		Network: n.genesis.ID(), Identity: link.Seed(identity.PrivateKey().Seed()),
		FrameSize: n.frameSize,
		Admit: func(link.PublicKey, link.Kind) bool {
			n.mu.Lock()
			defer n.mu.Unlock()
			return !n.closed[entry.Name]
		},
		Room: func(g link.Guest) link.Answer {
			n.mu.Lock()
			defer n.mu.Unlock()
			if n.full[entry.Name] && g.Kind == link.Exchange && !n.spools[g.Peer] {
				return link.Full
			}
			return link.Welcome
		},
	})
	if err != nil {
		n.Fatal(err)
	}
	l, err := transport.Listen(entry.Name)
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { l.Close() })
	go func() { // ends with l
		for {
			conn, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			n.take(conn, entry.Name)
		}
	}()
}

func (n *network) frameSize(k link.Kind) int {
	if k == link.Directory {
		return query.FrameSize
	}
	params, err := n.genesis.Parameters.PacketParams()
	if err != nil {
		n.Fatal(err)
	}
	return params.PacketSize() + protocol.ExchangeOverhead
}

func (n *network) take(conn link.Conn, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, conn)
	if conn.Kind() == link.Directory {
		n.askers = append(n.askers, asker{conn.Peer(), name})
		go query.Serve(conn, library{n}) // ends with conn
		return
	}
	n.spools[conn.Peer()] = true
	n.dials++
	go func() { // ends with conn
		frame := make([]byte, n.frameSize(link.Exchange))
		for conn.Receive(frame) == nil {
			n.mu.Lock()
			n.frames[name]++
			n.answer(frame)
			n.mu.Unlock()
			if conn.Send(frame) != nil {
				return
			}
		}
	}()
}

// dummy is the answer of a provider that has nothing to say.
func dummy(frame []byte) { _ = (exchange.Down{}).Marshal(frame) }

// dialler finds providers by their keys: the nodes of a world have no addresses.
type dialler struct {
	link.Transport
	names map[link.PublicKey]string
}

func (d dialler) Dial(ctx context.Context, to link.Peer, k link.Kind) (link.Conn, error) {
	to.Addr = d.names[to.Key]
	return d.Transport.Dial(ctx, to, k)
}

func (n *network) transport(cfg link.Config) (link.Transport, error) {
	t, err := n.fabric.Transport(cfg)
	return dialler{t, n.names}, err
}

// close shuts a provider, and cuts everybody's links.
func (n *network) close(names ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.closed)
	for _, name := range names {
		n.closed[name] = true
	}
	for _, conn := range n.conns {
		conn.Close()
	}
	n.conns = nil
}

// library gives documents from the phase on in which they are published.
type library struct{ *network }

func (l library) Document(e directory.Epoch) ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e == 0 || e > epochs || e == l.hide ||
		time.Now().Before(l.genesis.Schedule().EndOf(e-1, directory.PhaseSign)) {
		return nil, false
	}
	return l.serves(e).Marshal(), true
}

func (l library) Latest() (directory.Epoch, []byte, bool) {
	for e := directory.Epoch(epochs); e > 0; e-- {
		if raw, ok := l.Document(e); ok {
			return e, raw, true
		}
	}
	return 0, nil, false
}

func (library) Submit([]byte) error { return directory.RefusedLater }
