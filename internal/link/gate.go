package link

import (
	"container/list"
	"net"
	"sync"
	"time"
)

// gate counts the connections of one listener and keeps them within the caps.
// A connection is half-open from enter, open from admit, and gone from leave.
// When a cap is reached it does not refuse who comes but cuts who makes the
// least use of a place, as loser has it: identities and connections cost
// nothing, so that who came first has no right to stay.
type gate struct {
	cfg *Config

	mu       sync.Mutex // guards all below; Config.Admit and Config.Known are called under it
	closed   bool
	byHost   map[string]int
	halfOpen list.List        // of *pass, oldest first
	open     [kinds]list.List // of *pass, oldest first; of kind Directory those of strangers
	known    list.List        // of *pass of kind Directory, of peers that are known; oldest first
	latest   map[caller]*pass
	proven   map[Block]time.Time // blocks that nodes came from, and when last
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
	block  Block
	since  time.Time
	socket net.Conn
	queued *list.Element // in halfOpen, or in the list of its kind
	conn   *conn         // nil while half-open
	known  bool          // of kind Directory, of a peer that the network depends on
	gone   bool
}

func newGate(cfg *Config) *gate {
	return &gate{cfg: cfg, byHost: map[string]int{}, latest: map[caller]*pass{},
		proven: map[Block]time.Time{}}
}

// enter gives a fresh socket a place, or says why not.
func (g *gate) enter(socket net.Conn) (*pass, Reason) {
	addr := socket.RemoteAddr()
	p := &pass{gate: g, host: host(addr), block: blockOf(addr), since: time.Now(), socket: socket}
	cut, reason := g.tryEnter(p)
	for _, old := range cut {
		old.cut()
	}
	if reason != accepted {
		return nil, reason
	}
	return p, accepted
}

func (g *gate) tryEnter(p *pass) (cut []*pass, _ Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, refusedFull
	}
	if g.byHost[p.host] >= g.cfg.MaxConnsPerAddr {
		old := g.loser(p, p.host, &g.halfOpen, &g.open[Directory], &g.open[Exchange])
		if old == nil {
			return nil, refusedAddr
		}
		old.evict()
		cut = append(cut, old)
	}
	if g.halfOpen.Len() >= g.cfg.MaxHandshakes {
		old := g.loser(p, "", &g.halfOpen)
		old.evict()
		cut = append(cut, old)
	}
	g.byHost[p.host]++
	p.queued = g.halfOpen.PushBack(p)
	return cut, accepted
}

// admit opens the connection of a peer that Config.Admit accepts. The same peer
// coming again replaces its older connection, which a crash may have left dead.
func (g *gate) admit(p *pass, c *conn) Reason {
	old, reason := g.tryAdmit(p, c)
	if old != nil {
		old.cut()
	}
	return reason
}

func (g *gate) tryAdmit(p *pass, c *conn) (*pass, Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case p.gone:
		return nil, evictedHalfOpen
	case !g.cfg.Admit(c.Peer(), c.kind):
		return nil, NotAdmitted
	}
	p.known = c.kind == Directory && g.cfg.Known(c.Peer())
	who, list := caller{c.Peer(), c.kind}, g.list(c.kind, p.known)
	old, reason := g.makeRoom(p, who, list)
	if reason != accepted {
		return nil, reason
	}
	g.halfOpen.Remove(p.queued)
	p.queued, p.conn, p.since = list.PushBack(p), c, time.Now()
	if c.kind != Directory {
		g.latest[who] = p
	}
	if p.known || g.cfg.share(c.kind) == 0 {
		g.prove(p.block, p.since)
	}
	return old, accepted
}

// list is where the open connections of a kind are counted.
func (g *gate) list(k Kind, known bool) *list.List {
	if known {
		return &g.known
	}
	return &g.open[k]
}

// makeRoom takes the place of another connection away, if one must go for p.
func (g *gate) makeRoom(p *pass, who caller, list *list.List) (old *pass, _ Reason) {
	share := g.cfg.share(who.kind)
	switch old = g.latest[who]; {
	case old != nil:
		g.cfg.Counters.add(replaced, 1)
		old.remove()
		return old, accepted
	case p.known:
		if old = g.surplus(who.peer); old == nil {
			return nil, accepted
		}
	case share == 0 || list.Len() < share:
		return nil, accepted
	default:
		if old = g.loser(p, "", list); old == nil {
			return nil, refusedFull
		}
	}
	old.evict()
	return old, accepted
}

// surplus is the oldest directory link of a known peer that has as many as it may; else nil.
func (g *gate) surplus(peer PublicKey) (oldest *pass) {
	n := 0
	for e := g.known.Front(); e != nil; e = e.Next() {
		if p := e.Value.(*pass); p.conn.Peer() == peer {
			if n++; oldest == nil {
				oldest = p
			}
		}
	}
	if n < mostOfKnown {
		return nil
	}
	return oldest
}

// relieve cuts one connection that can be done without, because the process may open no more files;
// it is false if there is none.
func (g *gate) relieve() bool {
	g.mu.Lock()
	old := g.loser(&pass{}, "", &g.halfOpen, &g.open[Directory], &g.open[Exchange])
	if old != nil {
		old.evict()
	}
	g.mu.Unlock()
	if old != nil {
		old.cut()
	}
	return old != nil
}

// leave gives the place back. Idempotent.
func (p *pass) leave() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.remove()
}

// evict takes the place away, and counts that. The caller cuts, without the lock.
func (p *pass) evict() {
	reason := evictedOpen
	if p.conn == nil {
		reason = evictedHalfOpen
	}
	p.gate.cfg.Counters.add(reason, 1)
	p.remove()
}

// cut ends the connection of somebody who has no place any more.
func (p *pass) cut() {
	if p.conn == nil {
		p.socket.Close()
	} else {
		p.conn.abort()
	}
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
	g.list(p.conn.kind, p.known).Remove(p.queued)
	if who := (caller{p.conn.Peer(), p.conn.kind}); g.latest[who] == p {
		delete(g.latest, who)
	}
}

// passes are those of all open connections. The caller holds mu.
func (g *gate) passes() (all []*pass) {
	add := func(l *list.List) {
		for e := l.Front(); e != nil; e = e.Next() {
			all = append(all, e.Value.(*pass))
		}
	}
	for k := range g.open {
		add(&g.open[k])
	}
	add(&g.known)
	return all
}

// prune cuts the connections that Config.Admit refuses by now. Since admit asks
// under the same lock, none that came about under the old document escapes.
func (g *gate) prune() int {
	var out []*conn
	g.mu.Lock()
	for _, p := range g.passes() {
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
	for _, p := range g.passes() {
		out = append(out, p.conn)
	}
	g.mu.Unlock()
	for _, c := range out {
		c.abort()
	}
}
