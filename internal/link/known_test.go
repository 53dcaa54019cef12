package link

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestKnownNeverWait: a node's directory links are not counted with those of strangers and do not
// go for them, however many come after it; and a node cannot pile them up.
func TestKnownNeverWait(t *testing.T) {
	everywhere(t, func(w world) {
		for _, knows := range []bool{true, false} {
			server := testConfig(1)
			server.MaxConns = 16 // a quarter: four for strangers' questions
			server.Known = func(p PublicKey) bool { return knows && p == seed(2).Public() }
			l, to := w.listen(server)
			node, err := w.dial(testConfig(2), to, Directory)
			if err != nil {
				w.Fatal(err)
			}
			far := w.accept(l)
			for i := range byte(9) {
				if _, err := w.dial(testConfig(100+i), to, Directory); err != nil {
					w.Fatal(err)
				}
				w.accept(l)
			}
			if sent := node.Send(frameOf(1)) == nil &&
				far.Receive(make([]byte, testFrame)) == nil; sent != knows {
				w.Errorf("known: %v; the link lives: %v", knows, sent)
			}
			for range mostOfKnown {
				if _, err := w.dial(testConfig(2), to, Directory); err != nil {
					w.Fatal(err)
				}
				w.accept(l)
			}
			if knows && far.Receive(make([]byte, testFrame)) == nil {
				w.Error("a node has any number of directory links")
			}
			l.Close()
		}
	})
}

// TestHandshakesOfNodesGoLast: a flood of half-open connections from many blocks cuts no handshake
// from a block that a node came from, as long as those are not too many themselves.
func TestHandshakesOfNodesGoLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		cfg.MaxHandshakes, cfg.MaxConnsPerAddr = 8, 1000
		cfg.Known = func(PublicKey) bool { return true }
		cfg, err := cfg.ready()
		if err != nil {
			t.Fatal(err)
		}
		w := &town{T: t, gate: newGate(&cfg)}
		flood := func() {
			for i := range 40 {
				<-time.After(time.Millisecond)
				w.come(fmt.Sprintf("198.51.%d.1:1", i), 0)
			}
		}
		unknown, _ := w.come("10.0.0.1:1", 0)
		flood()
		if !unknown.gone {
			t.Error("control: a handshake from a block that nobody knows outlives a flood")
		}
		node, _ := w.come("10.0.0.1:1", Directory)
		node.leave()
		again, _ := w.come("10.0.0.2:1", 0)
		flood()
		if again.gone {
			t.Error("a flood cut the handshake of a node that had been here")
		}
		for i := range 40 { // somebody in the node's own block
			w.come(fmt.Sprintf("10.0.0.%d:1", 3+i), 0)
		}
		if other, reason := w.come("192.0.2.1:1", 0); reason != accepted || other.gone {
			t.Errorf("the places are all of one block now: %s", reason)
		}
		for i := range 2 * mostProven {
			w.gate.prove(Block(fmt.Sprint(i)), time.Now().Add(time.Duration(i)))
		}
		if n := len(w.gate.proven); n != mostProven {
			t.Errorf("%d blocks are remembered", n)
		}
	})
}

// TestTooManyFiles: when the process may open no more files, one connection after the other goes,
// and never one in use.
func TestTooManyFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, err := testConfig(1).ready()
		if err != nil {
			t.Fatal(err)
		}
		l := &listener{cfg: &cfg, gate: newGate(&cfg), ctx: t.Context()}
		w := &town{T: t, gate: l.gate}
		half, _ := w.come("192.0.2.1:1", 0)
		stranger, _ := w.come("192.0.2.2:1", Directory)
		client, _ := w.come("192.0.3.1:1", Exchange)
		node, _ := w.come("192.0.3.2:1", Packets)
		speaks(client)
		full := &net.OpError{Op: "accept", Err: syscall.EMFILE}
		l.interrupted(net.ErrClosed, time.Millisecond)
		if half.gone || stranger.gone {
			t.Fatal("control: somebody was cut for another error")
		}
		for range 4 {
			l.interrupted(full, time.Millisecond)
		}
		if !half.gone || !stranger.gone || client.gone || node.gone {
			t.Errorf("cut: %v, %v, %v, %v", half.gone, stranger.gone, client.gone, node.gone)
		}
	})
}
