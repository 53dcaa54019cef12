package link

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// brief is a time-out for tests over sockets, which wait for it to pass and
// assert nothing about when.
const brief = 20 * time.Millisecond

func TestSilentPeerIsCut(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.IdleTimeout = brief
		l, to := w.listen(server)
		if _, err := w.dial(testConfig(2), to, Exchange); err != nil {
			w.Fatal(err)
		}
		far := w.accept(l)
		if err := far.Receive(make([]byte, testFrame)); !errors.Is(err, errIdle) {
			w.Errorf("receiving: %v", err)
		}
		if n := server.Counters.Get(cutIdle); n != 1 {
			w.Errorf("counted %d", n)
		}
	})
}

func TestSlowWriterIsCut(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.FrameTimeout = brief
		l, to := w.listen(server)
		near, err := w.dial(testConfig(2), to, Exchange)
		if err != nil {
			w.Fatal(err)
		}
		far := w.accept(l)
		if _, err := near.(*conn).ch.Write(make([]byte, testFrame-1)); err != nil {
			w.Fatal(err)
		}
		if err := far.Receive(make([]byte, testFrame)); !errors.Is(err, errSlow) {
			w.Errorf("receiving: %v", err)
		}
		if n := server.Counters.Get(cutSlow); n != 1 {
			w.Errorf("counted %d", n)
		}
	})
}

func TestSlowReaderIsCut(t *testing.T) {
	everywhere(t, func(w world) {
		_, to := w.listen(testConfig(1))
		client := testConfig(2)
		client.FrameTimeout = brief
		near, err := w.dial(client, to, Packets)
		for err == nil { // until the buffers in between are full
			err = near.Send(frameOf(1), frameOf(2), frameOf(3), frameOf(4), frameOf(5), frameOf(6),
				frameOf(7), frameOf(8))
		}
		if !errors.Is(err, errSlow) {
			w.Errorf("sending: %v", err)
		}
		if n := client.Counters.Get(cutSlow); n != 1 {
			w.Errorf("counted %d", n)
		}
	})
}

func TestSilentStrangerIsCut(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.HandshakeTimeout = brief
		l, to := w.listen(server)
		stranger := w.raw(to.Addr)
		if n, err := stranger.Read(make([]byte, 1)); err == nil {
			w.Errorf("the stranger got %d bytes", n)
		}
		l.Close()
		if n := server.Counters.Get(handshakeSlow); n != 1 {
			w.Errorf("counted %d", n)
		}
	})
}

// TestSilentNode dials a socket that takes connections in and says nothing.
func TestSilentNode(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	cfg := testConfig(2)
	cfg.HandshakeTimeout = brief
	tr, _ := NewTLS(cfg)
	_, err = tr.Dial(t.Context(), Peer{raw.Addr().String(), seed(1).Public()}, Packets)
	if !errors.Is(err, errHandshakeTimeout) {
		t.Errorf("dialling: %v", err)
	}
}

// TestDeadlinesInVirtualTime holds the time-outs to their exact values.
func TestDeadlinesInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		near, far, err := Pipe(testConfig(2), cfg, Exchange)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, testFrame)
		go func() {
			for range 5 { // each just in time
				wait(t.Context(), defaultIdleTimeout-time.Nanosecond)
				near.Send(frameOf(1))
			}
			near.(*conn).ch.Write([]byte{1})
		}()
		for range 5 {
			if err := far.Receive(got); err != nil {
				t.Fatalf("control: a peer within the time-out was cut: %v", err)
			}
		}
		began := time.Now()
		if err := far.Receive(got); !errors.Is(err, errSlow) {
			t.Errorf("half a frame: %v", err)
		}
		if d := time.Since(began); d != defaultFrameTimeout {
			t.Errorf("cut after %s, want %s", d, defaultFrameTimeout)
		}
	})
}

func TestPacketDiallerWaitsWithoutBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far, err := Pipe(testConfig(2), testConfig(1), Packets)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(1000*defaultIdleTimeout, func() { far.Close() })
		began := time.Now()
		if err := near.Receive(make([]byte, testFrame)); err == nil || errors.Is(err, errIdle) {
			t.Errorf("receiving: %v", err)
		}
		if d := time.Since(began); d != 1000*defaultIdleTimeout {
			t.Errorf("ended after %s", d)
		}
	})
}
