package node

import (
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
