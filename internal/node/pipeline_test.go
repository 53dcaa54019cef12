package node

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// TestTagsAreOnDiskBeforePacketsLeave: whenever a packet has come out, the journal on disk, as a crash
// would leave it, has as many tags as packets that came.
func TestTagsAreOnDiskBeforePacketsLeave(t *testing.T) {
	inTown(t, nil, func(ctx context.Context, w *town, n *Node) {
		pass(5 * time.Second)
		doc := w.doc(0)
		conn := w.dial(ctx, doc)
		for came := 1; came <= 20; came++ {
			if err := conn.Send(w.packet(doc, 0, 0)); err != nil {
				t.Fatal(err)
			}
			if w.receive(within(ctx, time.Second), 1) != 1 {
				t.Fatal("a packet does not come through")
			}
			if tags := tagsOnDisk(t, n.machine.Home.Path("keys/0.tags")); tags < came {
				t.Fatalf("%d packets have left, and %d tags are on disk", came, tags)
			}
		}
	})
}

// tagsOnDisk counts the tags in a copy of a journal.
func tagsOnDisk(t *testing.T, path string) int {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dup := filepath.Join(t.TempDir(), "tags")
	if err := os.WriteFile(dup, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	journal, set, err := replay.Open(dup, 1000, constant(1))
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	return set.Len()
}

// TestDiskRefusesNodeStops: a mix that cannot remember does not forward, and ends with the reason.
func TestDiskRefusesNodeStops(t *testing.T) {
	w := slowTown(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	wait := w.run(ctx)
	defer wait()
	defer cancel()
	n := w.node(w.home(), nil, nil)
	defer n.Close()
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	doc := w.waitForDocument(ctx, 0)
	conn := w.dial(ctx, doc)
	n.machine.keys.mu.Lock()
	n.machine.keys.keys[0].journal.Close() // from here on, every write fails
	n.machine.keys.mu.Unlock()
	if err := conn.Send(w.packet(doc, 0, time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "remembering replay tags") {
		t.Errorf("the node ended with %v", err)
	}
	if w.receive(within(ctx, quiet), 1) != 0 {
		t.Error("a packet left that the mix could not remember")
	}
}

// groups is a core that counts how often its tags were asked for.
type groups struct {
	*mix.Relay
	taken int
}

func (g *groups) TakeFresh(into []transit.Seen) []transit.Seen {
	g.taken++
	return g.Relay.TakeFresh(into)
}

// TestTagsAreWrittenInGroups: a lonely tag is written at once, those of a busy node once a millisecond.
func TestTagsAreWrittenInGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := &groups{Relay: mix.NewRelay(1000, nil)}
		core.SetRules(mix.Rules{Next: map[directory.NodeID]struct{}{{'a'}: {}}})
		core.OpenEpoch(0, time.Now(), time.Now().Add(time.Hour), replay.NewSet(1000, replay.Secret{1}))
		e := NewPipeline(PipelineConfig{Core: core, Keys: &Keyring{}, Workers: 1})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go e.scribe(ctx)
		admit := func(n int) {
			e.Do(func(now time.Time) {
				a := transit.Arrival{Hop: sphinx.Result{Kind: sphinx.Forward, Tag: sphinx.Tag(tagNumber(n)), Next: sphinx.NodeID{'a'}}}
				if reason := core.Receive(now, a); reason != transit.Accepted {
					t.Fatalf("tag %d is refused: %v", n, reason)
				}
			})
		}
		admit(0)
		if synctest.Wait(); core.taken != 1 || len(core.pool.heap) != 1 {
			t.Errorf("a lonely tag: %d groups, %d packets free to go", core.taken, len(core.pool.heap))
		}
		for n := range 100 {
			admit(n + 1)
			pass(groupEvery / 10)
		}
		if pass(groupEvery); core.taken > 12 || len(core.pool.heap) != 101 {
			t.Errorf("100 tags in ten milliseconds: %d groups, %d packets free to go", core.taken, len(core.pool.heap))
		}
	})
}

// TestOverloadIsCounted: what finds the queue full is dropped, never kept somewhere else.
func TestOverloadIsCounted(t *testing.T) {
	counts := &Counts{}
	e := NewPipeline(PipelineConfig{Counts: counts, Buffers: NewBuffers(8), Core: mix.NewRelay(1, nil), Workers: 1, Queue: 4})
	for range 10 {
		e.Submit(make([]byte, 8))
	}
	if n := counts.Dropped(transit.Overload); n != 6 {
		t.Errorf("%d packets were dropped for overload, want 6", n)
	}
}

// TestHostileBytes: garbage, other people's packets and broken ones, on a link that is admitted, are
// counted drops; the mix goes on. So are connections of those who are not admitted.
func TestHostileBytes(t *testing.T) {
	inTown(t, nil, func(ctx context.Context, w *town, n *Node) {
		pass(5 * time.Second)
		doc := w.doc(0)
		conn := w.dial(ctx, doc)
		send := func(change func(p []byte)) {
			p := w.packet(doc, 0, time.Millisecond)
			change(p)
			if err := conn.Send(p); err != nil {
				t.Fatal(err)
			}
		}
		for range 50 {
			send(func(p []byte) { copy(p, bytes.Repeat([]byte{0xa5}, len(p))) })
			send(func(p []byte) { clear(p[2:34]) })                  // the group element is zero
			send(func(p []byte) { p[0] = 1 })                        // another version
			send(func(p []byte) { p[w.params.HeaderSize()-1] ^= 1 }) // the MAC
		}
		if w.receive(within(ctx, time.Second), 1) != 0 {
			t.Error("garbage came through")
		}
		if n.Dropped(transit.BadElement) != 50 || n.Dropped(transit.BadMAC) == 0 || n.Dropped(transit.BadFrame) == 0 {
			t.Errorf("dropped: %d bad elements, %d MACs, %d frames", n.Dropped(transit.BadElement), n.Dropped(transit.BadMAC), n.Dropped(transit.BadFrame))
		}
		if total := n.Dropped(transit.BadElement) + n.Dropped(transit.BadMAC) + n.Dropped(transit.BadFrame); total != 200 {
			t.Errorf("%d of 200 packets are counted", total)
		}
		send(func([]byte) {})
		if w.receive(within(ctx, time.Second), 1) != 1 {
			t.Error("control: a good packet does not come through any more")
		}
		stranger := w.neighbour(doc, 1) // the layer after the mix sends it nothing
		if _, err := stranger.transport.Dial(ctx, link.Peer{Addr: w.people[real].addr, Key: link.PublicKey(w.people[real].identity.ID())}, link.Packets); err == nil {
			t.Error("a node that is not in the layer before was admitted")
		}
		if n.machine.Links.Get(link.NotAdmitted) == 0 {
			t.Error("a stranger was not counted")
		}
	})
}

// TestNoLinkIsCounted: a packet whose link is not there when it leaves is dropped, with its reason.
func TestNoLinkIsCounted(t *testing.T) {
	counts, core := &Counts{}, mix.NewRelay(1, nil)
	core.Hold(0, time.Now(), transit.Departure{To: directory.NodeID{'a'}, Packet: make([]byte, 8)})
	e := NewPipeline(PipelineConfig{Counts: counts, Buffers: NewBuffers(8), Core: core, Links: NewLinks(LinksConfig{}), Workers: 1})
	e.depart(nil)
	if _, sent := counts.Totals(); sent != 0 || counts.Dropped(transit.LinkDown) != 1 {
		t.Errorf("%d packets are counted as sent, %d as dropped", sent, counts.Dropped(transit.LinkDown))
	}
}
