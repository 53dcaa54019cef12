package world

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// seeds is the seed of a world, from which every stream of random numbers is found by its name:
// none shifts another.
type seeds uint64

// of is the seed of a purpose of one thing.
func (s seeds) of(purpose, name string, n uint64) [32]byte {
	text := binary.LittleEndian.AppendUint64(nil, uint64(s))
	text = append(append(text, purpose...), 0)
	text = binary.LittleEndian.AppendUint64(append(text, name...), n)
	return sha256.Sum256(text)
}

func (s seeds) source(purpose, name string) *rand.ChaCha8 {
	return rand.NewChaCha8(s.of(purpose, name, 0))
}

func (s seeds) rand(purpose, name string) *rand.Rand { return rand.New(s.source(purpose, name)) }
