package link

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func outboundTo(tr Transport, to Peer) OutboundConfig {
	return OutboundConfig{
		Transport: tr, Peer: to, FrameSize: testFrame,
		Jitter: rand.New(rand.NewChaCha8([32]byte{1})), Counters: new(Counters),
	}
}

// start runs an Outbound until the test or the returned function ends it.
func start(t testing.TB, cfg OutboundConfig) (*Outbound, func()) {
	t.Helper()
	o, err := NewOutbound(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	stop := func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	return o, stop
}

func numbered(n int) []byte {
	b := make([]byte, testFrame)
	binary.BigEndian.PutUint32(b, uint32(n))
	return b
}

// expect receives the frames from..to-1 in order.
func expect(t *testing.T, c Conn, from, to int) {
	t.Helper()
	got := make([]byte, testFrame)
	for i := from; i < to; i++ {
		if err := c.Receive(got); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if n := int(binary.BigEndian.Uint32(got)); n != i {
			t.Fatalf("frame %d came where %d was due", n, i)
		}
	}
}

func TestOutboundDelivers(t *testing.T) {
	everywhere(t, func(w world) {
		l, to := w.listen(testConfig(1))
		tr, _ := w.transport(testConfig(2))
		cfg := outboundTo(tr, to)
		var freed atomic.Int64
		cfg.Free = func([]byte) { freed.Add(1) }
		o, stop := start(w.T, cfg)
		for i := range 500 {
			if !o.Send(numbered(i)) {
				w.Fatalf("frame %d was not taken", i)
			}
		}
		c := w.accept(l)
		expect(w.T, c, 0, 500)
		if !o.Connected() {
			w.Error("not connected")
		}
		if o.Send(make([]byte, 1)) {
			w.Error("a frame of the wrong size was taken")
		}
		stop()
		if o.Connected() || o.Send(numbered(0)) {
			w.Error("alive after Run")
		}
		if n := cfg.Counters.Get(sent); n != 500 || freed.Load() != 500 {
			w.Errorf("sent %d, freed %d", n, freed.Load())
		}
	})
}

// TestOutboundReconnects restarts the peer: what is sent after it is back
// arrives, and what is sent meanwhile waits.
func TestOutboundReconnects(t *testing.T) {
	everywhere(t, func(w world) {
		l, to := w.listen(testConfig(1))
		tr, _ := w.transport(testConfig(2))
		cfg := outboundTo(tr, to)
		cfg.BackoffMin, cfg.BackoffMax = time.Millisecond, 10*time.Millisecond
		o, _ := start(w.T, cfg)
		for round := range 3 {
			o.Send(numbered(2 * round))
			expect(w.T, w.accept(l), 2*round, 2*round+1)
			l.Close()
			for o.Connected() {
				wait(w.Context(), time.Millisecond)
			}
			o.Send(numbered(2*round + 1))
			server, _ := w.transport(testConfig(1))
			var err error
			if l, err = server.Listen(to.Addr); err != nil {
				w.Fatal(err)
			}
			c := w.accept(l)
			expect(w.T, c, 2*round+1, 2*round+2)
			l.Close()
			if l, err = server.Listen(to.Addr); err != nil {
				w.Fatal(err)
			}
			for o.Connected() {
				wait(w.Context(), time.Millisecond)
			}
		}
		l.Close()
	})
}

// dialTimes is a transport that counts attempts and never connects.
type dialTimes struct {
	Transport
	at []time.Time
}

func (d *dialTimes) Dial(context.Context, Peer, Kind) (Conn, error) {
	d.at = append(d.at, time.Now())
	return nil, errors.New("nobody there")
}

// pauses runs an Outbound against nobody for a virtual hour.
func pauses(t *testing.T, jitter byte) (all []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		d := &dialTimes{}
		cfg := outboundTo(d, Peer{Addr: "nowhere"})
		cfg.Jitter = rand.New(rand.NewChaCha8([32]byte{jitter}))
		o, _ := NewOutbound(cfg)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		o.Run(ctx)
		for i := 1; i < len(d.at); i++ {
			all = append(all, d.at[i].Sub(d.at[i-1]))
		}
	})
	return all
}

func TestBackoffDoublesWithJitter(t *testing.T) {
	first, second := pauses(t, 1), pauses(t, 2)
	whole := defaultBackoffMin
	for i, d := range first {
		if d < whole/2 || d > whole {
			t.Errorf("pause %d is %s, not within %s and %s", i, d, whole/2, whole)
		}
		whole = min(2*whole, defaultBackoffMax)
	}
	if len(first) < 60 || len(first) > 130 {
		t.Errorf("%d attempts in an hour", len(first))
	}
	same := 0
	for i := range min(len(first), len(second)) {
		if first[i] == second[i] {
			same++
		}
	}
	if same > 2 {
		t.Errorf("two nodes came back in step %d times", same)
	}
	again := pauses(t, 1)
	for i := range first {
		if again[i] != first[i] {
			t.Fatal("control: one seed gives two schedules")
		}
	}
}

// TestBackoffStartsAnewAfterAWhile: a link that worked for longer than the
// longest pause is dialled again soon, one that broke at once is not.
func TestBackoffStartsAnewAfterAWhile(t *testing.T) {
	reconnect := func(lived time.Duration) (pause time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			f := NewFabric()
			server, _ := f.Transport(testConfig(1))
			client, _ := f.Transport(testConfig(2))
			start(t, outboundTo(client, Peer{"node", seed(1).Public()}))
			wait(t.Context(), 20*time.Minute) // the pause has grown to its longest
			l, err := server.Listen("node")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			c, err := l.Accept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			wait(t.Context(), lived)
			c.Close()
			began := time.Now()
			if _, err := l.Accept(t.Context()); err != nil {
				t.Fatal(err)
			}
			pause = time.Since(began)
		})
		return pause
	}
	if d := reconnect(2 * defaultBackoffMax); d > defaultBackoffMin {
		t.Errorf("after a good link it waited %s", d)
	}
	if d := reconnect(time.Millisecond); d < defaultBackoffMax/2 {
		t.Errorf("control: after a bad link it waited only %s", d)
	}
}

// filled is an Outbound with a queue of 4 that was offered 10 frames while
// nobody listened.
func filled(t *testing.T, dropOldest bool, freed *[]int) (OutboundConfig, *Outbound, int) {
	cfg := outboundTo(&dialTimes{}, Peer{})
	cfg.Queue, cfg.DropOldest = 4, dropOldest
	cfg.Free = func(b []byte) { *freed = append(*freed, int(binary.BigEndian.Uint32(b))) }
	o, err := NewOutbound(cfg)
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for i := range 10 {
		if o.Send(numbered(i)) {
			taken++
		}
	}
	return cfg, o, taken
}

func TestFullQueueRefusesTheNewest(t *testing.T) {
	var freed []int
	cfg, o, taken := filled(t, false, &freed)
	if taken != 4 || len(freed) != 0 || cfg.Counters.Get(droppedFull) != 6 {
		t.Errorf("took %d, freed %v, counted %d", taken, freed, cfg.Counters.Get(droppedFull))
	}
	for i, b := range o.take(nil) {
		if int(binary.BigEndian.Uint32(b)) != i {
			t.Errorf("place %d holds frame %d", i, binary.BigEndian.Uint32(b))
		}
	}
}

func TestFullQueueDropsTheOldest(t *testing.T) {
	var freed []int
	cfg, o, taken := filled(t, true, &freed)
	if taken != 10 || len(freed) != 6 || freed[0] != 0 || freed[5] != 5 ||
		cfg.Counters.Get(droppedFull) != 6 {
		t.Errorf("took %d, freed %v, counted %d", taken, freed, cfg.Counters.Get(droppedFull))
	}
	for i, b := range o.take(nil) {
		if int(binary.BigEndian.Uint32(b)) != i+6 {
			t.Errorf("place %d holds frame %d", i, binary.BigEndian.Uint32(b))
		}
	}
}

func TestQueueIsDroppedAtTheEnd(t *testing.T) {
	var freed []int
	cfg, o, _ := filled(t, false, &freed)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Run(ctx); err != nil {
		t.Error(err)
	}
	if len(freed) != 4 || cfg.Counters.Get(droppedClosed) != 4 {
		t.Errorf("freed %v, counted %d", freed, cfg.Counters.Get(droppedClosed))
	}
}

// TestDeadPeerBlocksNobody sends to a peer that is connected and reads nothing:
// Send never blocks, the link is cut, and every frame is accounted for once.
func TestDeadPeerBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFabric()
		server, _ := f.Transport(testConfig(1))
		client, _ := f.Transport(testConfig(2))
		l, _ := server.Listen("node")
		defer l.Close()
		cfg := outboundTo(client, Peer{"node", seed(1).Public()})
		cfg.Queue = 50
		freed := uint64(0)
		cfg.Free = func([]byte) { freed++ }
		o, stop := start(t, cfg)
		if _, err := l.Accept(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began, taken := time.Now(), uint64(0)
		for i := range 500 {
			if o.Send(numbered(i)) {
				taken++
			}
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("Send blocked for %s", d)
		}
		wait(t.Context(), defaultFrameTimeout+time.Nanosecond)
		synctest.Wait()
		if o.Connected() || cfg.Counters.Get(droppedLost) == 0 {
			t.Error("the link to a peer that reads nothing still stands")
		}
		stop()
		c := cfg.Counters
		if c.Get(sent)+c.Get(droppedLost)+c.Get(droppedClosed) != taken || freed != taken ||
			taken+c.Get(droppedFull) != 500 {
			t.Errorf("taken %d, freed %d, sent %d, lost %d, closed %d, full %d", taken, freed,
				c.Get(sent), c.Get(droppedLost), c.Get(droppedClosed), c.Get(droppedFull))
		}
	})
}

// TestTalkativePeerIsCut: nothing is due on a packet link from the far end.
func TestTalkativePeerIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFabric()
		server, _ := f.Transport(testConfig(1))
		client, _ := f.Transport(testConfig(2))
		l, _ := server.Listen("node")
		defer l.Close()
		o, _ := start(t, outboundTo(client, Peer{"node", seed(1).Public()}))
		c, err := l.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !o.Connected() {
			t.Error("control: not connected before")
		}
		c.(*conn).ch.Write(frameOf(1))
		synctest.Wait()
		if o.Connected() {
			t.Error("the link still stands")
		}
	})
}

func TestOutboundConfigIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*OutboundConfig){
		"no transport":     func(c *OutboundConfig) { c.Transport = nil },
		"no jitter":        func(c *OutboundConfig) { c.Jitter = nil },
		"no frame size":    func(c *OutboundConfig) { c.FrameSize = 0 },
		"huge frame":       func(c *OutboundConfig) { c.FrameSize = maxFrame + 1 },
		"negative queue":   func(c *OutboundConfig) { c.Queue = -1 },
		"crossed backoffs": func(c *OutboundConfig) { c.BackoffMin, c.BackoffMax = 2, 1 },
	} {
		cfg := outboundTo(&dialTimes{}, Peer{})
		spoil(&cfg)
		if _, err := NewOutbound(cfg); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := NewOutbound(outboundTo(&dialTimes{}, Peer{})); err != nil {
		t.Errorf("control: %v", err)
	}
}
