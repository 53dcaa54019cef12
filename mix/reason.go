package mix

// Reason labels a discard: the network is told nothing, the counter is. The zero Reason is none.
type Reason uint8

// Why a packet is dropped. The order is that in which a packet meets the checks.
const (
	Accepted       Reason = iota
	BadFrame              // a frame of the wrong size or shape
	Overload              // the queue before the workers is full
	BadMAC                // no current key opens the packet
	BadElement            // a degenerate or non-canonical group element
	BadCommands           // the routing block has no meaning
	BadPayload            // the payload's zero tag is gone
	WrongEpoch            // the key's time has not come or is over
	NoDocument            // no network document is in force
	DelayTooLong          // more than the network allows, or past the key's end
	Replayed              // the tag was seen before
	TagsFull              // the replay set is full and fails closed
	PoolFull              // too many packets are held
	NotANeighbour         // the next hop is not in the next layer
	UnknownService        // a recipient that this node does not serve
	UnknownLoop           // a loop that this node did not send, or sent long ago
	BadRequest            // a box request that does not parse or verify
	StoreFailed           // the disk did not do what a request asked for
	LateReply             // the reply was not ready when it had to leave
	NoSpool               // nobody reads under this spool key
	SpoolFull             // the spool dropped its oldest
	SpoolExpired          // waited too long in the spool
	OverRate              // a client sends more than the network's rate
	LinkDown              // the link to the next hop is down or its queue full
	DropStream            // cover that was made to be dropped: no fault
	reasons
)

var reasonNames = [reasons]string{
	"accepted", "bad_frame", "overload", "bad_mac", "bad_element", "bad_commands", "bad_payload", "wrong_epoch",
	"no_document",
	"delay_too_long", "replayed", "tags_full", "pool_full", "not_a_neighbour", "unknown_service", "unknown_loop",
	"bad_request", "store_failed", "late_reply", "no_spool", "spool_full", "spool_expired", "over_rate", "link_down", "drop_stream",
}

// String is the label of the discard counter.
func (r Reason) String() string {
	if r < reasons {
		return reasonNames[r]
	}
	return "unknown"
}

// Reasons lists every reason but Accepted, for whoever registers counters.
func Reasons() []Reason {
	all := make([]Reason, 0, reasons-1)
	for r := Accepted + 1; r < reasons; r++ {
		all = append(all, r)
	}
	return all
}
