//go:build unix

package node_test

import (
	"context"
	"crypto/rand"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
)

// sizes are the default network's packets, 22,862 bytes, and small classical ones of some 3 KiB.
var sizes = []struct {
	name, suite string
	plaintext   int
}{{"xwing-22862", "xwing", 8256}, {"x25519-small", "x25519", 2000}}

func benchParameters(suite string, plaintext int) directory.Parameters {
	par := slow()
	par.Suite, par.BoxPlaintext = suite, plaintext
	par.MixLoopEvery = time.Minute
	return par
}

// cpuTime is that of this process so far, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with these arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWholeMix drives a mix in a process of its own over TLS, in and out, replay journal
// included, with packets that ask for no delay. packets/cpu-s is per CPU-second of that process,
// its start taken off; the ratio is to 1/(unwrap + TLS send and receive of that size), measured in
// the same run, before and after. Run it with -benchtime 12000x.
func BenchmarkWholeMix(b *testing.B) {
	for _, s := range sizes {
		b.Run(s.name, func(b *testing.B) {
			par := benchParameters(s.suite, s.plaintext)
			stage := func() *stage { return newStage(b, b.TempDir(), par) }
			params := stage().params
			due := reference(b, params)
			start := stage().drive(b, 0) // what a mix costs that does nothing
			b.ResetTimer()
			used := stage().drive(b, b.N) - start
			b.StopTimer()
			due = (due + reference(b, params)) / 2
			perPacket := used / time.Duration(b.N)
			b.ReportMetric(float64(time.Second)/float64(perPacket), "packets/cpu-s")
			b.ReportMetric(float64(time.Second)/float64(due), "reference/cpu-s")
			b.ReportMetric(float64(due)/float64(perPacket), "ratio")
		})
	}
}

// reference is the CPU time that a packet must cost: to be peeled, and to come in and go out over
// a link. What the benchmark has left behind is collected first: it is no cost of the packet's.
func reference(b *testing.B, params *sphinx.Params) time.Duration {
	debug.FreeOSMemory()
	return unwrapCost(b, params) + linkCost(b, params.PacketSize())
}

// drive sends n packets through a mix in a process of its own and returns the CPU time that it
// used. The mix of layer 2 stops when there is a document, and the test counts frames in its place.
func (s *stage) drive(b *testing.B, n int) time.Duration {
	patience := time.Minute + time.Duration(n)*10*time.Millisecond
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	stop := make(chan string, 1)
	wait := s.run(ctx, stop)
	child := s.spawn()
	doc := s.waitForDocument(ctx)
	stop <- s.second(doc).Name
	got := s.sink(ctx, s.second(doc).Name)
	conn := s.dial(ctx)
	packets := make([][]byte, n)
	for i := range packets {
		packets[i] = s.packet(doc, 0, 0)
	}
	const window = 256 // fewer than the mix's queue takes
	room := make(chan struct{}, window)
	go func() { // ends with the packets or ctx
		for i := 0; i < n && ctx.Err() == nil; {
			lot := packets[i:min(i+8, n)]
			for range lot {
				room <- struct{}{}
			}
			if err := conn.Send(lot...); err != nil {
				return
			}
			i += len(lot)
		}
	}()
	for came := 0; came < n; came++ {
		select {
		case <-got:
			select {
			case <-room:
			default: // a loop of the mix's own
				came--
			}
		case <-ctx.Done():
			b.Fatalf("%d of %d packets came through", came, n)
		}
	}
	child.end(os.Interrupt)
	cancel()
	wait()
	return child.ProcessState.UserTime() + child.ProcessState.SystemTime()
}

// sink listens in the place of a node that has stopped, once mix-1 has a link to it, and gives a
// token for each frame that comes.
func (s *stage) sink(ctx context.Context, name string) <-chan struct{} {
	transport, err := s.open(link.Config{
		Network:   s.net.Genesis.ID(),
		Identity:  s.homes[name].Seed,
		Admit:     func(link.PublicKey, link.Kind) bool { return true },
		FrameSize: func(link.Kind) int { return s.params.PacketSize() },
	})
	if err != nil {
		s.Fatal(err)
	}
	var l link.Listener
	addr := s.named(name).Addr
	for l, err = transport.Listen(addr); err != nil; l, err = transport.Listen(addr) {
		if !sleep(ctx, 10*time.Millisecond) {
			s.Fatal(err)
		}
	}
	s.Cleanup(func() { l.Close() })
	conn, err := l.Accept(ctx)
	if err != nil {
		s.Fatal(err)
	}
	got := make(chan struct{}, 1<<14)
	go func() { // ends with the connection
		frame := make([]byte, s.params.PacketSize())
		for conn.Receive(frame) == nil {
			got <- struct{}{}
		}
	}()
	return got
}

// unwrapCost is the CPU time of peeling one packet, nothing else, with all processors at work as
// in a mix: those that share a core are slower then.
func unwrapCost(b *testing.B, params *sphinx.Params) time.Duration {
	key, packet := peelable(b, params)
	const each = 2000
	workers := runtime.GOMAXPROCS(0)
	var running sync.WaitGroup
	before := cpuTime()
	for range workers {
		running.Go(func() {
			u := sphinx.NewUnwrapper(params)
			work := make([]byte, len(packet))
			for range each {
				copy(work, packet)
				if _, err := u.Unwrap(key, work); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	return (cpuTime() - before) / time.Duration(workers*each)
}

// linkCost is the CPU time, both ends together, of one frame over a packets link, in the batches in
// which links send.
func linkCost(b *testing.B, size int) time.Duration {
	config := func(seed byte) link.Config {
		return link.Config{
			Identity:  link.Seed{seed},
			FrameSize: func(link.Kind) int { return size },
			Admit:     func(link.PublicKey, link.Kind) bool { return true },
		}
	}
	near, err := link.NewTLS(config(1))
	if err != nil {
		b.Fatal(err)
	}
	far, err := link.NewTLS(config(2))
	if err != nil {
		b.Fatal(err)
	}
	l, err := far.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	to := link.Peer{Addr: l.Addr(), Key: link.Seed{2}.Public()}
	out, err := near.Dial(b.Context(), to, link.Packets)
	if err != nil {
		b.Fatal(err)
	}
	in, err := l.Accept(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	const n = 6000
	lot := make([][]byte, max(1, 65536/size))
	for i := range lot {
		lot[i] = make([]byte, size)
	}
	rounds := n / len(lot)
	before := cpuTime()
	go func() { // ends with its frames or the link
		for range rounds {
			if out.Send(lot...) != nil {
				return
			}
		}
	}()
	frame := make([]byte, size)
	for range rounds * len(lot) {
		if err := in.Receive(frame); err != nil {
			b.Fatal(err)
		}
	}
	return (cpuTime() - before) / time.Duration(rounds*len(lot))
}

// peelable is a packet for a key of the test's own.
func peelable(b *testing.B, params *sphinx.Params) (*suite.PrivateKey, []byte) {
	key, err := params.Suite().NewPrivateKey([suite.SeedSize]byte{1})
	if err != nil {
		b.Fatal(err)
	}
	hops := []sphinx.Hop{
		{Key: key.Public(), Delay: time.Minute},
		{ID: sphinx.NodeID{1}, Key: key.Public(), Recipient: &sphinx.RecipientID{}},
	}
	packet, err := params.New(rand.Reader, hops, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	return key, packet
}

// BenchmarkAtRest is the most memory that a mix of the default network's sizes had, in a process of
// its own with the default replay set, with its own loops only, over six rotations of its keys.
func BenchmarkAtRest(b *testing.B) {
	par := benchParameters("xwing", 8256)
	par.EpochLength, par.Grace = 4*time.Second, time.Second
	par.SlowDelay = 0
	par.HopDelayLimit, par.MeanHopDelay = 40*time.Millisecond, 4*time.Millisecond
	s := newStage(b, b.TempDir(), par)
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	wait := s.run(ctx, nil)
	child := s.spawn()
	s.waitForDocument(ctx)
	s.dial(ctx)
	sleep(ctx, time.Until(s.net.Genesis.Schedule().StartOf(6)))
	child.end(os.Interrupt)
	if doc := s.doc(); doc.Epoch < 5 {
		b.Errorf("the keys did not rotate: the last document is of epoch %d", doc.Epoch)
	}
	cancel()
	wait()
	rss := float64(child.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS != "darwin" {
		rss *= 1024 // KiB elsewhere
	}
	b.ReportMetric(rss/(1<<20), "max-rss-MiB")
}
