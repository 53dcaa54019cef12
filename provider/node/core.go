package node

import (
	"sync/atomic"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/node/metrics"
	"murmuration/internal/transit"
	"murmuration/mix"
	"murmuration/provider"
)

// core makes an Edge into what a pipeline runs: jobs go to the executors, drops to the counters.
type core struct {
	edge   *provider.Edge
	jobs   chan<- provider.Job // as many as may be held; what finds it full is dropped
	counts *metrics.Counts
}

// Receive implements node.Core.
func (c core) Receive(now time.Time, a transit.Arrival) transit.Reason {
	job, reason := c.edge.Receive(now, a)
	if job.ID == 0 {
		return reason
	}
	select {
	case c.jobs <- job:
		return transit.Accepted
	default:
		c.edge.Abandon(job.ID)
		return transit.Overload
	}
}

// TakeFresh implements node.Core.
func (c core) TakeFresh(into []transit.Seen) []transit.Seen {
	return c.edge.Relay().TakeFresh(into)
}

// Persisted implements node.Core.
func (c core) Persisted(ticket uint64) { c.edge.Persisted(ticket) }

// Next implements node.Core.
func (c core) Next() (time.Time, bool) { return c.edge.Next() }

// Due implements node.Core.
func (c core) Due(now time.Time, out []transit.Departure) ([]transit.Departure, error) {
	out, drops := c.edge.Due(now, out, nil)
	for _, reason := range drops {
		c.counts.Drop(reason)
	}
	return out, nil
}

// inForce has all parts of a provider go by the network document.
type inForce struct {
	self      directory.NodeID
	edge      *provider.Edge
	service   *provider.Service
	replicas  *replicas
	bulletins *bulletins
	document  atomic.Pointer[directory.Document] // in force, or the last that was
	missed    atomic.Pointer[[]directory.Node]   // providers that it does not list
}

// SetDocument implements node.DocumentSetter. When there is no document in force any more, the
// relay alone stops.
func (f *inForce) SetDocument(doc *directory.Document, missed []directory.Node) {
	f.edge.Relay().SetRules(mix.RulesOf(f.self, doc, missed...))
	if doc == nil {
		return
	}
	f.edge.SetDocument(doc.Parameters)
	f.missed.Store(&missed)
	f.document.Store(doc)
	f.service.SetDocument(doc)
	f.replicas.set(doc, missed)
	f.bulletins.setDocument(doc, missed)
}
