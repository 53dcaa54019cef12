//go:build amd64 && !race && !purego

package sphinx

import (
	"bytes"
	"testing"
)

// Every outcome of Unwrap, good and bad, costs no allocation. (Elsewhere than
// on amd64 with AES instructions, the standard ciphers make a few.)
func TestUnwrapDoesNotAllocate(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		forward, last := newRoute(t, p, seeded(1), 2), newRoute(t, p, seeded(2), 1)
		fresh := map[string][]byte{"forward": mustNew(t, p, forward, nil),
			"deliver": mustNew(t, p, last, nil)}
		badTag := bytes.Clone(fresh["deliver"])
		badTag[p.PacketSize()-1] ^= 1
		fresh["bad MAC"], fresh["bad tag"] = make([]byte, p.PacketSize()), badTag
		copy(fresh["bad MAC"], fresh["deliver"][:adSize+p.Suite().ElementSize()])
		for name, packet := range fresh {
			u, buf, key := NewUnwrapper(p), make([]byte, p.PacketSize()), last.keys[0]
			if name == "forward" {
				key = forward.keys[0]
			}
			n := testing.AllocsPerRun(20, func() {
				copy(buf, packet)
				_, err := u.Unwrap(key, buf)
				if (err == nil) != (name == "forward" || name == "deliver") {
					t.Fatalf("%s: %v", name, err)
				}
			})
			if n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
		if n := testing.AllocsPerRun(5, func() { mustNew(t, p, last, nil) }); n == 0 {
			t.Error("control: even making a packet seems to allocate nothing")
		}
	})
}
