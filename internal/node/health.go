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
	if !n.inDocument() {
		return errors.New("this node is not in the network document, and carries nothing: an " +
			"authority must admit it first (`murmur network admit`)")
	}
	if up, all := n.links.connected(); all > 0 && up == 0 {
		return fmt.Errorf("no link to the next layer is up (of %d)", all)
	}
	return nil
}

// inDocument says whether the document in force has this node.
func (n *Node) inDocument() bool {
	doc := n.Documents.Current()
	if doc == nil {
		return false
	}
	_, ok := doc.Node(n.Home.Identity.ID())
	return ok
}

// Metrics are those that every node has, and some more.
func (n *Node) Metrics(more ...metrics.Metric) *metrics.Page {
	all := append([]metrics.Metric{
		{Name: "murmur_in_document", Kind: metrics.State,
			Help:  "1 when the network document in force has this node.",
			Value: func() float64 { return number(n.inDocument()) }},
		{Name: "murmur_unreachable", Kind: metrics.State,
			Help:  "1 when another node dialled this one in vain, in this epoch or the last.",
			Value: func() float64 { return number(n.unreached.Load()) }},
		{Name: "murmur_clock_offset_seconds", Kind: metrics.State,
			Help: "How far the clocks of other nodes are ahead of this one, the median of those " +
				"that it dialled.", Value: n.clockOffset},
		{Name: "murmur_links_up", Help: "Outgoing links that are up.", Kind: metrics.State,
			Value: func() float64 { up, _ := n.links.connected(); return float64(up) }},
		{Name: "murmur_packets_held",
			Help: "Packets that wait for their time to leave, rounded down.", Value: n.held},
		{Name: "murmur_replay_fill",
			Help: "Share of this epoch's replay set that is used, in hundredths; at 1 nothing is " +
				"forwarded.", Value: n.fill},
		{Name: "murmur_document_age_epochs", Kind: metrics.State,
			Help:  "Epochs since the document in force was new; 3 when there is none.",
			Value: n.documentAge},
		{Name: "murmur_document_findings", Kind: metrics.State,
			Help: "Pairs of network documents that contradict each other: " +
				"documents/*.contradiction in the home.", Value: n.contradictions},
	}, more...)
	return metrics.New(n.cfg.Metrics, n.Healthy, n.Counts, n.Events, all...)
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func (n *Node) clockOffset() float64 {
	ahead, _ := n.Clocks.Ahead(time.Now())
	return ahead.Round(10 * time.Millisecond).Seconds()
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
