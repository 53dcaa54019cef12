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
