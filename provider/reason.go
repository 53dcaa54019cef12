package provider

import "murmuration/mix"

// Why a provider drops what a mix never sees.
const (
	BadRequest   mix.Reason = "bad_request"   // a box request that does not parse or verify
	StoreFailed  mix.Reason = "store_failed"  // the disk did not do what a request asked for
	LateReply    mix.Reason = "late_reply"    // the reply was not ready when it had to leave
	NoSpool      mix.Reason = "no_spool"      // nobody has a place under this spool key
	spoolFull    mix.Reason = "spool_full"    // somebody's oldest reply made room for a newer one
	SpoolExpired mix.Reason = "spool_expired" // waited too long in the spool
	OverRate     mix.Reason = "over_rate"     // a client sends more than the network's rate
	BadQuestion  mix.Reason = "bad_question"  // for tokens of another day, holder or size
	AskedEnough  mix.Reason = "asked_enough"  // a second batch of a holder's day, or too often
	NoShare      mix.Reason = "no_share"      // its block has asked for its share of batches
	DropStream   mix.Reason = "drop_stream"   // cover that was made to be dropped: no fault
)

// Reasons lists every reason of a provider, those of its relay among them, for whoever registers
// counters.
func Reasons() []mix.Reason {
	return append(mix.Reasons(), BadRequest, StoreFailed, LateReply, NoSpool, spoolFull,
		SpoolExpired, OverRate, BadQuestion, AskedEnough, NoShare, DropStream)
}
