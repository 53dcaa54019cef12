//go:build unix

package world_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/sim/world"
)

// BenchmarkPackets carries packets that are made beforehand through the world, from provider to
// provider over three mixes: packet-hops a second, and what share that is of unwrapping the same
// packets alone.
func BenchmarkPackets(b *testing.B) {
	for _, name := range []string{"null", "xwing", "x25519"} {
		b.Run(name, func(b *testing.B) { benchPackets(b, name) })
	}
}

// BenchmarkPeople is a world of a hundred people who have nothing to say, packets' making included.
func BenchmarkPeople(b *testing.B) {
	for name, null := range map[string]bool{"null": true, "x25519": false} {
		b.Run(name, func(b *testing.B) {
			par := world.Quick()
			par.EpochLength = time.Hour
			par.MeanHopDelay, par.HopDelayLimit = 200*time.Millisecond, 2*time.Second
			net := network
			net.People = nil
			for i := range 100 {
				net.People = append(net.People, fmt.Sprint("u", i+1))
			}
			w := newWorld(b, world.Config{Seed: 1, Parameters: par, Null: null, Network: net})
			run(b, w, 10*time.Second)
			hops, began := w.Hops(), worked(b)
			for b.Loop() {
				run(b, w, time.Second)
			}
			b.ReportMetric(float64(w.Hops()-hops)/(worked(b)-began).Seconds(), "hops/s")
		})
	}
}

const benchBatch = 2000 // packets that are made at a time

func benchPackets(b *testing.B, name string) {
	par := world.Quick()
	par.MixLoopEvery, par.EpochLength = 24*time.Hour, time.Hour
	par.MeanHopDelay, par.HopDelayLimit = time.Second, 10*time.Second
	par.Suite = name
	if name == "null" {
		par.Suite = "xwing"
	}
	net := network
	net.People = nil
	w := newWorld(b, world.Config{Seed: 1, Parameters: par, Null: name == "null", Network: net,
		Tags: 1 << 20})
	maker := newMaker(b, w, par)
	var through, alone time.Duration
	hops := w.Hops()
	for b.Loop() {
		packets, copies := maker.batch(benchBatch)
		through += maker.carry(packets)
		alone += maker.unwrap(copies)
	}
	hops = w.Hops() - hops
	b.ReportMetric(float64(hops)/through.Seconds(), "hops/s")
	b.ReportMetric(float64(alone)/float64(through), "of_unwrapping")
	b.ReportMetric(0, "ns/op")
	for reason, n := range w.Drops() {
		if reason != "drop_stream" {
			b.Errorf("%d packets dropped: %s", n, reason)
		}
	}
}

// maker makes packets of a world's drop stream.
type maker struct {
	b    *testing.B
	w    *world.World
	par  directory.Parameters
	doc  *directory.Document
	rng  *rand.Rand
	pure *rand.ChaCha8
	u    *sphinx.Unwrapper
}

func newMaker(b *testing.B, w *world.World, par directory.Parameters) *maker {
	m := &maker{b: b, w: w, par: par, doc: w.Current(), rng: rand.New(rand.NewPCG(1, 2)),
		pure: rand.NewChaCha8([32]byte{3}), u: sphinx.NewUnwrapper(w.Params())}
	return m
}

func (m *maker) batch(n int) (packets, copies [][]byte) {
	for range n {
		var path []sphinx.Hop
		add := func(nodes []directory.Node) {
			id := nodes[m.rng.IntN(len(nodes))].ID
			delay := min(time.Duration(m.rng.ExpFloat64()*1000), 10_000) * time.Millisecond
			path = append(path, sphinx.Hop{ID: sphinx.NodeID(id),
				Key: m.w.NodeOf(id).Key(0).Public(), Delay: delay})
		}
		add(m.doc.Providers()[:1])
		for layer := range m.par.Layers {
			add(m.doc.Layer(layer + 1))
		}
		add(m.doc.Providers())
		path[len(path)-1].Recipient = &protocol.ServiceDrop
		packet, err := m.w.Params().New(m.pure, path, nil, nil)
		if err != nil {
			m.b.Fatal(err)
		}
		packets = append(packets, packet)
		copies = append(copies, append([]byte(nil), packet...))
	}
	return packets, copies
}

// carry hands the packets to the first provider, a thousand a second, and waits until all have
// arrived.
func (m *maker) carry(packets [][]byte) time.Duration {
	first := m.w.NodeOf(m.doc.Providers()[0].ID)
	for i, packet := range packets {
		m.w.Replay(first, packet, time.Duration(i)*time.Millisecond)
	}
	began := worked(m.b)
	if err := m.w.Run(time.Duration(len(packets))*time.Millisecond + 40*time.Second); err != nil {
		m.b.Fatal(err)
	}
	return worked(m.b) - began
}

// unwrap peels the packets at each hop with the right key, and does nothing else.
func (m *maker) unwrap(packets [][]byte) time.Duration {
	began := worked(m.b)
	for _, packet := range packets {
		at := m.doc.Providers()[0].ID
		for {
			r, err := m.u.Unwrap(m.w.NodeOf(at).Key(0), packet)
			if err != nil {
				m.b.Fatal(err)
			}
			if r.Kind != sphinx.Forward {
				break
			}
			at = directory.NodeID(r.Next)
		}
	}
	return worked(m.b) - began
}

// worked is the processor time that this process has used, collecting garbage included: a rate by
// it is that of one core, whatever else runs on the machine.
func worked(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
