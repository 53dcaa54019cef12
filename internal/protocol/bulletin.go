package protocol

import "time"

// EntryLabel is hashed before the id of a box, to make what is announced of it (docs/box.md).
const EntryLabel = "murmuration/entry/v1"

// Limits of the times that a sender draws, in their means (docs/client.md): above them it draws
// again.
const (
	HoldCap = 3 // for how long a box stays unannounced
	SlowCap = 4 // for how long a slow packet waits at one mix
)

// LongestHold is what a request can say: 255 half seconds, less one for rounding.
const LongestHold = 127 * time.Second

// CatchUp is the window of the default network in which a client that was away fetches what it
// missed.
const CatchUp = 2 * time.Hour

// Numbers and labels of bulletins (docs/bulletin.md).
const (
	// RollSlots is how many slots of bulletins one roll covers.
	RollSlots = 240
	// RollHashAt is the place, in the roll period after a roll's, of the body that carries the
	// roll's hash: the ninth slot.
	RollHashAt = 8
	// ListingSlots is how many slots a maker has for what is due to be listed, after a day's grace
	// and the longest hold are over.
	ListingSlots = 8
	// MinBulletinEntries is the least that a network lets one bulletin list.
	MinBulletinEntries = 16
	// MaxBulletinEntries is the most that any network lets one list, so that a roll's record has
	// room for its length.
	MaxBulletinEntries = 10_000

	BulletinLabel = "murmuration/bulletin/v1"
	RollLabel     = "murmuration/roll/v1"

	framesASlot  = 8
	longestFrame = time.Minute // between two frames, well before links take a peer for dead
)

// BulletinFrameEvery is the time between two frames of a link that carries bulletins of slots of a
// length; the first goes half of that after the end of a slot.
func BulletinFrameEvery(slot time.Duration) time.Duration {
	n := max(framesASlot, (slot+longestFrame-1)/longestFrame)
	return max(slot/n, time.Millisecond)
}
