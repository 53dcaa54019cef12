package board

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// BenchmarkBulletins reads what ten makers list of 1,000 people who write 24 boxes a day: an op is
// one bulletin, and memory is what the board holds after two hours of them.
func BenchmarkBulletins(b *testing.B) {
	w := newBench(&testing.T{}, 10)
	w.at(0)
	w.connect()
	rng := rand.New(rand.NewPCG(1, 2))
	const slots = 2 * 240
	var stream [slots][]byte
	listed := map[box.Slot][10][]box.Entry{}
	for s := range box.Slot(slots) {
		each := listed[s]
		for range 4 + int(s%6)/5 { // boxes a slot
			e := box.Entry{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32()),
				byte(rng.Uint32())}
			x := rng.IntN(10)
			for _, m := range []int{x, (x + 1 + rng.IntN(9)) % 10} {
				each[m] = append(each[m], e)
			}
		}
		for m, a := range w.authors {
			r := bulletin.Roll{Number: uint32(s) / 240}
			r.Add(bulletin.Body{Slot: s, Entries: each[m]}) // sorts
			body := bulletin.Body{Network: testNetwork, Maker: a.id, Slot: s, Previous: a.last}
			for _, e := range r.Entries {
				body.Entries = append(body.Entries, e.Entry)
			}
			one := body.Sign(a.private)
			a.last = one.Hash()
			stream[s] = bulletin.AppendBulletin(stream[s], w.links, uint16(m), one)
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for n := 0; n < b.N; n += 10 * slots {
		w.load()
		w.now = testStart
		w.connect()
		for s := range box.Slot(slots) {
			w.at(s)
			w.raw(stream[s])
			w.turn()
		}
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
	b.ReportMetric(float64(len(w.told.Pairs)), "pairs")
	runtime.KeepAlive(w)
}
