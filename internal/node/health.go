package node

import (
	"fmt"
	"math"
	"time"

	"murmuration/internal/protocol"
)

// Healthy tells why the node does not do its work, or nil.
func (n *Node) Healthy() error {
	if _, err := n.Documents.Current(time.Now()); err != nil {
		return err
	}
	if up, all := n.links.connected(); all > 0 && up == 0 {
		return fmt.Errorf("no link to the next layer is up (of %d)", all)
	}
	return nil
}

// Metrics are those that every node has, and some more.
func (n *Node) Metrics(more ...Gauge) *Metrics {
	all := append([]Gauge{
		{"murmur_links_up", "Outgoing links that are up.", func() float64 { up, _ := n.links.connected(); return float64(up) }},
		{"murmur_packets_held", "Packets that wait for their time to leave, rounded down.", n.held},
		{"murmur_replay_fill", "Share of this epoch's replay set that is used, in hundredths; at 1 nothing is forwarded.", n.fill},
		{"murmur_document_age_epochs", "Epochs since the document in force was new; 3 when there is none.", n.documentAge},
	}, more...)
	return newMetrics(n.cfg.Metrics, n.Healthy, n.Counts, n.Events, all...)
}

func (n *Node) held() float64 {
	var held int
	n.pipeline.do(func(time.Time) { held = n.role.Relay.Held() })
	return float64(held / publishStep * publishStep)
}

// fill is how much of the current epoch's replay set is used.
func (n *Node) fill() float64 {
	e, err := n.Home.Genesis.Schedule().Epoch(time.Now())
	if err != nil {
		return 0
	}
	seen, capacity := n.tags(e)
	if capacity == 0 {
		return 0
	}
	return math.Floor(100*float64(seen)/float64(capacity)) / 100
}

func (n *Node) documentAge() float64 {
	now := time.Now()
	doc, err := n.Documents.Current(now)
	if err != nil {
		return protocol.Validity
	}
	e, _ := n.Home.Genesis.Schedule().Epoch(now) // Current knows the epoch, too
	return float64(e - doc.Epoch)
}
