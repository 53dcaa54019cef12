package link

import (
	"container/list"
	"net"
	"net/netip"
	"time"
)

// Block is where a connection comes from, as far as shares are counted: an IPv4
// /24, an IPv6 /48, or the name of a node on a Fabric. It is never written down.
type Block string

// Invitation is a code that a provider gives out and takes back: 16 random bytes.
type Invitation [16]byte

// Guest is whoever asks for a link.
type Guest struct {
	Peer       PublicKey
	Kind       Kind
	Block      Block
	Invitation Invitation // zero if none was shown
}

// Answer is what the acceptor's hello says about room.
type Answer uint8

// The answers (docs/link.md, section "Hello").
const (
	Welcome   Answer = iota // the link is open
	Full                    // there is no place for somebody new
	Uninvited               // an invitation is needed, and a good one was not shown
	answers                 // one past the last
)

// err is what an answer means to the dialler.
func (a Answer) err() error {
	switch a {
	case Full:
		return ErrFull
	case Uninvited:
		return ErrUninvited
	}
	return nil
}

// answer is what the dialler is told about a refusal; Welcome stands for nothing.
func (r Reason) answer() Answer {
	switch r {
	case refusedFull:
		return Full
	case uninvited:
		return Uninvited
	}
	return Welcome
}

// quiet is how long a client's link may carry nothing before its place can be
// given to another: a fifth of the idle time, which is many times the mean
// interval of every kind of traffic.
func (c *Config) quiet() time.Duration { return c.IdleTimeout / 5 }

// share is how many connections of a kind may be open; 0 for no bound but the
// network document.
func (c *Config) share(k Kind) int {
	switch k {
	case Directory:
		return max(1, c.MaxConns/4)
	case Exchange:
		return max(1, c.MaxConns-c.share(Directory))
	}
	return 0
}

// idleSince says since when a connection holds a place without use, and whether
// it can lose the place for that. A stranger's directory link is there for a few
// questions: one that stays grows old; a known peer's is not counted with them.
// A client's link must speak.
func (p *pass) idleSince(now time.Time, quiet time.Duration) (time.Time, bool) {
	if p.conn == nil {
		return p.since, true
	}
	switch p.conn.kind {
	case Directory:
		return p.since, !p.known
	case Exchange:
		heard := p.conn.heard.Load()
		if heard == 0 {
			return p.since, true
		}
		last := time.Unix(0, heard)
		return last, now.Sub(last) > quiet
	}
	return time.Time{}, false
}

// mostOfKnown is how many directory links one known peer may have: one to fetch documents, one to
// hand in descriptors, and as many again that a crash left dead.
const mostOfKnown = 4

// mostProven is how many blocks are remembered that nodes came from.
const mostProven = 1024

// prove notes that a node came from a block: handshakes from there go last.
func (g *gate) prove(b Block, now time.Time) {
	if _, ok := g.proven[b]; !ok && len(g.proven) >= mostProven {
		var oldest Block
		for other, at := range g.proven {
			if oldest == "" || at.Before(g.proven[oldest]) {
				oldest = other
			}
		}
		delete(g.proven, oldest)
	}
	g.proven[b] = now
}

// shielded says whether half-open connections from blocks of nodes go only when all others are
// gone. Whoever shares a block with a node can have half of the places by that, and no more.
func (g *gate) shielded() bool {
	n := 0
	for e := g.halfOpen.Front(); e != nil; e = e.Next() {
		if _, ok := g.proven[e.Value.(*pass).block]; ok {
			n++
		}
	}
	return n <= g.cfg.MaxHandshakes/2
}

// loser is who must go for a newcomer when the lists are full: of the block that has most of those
// who can lose their place, the newcomer counted, the one that has been without use longest. It is
// nil when everybody there makes use of their place. only, if it is not empty, keeps to one host.
func (g *gate) loser(newcomer *pass, only string, among ...*list.List) *pass {
	if g.shielded() {
		if p := g.pick(newcomer, only, g.proven, among); p != nil {
			return p
		}
	}
	return g.pick(newcomer, only, nil, among)
}

// pick is loser without the half-open connections from some blocks.
func (g *gate) pick(newcomer *pass, only string, but map[Block]time.Time,
	among []*list.List) *pass {
	var found *pass
	var since time.Time
	now, held := time.Now(), map[Block]int{newcomer.block: 1}
	each := func(f func(p *pass, idle time.Time)) {
		for _, l := range among {
			for e := l.Front(); e != nil; e = e.Next() {
				p := e.Value.(*pass)
				_, passed := but[p.block]
				passed = passed && p.conn == nil
				if idle, can := p.idleSince(now, g.cfg.quiet()); can && !passed &&
					(only == "" || only == p.host) {
					f(p, idle)
				}
			}
		}
	}
	each(func(p *pass, _ time.Time) { held[p.block]++ })
	each(func(p *pass, idle time.Time) {
		n := 0
		if found != nil {
			n = held[found.block]
		}
		if held[p.block] > n || held[p.block] == n && idle.Before(since) {
			found, since = p, idle
		}
	})
	return found
}

// host is what MaxConnsPerAddr counts by: an IPv4 address, an IPv6 /64 (which
// one customer has), or the name of a node on a Fabric.
func host(addr net.Addr) string { return within(addr, 32, 64) }

// blockOf is what shares are counted by.
func blockOf(addr net.Addr) Block { return Block(within(addr, 24, 48)) }

// within is an address without its last bits; bits4 and bits6 stay.
func within(addr net.Addr, bits4, bits6 int) string {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return addr.String()
	}
	ip, bits := ap.Addr().Unmap().WithZone(""), bits4
	if ip.Is6() {
		bits = bits6
	}
	if bits == ip.BitLen() {
		return ip.String()
	}
	net, _ := ip.Prefix(bits) // cannot fail: bits are within the address
	return net.String()
}
