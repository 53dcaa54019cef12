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
	if n := len(d.gate.passes()) + d.gate.halfOpen.Len() + len(d.gate.byHost) +
		len(d.gate.latest); n != 0 {
		t.Errorf("%d places are still taken when all have left", n)
	}
}
