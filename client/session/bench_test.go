package session

import (
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// five is a device that talks with three of a contact and one of its own, and one of those.
func five(b *testing.B) (a, o *device) {
	a = newDevice(b, 1)
	for i := range uint64(4) {
		o = newDevice(b, 2+i)
		meet(b, a, o, i == 0)
	}
	return a, o
}

func BenchmarkMeet(b *testing.B) {
	for i := range b.N {
		meet(b, newDevice(b, uint64(2*i)), newDevice(b, uint64(2*i+1)), false)
	}
}

// BenchmarkSeal is of 3,000 bytes to four devices: with two turns, and without any.
func BenchmarkSeal(b *testing.B) {
	a, _ := five(b)
	text := make([]byte, 3000)
	for name, size := range map[string]int{"two turns": recordSize, "no turn": 3300} {
		b.Run(name, func(b *testing.B) {
			raw, _ := cbor.Marshal(a.State)
			b.ReportMetric(float64(len(raw)), "B/state")
			at := Place{a.root, a.index + 1}
			for range b.N {
				if _, _, err := a.Seal(a.random, at, size, text, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen is of the same, at one of them.
func BenchmarkOpen(b *testing.B) {
	for name, size := range map[string]int{"a turn": 3300 + 4*turnSize, "no turn": 3300} {
		a, o := five(b)
		a.index++
		at := Place{a.root, a.index}
		if size > recordSize { // this device turns last
			a.State, _, _ = a.Seal(a.random, at, recordSize, make([]byte, 3000), nil)
			at.Index++
		}
		_, record, err := a.Seal(a.random, at, size, make([]byte, 3000), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for range b.N {
				if _, _, err := o.Open(at, record, epoch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
