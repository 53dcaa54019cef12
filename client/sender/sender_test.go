package sender_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/sim/world"
)

// author is a stream of boxes and its reader's side.
type author struct {
	n    *network
	cap  *box.WriteCap
	next box.Index
}

func (n *network) newAuthor(seed byte) *author {
	c, err := box.NewWriteCap(rand.NewChaCha8([32]byte{seed}))
	if err != nil {
		n.t.Fatal(err)
	}
	return &author{n, c, c.Start()}
}

func (a *author) seal(day box.Day, text string) box.Box {
	plain := make([]byte, a.n.par.BoxPlaintext)
	copy(plain, text)
	b := a.cap.Seal(a.next, box.NetworkID{}, day, plain)
	a.next = a.next.Next()
	return b
}

func write(token uint64, b box.Box) sender.Request {
	return sender.Request{Token: token, Op: box.OpWrite, Box: b}
}

func TestWriteIsStored(t *testing.T) {
	t.Parallel()
	w := newNetwork(t, 1, testParameters())
	alice := w.join(0, 1)
	if err := alice.Enqueue(w.Now(), write(42, w.newAuthor(3).seal(0, "hello"))); err != nil {
		t.Fatal(err)
	}
	for end := w.Now().Add(2 * time.Minute); w.Now().Before(end) && alice.Waiting() > 0; {
		w.run(5 * time.Second)
	}
	stored := find(alice.events,
		func(e sender.Event) bool { return e.Kind == sender.Answered && e.Token == 42 })
	if stored == nil || stored.Reply.Status != box.StatusStored {
		t.Fatalf("the author's write: %+v", stored)
	}
	if alice.Waiting() != 0 || w.executed[box.OpWrite] != 1 {
		t.Errorf("%d requests wait, %d writes executed", alice.Waiting(), w.executed[box.OpWrite])
	}
}

func find(events []sender.Event, ok func(sender.Event) bool) *sender.Event {
	if i := slices.IndexFunc(events, ok); i >= 0 {
		return &events[i]
	}
	return nil
}

func TestStreamsArePoisson(t *testing.T) {
	t.Parallel()
	w := newNetwork(t, 1, testParameters())
	w.carries = nothing
	p := w.join(0, 9)
	const minutes = 5
	w.run(minutes * time.Minute)
	want := map[sender.Stream]float64{sender.Payload: 60 * minutes, sender.Loop: 30 * minutes,
		sender.Drop: 60 * minutes}
	got := map[sender.Stream]float64{}
	for _, s := range p.sent {
		got[s.Stream]++
	}
	for stream, mean := range want {
		if math.Abs(got[stream]-mean) > 5*math.Sqrt(mean) {
			t.Errorf("%v stream: %.0f frames, expected %.0f", stream, got[stream], mean)
		}
	}
}

// TestNoBurstAfterSleep wakes a sender after a short and after a long sleep: what it missed of the
// first it makes up for, and of the second it says nothing.
func TestNoBurstAfterSleep(t *testing.T) {
	for asleep, want := range map[time.Duration]func(int) bool{
		4 * time.Second:  func(n int) bool { return n > 1 },
		10 * time.Minute: func(n int) bool { return n == 0 },
	} {
		w := newNetwork(t, 1, testParameters())
		p := w.join(0, 2)
		now := w.Now().Add(asleep)
		n := 0
		for _, ok := p.Due(now); ok; _, ok = p.Due(now) {
			n++
		}
		if !want(n) || p.Next().After(now.Add(time.Minute)) {
			t.Errorf("%d packets at once after %v, the next at %v", n, asleep, p.Next())
		}
	}
}

// asksOf has a person of p2 write boxes and says how many requests p2 and the others get.
func asksOf(w *network) (own, others int) {
	p, a := w.join(1, 4), w.newAuthor(5)
	for i := range 30 {
		if err := p.Enqueue(w.Now(), write(uint64(i), a.seal(0, "x"))); err != nil {
			w.t.Fatal(err)
		}
	}
	w.run(2 * time.Minute)
	asked := func(name string) int { return w.Node(name).Holder().Asked() }
	return asked("p2"), asked("p1") + asked("p3")
}

func TestOwnProviderIsNotAsked(t *testing.T) {
	t.Parallel()
	if own, others := asksOf(newNetwork(t, 1, testParameters())); own != 0 || others < 50 {
		t.Errorf("the own provider served %d of %d requests", own, others)
	}
	// The control: where it is the only holder it is asked.
	par := testParameters()
	par.Replicas = 1
	alone := found(t, par, 2, world.Config{Seed: 1, Null: true, Barren: []string{"p1", "p3"}})
	if own, _ := asksOf(alone); own != 30 {
		t.Errorf("the only holder was asked %d times", own)
	}
}

// TestResend: every link loses packets, five hops each way, or half of the mixes are dead.
// TestRoundTripsAreCompleted counts what comes of it.
func TestResend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		loss         float64
		layers, dead int // of the two mixes in each layer
		n            int
	}{{0.05, 3, 0, 20}, {0.10, 3, 0, 20}, {0, 1, 1, 4}} {
		par := testParameters()
		par.PayloadEvery = 10 * time.Second
		par.LoopEvery = 10 * time.Minute
		par.DropEvery = 5 * time.Second
		par.EpochLength, par.Layers = 4*time.Hour, c.layers
		w := newNetwork(t, 7, par)
		w.Links.LoseAll(c.loss)
		w.carries = onlyWork
		w.kill(c.dead)
		p := w.join(0, 6)
		a := w.newAuthor(5)
		for i := range c.n {
			if err := p.Enqueue(w.Now(), write(uint64(i), a.seal(0, fmt.Sprint(i)))); err != nil {
				t.Fatal(err)
			}
		}
		for end := w.Now().Add(3 * time.Hour); p.Waiting() > 0 && w.Now().Before(end); {
			w.run(5 * time.Minute)
		}
		done := map[uint64]int{}
		for _, e := range p.events {
			if e.Kind == sender.Answered && e.Reply.Status == box.StatusStored {
				done[e.Token]++
			}
		}
		if len(done) != c.n || p.Stats().Resent == 0 {
			t.Errorf("%+v: %d writes stored with %d resends", c, len(done), p.Stats().Resent)
		}
		for token, times := range done {
			if times != 1 {
				t.Errorf("write %d was answered %d times", token, times)
			}
		}
	}
}

// TestDeadHolderIsPassedOver takes the first holder of a box down: a write finds the other at its
// second try.
func TestDeadHolderIsPassedOver(t *testing.T) {
	t.Parallel()
	w := newNetwork(t, 1, testParameters())
	p := w.join(0, 4)
	var sealed box.Box
	for seed := byte(8); ; seed++ {
		sealed = w.newAuthor(seed).seal(0, "x")
		var all []box.Holder
		for _, name := range []string{"p1", "p2", "p3"} {
			all = append(all, box.Holder(w.Node(name).ID()))
		}
		own := box.Holder(p.Home().ID())
		if two := box.Placement(0, sealed.ID, all, 2); two[0] != own && two[1] != own {
			w.NodeOf(directory.NodeID(two[0])).Crash(true)
			break
		}
	}
	if err := p.Enqueue(w.Now(), write(1, sealed)); err != nil {
		t.Fatal(err)
	}
	for end := w.Now().Add(5 * time.Minute); w.Now().Before(end) && p.Waiting() > 0; {
		w.run(10 * time.Second)
	}
	if tries := p.Stats().Resent + 1; tries != 2 || p.Waiting() != 0 {
		t.Errorf("%d tries, %d waiting", tries, p.Waiting())
	}
}

// TestOwnProviderIsAskedThird: where it is one of two holders, the other one is asked twice before.
func TestOwnProviderIsAskedThird(t *testing.T) {
	t.Parallel()
	w := newNetwork(t, 1, testParameters())
	p := w.join(0, 4)
	own := box.Holder(p.Home().ID())
	var sealed box.Box
	for seed := byte(8); ; seed++ {
		sealed = w.newAuthor(seed).seal(0, "x")
		var all []box.Holder
		for _, name := range []string{"p1", "p2", "p3"} {
			all = append(all, box.Holder(w.Node(name).ID()))
		}
		two := box.Placement(0, sealed.ID, all, 2)
		if i := slices.Index(two, own); i >= 0 {
			w.NodeOf(directory.NodeID(two[1-i])).Crash(true)
			break
		}
	}
	if err := p.Enqueue(w.Now(), write(1, sealed)); err != nil {
		t.Fatal(err)
	}
	for end := w.Now().Add(10 * time.Minute); w.Now().Before(end) && p.Waiting() > 0; {
		w.run(10 * time.Second)
	}
	answer := find(p.events, func(e sender.Event) bool { return e.Kind == sender.Answered })
	if answer == nil || answer.Holder != p.Home().ID() || p.Stats().Resent != 2 {
		t.Errorf("answered: %v, at try %d", answer != nil, p.Stats().Resent+1)
	}
}

func TestNothingArrivesWhenAllIsLost(t *testing.T) {
	t.Parallel()
	w := newNetwork(t, 7, testParameters())
	w.carries = nothing
	p := w.join(0, 6)
	a := w.newAuthor(5)
	if err := p.Enqueue(w.Now(), write(1, a.seal(0, "lost"))); err != nil {
		t.Fatal(err)
	}
	w.run(5 * time.Minute)
	if len(p.events) != 0 || p.Waiting() != 1 {
		t.Fatalf("%d events, %d waiting", len(p.events), p.Waiting())
	}
	if share, n := p.Loops(); share != 0 || n == 0 {
		t.Errorf("%.2f of %d loops returned", share, n)
	}
	if p.Awaited() > 100 {
		t.Errorf("%d replies are awaited", p.Awaited())
	}
}

func TestEnqueueRefuses(t *testing.T) {
	w := newNetwork(t, 1, testParameters())
	p := w.joinWith(0, sender.Config{Queue: 2})
	b := w.newAuthor(1).seal(0, "x")
	for _, c := range []struct {
		r    sender.Request
		want error
	}{
		{sender.Request{Op: 9, Box: b}, sender.ErrRequest},
		{sender.Request{Op: box.OpTombstone, Box: b}, sender.ErrRequest},
		{sender.Request{Op: box.OpWrite, Box: box.Box{ID: b.ID}}, sender.ErrRequest},
		{sender.Request{Op: box.OpWrite, Day: 200, Box: b}, sender.ErrDay},
		{write(1, b), nil},
		{write(2, b), nil},
		{write(3, b), sender.ErrQueueFull},
	} {
		if err := p.Enqueue(w.Now(), c.r); !errors.Is(err, c.want) {
			t.Errorf("token %d: %v, not %v", c.r.Token, err, c.want)
		}
	}
	p.Cancel(1)
	if p.Waiting() != 1 {
		t.Errorf("%d wait after a cancel", p.Waiting())
	}
}

func TestEpochsAreCrossed(t *testing.T) {
	t.Parallel()
	par := testParameters()
	par.EpochLength = 3 * time.Minute
	par.SlowDelay = 0
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 6*time.Second, 6*time.Second, 6*time.Second
	par.Grace = par.EpochLength / 4
	w := newNetwork(t, 1, par)
	p := w.join(0, 1)
	w.At(genesis.Add(6*par.EpochLength), func() { w.Node("p1").Authority().Mute() })
	// the document of epoch 6 serves in 6, 7 and 8
	w.until(genesis.Add(9*par.EpochLength - 30*time.Second))
	if p.Stats().Silent > 0 {
		t.Errorf("%d silent slots while a document served", p.Stats().Silent)
	}
	if share, n := p.Loops(); share != 1 || n < 64 {
		t.Errorf("%.2f of %d loops returned over epochs", share, n)
	}
	w.until(genesis.Add(9 * par.EpochLength))
	sent := len(p.sent)
	w.until(genesis.Add(10 * par.EpochLength))
	if len(p.sent) != sent || p.Stats().Silent == 0 {
		t.Error("packets were built under a document that had expired")
	}
}

// TestRatesOfANewDocument changes the rates from one epoch to the next: nobody's configuration, but
// the network's document, decides them.
func TestRatesOfANewDocument(t *testing.T) {
	t.Parallel()
	par := testParameters()
	par.EpochLength = 5 * time.Minute
	par.SlowDelay = 0
	w := newNetwork(t, 1, par)
	w.Node("p1").Authority().Mute()
	w.carries = nothing
	p := w.join(0, 1)
	doc := *w.Current()
	doc.Epoch, doc.Parameters.PayloadEvery = 1, 10*time.Second
	if err := p.SetDocument(&doc); err != nil {
		t.Fatal(err)
	}
	count := func() (n float64) {
		for _, s := range p.sent {
			if s.Stream == sender.Payload {
				n++
			}
		}
		p.sent = nil
		return n
	}
	w.until(genesis.Add(par.EpochLength))
	if n := count(); math.Abs(n-300) > 5*math.Sqrt(300) {
		t.Errorf("%v payload packets in the first epoch, expected 300", n)
	}
	w.until(genesis.Add(2 * par.EpochLength))
	if n := count(); math.Abs(n-30) > 5*math.Sqrt(30) {
		t.Errorf("%v payload packets in the second epoch, expected 30", n)
	}
	doc.Epoch, doc.Parameters.BoxPlaintext = 2, 5000
	if err := p.SetDocument(&doc); !errors.Is(err, sender.ErrDocument) {
		t.Errorf("a document with other sizes: %v", err)
	}
}

// TestCaution counts the work of a sender whose loops do not return.
func TestCaution(t *testing.T) {
	t.Parallel()
	work := func(loops bool) (n int) {
		w := newNetwork(t, 1, testParameters())
		w.carries = func(s sender.Sent) bool { return loops && s.Stream == sender.Loop }
		p := w.join(0, 3)
		for i := range 900 {
			r := sender.Request{Token: uint64(i), Op: box.OpDigest, Try: i}
			if err := p.Enqueue(w.Now(), r); err != nil {
				t.Fatal(err)
			}
		}
		w.run(3 * time.Minute) // until there are loops enough to judge by
		p.sent = nil
		w.run(5 * time.Minute)
		for _, s := range p.sent {
			if s.Work {
				n++
			}
		}
		return n
	}
	if n := work(true); math.Abs(float64(n-450)) > 5*math.Sqrt(450) {
		t.Errorf("%d work slots while loops return, expected 450", n)
	}
	if n := work(false); math.Abs(float64(n-225)) > 5*math.Sqrt(225) {
		t.Errorf("%d work slots while none returns, expected 225", n)
	}
}
