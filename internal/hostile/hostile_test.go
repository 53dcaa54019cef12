package hostile

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// TestBadDecodersAreFound: the control of all tests that feed decoders. One that panics, one that
// takes a second spelling, one that believes a length and one that changes what it reads are found.
func TestBadDecodersAreFound(t *testing.T) {
	sink := []byte(nil)
	refused := errors.New("refused")
	for name, again := range map[string]func(b []byte) ([]byte, error){
		"panics":  func(b []byte) ([]byte, error) { return nil, errors.New(string(b[3])) },
		"spells":  func(b []byte) ([]byte, error) { return bytes.TrimRight(b, "\x00"), nil },
		"changes": func(b []byte) ([]byte, error) { clear(b); return nil, refused },
		"believes": func(b []byte) ([]byte, error) {
			if len(b) > 0 {
				sink = make([]byte, 1000*int(b[0]))
			}
			return nil, refused
		},
	} {
		d := Decoder{Samples: [][]byte{{1, 2, 3, 4, 5}}, Again: again, Most: 1000}
		m := mutator{rand.New(rand.NewPCG(1, 1)), d.Samples}
		found := false
		for range 200 {
			_, heap, err := d.eat(m.next())
			found = found || err != nil || heap > heapFloor
		}
		if !found {
			t.Errorf("one that %s is not found", name)
		}
	}
	_ = sink
}
