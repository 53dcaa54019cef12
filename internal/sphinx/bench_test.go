package sphinx

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	curve "github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/kem/xwing"

	"murmuration/internal/suite"
)

// seeded is randomness that repeats.
func seeded(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

// route is a path with the private keys of its hops.
type route struct {
	keys []*suite.PrivateKey
	hops []Hop
}

// newRoute draws n hops with delays and a recipient.
func newRoute(t testing.TB, p *Params, rng *rand.ChaCha8, n int) route {
	t.Helper()
	r := route{hops: make([]Hop, n)}
	for i := range r.hops {
		var seed [32]byte
		rng.Read(seed[:])
		key, err := p.Suite().NewPrivateKey(seed)
		if err != nil {
			t.Fatal(err)
		}
		r.keys = append(r.keys, key)
		r.hops[i] = Hop{Key: key.Public(),
			Delay: time.Duration(rng.Uint64()%5000) * time.Millisecond}
		rng.Read(r.hops[i].ID[:])
	}
	r.hops[n-1].Recipient = new(RecipientID)
	rng.Read(r.hops[n-1].Recipient[:])
	return r
}

// forReply gives the last hop a SURB ID.
func (r route) forReply(id SURBID) route {
	r.hops[len(r.hops)-1].SURBID = &id
	return r
}

func benchmarkParams(b *testing.B) (params []*Params) {
	for _, name := range []string{"xwing", "x25519"} {
		for _, user := range []int{2048, 32768} {
			params = append(params, mustParams(b, name, 5, user, true))
		}
	}
	return params
}

// BenchmarkUnwrap reports, beside the time of a hop, its ratio ("/bare") to the
// public-key operations alone: one circl X-Wing decapsulation, or two circl
// X25519 operations. The two are timed in turns, so that both see the same
// machine. Targets: xwing 1.30 with 2 KiB and 1.50 with 32 KiB, x25519 1.15.
func BenchmarkUnwrap(b *testing.B) {
	for _, p := range benchmarkParams(b) {
		b.Run(fmt.Sprintf("%s/%dKiB", p.Suite().Name(), p.UserPayload()/1024), func(b *testing.B) {
			r := newRoute(b, p, seeded(1), 5)
			fresh, err := p.New(seeded(2), r.hops, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			u, packets := NewUnwrapper(p), make([][]byte, turn)
			refill := func() {
				for i := range packets {
					packets[i] = append(packets[i][:0], fresh...)
				}
			}
			compare(b, refill, bareOperation(p), func(i int) {
				if _, err := u.Unwrap(r.keys[0], packets[i]); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkNew builds packets with 2 KiB of user payload, with a SURB in them
// that is made ahead. Target: 0.6 ms with xwing.
func BenchmarkNew(b *testing.B) {
	for _, name := range []string{"xwing", "x25519"} {
		b.Run(name, func(b *testing.B) {
			p := mustParams(b, name, 5, 2048, true)
			r := newRoute(b, p, seeded(1), 5)
			back := newRoute(b, p, seeded(2), 4).forReply(SURBID{1})
			surb, _, err := p.NewSURB(seeded(3), back.hops)
			if err != nil {
				b.Fatal(err)
			}
			rng, buf := seeded(4), []byte(nil)
			b.ReportAllocs()
			for b.Loop() {
				if buf, err = p.AppendNew(buf[:0], rng, r.hops, surb, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// turn is how many operations of one kind are timed in a row.
const turn = 10

// compare times both in turns and reports medians and their ratio: other work
// on the machine disturbs single turns. On a busy machine it disturbs most, and
// x-quiet, the ratio of the fastest turns, is the one that repeats. prepare is
// not timed.
func compare(b *testing.B, prepare func(), bare, whole func(int)) {
	var bareTimes, wholeTimes []float64
	for b.Loop() {
		prepare()
		bareTimes = append(bareTimes, timeTurn(bare))
		wholeTimes = append(wholeTimes, timeTurn(whole))
	}
	bareTime, wholeTime := median(bareTimes), median(wholeTimes)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(bareTime, "bare-ns")
	b.ReportMetric(wholeTime, "hop-ns")
	b.ReportMetric(wholeTime/bareTime, "x-bare")
	b.ReportMetric(quiet(wholeTimes)/quiet(bareTimes), "x-quiet")
}

// timeTurn returns the nanoseconds of one operation.
func timeTurn(f func(int)) float64 {
	start := time.Now()
	for i := range turn {
		f(i)
	}
	return float64(time.Since(start).Nanoseconds()) / turn
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// quiet is the time that all but the fastest fiftieth took; x is sorted.
func quiet(x []float64) float64 { return x[len(x)/50] }

func bareOperation(p *Params) func(int) {
	if !p.Suite().KEM() {
		var out, scalar, point curve.Key
		point[0] = 9
		return func(int) {
			curve.Shared(&out, &scalar, &point)
			curve.Shared(&out, &scalar, &point)
		}
	}
	key, public := xwing.DeriveKeyPair(make([]byte, xwing.SeedSize))
	ct, secret := make([]byte, xwing.CiphertextSize), make([]byte, xwing.SharedKeySize)
	public.EncapsulateTo(ct, secret, make([]byte, xwing.EncapsulationSeedSize))
	return func(int) { key.DecapsulateTo(secret, ct) }
}
