package node_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/testnet"
	"murmuration/internal/testnet/virtual"
	providernode "murmuration/provider/node"
)

// watched is a whole network of real drivers in virtual time, of which a test watches the links
// that the first provider dials, and is a client.
type watched struct {
	*testing.T
	*virtual.Net
	tap    *testnet.Tap
	began  time.Time
	stores map[string]*slowStore
}

// slowStore takes its time.
type slowStore struct {
	*box.MemStore
	serve, merge, pending time.Duration
	full                  atomic.Bool // no data from other holders
}

func (s *slowStore) Listed(slot box.Slot, e box.Entry,
	n int) (box.Day, box.Box, box.Status, error) {
	<-time.After(s.serve)
	return s.MemStore.Listed(slot, e, n)
}

func (s *slowStore) Write(d box.Day, b box.Box, pay box.Token,
	to ...box.Holder) (box.Outcome, error) {
	<-time.After(s.serve)
	return s.MemStore.Write(d, b, pay, to...)
}

func (s *slowStore) Merge(d box.Day, b box.Box) (box.Outcome, error) {
	<-time.After(s.merge)
	if s.full.Load() && !b.Tombstone() {
		return box.Outcome{Status: box.StatusFull}, nil
	}
	return s.MemStore.Merge(d, b)
}

func (s *slowStore) Pending(peer box.Holder, after box.Queued, n int) ([]box.Queued, error) {
	entries, err := s.MemStore.Pending(peer, after, n)
	if len(entries) > 0 {
		<-time.After(s.pending)
	}
	return entries, err
}

// watch runs the network in virtual time, and the story once all nodes run.
func watch(t *testing.T, slow func(name string, s *slowStore),
	story func(ctx context.Context, w *watched), log ...*slog.Logger) {
	t.Helper()
	watchWith(t, func(*directory.Parameters) {}, slow, story, log...)
}

// watchWith is watch in a network with other parameters.
func watchWith(t *testing.T, change func(*directory.Parameters),
	slow func(name string, s *slowStore), story func(ctx context.Context, w *watched),
	log ...*slog.Logger) {
	t.Helper()
	w := &watched{T: t, stores: map[string]*slowStore{}}
	o := testnet.Options{Transport: w.transport,
		Skip: []string{"provider-1", "provider-2", "provider-3", "mix-1", "mix-2", "mix-3"}}
	o.Store = func(n *testnet.Node) providernode.Store {
		store := &slowStore{MemStore: box.NewMemStore(0)}
		if slow != nil {
			slow(n.Name, store)
		}
		w.stores[n.Name] = store
		return store
	}
	if len(log) > 0 {
		o.Log = log[0]
	}
	plan := planned(t, time.Minute, func(par *directory.Parameters) {
		par.ReplicateEvery = 20 * time.Millisecond
		change(par)
	})
	virtual.Run(t, plan, o, func(n *virtual.Net) {
		w.Net, w.tap, w.began = n, testnet.NewTap(n.Network), time.Now()
		for _, name := range o.Skip {
			n.Start(name)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		story(ctx, w)
	})
}

// planned is a plan with epochs of that length, and no loops of mixes unless change wants them.
func planned(t *testing.T, epoch time.Duration, change func(*directory.Parameters)) testnet.Plan {
	plan := virtual.Plan(t)
	par := &plan.Parameters
	par.EpochLength, par.Grace, par.MixLoopEvery = epoch, epoch/4, time.Hour
	par.WriteTokens = 0 // who writes here is no client, and has none
	change(par)
	return plan
}

func (w *watched) transport(n *testnet.Node, cfg link.Config) (link.Transport, error) {
	if n.Name == "provider-1" {
		return w.tap.Wrap(n.Name, w.Fabric.Transport)(cfg)
	}
	return w.Fabric.Transport(cfg)
}

// sighting is one frame that a watcher of the first provider's outgoing links saw.
type sighting struct {
	at   time.Duration // since the watch began
	peer string
	size int
	back bool // an answer
}

// seenOn are the frames on links of one kind, after a time.
func (w *watched) seenOn(k link.Kind, from time.Duration) (out []sighting) {
	names := w.tap.Names()
	for _, f := range w.tap.Frames() {
		if f.Kind != k || f.At <= from {
			continue
		}
		if names[f.From] == "provider-1" {
			out = append(out, sighting{f.At - from, names[f.To], f.Size, false})
		} else {
			out = append(out, sighting{f.At - from, names[f.From], f.Size, true})
		}
	}
	return out
}

// elapsed is the time since the watch began.
func (w *watched) elapsed() time.Duration { return time.Since(w.began) }

func (w *watched) today() box.Day { return box.DayOf(w.Genesis.Start, time.Now()) }

// first is the document of epoch 0.
func (w *watched) first() *directory.Document { return w.Document("provider-1", 0) }

func listed(t testing.TB, doc *directory.Document, name string) directory.Node {
	t.Helper()
	for _, n := range doc.Nodes {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("%s is not in the document", name)
	return directory.Node{}
}

// mineToo is a box that the first provider holds together with the named one.
func (w *watched) mineToo(doc *directory.Document, with string, skip uint64, mark byte) box.Box {
	return boxtest.Box(w.number(doc, with, skip), mark, doc.Parameters.Ciphertext())
}

func (w *watched) number(doc *directory.Document, with string, skip uint64) uint64 {
	var holders []box.Holder
	for _, id := range doc.StoringOn(uint16(w.today())) {
		holders = append(holders, box.Holder(id))
	}
	first, second := box.Holder(listed(w, doc, "provider-1").ID), box.Holder(listed(w, doc,
		with).ID)
	for n := skip * 1000; ; n++ {
		held := box.Placement(w.today(), boxtest.Box(n, 0, 0).ID, holders, 2)
		if (held[0] == first || held[1] == first) && (held[0] == second || held[1] == second) {
			return n
		}
	}
}
