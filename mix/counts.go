package mix

import "sync/atomic"

// Counts are a node's totals. They tell how much, never which: no label names a packet, a peer's
// timing or a client.
type Counts struct {
	received, sent atomic.Uint64
	dropped        [reasons]atomic.Uint64
}

// Received counts a packet that was taken in.
func (c *Counts) Received() { c.received.Add(1) }

// Sent counts a packet that left.
func (c *Counts) Sent() { c.sent.Add(1) }

// Drop counts a packet that was dropped, by reason.
func (c *Counts) Drop(r Reason) { c.dropped[min(r, reasons-1)].Add(1) }

// Totals are packets in and out since the start.
func (c *Counts) Totals() (received, sent uint64) { return c.received.Load(), c.sent.Load() }

// Dropped is the count of one reason.
func (c *Counts) Dropped(r Reason) uint64 { return c.dropped[min(r, reasons-1)].Load() }
