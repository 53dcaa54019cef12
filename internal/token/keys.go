package token

import (
	"crypto/sha256"
	"sync/atomic"

	"murmuration/internal/protocol"
)

// mostDays is of how many days keys are remembered: those that are issued for, and those that are
// still written.
const mostDays = 4

// Keys are one holder's of all days, made when they are first asked for. Many goroutines may use
// them. Nothing is erased: the key of a day that is over could only forge tokens that nobody takes
// any more.
type Keys struct {
	seed, network [32]byte
	made          atomic.Pointer[[]dayKey] // the newest last
}

type dayKey struct {
	day uint32
	key *Key
}

// NewKeys derives a holder's secret from the seed of its identity.
func NewKeys(identity, network [32]byte) *Keys {
	label := []byte(protocol.TokenSeedLabel)
	return &Keys{seed: sha256.Sum256(append(label, identity[:]...)), network: network}
}

// Of is the key of a day.
func (k *Keys) Of(day uint32) (*Key, error) {
	var made []dayKey
	if all := k.made.Load(); all != nil {
		made = *all
	}
	for _, m := range made {
		if m.day == day {
			return m.key, nil
		}
	}
	key, err := NewKey(k.seed, k.network, day)
	if err != nil {
		return nil, err
	}
	fresh := append(append([]dayKey(nil), made...), dayKey{day, key})
	fresh = fresh[max(len(fresh)-mostDays, 0):]
	k.made.Store(&fresh) // another goroutine's is lost and made again
	return key, nil
}
