package session

import (
	"testing"

	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of cards and records is refused, or has one spelling, and
// costs little.
func TestHostileForms(t *testing.T) {
	a, _ := talking(t)
	_, record := a.write(t, "text")
	hostile.Feed(t,
		hostile.Decoder{Name: "card", Most: 16 << 10, Samples: [][]byte{knockOf(t, a)},
			Again: func(b []byte) ([]byte, error) {
				c, err := ParseCard(b)
				if err != nil {
					return nil, err
				}
				return c.Marshal(), nil
			}},
		hostile.Decoder{Name: "record of a session", Most: 16 << 10, Samples: [][]byte{record},
			Again: func(b []byte) ([]byte, error) {
				r, err := parseRecord(b)
				if err != nil {
					return nil, err
				}
				return r.marshal(), nil
			}})
}
