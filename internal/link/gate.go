package link

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
)

// gate counts the connections of one listener and keeps them within the caps.
// A connection is half-open from enter, open from admit, and gone from leave.
type gate struct {
	cfg *Config

	mu        sync.Mutex // guards all below; Config.Admit is called under it
	closed    bool
	byHost    map[string]int
	halfOpen  list.List // of *pass, oldest first
	open      map[*pass]bool
	latest    map[caller]*pass
	strangers int // open connections of kind Directory
}

// caller is what at most one connection may be open for. Directory is not
// covered: one node may fetch and hand in at the same time.
type caller struct {
	peer PublicKey
	kind Kind
}

// pass is the place of one connection in the gate. The gate's mutex guards it.
type pass struct {
	gate   *gate
	host   string
	socket net.Conn
	queued *list.Element // in halfOpen; nil once open
	conn   *conn         // nil while half-open
	gone   bool
}

func newGate(cfg *Config) *gate {
	return &gate{cfg: cfg, byHost: map[string]int{}, open: map[*pass]bool{},
		latest: map[caller]*pass{}}
}

// enter gives a fresh socket a place, or says why not. When too many are
// half-open the oldest is cut: an honest handshake takes a few round trips,
// while somebody who opens and waits grows old.
func (g *gate) enter(socket net.Conn) (*pass, Reason) {
	p := &pass{gate: g, host: host(socket.RemoteAddr()), socket: socket}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed, len(g.open) >= g.cfg.MaxConns:
		return nil, refusedFull
	case g.byHost[p.host] >= g.cfg.MaxConnsPerAddr:
		return nil, refusedAddr
	}
	if g.halfOpen.Len() >= g.cfg.MaxHandshakes {
		oldest := g.halfOpen.Front().Value.(*pass)
		oldest.socket.Close()
		oldest.remove()
		g.cfg.Counters.add(evictedHalfOpen, 1)
	}
	g.byHost[p.host]++
	p.queued = g.halfOpen.PushBack(p)
	return p, accepted
}

// admit opens the connection of a peer that Config.Admit accepts. The same peer
// coming again replaces its older connection, which a crash may have left dead.
func (g *gate) admit(p *pass, c *conn) Reason {
	old, reason := g.tryAdmit(p, c)
	if old != nil {
		g.cfg.Counters.add(replaced, 1)
		old.abort()
	}
	return reason
}

func (g *gate) tryAdmit(p *pass, c *conn) (old *conn, _ Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case p.gone:
		return nil, evictedHalfOpen
	case !g.cfg.Admit(c.Peer(), c.kind):
		return nil, NotAdmitted
	case len(g.open) >= g.cfg.MaxConns:
		return nil, refusedFull
	case c.kind == Directory && g.strangers >= max(1, g.cfg.MaxConns/4):
		return nil, refusedFull
	}
	g.halfOpen.Remove(p.queued)
	p.queued, p.conn = nil, c
	g.open[p] = true
	if c.kind == Directory {
		g.strangers++
		return nil, accepted
	}
	who := caller{c.Peer(), c.kind}
	if before := g.latest[who]; before != nil {
		old = before.conn
	}
	g.latest[who] = p
	return old, accepted
}

// leave gives the place back. Idempotent.
func (p *pass) leave() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.remove()
}

func (p *pass) remove() {
	if p.gone {
		return
	}
	p.gone = true
	g := p.gate
	if g.byHost[p.host]--; g.byHost[p.host] == 0 {
		delete(g.byHost, p.host)
	}
	if p.conn == nil {
		g.halfOpen.Remove(p.queued)
		return
	}
	delete(g.open, p)
	if p.conn.kind == Directory {
		g.strangers--
	} else if who := (caller{p.conn.Peer(), p.conn.kind}); g.latest[who] == p {
		delete(g.latest, who)
	}
}

// prune cuts the connections that Config.Admit refuses by now. Since admit asks
// under the same lock, none that came about under the old document escapes.
func (g *gate) prune() int {
	var out []*conn
	g.mu.Lock()
	for p := range g.open {
		if !g.cfg.Admit(p.conn.Peer(), p.conn.kind) {
			out = append(out, p.conn)
		}
	}
	g.mu.Unlock()
	for _, c := range out {
		c.abort()
	}
	g.cfg.Counters.add(pruned, len(out))
	return len(out)
}

// close cuts everything and lets nobody in any more.
func (g *gate) close() {
	var out []*conn
	g.mu.Lock()
	g.closed = true
	for e := g.halfOpen.Front(); e != nil; e = e.Next() {
		e.Value.(*pass).socket.Close()
	}
	for p := range g.open {
		out = append(out, p.conn)
	}
	g.mu.Unlock()
	for _, c := range out {
		c.abort()
	}
}

// host is what MaxConnsPerAddr counts by: an IPv4 address, an IPv6 /64 (which
// one customer has), or the name of a node on a Fabric.
func host(addr net.Addr) string {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return addr.String()
	}
	ip := ap.Addr().Unmap()
	if ip.Is6() {
		net64, _ := ip.WithZone("").Prefix(64) // cannot fail: 64 is within 128
		return net64.String()
	}
	return ip.String()
}
