package link

import (
	"bytes"
	"testing"

	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of a hello is refused, or has one spelling, and costs
// little.
func TestHostileForms(t *testing.T) {
	var samples [][]byte
	for k := Packets; k < kinds; k++ {
		b := hello{kind: k, frameSize: 22862, binding: binding{byte(k)}}.marshal()
		samples = append(samples, b[:])
	}
	hostile.Feed(t, hostile.Decoder{Name: "hello", Most: 1 << 10, Samples: samples,
		Again: func(b []byte) ([]byte, error) {
			h, err := readHello(bytes.NewReader(b))
			again := h.marshal()
			return append(again[:], b[min(len(b), helloSize):]...), err
		}})
}
