package link

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// speak has the far end of an accepted connection be heard.
func (w world) speak(near, far Conn) {
	w.Helper()
	if err := errors.Join(near.Send(frameOf(1)), far.Receive(make([]byte, testFrame))); err != nil {
		w.Fatal(err)
	}
}

// TestWhoSpeaksKeepsTheirPlace: when all places of clients are taken, one that never spoke goes for
// a newcomer; if all speak, the newcomer is told that the node is full.
func TestWhoSpeaksKeepsTheirPlace(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.MaxConns = 3 // one for questions, two for clients
		l, to := w.listen(server)
		speaking, _ := w.dial(testConfig(2), to, Exchange)
		w.speak(speaking, w.accept(l))
		silent, _ := w.dial(testConfig(3), to, Exchange)
		w.accept(l)
		newcomer, err := w.dial(testConfig(4), to, Exchange)
		if err != nil {
			w.Fatalf("a newcomer beside a silent connection: %v", err)
		}
		w.speak(newcomer, w.accept(l))
		if err := silent.Receive(make([]byte, testFrame)); err == nil || errors.Is(err, errIdle) {
			w.Errorf("the silent one was not cut: %v", err)
		}
		if _, err := w.dial(testConfig(5), to, Exchange); !errors.Is(err, ErrFull) {
			w.Errorf("one too many, where all speak: %v", err)
		}
		if _, err := w.dial(testConfig(6), to, Packets); err != nil {
			w.Errorf("a node, which the document bounds: %v", err)
		}
		if n := server.Counters.Get(evictedOpen); n != 1 {
			w.Errorf("%d were cut for others, want 1", n)
		}
		if n := server.Counters.Get(refusedFull); n != 1 {
			w.Errorf("%d were refused, want 1", n)
		}
	})
}

// TestRoomIsAskedAndTold: what the owner of a listener says of room reaches the dialler as words,
// and an invitation reaches the owner.
func TestRoomIsAskedAndTold(t *testing.T) {
	everywhere(t, func(w world) {
		server, invited := testConfig(1), Invitation{7}
		server.Room = func(g Guest) Answer {
			switch {
			case g.Kind != Exchange || g.Block == "":
				w.Errorf("asked for %v", g)
			case g.Peer == seed(2).Public():
				return Full
			case g.Invitation != invited:
				return Uninvited
			}
			return Welcome
		}
		l, to := w.listen(server)
		if _, err := w.dial(testConfig(2), to, Exchange); !errors.Is(err, ErrFull) {
			w.Errorf("full: %v", err)
		}
		if _, err := w.dial(testConfig(3), to, Exchange); !errors.Is(err, ErrUninvited) {
			w.Errorf("without an invitation: %v", err)
		}
		shows := testConfig(3)
		shows.Invitation = invited
		if _, err := w.dial(shows, to, Exchange); err != nil {
			w.Fatalf("control: with an invitation: %v", err)
		}
		if g := w.accept(l).Guest(); g.Invitation != invited || g.Peer != seed(3).Public() {
			w.Errorf("accepted %v", g)
		}
		server.Room = nil
		shows.Identity = seed(4)
		l2, to2 := w.listen(server)
		w.dial(shows, to2, Replica)
		if g := w.accept(l2).Guest(); g.Invitation != (Invitation{}) {
			w.Error("an invitation was shown to a link that wants none")
		}
	})
}

// TestAddressCap: whoever has all the connections that one address may have loses the one that is
// of least use; those that speak, and nodes, stay, and then it is the newcomer who is refused.
func TestAddressCap(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.MaxConnsPerAddr = 2
		l, to := w.listen(server)
		node, _ := w.dial(testConfig(2), to, Replica)
		farNode := w.accept(l)
		silent, _ := w.dial(testConfig(2), to, Directory)
		w.accept(l)
		client, err := w.dial(testConfig(2), to, Exchange)
		if err != nil {
			w.Fatalf("beside a silent connection: %v", err)
		}
		far := w.accept(l)
		w.speak(client, far)
		if silent.Receive(make([]byte, testFrame)) == nil {
			w.Error("the silent one lives on")
		}
		w.speak(node, farNode)
		if _, err := w.dial(testConfig(2), to, Packets); err == nil {
			w.Error("one too many was let in")
		}
		far.Close()
		if _, err := w.dial(testConfig(2), to, Packets); err != nil {
			w.Errorf("control: after one left: %v", err)
		}
	})
}

// TestStrangersDoNotShutNodesOut: the links on which nodes hand in what they say of themselves stay
// within reach of all, however many strangers sit on such links and say nothing.
func TestStrangersDoNotShutNodesOut(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.MaxConns = 16 // a quarter: four for questions
		l, to := w.listen(server)
		var strangers []Conn
		for i := range byte(4) {
			c, err := w.dial(testConfig(100+i), to, Directory)
			if err != nil {
				w.Fatal(err)
			}
			w.accept(l)
			strangers = append(strangers, c)
		}
		node, err := w.dial(testConfig(2), to, Directory)
		if err != nil {
			w.Fatalf("a node cannot hand in its descriptor: %v", err)
		}
		w.speak(node, w.accept(l))
		if strangers[0].Receive(make([]byte, testFrame)) == nil {
			w.Error("the oldest stranger is still there: the share of strangers has no bound")
		}
	})
}

// town is a gate with parties from many blocks, in virtual time.
type town struct {
	*testing.T
	gate *gate
	rng  *rand.Rand
	keys uint16

	strange []*pass // of the stranger's connections
}

type fromAddr struct {
	net.Conn
	addr string
}

func (f fromAddr) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", f.addr)
	if err != nil {
		panic(err)
	}
	return a
}

// come brings somebody before the gate; kind 0 stays half-open.
func (w *town) come(addr string, k Kind) (*pass, Reason) {
	near, far := net.Pipe()
	w.Cleanup(func() { near.Close(); far.Close() })
	socket := fromAddr{near, addr}
	p, reason := w.gate.enter(socket)
	if p == nil || k == 0 {
		return p, reason
	}
	w.keys++
	key := PublicKey{byte(w.keys), byte(w.keys >> 8)}
	c := newConn(w.gate.cfg, &channel{Conn: socket, socket: socket, peer: key}, k, false)
	c.guest.Block, c.release = p.block, p.leave
	if reason = w.gate.admit(p, c); reason != accepted {
		socket.Close()
		p.leave()
	}
	return p, reason
}

func speaks(p *pass) { p.conn.heard.Store(time.Now().UnixNano()) }

// TestNobodyIsShutOut: whatever a stranger with any number of keys and a handful of blocks does, a
// client that speaks and a node keep their links, and a newcomer of another block gets a link of
// each kind at the first try and keeps it until the handshake and the first frame are through. What
// the stranger cannot have is a bound broken.
func TestNobodyIsShutOut(t *testing.T) {
	for run := range uint64(20) {
		t.Run(fmt.Sprint("seed ", run), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { shutOut(t, run) })
		})
	}
}

func shutOut(t *testing.T, run uint64) {
	cfg := testConfig(1)
	cfg.MaxConns, cfg.MaxHandshakes, cfg.MaxConnsPerAddr = 16, 8, 6
	cfg, err := cfg.ready()
	if err != nil {
		t.Fatal(err)
	}
	w := &town{T: t, gate: newGate(&cfg), rng: rand.New(rand.NewPCG(run, 1))}
	honest, _ := w.come("10.0.0.1:1", Exchange)
	node, _ := w.come("10.0.1.1:1", Packets)
	for step := range 400 {
		<-time.After(time.Duration(w.rng.IntN(5000)) * time.Millisecond)
		speaks(honest)
		w.stranger()
		if step%10 == 0 {
			w.newcomer(step)
		}
		if honest.gone || node.gone {
			t.Fatalf("step %d: the client or the node lost its link", step)
		}
		w.bounds()
	}
}

// stranger does one of the things that a stranger can.
func (w *town) stranger() {
	for range 1 + w.rng.IntN(12) {
		addr := fmt.Sprintf("192.0.%d.%d:9", w.rng.IntN(3), w.rng.IntN(200))
		kind := []Kind{0, Exchange, Directory}[w.rng.IntN(3)]
		if p, reason := w.come(addr, kind); reason == accepted {
			w.strange = append(w.strange, p)
		}
	}
	// some speak, as many as get a place from the provider
	places := w.gate.cfg.share(Exchange) / 2
	for _, p := range w.strange {
		if p.conn == nil || p.gone || p.conn.kind != Exchange {
			continue
		}
		if p.conn.heard.Load() > 0 || w.rng.IntN(10) == 0 {
			if places--; places >= 0 {
				speaks(p)
			} else {
				p.conn.abort()
			}
		}
	}
}

func (w *town) newcomer(step int) {
	for _, kind := range []Kind{Exchange, Directory} {
		p, reason := w.come(fmt.Sprintf("172.16.%d.1:1", step%200), kind)
		if reason != accepted {
			w.Fatalf("step %d: a newcomer for %s is %s", step, kind, reason)
		}
		w.stranger()
		if p.gone {
			w.Fatalf("step %d: a newcomer for %s lost the link at once", step, kind)
		}
		p.conn.abort()
	}
}

func (w *town) bounds() {
	g := w.gate
	for _, k := range []Kind{Exchange, Directory} {
		if n := g.open[k].Len(); n > g.cfg.share(k) {
			w.Fatalf("%d links of kind %s, at most %d may be", n, k, g.cfg.share(k))
		}
	}
	if n := g.halfOpen.Len(); n > g.cfg.MaxHandshakes {
		w.Fatalf("%d are half-open, at most %d may be", n, g.cfg.MaxHandshakes)
	}
	for host, n := range g.byHost {
		if n > g.cfg.MaxConnsPerAddr {
			w.Fatalf("%d links of %s", n, host)
		}
	}
}

// TestBlocks: what counts as one place in the world.
func TestBlocks(t *testing.T) {
	for _, c := range []struct{ a, b, one string }{
		{"192.0.2.1:1", "192.0.2.200:2", "block"},
		{"192.0.2.1:1", "192.0.3.1:1", ""},
		{"192.0.2.1:1", "192.0.2.1:99", "host"},
		{"[::ffff:192.0.2.1]:1", "192.0.2.1:1", "host"},
		{"[2001:db8:1:1::1]:1", "[2001:db8:1:2::1]:1", "block"},
		{"[2001:db8:1:1::1]:1", "[2001:db8:1:1:2::1]:1", "host"},
		{"[2001:db8:1::1]:1", "[2001:db8:2::1]:1", ""},
		{"[fe80::1%eth0]:1", "[fe80::1%eth1]:1", "host"},
	} {
		a, _ := net.ResolveTCPAddr("tcp", c.a)
		b, _ := net.ResolveTCPAddr("tcp", c.b)
		if got := host(a) == host(b); got != (c.one == "host") {
			t.Errorf("%s and %s are one host: %v", c.a, c.b, got)
		}
		if got := blockOf(a) == blockOf(b); got != (c.one != "") {
			t.Errorf("%s and %s are one block: %v", c.a, c.b, got)
		}
	}
	if a, b := blockOf(pipeAddr("alice")), blockOf(pipeAddr("bob")); a == b {
		t.Error("all nodes of a fabric are one block")
	}
}
