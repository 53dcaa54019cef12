package link

import (
	"net"
	"testing"
)

// doorstep is a gate with so many places, and sockets to bring before it.
type doorstep struct {
	*testing.T
	gate *gate
}

func newDoorstep(t *testing.T, conns, handshakes int) doorstep {
	t.Helper()
	cfg := testConfig(1)
	cfg.MaxConns, cfg.MaxHandshakes = conns, handshakes
	cfg, err := cfg.ready()
	if err != nil {
		t.Fatal(err)
	}
	return doorstep{t, newGate(&cfg)}
}

func (d doorstep) enter() (*pass, Reason) {
	socket, far := net.Pipe()
	d.Cleanup(func() { socket.Close(); far.Close() })
	return d.gate.enter(socket)
}

func (d doorstep) admit(p *pass, who byte) Reason {
	key := Seed{who}.Public()
	return d.gate.admit(p, newConn(d.gate.cfg,
		&channel{Conn: p.socket, socket: p.socket, peer: key}, Exchange, false))
}

// TestFullGateRefusesBeforeTheHandshake: whoever comes to a full node costs it no handshake, and of
// two that shake hands for the last place at one time one gets it.
func TestFullGateRefusesBeforeTheHandshake(t *testing.T) {
	d := newDoorstep(t, 1, 8)
	a, _ := d.enter()
	b, reason := d.enter()
	if reason != accepted {
		t.Fatalf("control: two may try for one place, and the second was told %s", reason)
	}
	if reason := d.admit(a, 2); reason != accepted {
		t.Fatalf("control: the first is %s", reason)
	}
	if reason := d.admit(b, 3); reason != refusedFull {
		t.Errorf("the second, for whom no place is left, is %s", reason)
	}
	if _, reason := d.enter(); reason != refusedFull {
		t.Errorf("whoever comes to a full gate is %s", reason)
	}
	a.leave()
	if reason := d.admit(b, 3); reason != accepted {
		t.Errorf("control: when there is a place again, the second is %s", reason)
	}
}

// TestEvictedIsNotAdmitted: a handshake that was cut to make room, and got through in the same
// moment, takes no place that nobody would give back.
func TestEvictedIsNotAdmitted(t *testing.T) {
	d := newDoorstep(t, 8, 1)
	a, _ := d.enter()
	b, _ := d.enter() // cuts a
	if reason := d.admit(a, 2); reason != evictedHalfOpen {
		t.Errorf("a handshake that was cut is %s", reason)
	}
	if reason := d.admit(b, 3); reason != accepted {
		t.Errorf("control: the other is %s", reason)
	}
	a.leave()
	b.leave()
	if n := len(d.gate.open) + d.gate.halfOpen.Len() + len(d.gate.byHost) +
		len(d.gate.latest); n != 0 {
		t.Errorf("%d places are still taken when all have left", n)
	}
}
