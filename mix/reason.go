package mix

import "murmuration/internal/transit"

// Reason labels a discard: the network is told nothing, the counter is. The zero Reason is none.
type Reason = transit.Reason

// Why a relay drops a packet that a key has opened. The order is that in which a packet meets the
// checks.
const (
	noDocument     Reason = "no_document"     // no network document is in force
	delayTooLong   Reason = "delay_too_long"  // more than the network allows, or past the key's end
	Replayed       Reason = "replayed"        // the tag was seen before
	tagsFull       Reason = "tags_full"       // the replay set is full and fails closed
	PoolFull       Reason = "pool_full"       // too many packets are held
	SlowFull       Reason = "slow_pool_full"  // too many slow packets are held
	NotANeighbour  Reason = "not_a_neighbour" // the next hop is not in the next layer
	UnknownService Reason = "unknown_service" // a recipient that this node does not serve
	// a loop that this node did not send, or sent long ago
	UnknownLoop Reason = "unknown_loop"
)

// Reasons lists every reason of a mix, for whoever registers counters.
func Reasons() []Reason {
	return append(transit.Reasons(), noDocument, delayTooLong, Replayed, tagsFull, PoolFull,
		SlowFull, NotANeighbour, UnknownService, UnknownLoop)
}
