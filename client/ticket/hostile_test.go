package ticket

import (
	"math/rand/v2"
	"testing"

	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of cards and profiles is refused, or has one spelling, and
// costs little.
func TestHostileForms(t *testing.T) {
	keys, err := NewKeys(rand.NewChaCha8([32]byte{7}))
	if err != nil {
		t.Fatal(err)
	}
	card, err := keys.Card(Profile{Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	hostile.Feed(t,
		hostile.Decoder{Name: "card of a ticket", Most: 8192, Samples: [][]byte{card},
			Again: func(b []byte) ([]byte, error) {
				c, err := ParseCard(b)
				if err != nil {
					return nil, err
				}
				return encode(c), nil
			}},
		hostile.Decoder{Name: "profile", Most: 8192,
			Samples: [][]byte{Profile{Name: "Ada"}.Marshal()},
			Again: func(b []byte) ([]byte, error) {
				p, err := ParseProfile(b)
				if err != nil {
					return nil, err
				}
				return p.Marshal(), nil
			}})
}
