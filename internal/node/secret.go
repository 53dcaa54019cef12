package node

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"

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

// errOpen says that others may read a secret's file.
var errOpen = errors.New("can be read by others")

// private refuses a secret's file that others may read: they are the node as well.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" { // where these bits say nothing
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s %w (mode %04o)", path, errOpen, mode)
	}
	return nil
}

func readSecret(path string) (seed [seedSize]byte, err error) {
	if err := private(path); err != nil {
		return seed, err
	}
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
