package protocol

// Sizes of bulletins in the stream from a provider to a client, in bytes (docs/bulletin.md).
const (
	entrySize = 5         // of a box
	recordOf  = 1 + 3 + 2 // type, length, maker
	// slot and signature; number, hash of the roll before, signature
	bulletinRecord = recordOf + 4 + 64
	rollRecord     = recordOf + 4 + 32 + 64
	rollEntry      = entrySize + 1 // with its slot
)

// BulletinBytes is what one bulletin of each of so many makers takes in the stream, with so many
// entries in all of them together. Once in 240 slots each carries 32 bytes more.
func BulletinBytes(makers, entries int) int {
	return makers*bulletinRecord + entries*entrySize
}

// RollBytes is what the rolls take that cover so many slots of each of so many makers, with so many
// entries in all of them together.
func RollBytes(makers, slots, entries int) int {
	return makers*((slots+RollSlots-1)/RollSlots)*rollRecord + entries*rollEntry
}
