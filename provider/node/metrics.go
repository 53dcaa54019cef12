package node

import (
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/node"
	"murmuration/internal/node/metrics"
	"murmuration/provider"
)

// people is what numbers of clients are rounded down to.
const people = 10

// gauges are those that a mix has not.
func (n *Node) gauges(service *provider.Service) []metrics.Metric {
	tens := func(count int) float64 { return float64(count / people * people) }
	return append([]metrics.Metric{{
		Name: "murmur_clients_online", Help: "Clients connected now, rounded down to tens.",
		Value: func() float64 { _, online := n.clients(); return tens(online) },
	}, {
		Name: "murmur_spools_used", Help: "Places that clients have, rounded down to tens.",
		Value: func() float64 { used, _ := n.clients(); return tens(used) },
	}, {
		Name:  "murmur_spools_free",
		Help:  "Places that are left for new clients, rounded down to tens.",
		Value: func() float64 { used, _ := n.clients(); return tens(n.cfg.MaxClients - used) },
	}, {
		Name: "murmur_box_conflicts_total", Kind: metrics.Count,
		Help:  "Boxes of which another holder had other contents.",
		Value: func() float64 { return float64(service.Conflicts()) },
	}, {
		Name: "murmur_writes_unpaid_total", Kind: metrics.Traffic,
		Help:  "Writes without a write token that is good for them.",
		Value: func() float64 { return float64(service.Unpaid()) },
	}, {
		Name: "murmur_tokens_asked_total", Kind: metrics.Traffic,
		Help:  "Batches of write tokens that clients here asked for.",
		Value: func() float64 { return float64(n.bulletins.tokens().Asked) },
	}, {
		Name: "murmur_tokens_issued_total", Kind: metrics.Traffic,
		Help:  "Batches of write tokens issued, for all clients.",
		Value: func() float64 { return float64(n.bulletins.tokens().Issued) },
	}, {
		Name: "murmur_tokens_refused_total", Kind: metrics.Count,
		Help:  "Questions and answers for write tokens of other providers that were not taken.",
		Value: func() float64 { return float64(n.bulletins.tokens().Refused) },
	}}, n.bulletinMetrics()...)
}

func (n *Node) bulletinMetrics() []metrics.Metric {
	return []metrics.Metric{{
		Name: "murmur_bulletins_made_total", Kind: metrics.Count,
		Help:  "Bulletins signed since the start, one for each slot.",
		Value: func() float64 { return float64(n.bulletins.stats().Made) },
	}, {
		Name: "murmur_bulletins_taken_total", Kind: metrics.Count,
		Help:  "Bulletins and rolls of other providers taken in.",
		Value: func() float64 { return float64(n.bulletins.stats().Taken) },
	}, {
		Name: "murmur_bulletins_missing", Kind: metrics.State,
		Help:  "Holes in the bulletins of other providers; they are asked for.",
		Value: func() float64 { return float64(n.bulletins.missing()) },
	}, {
		Name: "murmur_bulletins_refused_total", Kind: metrics.Count,
		Help:  "Bulletins and rolls of other providers that do not verify or come out of time.",
		Value: func() float64 { return float64(n.bulletins.stats().Refused) },
	}, {
		Name: "murmur_bulletins_skipped_total", Kind: metrics.Count,
		Help:  "Slots without an own bulletin because the clock is off the other providers'.",
		Value: func() float64 { return float64(n.bulletins.stats().Skipped) },
	}, {
		Name: "murmur_makers_false", Kind: metrics.State,
		Help:  "Providers of which there is proof that they signed two bulletins for one slot.",
		Value: func() float64 { return float64(len(n.bulletins.proved())) },
	}}
}

// databases is the number of databases that are away, where boxes are in some.
func (n *Node) databases() []metrics.Metric {
	store, ok := n.store.(interface{ Away() int })
	if !ok {
		return nil
	}
	return []metrics.Metric{{
		Name: "murmur_databases_away", Kind: metrics.State,
		Help:  "Databases of boxes that do not answer now.",
		Value: func() float64 { return float64(store.Away()) },
	}}
}

// clients are how many have a place here, and how many of them are connected.
func (n *Node) clients() (known, online int) {
	n.node.Do(func(time.Time) { known, online = n.edge.Clients() })
	return known, online
}

// state adds what a provider has beyond a mix.
func (n *Node) state(s *node.State) {
	used, _ := n.clients()
	s.Spools, s.Places = used/people*people, n.cfg.MaxClients
}

// promised says that this provider still has boxes of a day that is kept: by the last document, it
// is one of those who store for it.
func (n *Node) promised(now time.Time) bool {
	doc := n.inForce.document.Load()
	if doc == nil {
		return false
	}
	oldest := n.inForce.service.Calendar.Oldest(now)
	for _, set := range doc.Storing {
		if box.Day(set.Day) >= oldest && slices.Contains(set.Nodes, n.inForce.self) {
			return true
		}
	}
	return false
}
