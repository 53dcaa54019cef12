package sphinx

import (
	"bytes"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"murmuration/internal/counted"
	"murmuration/internal/suite"
)

// exhaustive names the environment variable that makes TestEveryBitFlip try all
// bits (1.25 million mutants, a few minutes) instead of a sample.
const exhaustive = "SPHINX_EXHAUSTIVE"

// journey is one packet on its way: what each hop receives, and at the end, how
// its maker opens the reply, if it is one.
type journey struct {
	p       *Params
	keys    []*suite.PrivateKey
	surb    SURBKeys // nil: a forward packet
	packets [][]byte
}

func newJourney(t *testing.T, p *Params, reply bool) *journey {
	t.Helper()
	r := newRoute(t, p, seeded(1), p.Hops())
	j := &journey{p: p, keys: r.keys}
	var packet []byte
	if reply {
		surb, keys, err := p.NewSURB(seeded(2), r.forReply(SURBID{1}).hops)
		if err != nil {
			t.Fatal(err)
		}
		j.surb = keys
		if packet, _, err = p.FromSURB(surb, []byte("hello")); err != nil {
			t.Fatal(err)
		}
	} else {
		packet = mustNew(t, p, r, []byte("hello"))
	}
	u := NewUnwrapper(p)
	for _, key := range j.keys {
		j.packets = append(j.packets, bytes.Clone(packet))
		if _, err := u.Unwrap(key, packet); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// run carries packet on from a hop, and tells where it was refused: a hop, the
// number of hops for the maker of the SURB, or -1 if it went through.
func (j *journey) run(u *Unwrapper, hop int, packet []byte) int {
	for ; hop < len(j.keys); hop++ {
		r, err := u.Unwrap(j.keys[hop], packet)
		if err != nil {
			return hop
		}
		if r.Kind == Reply {
			if _, err := j.p.OpenReply(j.surb, r.Payload); err != nil {
				return len(j.keys)
			}
		}
	}
	return -1
}

// wantRefusal is where a packet with a changed bit must end: at once if the bit
// is in the header, else where the payload's tag is checked.
func (j *journey) wantRefusal(hop, bit int) int {
	switch {
	case bit/8 < j.p.HeaderSize():
		return hop
	case j.surb != nil:
		return len(j.keys)
	}
	return len(j.keys) - 1
}

// flip tries every stride-th bit at one hop, and counts.
func (j *journey) flip(t *testing.T, hop, stride int, count *atomic.Int64) {
	u, packet := NewUnwrapper(j.p), make([]byte, j.p.PacketSize())
	copy(packet, j.packets[hop])
	if at := j.run(u, hop, packet); at != -1 {
		t.Errorf("control: the unchanged packet of hop %d is refused at %d", hop, at)
	}
	for bit := hop % stride; bit < 8*len(packet); bit += stride {
		copy(packet, j.packets[hop])
		packet[bit/8] ^= 1 << (bit % 8)
		if at, want := j.run(u, hop, packet), j.wantRefusal(hop, bit); at != want {
			t.Errorf("hop %d, bit %d: refused at %d instead of %d", hop, bit, at, want)
		}
		count.Add(1)
	}
}

// TestEveryBitFlip: no flipped bit goes unnoticed. The sample takes an odd stride, so
// that all bits of bytes and all fields come up.
func TestEveryBitFlip(t *testing.T) {
	strides := map[string]int{"x25519": 29, "xwing": 331}
	if os.Getenv(exhaustive) != "" {
		strides = map[string]int{"x25519": 1, "xwing": 1}
	}
	var count atomic.Int64
	for name, stride := range strides {
		for _, reply := range []bool{false, true} {
			j := newJourney(t, mustParams(t, name, 5, 64, true), reply)
			everyHop(len(j.keys), func(hop int) { j.flip(t, hop, stride, &count) })
		}
	}
	counted.Say(t, "bitflips", "%d mutants, forward and reply, each refused where it must be",
		count.Load())
	if count.Load() < 6000 {
		t.Errorf("only %d mutants were tried", count.Load())
	}
}

// everyHop runs f for all hops, on all cores.
func everyHop(hops int, f func(hop int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for hop := range hops {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f(hop)
		})
	}
	wg.Wait()
}

// Control: the harness tells a packet that goes through from one that does not,
// and a mutant that is mended on the way goes through.
func TestBitFlipControl(t *testing.T) {
	p := mustParams(t, "x25519", 3, 64, true)
	j, u := newJourney(t, p, false), NewUnwrapper(p)
	packet := bytes.Clone(j.packets[1])
	packet[0] ^= 1
	if at := j.run(u, 1, packet); at != 1 {
		t.Errorf("refused at %d instead of 1", at)
	}
	packet[0] ^= 1
	if at := j.run(u, 1, packet); at != -1 {
		t.Errorf("refused at %d", at)
	}
}
