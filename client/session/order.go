package session

import (
	"bytes"
	"cmp"
)

// furthest is how far a message's number may be above the highest that was seen.
const furthest = 1000

// Mark is a message's place in its conversation, for all devices the same: one more than the
// highest number that its author had seen, and the author's device.
type Mark struct {
	Number uint64
	Device DeviceID
}

// Compare orders messages.
func (m Mark) Compare(o Mark) int {
	return cmp.Or(cmp.Compare(m.Number, o.Number), bytes.Compare(m.Device[:], o.Device[:]))
}

// Clamp is the number that a message counts with: nobody takes all numbers for themselves by one
// high one.
func Clamp(highest, number uint64) uint64 {
	if number > highest && number-highest > furthest {
		return highest + furthest
	}
	return number
}
