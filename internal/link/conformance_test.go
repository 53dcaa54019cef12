package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world makes transports that can reach each other.
type world struct {
	*testing.T
	transport func(Config) (Transport, error)
	addr      string                     // to listen on
	raw       func(addr string) net.Conn // a stranger's connection, that says nothing yet
}

// everywhere runs a test over TLS sockets on loopback, and over a Fabric in
// virtual time. Together these tests are the conformance suite of Transport.
func everywhere(t *testing.T, test func(world)) {
	t.Run("tls", func(t *testing.T) {
		transport := func(c Config) (Transport, error) { return NewTLS(c) }
		test(world{t, transport, "127.0.0.1:0",
			func(addr string) net.Conn { return dialRaw(t, addr) }})
	})
	t.Run("fabric", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f, n := NewFabric(), byte(0)
			test(world{t, f.Transport, "node:0", func(addr string) net.Conn {
				n++ // a stranger never comes twice from one place
				end, err := f.connect(Seed{'r', 'a', 'w', n}.Public(), addr)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { end.Close() })
				return end
			}})
		})
	})
}

func dialRaw(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const testFrame = 3000 // no divisor of a TLS record

func seed(n byte) Seed { return Seed{n, 'l', 'i', 'n', 'k'} }

func testConfig(n byte) Config {
	return Config{
		Network:   [32]byte{'t', 'e', 's', 't'},
		Identity:  seed(n),
		FrameSize: func(Kind) int { return testFrame },
		Admit:     func(PublicKey, Kind) bool { return true },
		Counters:  new(Counters),
	}
}

func (w world) listen(cfg Config) (Listener, Peer) {
	w.Helper()
	tr, err := w.transport(cfg)
	if err != nil {
		w.Fatal(err)
	}
	l, err := tr.Listen(w.addr)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	return l, Peer{Addr: l.Addr(), Key: cfg.Identity.Public()}
}

func (w world) dial(cfg Config, to Peer, kind Kind) (Conn, error) {
	w.Helper()
	tr, err := w.transport(cfg)
	if err != nil {
		w.Fatal(err)
	}
	c, err := tr.Dial(w.Context(), to, kind)
	if err == nil {
		w.Cleanup(func() { c.Close() })
	}
	return c, err
}

func (w world) accept(l Listener) Conn {
	w.Helper()
	c, err := l.Accept(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// pair is two ends of one connection, of default configurations 1 and 2.
func (w world) pair(kind Kind) (near, far Conn) {
	w.Helper()
	l, to := w.listen(testConfig(1))
	near, err := w.dial(testConfig(2), to, kind)
	if err != nil {
		w.Fatal(err)
	}
	return near, w.accept(l)
}

func frameOf(b byte) []byte { return bytes.Repeat([]byte{b}, testFrame) }

func TestFramesBothWays(t *testing.T) {
	everywhere(t, func(w world) {
		for _, kind := range []Kind{Exchange, Replica, Directory} {
			near, far := w.pair(kind)
			got := make([]byte, testFrame)
			for i := range byte(20) {
				if err := near.Send(frameOf(i)); err != nil {
					w.Fatal(err)
				}
				if err := far.Receive(got); err != nil || !bytes.Equal(got, frameOf(i)) {
					w.Fatalf("%s frame %d up: %v", kind, i, err)
				}
				if err := far.Send(frameOf(^i)); err != nil {
					w.Fatal(err)
				}
				if err := near.Receive(got); err != nil || !bytes.Equal(got, frameOf(^i)) {
					w.Fatalf("%s frame %d down: %v", kind, i, err)
				}
			}
		}
	})
}

func TestBatchArrivesInOrder(t *testing.T) {
	everywhere(t, func(w world) {
		near, far := w.pair(Packets)
		var batch [][]byte
		for i := range byte(200) {
			batch = append(batch, frameOf(i))
		}
		sent := make(chan error, 1)
		go func() { sent <- near.Send(batch...) }()
		got := make([]byte, testFrame)
		for i := range batch {
			if err := far.Receive(got); err != nil || !bytes.Equal(got, batch[i]) {
				w.Fatalf("frame %d: %v", i, err)
			}
		}
		if err := <-sent; err != nil {
			w.Fatal(err)
		}
	})
}

func TestBothSidesKnowEachOther(t *testing.T) {
	everywhere(t, func(w world) {
		near, far := w.pair(Exchange)
		if near.Peer() != seed(1).Public() || far.Peer() != seed(2).Public() {
			w.Error("a side does not know the key of the other")
		}
		if near.Kind() != Exchange || far.Kind() != Exchange {
			w.Error("a side does not know the kind")
		}
	})
}

func TestCloseReadsAsEOF(t *testing.T) {
	everywhere(t, func(w world) {
		near, far := w.pair(Replica)
		if err := near.Send(frameOf(7)); err != nil {
			w.Fatal(err)
		}
		near.Close()
		near.Close()
		got := make([]byte, testFrame)
		if err := far.Receive(got); err != nil {
			w.Fatalf("the frame before the close: %v", err)
		}
		if err := far.Receive(got); err != io.EOF {
			w.Errorf("after the close: %v, want EOF", err)
		}
		if err := near.Send(frameOf(7)); !errors.Is(err, errClosed) {
			w.Errorf("sending on a closed connection: %v", err)
		}
		if err := far.Receive(got); !errors.Is(err, errClosed) {
			w.Errorf("receiving after EOF: %v", err)
		}
	})
}

func TestCutFrameIsNoEOF(t *testing.T) {
	everywhere(t, func(w world) {
		near, far := w.pair(Replica)
		near.(*conn).ch.Write(make([]byte, testFrame/2))
		near.Close()
		if err := far.Receive(make([]byte, testFrame)); !errors.Is(err, io.ErrUnexpectedEOF) {
			w.Errorf("half a frame and a close: %v", err)
		}
	})
}

func TestCrashBetweenFramesIsEOF(t *testing.T) {
	everywhere(t, func(w world) {
		near, far := w.pair(Replica)
		near.(*conn).abort()
		if err := far.Receive(make([]byte, testFrame)); err != io.EOF {
			w.Errorf("a crash between frames: %v, want EOF", err)
		}
	})
}

func TestOneWay(t *testing.T) {
	everywhere(t, func(w world) {
		_, far := w.pair(Packets)
		if err := far.Send(frameOf(1)); !errors.Is(err, errOneWay) {
			w.Errorf("the accepting end of a packet link sent: %v", err)
		}
	})
}

func TestFramesOfWrongSizeAreRefused(t *testing.T) {
	everywhere(t, func(w world) {
		near, far := w.pair(Exchange)
		for _, n := range []int{0, 1, testFrame - 1, testFrame + 1} {
			if err := near.Send(make([]byte, n)); !errors.Is(err, errFrameSize) {
				w.Errorf("sending %d bytes: %v", n, err)
			}
			if err := far.Receive(make([]byte, n)); !errors.Is(err, errFrameSize) {
				w.Errorf("receiving %d bytes: %v", n, err)
			}
		}
		if err := near.Send(frameOf(1)); err != nil {
			w.Errorf("control: %v", err)
		}
	})
}

func TestAcceptEnds(t *testing.T) {
	everywhere(t, func(w world) {
		l, _ := w.listen(testConfig(1))
		ctx, cancel := context.WithTimeout(w.Context(), time.Millisecond)
		defer cancel()
		if _, err := l.Accept(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.Errorf("context ended: %v", err)
		}
		l.Close()
		l.Close()
		if _, err := l.Accept(w.Context()); !errors.Is(err, errClosed) {
			w.Errorf("listener closed: %v", err)
		}
	})
}

func TestListenerCloseCutsItsConnections(t *testing.T) {
	everywhere(t, func(w world) {
		l, to := w.listen(testConfig(1))
		near, err := w.dial(testConfig(2), to, Exchange)
		if err != nil {
			w.Fatal(err)
		}
		far := w.accept(l)
		l.Close()
		if err := near.Receive(make([]byte, testFrame)); err == nil {
			w.Error("the dialler still receives")
		}
		if err := far.Send(frameOf(1)); !errors.Is(err, errClosed) {
			w.Errorf("the accepted connection still sends: %v", err)
		}
	})
}
