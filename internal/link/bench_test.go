package link

import (
	"fmt"
	"testing"
)

// tlsPair is the two ends of a packet link over a loopback socket.
func tlsPair(b *testing.B, size int) (near, far Conn) {
	b.Helper()
	server, client := testConfig(1), testConfig(2)
	server.FrameSize = func(Kind) int { return size }
	client.FrameSize = server.FrameSize
	st, _ := NewTLS(server)
	ct, _ := NewTLS(client)
	l, err := st.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	if near, err = ct.Dial(b.Context(), Peer{l.Addr(), seed(1).Public()}, Packets); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { near.Close() })
	if far, err = l.Accept(b.Context()); err != nil {
		b.Fatal(err)
	}
	return near, far
}

// BenchmarkSendReceive is what a mix does with each packet besides unwrapping
// it: one receive and one send over TLS, in batches of up to 64 KiB or one by
// one. frames/cpu-s is per second of processor time of the whole process, both
// ends and the kernel's share included: the reference for "whole mix" in the
// targets.
func BenchmarkSendReceive(b *testing.B) {
	for _, size := range []int{2048, 22862} {
		for _, batch := range []int{1, max(1, batchBytes/size)} {
			b.Run(fmt.Sprintf("frame=%d/batch=%d", size, batch), func(b *testing.B) {
				sendReceive(b, size, batch)
			})
		}
	}
}

func sendReceive(b *testing.B, size, batch int) {
	near, far := tlsPair(b, size)
	frames := make([][]byte, batch)
	for i := range frames {
		frames[i] = make([]byte, size)
	}
	received := make(chan error, 1)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime()
	go func() {
		got := make([]byte, size)
		var err error
		for i := 0; i < b.N && err == nil; i++ {
			err = far.Receive(got)
		}
		received <- err
	}()
	for sent := 0; sent < b.N; sent += batch {
		if err := near.Send(frames[:min(batch, b.N-sent)]...); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-received; err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
	if used := cpuTime() - before; used > 0 {
		b.ReportMetric(float64(b.N)/used.Seconds(), "frames/cpu-s")
	}
}

// BenchmarkHandshake is one connection from dialling to Accept, both ends.
func BenchmarkHandshake(b *testing.B) {
	server, client := testConfig(1), testConfig(2)
	st, _ := NewTLS(server)
	ct, _ := NewTLS(client)
	l, err := st.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		near, err := ct.Dial(b.Context(), Peer{l.Addr(), seed(1).Public()}, Directory)
		if err != nil {
			b.Fatal(err)
		}
		far, err := l.Accept(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		near.Close()
		far.Close()
	}
}

// BenchmarkOutbound is the queue in front of a link: Send on one side, batches
// over TLS on the other. Frames that find it full do not count.
func BenchmarkOutbound(b *testing.B) {
	const size = 2048
	server, client := testConfig(1), testConfig(2)
	server.FrameSize = func(Kind) int { return size }
	client.FrameSize = server.FrameSize
	st, _ := NewTLS(server)
	ct, _ := NewTLS(client)
	l, err := st.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	cfg := outboundTo(ct, Peer{l.Addr(), seed(1).Public()})
	cfg.FrameSize = size
	free := make(chan []byte, defaultQueue)
	for range defaultQueue {
		free <- make([]byte, size)
	}
	cfg.Free = func(frame []byte) { free <- frame }
	o, stop := start(b, cfg)
	defer stop()
	far, err := l.Accept(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		for range b.N {
			o.Send(<-free)
		}
	}()
	got := make([]byte, size)
	for range b.N {
		if err := far.Receive(got); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}
