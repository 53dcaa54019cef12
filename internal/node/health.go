package node

import (
	"errors"
	"fmt"
	"math"
	"time"

	"murmuration/internal/node/metrics"
	"murmuration/internal/protocol"
)

// Healthy tells why the node does not do its work, or nil.
func (n *Node) Healthy() error {
	if n.Documents.Current() == nil {
		return errors.New("no network document is in force: nothing is carried until there is one")
	}
	if up, all := n.links.connected(); all > 0 && up == 0 {
		return fmt.Errorf("no link to the next layer is up (of %d)", all)
	}
	return nil
}

// Metrics are those that every node has, and some more.
func (n *Node) Metrics(more ...metrics.Gauge) *metrics.Page {
	all := append([]metrics.Gauge{
		{Name: "murmur_links_up", Help: "Outgoing links that are up.",
			Value: func() float64 { up, _ := n.links.connected(); return float64(up) }},
		{Name: "murmur_packets_held",
			Help: "Packets that wait for their time to leave, rounded down.", Value: n.held},
		{Name: "murmur_replay_fill",
			Help: "Share of this epoch's replay set that is used, in hundredths; at 1 nothing is " +
				"forwarded.", Value: n.fill},
		{Name: "murmur_document_age_epochs",
			Help:  "Epochs since the document in force was new; 3 when there is none.",
			Value: n.documentAge},
		{Name: "murmur_document_findings",
			Help: "Pairs of network documents that contradict each other: " +
				"documents/*.contradiction in the home.", Value: n.contradictions},
	}, more...)
	return metrics.New(n.cfg.Metrics, n.Healthy, n.Counts, n.Events, all...)
}

func (n *Node) held() float64 {
	var held int
	n.pipeline.do(func(time.Time) { held = n.role.Relay.Held() })
	return float64(held / metrics.Step * metrics.Step)
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
	doc := n.Documents.Current()
	e, err := n.Home.Genesis.Schedule().Epoch(time.Now())
	if doc == nil || err != nil || e < doc.Epoch {
		return protocol.Validity
	}
	return float64(min(e-doc.Epoch, protocol.Validity))
}

func (n *Node) contradictions() float64 { return float64(len(n.Documents.Findings())) }
