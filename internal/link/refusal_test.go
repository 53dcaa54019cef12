package link

import (
	"errors"
	"io"
	"testing"
)

// refused dials with cfg and expects the error want and, at the listener, the
// reason; then it dials with the control, which must get through.
func (w world) refused(server, cfg, control Config, kind Kind, want error, reason Reason) {
	w.Helper()
	l, to := w.listen(server)
	if _, err := w.dial(cfg, to, kind); !errors.Is(err, want) {
		w.Errorf("dialling: %v, want: %v", err, want)
	}
	near, err := w.dial(control, to, kind)
	if err != nil {
		w.Fatalf("control: %v", err)
	}
	far := w.accept(l)
	if far.Peer() != control.Identity.Public() {
		w.Error("the refused peer was accepted")
	}
	near.Close()
	l.Close() // waits for the handshakes
	if n := server.Counters.Get(reason); n != 1 {
		w.Errorf("%s counted %d times, want 1", reason, n)
	}
	if n := server.Counters.Get(accepted); n != 1 {
		w.Errorf("accepted %d, want the control alone", n)
	}
}

func TestOtherNetworkIsRefused(t *testing.T) {
	everywhere(t, func(w world) {
		cfg := testConfig(2)
		cfg.Network[31] ^= 1
		w.refused(testConfig(1), cfg, testConfig(3), Packets, ErrOtherNetwork, otherNetwork)
	})
}

func TestNotAdmittedIsRefused(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.Admit = func(peer PublicKey, kind Kind) bool {
			return peer == seed(3).Public() &&
				kind == Packets
		}
		w.refused(server, testConfig(2), testConfig(3), Packets, ErrNotAdmitted, NotAdmitted)
		server.Counters = new(Counters)
		l, to := w.listen(server)
		defer l.Close()
		if _, err := w.dial(testConfig(3), to, Exchange); !errors.Is(err, ErrNotAdmitted) {
			w.Errorf("another kind than the admitted one: %v", err)
		}
	})
}

func TestNobodyIsAdmittedByDefault(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.Admit = nil
		_, to := w.listen(server)
		if _, err := w.dial(testConfig(2), to, Directory); !errors.Is(err, ErrNotAdmitted) {
			w.Errorf("dialling: %v", err)
		}
	})
}

func TestOtherFrameSizeIsRefused(t *testing.T) {
	everywhere(t, func(w world) {
		cfg := testConfig(2)
		cfg.FrameSize = func(Kind) int { return testFrame + 1 }
		w.refused(testConfig(1), cfg, testConfig(3), Exchange, errFrameSize, otherFrameSize)
	})
}

func TestUnservedKindIsRefused(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.FrameSize = func(k Kind) int {
			if k == Packets {
				return testFrame
			}
			return 0
		}
		_, to := w.listen(server)
		if _, err := w.dial(testConfig(2), to, Exchange); !errors.Is(err, ErrNotAdmitted) {
			w.Errorf("dialling: %v", err)
		}
		if _, err := w.dial(server, to, Exchange); !errors.Is(err, errFrameSize) {
			w.Errorf("dialling without a size of our own: %v", err)
		}
		if _, err := w.dial(testConfig(2), to, Packets); err != nil {
			w.Errorf("control: %v", err)
		}
	})
}

func TestWrongKeyIsRefused(t *testing.T) {
	everywhere(t, func(w world) {
		_, to := w.listen(testConfig(1))
		impostor := Peer{Addr: to.Addr, Key: seed(9).Public()}
		if _, err := w.dial(testConfig(2), impostor, Packets); !errors.Is(err, ErrOtherKey) {
			w.Errorf("dialling: %v", err)
		}
		if _, err := w.dial(testConfig(2), Peer{to.Addr, PublicKey{1}}, Packets); !errors.Is(err,
			errBadKey) {
			w.Errorf("dialling a small-order key: %v", err)
		}
		if _, err := w.dial(testConfig(2), to, Packets); err != nil {
			w.Errorf("control: %v", err)
		}
	})
}

func TestNobodyListens(t *testing.T) {
	everywhere(t, func(w world) {
		l, to := w.listen(testConfig(1))
		l.Close()
		if _, err := w.dial(testConfig(2), to, Packets); !errors.Is(err, ErrUnreachable) {
			w.Errorf("dialling: %v", err)
		}
	})
}

func TestPruneFollowsTheDocument(t *testing.T) {
	everywhere(t, func(w world) {
		listed := map[PublicKey]bool{seed(2).Public(): true, seed(3).Public(): true}
		server := testConfig(1)
		server.Admit = func(peer PublicKey, _ Kind) bool { return listed[peer] }
		l, to := w.listen(server)
		leaving, _ := w.dial(testConfig(2), to, Replica)
		farLeaving := w.accept(l)
		staying, _ := w.dial(testConfig(3), to, Replica)
		farStaying := w.accept(l)
		if n := l.Prune(); n != 0 {
			w.Errorf("control: pruned %d under the old document", n)
		}
		delete(listed, seed(2).Public())
		if n := l.Prune(); n != 1 {
			w.Errorf("pruned %d, want 1", n)
		}
		if err := farLeaving.Send(frameOf(1)); !errors.Is(err, errClosed) {
			w.Errorf("the pruned connection still sends: %v", err)
		}
		if err := leaving.Receive(make([]byte, testFrame)); err == nil {
			w.Error("the pruned peer still receives")
		}
		if err := farStaying.Send(frameOf(1)); err != nil {
			w.Errorf("the other peer was cut: %v", err)
		}
		if err := staying.Receive(make([]byte, testFrame)); err != nil {
			w.Errorf("the other peer was cut: %v", err)
		}
	})
}

func TestSamePeerAgainReplaces(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		l, to := w.listen(server)
		first, _ := w.dial(testConfig(2), to, Exchange)
		w.accept(l)
		other, _ := w.dial(testConfig(2), to, Replica)
		farOther := w.accept(l)
		again, _ := w.dial(testConfig(2), to, Exchange)
		far := w.accept(l)
		got := make([]byte, testFrame)
		if err := first.Receive(got); err == nil || errors.Is(err, errIdle) {
			w.Errorf("the first connection lives on: %v", err)
		}
		for _, c := range [][2]Conn{{far, again}, {farOther, other}} {
			if err := errors.Join(c[0].Send(frameOf(1)), c[1].Receive(got)); err != nil {
				w.Errorf("control: %s: %v", c[0].Kind(), err)
			}
		}
		if n := server.Counters.Get(replaced); n != 1 {
			w.Errorf("replaced %d", n)
		}
		w.dial(testConfig(2), to, Exchange)
		w.accept(l)
		if n := server.Counters.Get(replaced); n != 2 {
			w.Errorf("replaced %d after the third time", n)
		}
	})
}

func TestDirectoryConnectionsStandSideBySide(t *testing.T) {
	everywhere(t, func(w world) {
		l, to := w.listen(testConfig(1))
		first, _ := w.dial(testConfig(2), to, Directory)
		far := w.accept(l)
		w.dial(testConfig(2), to, Directory)
		w.accept(l)
		if err := errors.Join(far.Send(frameOf(1)),
			first.Receive(make([]byte, testFrame))); err != nil {
			w.Error(err)
		}
	})
}

// TestHalfOpenFlood holds many silent connections against a small cap and lets
// honest peers through all the same.
func TestHalfOpenFlood(t *testing.T) {
	everywhere(t, func(w world) {
		server := testConfig(1)
		server.MaxHandshakes, server.MaxConnsPerAddr = 8, 1000
		l, to := w.listen(server)
		var strangers []io.Reader
		for range 100 {
			strangers = append(strangers, w.raw(to.Addr))
		}
		for n := range byte(5) {
			if _, err := w.dial(testConfig(10+n), to, Exchange); err != nil {
				w.Fatalf("an honest peer was shut out: %v", err)
			}
			w.accept(l)
		}
		for _, s := range strangers[:100-8+1] {
			if _, err := s.Read(make([]byte, 1)); err == nil {
				w.Fatal("a stranger got an answer")
			}
		}
		if n := server.Counters.Get(evictedHalfOpen); n < 100-8 {
			w.Errorf("evicted %d, want %d at least", n, 100-8)
		}
		if n := server.Counters.Get(handshakeSlow); n != 0 {
			w.Errorf("%d were cut by the clock, which proves nothing about the cap", n)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no sizes":      func(c *Config) { c.FrameSize = nil },
		"huge frame":    func(c *Config) { c.FrameSize = func(Kind) int { return maxFrame + 1 } },
		"negative size": func(c *Config) { c.FrameSize = func(Kind) int { return -1 } },
		"negative cap":  func(c *Config) { c.MaxConns = -1 },
		"negative time": func(c *Config) { c.IdleTimeout = -1 },
	} {
		cfg := testConfig(1)
		spoil(&cfg)
		if _, err := NewTLS(cfg); err == nil {
			t.Errorf("%s: NewTLS took it", name)
		}
		if _, err := NewFabric().Transport(cfg); err == nil {
			t.Errorf("%s: Fabric took it", name)
		}
	}
	if _, err := NewTLS(testConfig(1)); err != nil {
		t.Errorf("control: %v", err)
	}
}
