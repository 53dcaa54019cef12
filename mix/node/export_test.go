package node

import (
	"murmuration/internal/node"
	"murmuration/internal/node/metrics"
)

// Inside is what tests look at that a user of the package cannot.
func (n *Node) Inside() (all *node.Node, held func() int, page *metrics.Page) {
	return n.node, n.relay.Held, n.metrics
}
