package connection

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client/person"
	"murmuration/client/store"
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
	frames map[string]int // by provider
	askers []asker        // for documents
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

// signing is the world whose documents all networks have; nobody changes it any more.
var signing = sync.OnceValues(func() (*world.World, error) {
	p := world.Quick()
	p.EpochLength, p.BulletinEvery = 4*time.Minute, time.Minute
	p.PayloadEvery, p.LoopEvery, p.DropEvery = 3*time.Second, 6*time.Second, 6*time.Second
	p.MixLoopEvery = time.Minute
	drawn, err := world.ParseNetwork("p1 p2 p3 -> [m1] -> [m2] -> [m3]")
	if err != nil {
		return nil, err
	}
	w, err := world.New(world.Config{Seed: 1, Network: drawn, Parameters: p, Null: true})
	if err != nil {
		return nil, err
	}
	return w, w.Run((epochs + 1) * p.EpochLength)
})

// newNetwork is made within a bubble, at whose time its epoch 2 begins.
func newNetwork(t *testing.T) *network {
	t.Helper()
	w, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	n := &network{
		T: t, genesis: w.Genesis(), docs: map[directory.Epoch]*directory.Document{},
		fabric: link.NewFabric(),
		names:  map[link.PublicKey]string{}, closed: map[string]bool{}, frames: map[string]int{},
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

// home is a store with what Create makes.
func home(t *testing.T) *store.Store {
	t.Helper()
	s := store.Memory()
	if err := s.Update(Create); err != nil {
		t.Fatal(err)
	}
	return s
}

// client is a connection that runs, whose person counts what it hears.
type client struct {
	*Connection
	stop func() error

	mu      sync.Mutex // guards all below
	senders []person.Sender
}

func (n *network) open(s *store.Store, guard string) *Connection {
	n.Helper()
	c, err := New(Config{Genesis: n.genesis, Store: s, Guard: guard, Transport: n.transport})
	if err != nil {
		n.Fatal(err)
	}
	return c
}

func (n *network) run(s *store.Store, guard string) *client {
	n.Helper()
	return begin(n.open(s, guard))
}

func begin(opened *Connection) *client {
	c := &client{Connection: opened}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }() // ends with stop
	go func() {                        // ends with ctx
		for {
			select {
			case h := <-c.Heard():
				c.mu.Lock()
				if h.Sender != nil {
					c.senders = append(c.senders, h.Sender)
				}
				c.mu.Unlock()
			case <-ctx.Done():
				return
			}
		}
	}()
	c.stop = func() error {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
	return c
}

func (c *client) begun() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.senders)
}

// await looks every second of virtual time.
func await(t *testing.T, what string, limit time.Duration, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); <-time.After(time.Second) {
		if time.Since(began) > limit {
			t.Fatalf("after %v of virtual time: no %s", limit, what)
		}
	}
}

func (n *network) end(c *client) {
	n.Helper()
	if err := c.stop(); err != nil {
		n.Errorf("stopping: %v", err)
	}
}

// TestConnectionSpeaksInSlots, whatever epoch it is, and is heard.
func TestConnectionSpeaksInSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(home(t), "p2")
		<-time.After(5 * n.genesis.Parameters.EpochLength)
		s := c.Status()
		if !s.Connected || len(s.Faults) != 0 || s.Stats.Silent != 0 || s.Stats.Dummies < 500 {
			t.Errorf("%+v", s)
		}
		if s.Guard.Name != "p2" || s.Document.Epoch < 7 || c.begun() != 1 {
			t.Errorf("guard %s, document of epoch %d, %d senders", s.Guard.Name, s.Document.Epoch,
				c.begun())
		}
		if !s.LastReply.IsZero() || s.Guard.Healthy {
			t.Errorf("dummies are taken for replies: %+v, %v", s.Guard, s.LastReply)
		}
		n.mu.Lock()
		p := n.genesis.Parameters
		span := (5 * p.EpochLength).Seconds()
		want := span/p.PayloadEvery.Seconds() + span/p.LoopEvery.Seconds() +
			span/p.DropEvery.Seconds()
		if got := float64(n.frames["p2"]); got < 0.85*want || got > 1.15*want ||
			len(n.frames) != 1 {
			t.Errorf("%v frames, want %v", n.frames, want)
		}
		n.mu.Unlock()
		n.end(c)
	})
}

// TestDocumentsComeFromTheGuard, which is the one that served the first of them: nobody else learns
// that there is a client at this address. Each is asked for under another key.
func TestDocumentsComeFromTheGuard(t *testing.T) {
	for _, first := range []string{"", "p1"} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			c := n.run(home(t), first)
			<-time.After(4 * n.genesis.Parameters.EpochLength)
			guard := c.Status().Guard
			n.end(c)
			n.mu.Lock()
			defer n.mu.Unlock()
			keys := map[link.PublicKey]bool{}
			for _, a := range n.askers {
				if keys[a.key] || n.spools[a.key] {
					t.Error("a key asks for documents twice, or has a spool")
				}
				keys[a.key] = true
				if a.of != guard.Name || first != "" && a.of != first {
					t.Errorf("%s is asked for a document; the guard is %s", a.of, guard.Name)
				}
			}
			if len(keys) < 5 || len(n.spools) != 1 || n.frames[guard.Name] == 0 {
				t.Errorf("the control: %d documents fetched, %d spools", len(keys), len(n.spools))
			}
		})
	}
}

// TestFirstDocumentIsAskedOfOthers when an entry of the genesis is away, and whoever served it is
// the guard.
func TestFirstDocumentIsAskedOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		n.close("p1", "p3")
		c := n.run(home(t), "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		if got := c.Status().Guard.Name; got != "p2" {
			t.Errorf("the guard is %s", got)
		}
		n.end(c)
	})
}

// TestForgedDocumentIsRefused: somebody signs who is no authority; later the authority does.
func TestForgedDocumentIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		honest := n.serves
		n.serves = func(e directory.Epoch) *directory.Document {
			forged := *n.docs[e]
			forged.Signatures = nil
			forged.Sign(directory.NewIdentity([32]byte{66}))
			return &forged
		}
		c := n.run(home(t), "")
		<-time.After(5 * time.Minute)
		if s := c.Status(); s.Connected || s.Document != nil || len(s.Faults) == 0 {
			t.Errorf("with a forged document: %+v", s)
		}
		n.mu.Lock()
		n.serves = honest
		n.mu.Unlock()
		await(t, "connection", time.Hour, func() bool { return c.Status().Connected })
		n.end(c)
	})
}

// TestDialsAgain when a provider was away, and says so in the meantime.
func TestDialsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(home(t), "p2")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		n.close("p2")
		<-time.After(time.Minute)
		if s := c.Status(); s.Connected || len(s.Faults) != 1 ||
			!errors.Is(s.Faults[0], errOffline) || time.Since(s.Since) < 50*time.Second {
			t.Errorf("without the provider: %+v", s)
		}
		n.close()
		await(t, "connection", 2*redialLast, func() bool { return c.Status().Connected })
		if s := c.Status(); len(s.Faults) != 0 || c.begun() != 1 {
			t.Errorf("with the provider again: %v, %d senders", s.Faults, c.begun())
		}
		n.close("p2")
		<-time.After(2 * redialLast) // the waits are long by now
		n.close()
		await(t, "connection", 2*redialLast, func() bool { return c.Status().Connected })
		<-time.After(redialLast + time.Minute)
		n.close() // it worked for a while: dialled again at once
		await(t, "connection", 2*time.Second, func() bool { return c.Status().Connected })
		n.end(c)
	})
}

func TestGuardOfTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newNetwork(t).open(home(t), "nobody")
		if err := c.Run(t.Context()); !errors.Is(err, errGuard) {
			t.Errorf("a guard that is not there: %v", err)
		}
	})
}

// TestStartAtTheEndOfAnEpoch begins when the next document is there already: with the current one
// beside it, and without.
func TestStartAtTheEndOfAnEpoch(t *testing.T) {
	for _, hide := range []directory.Epoch{0, 2} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			n.hide = hide
			<-time.After(time.Until(n.at(3).Add(-50 * time.Second)))
			s := home(t)
			for range 2 { // once more after a restart
				c := n.run(s, "")
				<-time.After(20 * time.Second)
				now := c.Status()
				if now.Connected == (hide != 0) {
					t.Errorf("hidden %d: connected %v before the epoch", hide, now.Connected)
				}
				if hide != 0 && (len(now.Faults) == 0 || !errors.Is(now.Faults[0], errNoDocument)) {
					t.Errorf("without a document for now: %v", now.Faults)
				}
				n.end(c)
			}
			c := n.run(s, "")
			<-time.After(time.Until(n.at(3).Add(time.Minute)))
			if now := c.Status(); !now.Connected || now.Document.Epoch != 3 ||
				len(now.Faults) != 0 {
				t.Errorf("hidden %d, after the epoch's beginning: %+v", hide, now)
			}
			n.end(c)
		})
	}
}

// TestWrongClocks end a client that starts with one, with both times.
func TestWrongClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		later := *n.genesis
		later.Start = later.Start.Add(1000 * time.Hour)
		n.genesis = &later
		err := n.open(home(t), "").Run(t.Context())
		if !errors.Is(err, ErrClock) || strings.Count(err.Error(), "2026-") < 2 {
			t.Errorf("a clock before the network's start: %v", err)
		}
	})
}

// TestUnusableDocument: a document that asks for longer paths than a sender can build ends no
// client, which goes on by the one before.
func TestUnusableDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(home(t), "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		long := *n.docs[3]
		long.Parameters.Layers++
		u := user{c.Connection, t.Context()}
		if err := u.Prepare(&long); err != nil {
			t.Fatalf("it ends the client: %v", err)
		}
		if s := c.Status(); len(s.Faults) != 1 || !errors.Is(s.Faults[0], errUnusable) ||
			!s.Connected {
			t.Errorf("it is not told: %v", s.Faults)
		}
		<-time.After(time.Until(n.at(4).Add(time.Minute)))
		if s := c.Status(); len(s.Faults) != 0 || !s.Connected || s.Stats.Silent != 0 {
			t.Errorf("with other documents: %+v", s)
		}
		n.end(c)
	})
}
