//go:build unix

package node

import (
	"context"
	"crypto/rand"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/node/metrics"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// workshop is what a pipeline needs to peel packets in a benchmark, without links.
type workshop struct {
	*testing.B
	genesis *directory.Genesis
	params  *sphinx.Params
}

// newWorkshop has the packets of one suite and size.
func newWorkshop(b *testing.B, suite string, plaintext int) *workshop {
	par, err := directory.Defaults("x25519")
	if err != nil {
		b.Fatal(err)
	}
	par.Suite, par.BoxPlaintext = suite, plaintext
	params, err := par.PacketParams()
	if err != nil {
		b.Fatal(err)
	}
	return &workshop{b, &directory.Genesis{Start: time.Now(), Parameters: par}, params}
}

// cpuTime is that of this process so far, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with these arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPeelers is the pool of workers alone, without links: how much faster two are than one,
// in the same run. Run it with -benchtime 5000x, on a machine with nothing else to do. cpu/unwrap
// is the CPU time of a packet with two workers, journal and all, over that of its peeling alone;
// other work disturbs it less.
func BenchmarkPeelers(b *testing.B) {
	if runtime.GOMAXPROCS(0) < 2 {
		b.Skip("there is one processor only")
	}
	for _, s := range []struct {
		name, suite string
		plaintext   int
	}{{"xwing-22862", "xwing", 8256}, {"x25519-small", "x25519", 2000}} {
		b.Run(s.name, func(b *testing.B) {
			w := newWorkshop(b, s.suite, s.plaintext)
			one, _ := w.peel(b.N, 1)
			two, used := w.peel(b.N, 2)
			b.ReportMetric(float64(used)/float64(b.N)/float64(w.unwrapCost()), "cpu/unwrap")
			b.ReportMetric(float64(b.N)/one.Seconds(), "packets/s-1")
			b.ReportMetric(float64(b.N)/two.Seconds(), "packets/s-2")
			b.ReportMetric(float64(one)/float64(two), "speedup")
		})
	}
}

// ticketed is a relay that says up to where its tags are on disk.
type ticketed struct {
	*mix.Relay
	durable uint64
}

func (c *ticketed) Persisted(ticket uint64) {
	c.durable = ticket
	c.Relay.Persisted(ticket)
}

// peel is how long so many workers take for n packets, and what CPU time, to the point at which all
// are in the pool and their tags on disk.
func (w *workshop) peel(n, workers int) (took, used time.Duration) {
	p, relay, packets := w.pipeline(n, workers, n)
	for _, packet := range packets {
		p.submit(arrived{packet: packet})
	}
	ctx, cancel := context.WithCancel(w.Context())
	var running sync.WaitGroup
	began := time.Now()
	used = cpuTime()
	running.Go(func() { _ = p.run(ctx) })
	for durable := 0; durable < n; {
		p.do(func(time.Time) { durable = int(relay.durable) })
		runtime.Gosched()
		if !sleepUntil(ctx, time.Now().Add(time.Millisecond)) {
			break
		}
	}
	took = time.Since(began)
	used = cpuTime() - used
	cancel()
	running.Wait()
	return took, used
}

// pipeline is one alone, with n packets for it that do not leave before the benchmark is over.
func (w *workshop) pipeline(n, workers, queue int) (*pipeline, *ticketed, [][]byte) {
	keys, err := openKeyring(keyringConfig{
		Dir: w.TempDir(), Suite: w.params.Suite(), Epochs: w.genesis.Schedule(),
		Grace: w.genesis.Parameters.Grace, Capacity: n + 1,
	}, time.Now())
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { keys.close() })
	packets := w.packets(keys, n)
	relay := &ticketed{Relay: mix.NewRelay(n+1, nil)}
	relay.SetRules(mix.Rules{DelayLimit: time.Hour, Next: map[directory.NodeID]struct{}{{1}: {}}})
	opened, err := keys.open(time.Now())
	if err != nil {
		w.Fatal(err)
	}
	for _, o := range opened {
		relay.OpenEpoch(o.Epoch, o.From, o.Until, o.Tags)
	}
	return newPipeline(pipelineConfig{
		Params: w.params, Keys: keys, Core: relay, Buffers: newBuffers(w.params.PacketSize()),
		Counts: metrics.NewCounts(transit.Reasons()...), Workers: workers, Queue: queue,
	}), relay, packets
}

// packets are for a node's key of epoch 0.
func (w *workshop) packets(keys *keyring, n int) [][]byte {
	raw, err := keys.public(0)
	if err != nil {
		w.Fatal(err)
	}
	key, err := w.params.Suite().ParsePublicKey(raw)
	if err != nil {
		w.Fatal(err)
	}
	packets := make([][]byte, n)
	for i := range packets {
		hops := []sphinx.Hop{{Key: key, Delay: time.Minute},
			{ID: sphinx.NodeID{1}, Key: key, Recipient: &sphinx.RecipientID{}}}
		if packets[i], err = w.params.New(rand.Reader, hops, nil, nil); err != nil {
			w.Fatal(err)
		}
	}
	return packets
}

// unwrapCost is the CPU time of peeling one packet, nothing else.
func (w *workshop) unwrapCost() time.Duration {
	key, err := w.params.Suite().NewPrivateKey([32]byte{1})
	if err != nil {
		w.Fatal(err)
	}
	hops := []sphinx.Hop{{Key: key.Public(), Delay: time.Minute},
		{ID: sphinx.NodeID{1}, Key: key.Public(), Recipient: &sphinx.RecipientID{}}}
	packet, err := w.params.New(rand.Reader, hops, nil, nil)
	if err != nil {
		w.Fatal(err)
	}
	u := sphinx.NewUnwrapper(w.params)
	work := make([]byte, len(packet))
	const n = 2000
	before := cpuTime()
	for range n {
		copy(work, packet)
		if _, err := u.Unwrap(key, work); err != nil {
			w.Fatal(err)
		}
	}
	return (cpuTime() - before) / n
}

// overload is how many times what the workers can do BenchmarkOverload asks of them.
const overload = 5

// BenchmarkOverload gives the peelers five times what they have just shown that they can do, and
// reports what share of it they still do per CPU-second. Run it with -benchtime 20000x.
func BenchmarkOverload(b *testing.B) {
	w := newWorkshop(b, "x25519", 2000)
	workers := runtime.GOMAXPROCS(0)
	n := max(1, b.N/overload)
	alone, used := w.peel(n, workers)
	capacity := float64(n) / used.Seconds()
	gap := alone / time.Duration(n) / overload
	p, _, packets := w.pipeline(b.N, workers, 0)
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = p.run(ctx) })
	began, before := time.Now(), cpuTime()
	for i, packet := range packets {
		if i%64 == 0 && !sleepUntil(ctx, began.Add(time.Duration(i)*gap)) {
			break
		}
		p.submit(arrived{packet: packet})
	}
	used = cpuTime() - before
	received, _ := p.cfg.Counts.Totals()
	b.ReportMetric(float64(received)/used.Seconds()/capacity, "goodput/capacity")
	b.ReportMetric(float64(b.N)/float64(received), "offered/goodput")
	cancel()
	running.Wait()
}
