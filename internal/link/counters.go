package link

import (
	"fmt"
	"iter"
	"sync/atomic"
)

// Reason labels one thing that happened to a connection or a frame.
type Reason uint8

// The reasons that are counted. Connections first, then frames.
const (
	accepted        Reason = iota // a peer passed handshake and admission
	refusedFull                   // MaxConns, or Config.Room
	refusedAddr                   // MaxConnsPerAddr
	evictedHalfOpen               // a half-open connection, for a newer one
	evictedOpen                   // a stranger's open connection, for somebody with less
	handshakeFailed               // TLS, certificate or key
	handshakeSlow                 // HandshakeTimeout
	badHello                      // not a hello, or a kind that is not served
	otherNetwork                  // the binding names another network
	otherFrameSize                // the two sides disagree about the size
	NotAdmitted                   // Config.Admit
	uninvited                     // Config.Room wants an invitation
	replaced                      // the same peer opened the same kind again
	pruned                        // no longer admitted
	cutIdle                       // IdleTimeout
	cutSlow                       // FrameTimeout, either direction
	dialled                       // a connection of ours came about
	dialFailed                    // one did not
	sent                          // frames written by an Outbound
	droppedFull                   // frames that found an Outbound's queue full
	droppedLost                   // frames of a batch that failed half-way
	droppedClosed                 // frames still queued when an Outbound ended
	reasons                       // one past the last
)

var reasonNames = [reasons]string{
	"accepted", "refused_full", "refused_address", "evicted_half_open", "evicted_open",
	"handshake_failed", "handshake_slow", "bad_hello", "other_network", "other_frame_size",
	"not_admitted", "uninvited", "replaced", "pruned", "cut_idle", "cut_slow", "dialled",
	"dial_failed", "sent", "dropped_full", "dropped_lost", "dropped_closed",
}

// String is the reason's label in the metrics.
func (r Reason) String() string {
	if r >= reasons {
		return fmt.Sprintf("reason(%d)", uint8(r))
	}
	return reasonNames[r]
}

// Traffic says that a reason is ordinary: its count tells when somebody comes, goes or sends. The
// others are what is wrong.
func (r Reason) Traffic() bool {
	switch r {
	case accepted, replaced, cutIdle, dialled, sent, droppedFull, droppedLost, droppedClosed:
		return true
	}
	return false
}

// Counters counts by reason. The zero value is ready; all methods may be
// called at any time.
type Counters struct{ n [reasons]atomic.Uint64 }

// Get is the count of one reason.
func (c *Counters) Get(r Reason) uint64 { return c.n[r].Load() }

// All ranges over every reason and its count.
func (c *Counters) All() iter.Seq2[Reason, uint64] {
	return func(yield func(Reason, uint64) bool) {
		for r := range reasons {
			if !yield(r, c.Get(r)) {
				return
			}
		}
	}
}

func (c *Counters) add(r Reason, n int) { c.n[r].Add(uint64(n)) }
