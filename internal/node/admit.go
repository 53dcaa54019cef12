package node

import (
	"math"
	"net"
	"slices"

	"murmuration/internal/directory"
	"murmuration/internal/directory/council"
	"murmuration/internal/directory/query"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
)

// FrameSize is the size of the frames of one kind of link in this node's network; 0 for none.
func (c *Chassis) FrameSize(k link.Kind) int {
	switch k {
	case link.Packets:
		return c.Params.PacketSize()
	case link.Exchange:
		return c.Params.PacketSize() + protocol.ExchangeOverhead
	case link.Replica:
		return c.Home.Genesis.Parameters.Request()
	case link.Directory:
		return query.FrameSize
	case link.Bulletins:
		return protocol.BulletinFrame
	case link.Council:
		return council.FrameSize
	}
	return 0
}

// admit says whether a peer may have a link to this node now.
func (c *Chassis) admit(peer link.PublicKey, k link.Kind) bool {
	if k == link.Packets {
		senders := c.senders.Load()
		if senders == nil {
			return false
		}
		_, ok := (*senders)[peer]
		return ok
	}
	service := c.services[k]
	return service != nil && service.Admits(peer)
}

// knows says whether the network depends on a peer: the genesis or the document in force names it,
// it is a provider that missed that document, or the service for questions names it.
func (c *Chassis) knows(peer link.PublicKey) bool {
	id := directory.NodeID(peer)
	if _, ok := c.Home.Genesis.Authority(id); ok {
		return true
	}
	if service, ok := c.services[link.Directory].(Knower); ok && service.Knows(peer) {
		return true
	}
	doc := c.Documents.Current()
	if doc == nil {
		return false
	}
	if _, ok := doc.Node(id); ok {
		return true
	}
	return slices.ContainsFunc(c.missed(doc), func(n directory.Node) bool { return n.ID == id })
}

// room says whether the service has room for somebody whom it admits.
func (c *Chassis) room(g link.Guest) link.Answer {
	if service, ok := c.services[g.Kind].(Roomy); ok {
		return service.Room(g)
	}
	return link.Welcome
}

// ConnsPerAddr is how many links one address may have: no bound on a node that everybody reaches
// from this computer, be it through an onion service or because the network lives here.
func (c *Config) ConnsPerAddr() int {
	host, _, _ := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); c.MaxConnsPerAddress == 0 && ip != nil && ip.IsLoopback() {
		return math.MaxInt
	}
	return c.MaxConnsPerAddress
}
