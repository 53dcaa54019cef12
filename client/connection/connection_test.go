package connection

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client/person"
	"murmuration/client/store"
)

// home is a store with what Create makes.
func home(t *testing.T) *store.Store {
	t.Helper()
	s := store.Memory()
	if err := s.Update(Create); err != nil {
		t.Fatal(err)
	}
	return s
}

// client is a connection that runs, whose person counts what it hears.
type client struct {
	*Connection
	stop func() error

	mu      sync.Mutex // guards all below
	senders []person.Sender
}

func (n *network) open(s *store.Store, guard string) *Connection {
	n.Helper()
	c, err := New(Config{Genesis: n.genesis, Store: s, Guard: guard, Transport: n.transport})
	if err != nil {
		n.Fatal(err)
	}
	return c
}

func (n *network) run(s *store.Store, guard string) *client {
	n.Helper()
	return begin(n.open(s, guard))
}

func begin(opened *Connection) *client {
	c := &client{Connection: opened}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }() // ends with stop
	go func() {                        // ends with ctx
		for {
			select {
			case h := <-c.Heard():
				c.mu.Lock()
				if h.Sender != nil {
					c.senders = append(c.senders, h.Sender)
				}
				c.mu.Unlock()
			case <-ctx.Done():
				return
			}
		}
	}()
	c.stop = func() error {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
	return c
}

func (c *client) begun() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.senders)
}

// await looks every second of virtual time.
func await(t *testing.T, what string, limit time.Duration, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); <-time.After(time.Second) {
		if time.Since(began) > limit {
			t.Fatalf("after %v of virtual time: no %s", limit, what)
		}
	}
}

func (n *network) end(c *client) {
	n.Helper()
	if err := c.stop(); err != nil {
		n.Errorf("stopping: %v", err)
	}
}

// TestConnectionSpeaksInSlots, whatever epoch it is, and is heard.
func TestConnectionSpeaksInSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(home(t), "p2")
		<-time.After(5 * n.genesis.Parameters.EpochLength)
		s := c.Status()
		if !s.Connected || len(s.Faults) != 0 || s.Stats.Silent != 0 || s.Stats.Dummies < 500 {
			t.Errorf("%+v", s)
		}
		if s.Guard.Name != "p2" || s.Document.Epoch < 7 || c.begun() != 1 {
			t.Errorf("guard %s, document of epoch %d, %d senders", s.Guard.Name, s.Document.Epoch,
				c.begun())
		}
		if !s.LastReply.IsZero() || s.Guard.Healthy {
			t.Errorf("dummies are taken for replies: %+v, %v", s.Guard, s.LastReply)
		}
		n.mu.Lock()
		p := n.genesis.Parameters
		span := (5 * p.EpochLength).Seconds()
		want := span/p.PayloadEvery.Seconds() + span/p.LoopEvery.Seconds() +
			span/p.DropEvery.Seconds()
		if got := float64(n.frames["p2"]); got < 0.85*want || got > 1.15*want ||
			len(n.frames) != 1 {
			t.Errorf("%v frames, want %v", n.frames, want)
		}
		n.mu.Unlock()
		n.end(c)
	})
}

// TestDialsAgain when a provider was away, and says so in the meantime.
func TestDialsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(home(t), "p2")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		n.close("p2")
		<-time.After(time.Minute)
		if s := c.Status(); s.Connected || len(s.Faults) != 1 ||
			!errors.Is(s.Faults[0], errProviderStarts) || time.Since(s.Since) < 50*time.Second {
			t.Errorf("without the provider: %+v", s)
		}
		n.close()
		await(t, "connection", 2*redialLast, func() bool { return c.Status().Connected })
		if s := c.Status(); len(s.Faults) != 0 || c.begun() != 1 {
			t.Errorf("with the provider again: %v, %d senders", s.Faults, c.begun())
		}
		n.close("p2")
		<-time.After(2 * redialLast) // the waits are long by now
		n.close()
		await(t, "connection", 2*redialLast, func() bool { return c.Status().Connected })
		<-time.After(redialLast + time.Minute)
		cut := time.Now()
		n.close() // it worked for a while: dialled again soon
		<-time.After(redialQuick + time.Second)
		if s := c.Status(); !s.Connected || !s.Since.After(cut) {
			t.Errorf("%v after it was cut: %+v", time.Since(cut), s)
		}
		n.end(c)
	})
}

func TestGuardOfTheConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newNetwork(t).open(home(t), "nobody")
		if err := c.Run(t.Context()); !errors.Is(err, errGuard) {
			t.Errorf("a guard that is not there: %v", err)
		}
	})
}
