package node

import (
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// TestLastBufferBackGoesOutFirst, each once, down to the last.
func TestLastBufferBackGoesOutFirst(t *testing.T) {
	b := newBuffers(8)
	one, other := make([]byte, 8), make([]byte, 8)
	b.put(one)
	b.put(other)
	if p := b.get(); &p[0] != &other[0] {
		t.Error("first is not what came back last")
	}
	if p := b.get(); &p[0] != &one[0] {
		t.Error("then not what came back before")
	}
	if p := b.get(); &p[0] == &one[0] || &p[0] == &other[0] || len(p) != 8 {
		t.Error("a buffer is in use twice")
	}
}

// TestPipelineDefaults: workers and the queue are the operator's, or follow the processors.
func TestPipelineDefaults(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	for _, c := range []struct{ workers, queue, wantWorkers, wantQueue int }{
		{0, 0, procs, 256 * procs}, {procs + 3, 0, procs + 3, 256 * (procs + 3)},
		{0, 5, procs, 5}, {1, 7, 1, 7},
	} {
		p := newPipeline(pipelineConfig{Core: mix.NewRelay(1, nil), Workers: c.workers,
			Queue: c.queue})
		if p.cfg.Workers != c.wantWorkers || cap(p.work) != c.wantQueue {
			t.Errorf("%+v: %d workers, a queue of %d", c, p.cfg.Workers, cap(p.work))
		}
	}
}

// TestAlarm: whoever sleeps until the next packet leaves is woken for one that leaves sooner.
func TestAlarm(t *testing.T) {
	leave := epoch0.Add(time.Minute)
	for _, c := range []struct {
		name  string
		held  bool
		alarm time.Time
		want  int
	}{
		{"sooner", true, leave.Add(1), 1}, {"at the same time", true, leave, 0},
		{"later", true, leave.Add(-1), 0}, {"nobody sleeps", true, time.Time{}, 0},
		{"nothing is held", false, leave, 0},
	} {
		core := mix.NewRelay(1, nil)
		if c.held {
			core.Hold(0, leave, transit.Departure{})
		}
		p := newPipeline(pipelineConfig{Core: core, Workers: 1})
		p.alarm = c.alarm
		p.rouse()
		if len(p.sooner) != c.want || len(p.written) != 1 {
			t.Errorf("%s: woken %d times", c.name, len(p.sooner))
		}
	}
}

// TestGivenIsKept: a default takes the place of nothing that was given.
func TestGivenIsKept(t *testing.T) {
	log, called := slog.New(slog.DiscardHandler), 0
	c := Config{Listen: "127.0.0.1:1", Address: "example.org:2", PacketsPerEpoch: 7, MaxHeld: 8,
		Log:       log,
		Transport: func(link.Config) (link.Transport, error) { called++; return nil, nil },
	}.WithDefaults()
	if c.Transport(link.Config{}); called != 1 || c.Log != log || c.PacketsPerEpoch != 7 ||
		c.MaxHeld != 8 || c.Address != "example.org:2" {
		t.Errorf("changed: %+v", c)
	}
}

// TestAddressesOfNodes: one that nobody can dial needs another beside it; names have 40 bytes.
func TestAddressesOfNodes(t *testing.T) {
	for _, c := range []struct {
		listen, address string
		good            bool
	}{
		{"127.0.0.1:1", "", true}, {"example.org:1", "", true}, {"[::1]:1", "", true},
		{":1", "", false}, {"0.0.0.0:1", "", false}, {"[::]:1", "", false},
		{":1", "example.org:1", true}, {"[::]:1", "192.0.2.1:1", true},
		{"127.0.0.1:1", "example.org", false},
	} {
		err := (&Config{Listen: c.listen, Address: c.address}).Validate()
		if (err == nil) != c.good || err != nil && !strings.Contains(err.Error(), "address: ") {
			t.Errorf("%q and %q: %v", c.listen, c.address, err)
		}
	}
	c := Config{Listen: "9101"}
	if err := c.Validate(); strings.Contains(err.Error(), "address: ") {
		t.Errorf("one mistake is told as two: %v", err)
	}
	for size, good := range map[int]bool{0: true, 40: true, 41: false} {
		c := Config{Listen: "127.0.0.1:1", Name: strings.Repeat("x", size)}
		if err := c.Validate(); (err == nil) != good {
			t.Errorf("a name of %d bytes: %v", size, err)
		}
	}
}

// TestSendersOfTwoDocuments are let in, and nobody else; without a document, nobody is.
func TestSendersOfTwoDocuments(t *testing.T) {
	n := &Node{Chassis: &Chassis{}}
	a, b, c := directory.NodeID{'a'}, directory.NodeID{'b'}, directory.NodeID{'c'}
	check := func(when string, want ...directory.NodeID) {
		t.Helper()
		let := map[directory.NodeID]bool{}
		for _, id := range want {
			let[id] = true
		}
		for _, id := range []directory.NodeID{a, b, c} {
			if got := n.admit(link.PublicKey(id), link.Packets); got != let[id] {
				t.Errorf("%s: %c is let in: %t", when, id[0], got)
			}
			if n.admit(link.PublicKey(id), link.Replica) {
				t.Errorf("%s: %c is let in to a service that there is not", when, id[0])
			}
		}
	}
	check("at first")
	n.admitSenders([]directory.Node{{ID: a}})
	check("the first document", a)
	n.admitSenders([]directory.Node{{ID: b}})
	check("the second", a, b)
	n.admitSenders([]directory.Node{{ID: c}})
	check("the third", b, c)
	n.admitSenders(nil)
	check("one without", c)
	n.admitSenders(nil)
	check("two without")
}

// door is a service for one peer.
type door struct {
	Service
	let link.PublicKey
}

func (d door) Admits(peer link.PublicKey) bool { return peer == d.let }

// TestServicesChoose whom they admit, whoever sends packets.
func TestServicesChoose(t *testing.T) {
	c := &Chassis{services: map[link.Kind]Service{link.Exchange: door{let: link.PublicKey{'a'}}}}
	for peer, want := range map[link.PublicKey]bool{{'a'}: true, {'b'}: false} {
		if got := c.admit(peer, link.Exchange); got != want {
			t.Errorf("%c is let in: %t", peer[0], got)
		}
	}
	if c.admit(link.PublicKey{'a'}, link.Packets) {
		t.Error("a service's peer may send packets")
	}
}

// TestLinksStayAsTheyAre with a new document, unless their node moved or went.
func TestLinksStayAsTheyAre(t *testing.T) {
	transport, err := link.NewFabric().Transport(link.Config{
		FrameSize: func(link.Kind) int { return 8 }, Identity: link.Seed{1}})
	if err != nil {
		t.Fatal(err)
	}
	l := newLinks(linksConfig{Transport: transport, Buffers: newBuffers(8), FrameSize: 8})
	stay, move, leave := directory.NodeID{1}, directory.NodeID{2}, directory.NodeID{3}
	set := func(want map[directory.NodeID]link.Peer) {
		t.Helper()
		if err := l.set(want); err != nil {
			t.Fatal(err)
		}
		select {
		case <-l.changed:
		default:
			t.Error("run is not told")
		}
	}
	set(map[directory.NodeID]link.Peer{stay: {Addr: "a"}, move: {Addr: "b"}, leave: {Addr: "c"}})
	was, stopped := map[directory.NodeID]*outgoing{}, map[directory.NodeID]int{}
	for id, o := range l.out {
		was[id], o.stop = o, func() { stopped[id]++ }
	}
	set(map[directory.NodeID]link.Peer{stay: {Addr: "a"}, move: {Addr: "d"}})
	if len(l.out) != 2 || l.out[stay] != was[stay] || l.out[move] == was[move] ||
		l.out[move].peer.Addr != "d" {
		t.Errorf("links are %v", l.out)
	}
	if stopped[stay] != 0 || stopped[move] != 1 || stopped[leave] != 1 {
		t.Errorf("stopped are %v", stopped)
	}
	sent := 0
	for sent < 1<<16 && l.send(stay, make([]byte, 8)) {
		sent++
	}
	if sent == 0 || sent == 1<<16 {
		t.Errorf("a link that is down took %d packets", sent)
	}
}
