package node

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"murmuration/internal/durable"
)

// A secret's file is the 32-byte seed and a check of 8 bytes: a bit that flipped on the disk would
// otherwise make another node of this one, or a key that opens nothing.
const (
	seedSize   = 32
	checkSize  = 8
	secretSize = seedSize + checkSize
)

// errDamaged says that a secret's file is not what was written.
var errDamaged = errors.New("is damaged")

func secretCheck(seed [seedSize]byte) []byte {
	sum := sha256.Sum256(append([]byte("murmuration/secret/v1"), seed[:]...))
	return sum[:checkSize]
}

func writeSecret(path string, seed [seedSize]byte) error {
	raw := append(seed[:], secretCheck(seed)...)
	defer clear(raw)
	return durable.WriteFile(path, raw, 0o600)
}

func readSecret(path string) (seed [seedSize]byte, err error) {
	raw, err := durable.ReadFile(path, secretSize)
	if err != nil {
		if errors.Is(err, durable.ErrTooLarge) {
			err = fmt.Errorf("%s %w", path, errDamaged)
		}
		return seed, err
	}
	defer clear(raw)
	if len(raw) != secretSize {
		return seed, fmt.Errorf("%s %w (%d bytes instead of %d)", path, errDamaged, len(raw),
			secretSize)
	}
	copy(seed[:], raw)
	if !bytes.Equal(raw[seedSize:], secretCheck(seed)) {
		return seed, fmt.Errorf("%s %w", path, errDamaged)
	}
	return seed, nil
}
