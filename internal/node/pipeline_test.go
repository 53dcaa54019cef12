package node

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/node/metrics"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
	"murmuration/mix"
)

// groups is a core that counts how often its tags were asked for.
type groups struct {
	*mix.Relay
	taken   int
	durable uint64 // the last ticket whose tag is on disk
}

func (g *groups) Persisted(ticket uint64) {
	g.durable = ticket
	g.Relay.Persisted(ticket)
}

func (g *groups) TakeFresh(into []transit.Seen) []transit.Seen {
	g.taken++
	return g.Relay.TakeFresh(into)
}

// TestTagsAreWrittenInGroups: a lonely tag is written at once, those of a busy node once a
// millisecond.
func TestTagsAreWrittenInGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := &groups{Relay: mix.NewRelay(1000, nil)}
		core.SetRules(mix.Rules{Next: map[directory.NodeID]struct{}{{'a'}: {}}})
		core.OpenEpoch(0, time.Now(), time.Now().Add(time.Hour),
			replay.NewSet(1000, replay.Secret{1}))
		e := newPipeline(pipelineConfig{Core: core, Keys: &keyring{}, Workers: 1})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go e.writeJournal(ctx)
		admit := func(n int) {
			e.do(func(now time.Time) {
				a := transit.Arrival{Hop: sphinx.Result{Kind: sphinx.Forward,
					Tag: sphinx.Tag{byte(n + 1)}, Next: sphinx.NodeID{'a'}}}
				if reason := core.Receive(now, a); reason != transit.Accepted {
					t.Fatalf("tag %d is refused: %v", n, reason)
				}
			})
		}
		admit(0)
		if synctest.Wait(); core.taken != 1 || core.durable != 1 {
			t.Errorf("a lonely tag: %d groups, %d packets free to go", core.taken, core.durable)
		}
		for n := range 100 {
			admit(n + 1)
			pass(groupEvery / 10)
		}
		if pass(groupEvery); core.taken > 12 || core.durable != 101 {
			t.Errorf("100 tags in ten milliseconds: %d groups, %d packets free to go", core.taken,
				core.durable)
		}
	})
}

// TestOverloadIsCounted: what finds the queue full is dropped, never kept somewhere else.
func TestOverloadIsCounted(t *testing.T) {
	counts := metrics.NewCounts(transit.Reasons()...)
	e := newPipeline(pipelineConfig{Counts: counts, Buffers: newBuffers(8),
		Core: mix.NewRelay(1, nil), Workers: 1, Queue: 4})
	for range 10 {
		e.submit(arrived{packet: make([]byte, 8)})
	}
	if n := counts.Dropped(transit.Overload); n != 6 {
		t.Errorf("%d packets were dropped for overload, want 6", n)
	}
}

// TestNoLinkIsCounted: a packet whose link is not there when it leaves is dropped, with its reason.
func TestNoLinkIsCounted(t *testing.T) {
	counts, core := metrics.NewCounts(transit.Reasons()...), mix.NewRelay(1, nil)
	core.Hold(0, time.Now(), transit.Departure{To: directory.NodeID{'a'}, Packet: make([]byte, 8)})
	e := newPipeline(pipelineConfig{Counts: counts, Buffers: newBuffers(8), Core: core,
		Links: newLinks(linksConfig{}), Workers: 1})
	e.depart(nil)
	if _, sent := counts.Totals(); sent != 0 || counts.Dropped(transit.LinkDown) != 1 {
		t.Errorf("%d packets are counted as sent, %d as dropped", sent,
			counts.Dropped(transit.LinkDown))
	}
}

// TestDiskRefusesNodeStops: a node that cannot remember does not forward, and ends with the reason.
func TestDiskRefusesNodeStops(t *testing.T) {
	keys := openRing(t, t.TempDir(), epoch0)
	public(t, keys, 0)
	opened, err := keys.open(epoch0.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	relay := mix.NewRelay(1, nil)
	relay.SetRules(mix.Rules{DelayLimit: time.Second,
		Next: map[directory.NodeID]struct{}{{'a'}: {}}})
	relay.OpenEpoch(0, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), opened[0].Tags)
	keys.keys[0].journal.Close() // from here on, every write fails
	counts := metrics.NewCounts(mix.Reasons()...)
	par, _ := directory.Defaults("x25519")
	params, err := par.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	p := newPipeline(pipelineConfig{Params: params, Counts: counts, Buffers: newBuffers(8),
		Core: relay, Keys: keys, Links: newLinks(linksConfig{}), Workers: 1})
	p.do(func(now time.Time) {
		if reason := relay.Receive(now,
			transit.Arrival{Hop: sphinx.Result{Kind: sphinx.Forward,
				Next: sphinx.NodeID{'a'}}}); reason != transit.Accepted {
			t.Fatal(reason)
		}
	})
	if err := p.run(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "remembering replay tags") {
		t.Errorf("the pipeline ended with %v", err)
	}
	if _, ok := relay.Next(); ok || relay.Held() != 1 || counts.Dropped(transit.LinkDown) != 0 {
		t.Error("a packet may leave that the node could not remember")
	}
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d); synctest.Wait() }
