package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/provider"
)

// replication is what a watcher sees on the first provider's replica links in so long, when so many
// boxes wait for the second provider.
func replication(t *testing.T, long, slot time.Duration, boxes int,
	slow func(string, *slowStore)) (trace []sighting, arrived int) {
	t.Helper()
	watchWith(t, func(par *directory.Parameters) { par.BulletinEvery = slot }, slow, func(
		ctx context.Context, w *watched) {
		w.Pass(3 * time.Second)
		doc := w.first()
		var put []box.Box
		for i := range boxes {
			b := w.mineToo(doc, "provider-2", uint64(i), 'x')
			if _, err := w.stores["provider-1"].MemStore.Write(w.today(), b, box.Token{},
				box.Holder(listed(t, doc, "provider-2").ID)); err != nil {
				t.Fatal(err)
			}
			put = append(put, b)
		}
		from := w.elapsed()
		w.Pass(long)
		trace = w.seenOn(link.Replica, from)
		for _, b := range put {
			if got, _, err := w.stores["provider-2"].MemStore.Read(w.today(), b.ID); err == nil &&
				got.Equal(b) {
				arrived++
			}
		}
	})
	return trace, arrived
}

// TestReplicationHidesWrites: a watcher of the links between providers sees the same frames at the
// same times whether boxes wait or not, on whatever disk, where ticks are short and where they are
// long; and the boxes arrive. Control: a provider that takes longer than a tick to find what waits
// is seen.
func TestReplicationHidesWrites(t *testing.T) {
	const ms = time.Millisecond
	late := func(by time.Duration) func(string, *slowStore) {
		return func(_ string, s *slowStore) { s.merge = by }
	}
	slow := func(by time.Duration) func(string, *slowStore) {
		return func(_ string, s *slowStore) { s.merge, s.pending = 2*by, by }
	}
	for name, of := range map[string]struct {
		long, slot, tick time.Duration // tick by the rule for three providers
		boxes            int
		disk             map[string]func(string, *slowStore)
		seen             func(string, *slowStore)
	}{
		"short": {4 * time.Second, 500 * ms, 62 * ms, 20, map[string]func(string, *slowStore){
			"fast": nil, "slow": slow(10 * ms), "late": late(90 * ms)}, slow(100 * ms)},
		"long": {40 * time.Second, 8 * time.Second, 1000 * ms, 20,
			map[string]func(string, *slowStore){"slow": slow(200 * ms)}, slow(1100 * ms)},
	} {
		idle, _ := replication(t, of.long, of.slot, 0, nil)
		if frames := 4 * int(of.long/of.tick); len(idle) < frames-8 || len(idle) > frames+8 {
			t.Fatalf("%s: a watcher sees %d frames, there are %d", name, len(idle), frames)
		}
		for disk, slow := range of.disk {
			busy, arrived := replication(t, of.long, of.slot, of.boxes, slow)
			if arrived != of.boxes {
				t.Errorf("%s, %s disk: %d of %d boxes arrived at the second holder", name, disk,
					arrived, of.boxes)
			}
			if !same(idle, busy) {
				t.Errorf("%s, %s disk: a watcher can tell an idle from a busy provider", name, disk)
			}
		}
		if seen, _ := replication(t, of.long, of.slot, of.boxes, of.seen); same(idle, seen) {
			t.Errorf("control: %s: a provider that falls behind its ticks is not seen", name)
		}
	}
}

// same compares what was seen on each link; the order between links is chance.
func same(a, b []sighting) bool {
	for _, peer := range []string{"provider-2", "provider-3"} {
		x, y := only(a, peer), only(b, peer)
		both := min(len(x), len(y)) // where in a tick the watch began is chance, too
		if max(len(x), len(y)) > both+2 {
			return false
		}
		for i := range both {
			if x[i] != y[i] {
				return false
			}
		}
	}
	return true
}

// only is what was seen on one link, from the first frame that was sent on it.
func only(all []sighting, peer string) (some []sighting) {
	var first time.Duration
	for _, s := range all {
		if s.peer != peer || len(some) == 0 && s.back {
			continue
		}
		if len(some) == 0 {
			first = s.at
		}
		s.at -= first
		some = append(some, s)
	}
	return some
}

// holder is a replica link to the first provider, opened with somebody's identity.
func (w *watched) holder(ctx context.Context, identity link.Seed) (link.Conn, error) {
	transport, err := w.Fabric.Transport(link.Config{
		Network: w.Genesis.ID(), Identity: identity,
		FrameSize: func(link.Kind) int { return w.Genesis.Parameters.Request() },
	})
	if err != nil {
		w.Fatal(err)
	}
	own := listed(w, w.first(), "provider-1")
	return transport.Dial(ctx, link.Peer{Addr: own.Addr, Key: link.PublicKey(own.ID)}, link.Replica)
}

// identity is that of a node of the network.
func (w *watched) identity(name string) link.Seed {
	for _, n := range w.Nodes {
		if n.Name == name {
			home, err := node.OpenHome(n.Dir)
			if err != nil {
				w.Fatal(err)
			}
			return home.Seed
		}
	}
	w.Fatalf("no node %s", name)
	return link.Seed{}
}

// offer sends a box as another holder and reads the answer to the one before.
func (w *watched) offer(conn link.Conn, b box.Box) error {
	f := box.Format{Plaintext: w.Genesis.Parameters.BoxPlaintext}
	frame := box.Request{Op: box.OpWrite, Day: w.today(), Box: b}.Marshal(f)
	err := errors.Join(conn.Send(frame), conn.Receive(frame))
	synctest.Wait() // the store has decided
	return err
}

// has counts the boxes that the first provider has.
func (w *watched) has(boxes ...box.Box) (n int) {
	for _, b := range boxes {
		if got, _, err := w.stores["provider-1"].MemStore.Read(w.today(), b.ID); err == nil &&
			got.Equal(b) {
			n++
		}
	}
	return n
}

// TestHoldersAreNotTrusted: another provider stores no forged box, and no more than the network's
// rate lets it; a mix and a stranger store nothing. The control is an honest box of each.
func TestHoldersAreNotTrusted(t *testing.T) {
	watch(t, nil, func(ctx context.Context, w *watched) {
		w.Pass(3 * time.Second)
		doc := w.first()
		var boxes []box.Box
		for i := range uint64(100) {
			boxes = append(boxes, w.mineToo(doc, "provider-3", i, 'x'))
		}
		for who, identity := range map[string]link.Seed{"a mix": w.identity(doc.Layer(1)[0].Name),
			"a stranger": {98}} {
			if conn, err := w.holder(ctx, identity); err == nil {
				if err := w.offer(conn, boxes[0]); err == nil || w.has(boxes[0]) > 0 {
					t.Errorf("%s: its box was taken", who)
				}
				conn.Close()
			}
		}
		conn, err := w.holder(ctx, w.identity("provider-3"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		forged := boxes[0]
		forged.Signature[9] ^= 1
		if err := w.offer(conn, forged); err != nil || w.has(forged) != 0 ||
			w.Node("provider-1").Dropped(provider.BadRequest) != 1 {
			t.Errorf("a forged box: %v, %d of it stored, %d counted", err, w.has(forged),
				w.Node("provider-1").Dropped(provider.BadRequest))
		}
		for _, b := range boxes {
			if err := w.offer(conn, b); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.has(boxes...); n < 10 || n > 40 ||
			w.Node("provider-1").Dropped(provider.OverRate) == 0 {
			t.Errorf("of 100 boxes at once %d were taken, and %d are counted as too many", n,
				w.Node("provider-1").Dropped(provider.OverRate))
		}
	})
}

// TestWhoSendsTooMuchIsNotCarried: of a client's packets above the network's rate none goes on,
// though every frame is answered.
func TestWhoSendsTooMuchIsNotCarried(t *testing.T) {
	watch(t, nil, func(ctx context.Context, w *watched) {
		w.Pass(3 * time.Second)
		c := w.customer(ctx)
		defer c.conn.Close()
		var boxes []box.Box
		for i := range uint64(60) {
			boxes = append(boxes, w.mineToo(c.doc, "provider-2", i, 'x'))
			c.ask(box.Request{Op: box.OpWrite, Day: w.today(), Box: boxes[i]}, 0)
		}
		w.Pass(time.Second)
		stored, dropped := w.has(boxes...), w.Node("provider-1").Dropped(provider.OverRate)
		if stored < 32 || stored > 40 || stored+int(dropped) != len(boxes) {
			t.Errorf("of %d packets at once %d were carried and %d counted as too many", len(boxes),
				stored, dropped)
		}
	})
}
