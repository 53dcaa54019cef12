package metrics

import (
	"slices"
	"sync/atomic"

	"murmuration/internal/transit"
)

// Counts are a node's totals. They tell how much, never which: no label names a packet, a peer's
// timing or a client.
type Counts struct {
	received, sent atomic.Uint64
	reasons        []transit.Reason
	// by place in reasons; the last is for a reason that nobody listed
	dropped []atomic.Uint64
}

// NewCounts counts drops by the reasons that a role has.
func NewCounts(reasons ...transit.Reason) *Counts {
	return &Counts{reasons: reasons, dropped: make([]atomic.Uint64, len(reasons)+1)}
}

// TookIn counts a packet that was taken in.
func (c *Counts) TookIn() { c.received.Add(1) }

// SentOut counts a packet that left.
func (c *Counts) SentOut() { c.sent.Add(1) }

// Drop counts a packet that was dropped, by reason.
func (c *Counts) Drop(r transit.Reason) { c.count(r).Add(1) }

// Totals are packets in and out since the start.
func (c *Counts) Totals() (received, sent uint64) { return c.received.Load(), c.sent.Load() }

// Dropped is the count of one reason.
func (c *Counts) Dropped(r transit.Reason) uint64 { return c.count(r).Load() }

func (c *Counts) count(r transit.Reason) *atomic.Uint64 {
	if at := slices.Index(c.reasons, r); at >= 0 {
		return &c.dropped[at]
	}
	return &c.dropped[len(c.reasons)]
}
