package link

import (
	"net"
	"testing"
)

// TestTotalCapHoldsTwice: the cap stands before the handshake, which costs the node, and after it,
// because many may be half-open together.
func TestTotalCapHoldsTwice(t *testing.T) {
	cfg := Config{MaxConns: 1, MaxConnsPerAddr: 9, MaxHandshakes: 9, Admit: func(PublicKey, Kind) bool { return true }, Counters: new(Counters)}
	g := newGate(&cfg)
	enter := func() (*pass, Reason) {
		near, far := net.Pipe()
		t.Cleanup(func() { near.Close(); far.Close() })
		return g.enter(near)
	}
	admit := func(p *pass, peer byte) Reason {
		return g.admit(p, &conn{ch: &channel{peer: PublicKey{peer}}, kind: Exchange})
	}
	first, _ := enter()
	second, _ := enter()
	if first == nil || second == nil {
		t.Fatal("control: nobody is open yet, and somebody is refused")
	}
	if r := admit(first, 1); r != Accepted {
		t.Fatalf("control: the first is %s", r)
	}
	if r := admit(second, 2); r != RefusedFull {
		t.Errorf("half-open together with the first: %s", r)
	}
	if p, r := enter(); p != nil || r != RefusedFull {
		t.Errorf("a handshake begins though all places are taken: %s", r)
	}
	first.leave()
	if r := admit(second, 2); r != Accepted {
		t.Errorf("after the first left: %s", r)
	}
}
