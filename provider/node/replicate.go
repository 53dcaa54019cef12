package node

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// replicas keep the boxes of this provider at their other holders. To each other provider one frame
// of a fixed size goes out every ReplicateEvery whatever happens: a box that waits, or a request
// for a digest that nobody needs. It is answered at once with what became of the frame before, so
// that no fsync can be heard in the answers either. A watcher of links does not learn which
// requests were writes.
type replicas struct {
	self      directory.NodeID
	transport link.Transport
	store     Store
	format    box.Format
	log       *slog.Logger
	changed   chan struct{} // one place: "doc is new"

	mu  sync.Mutex // guards doc
	doc *directory.Document
}

// feed is one link to another provider.
type feed struct {
	peer  link.Peer
	every time.Duration
}

func newReplicas(self directory.NodeID, transport link.Transport, store Store, format box.Format,
	log *slog.Logger) *replicas {
	return &replicas{self: self, transport: transport, store: store, format: format, log: log,
		changed: make(chan struct{}, 1)}
}

// set says who the other providers are from now on.
func (r *replicas) set(doc *directory.Document) {
	r.mu.Lock()
	r.doc = doc
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// run has one goroutine for each other provider, and ends with ctx and all of them.
func (r *replicas) run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	stops := map[feed]context.CancelFunc{}
	for {
		r.adjust(ctx, stops, &running)
		select {
		case <-ctx.Done():
			return nil
		case <-r.changed:
		}
	}
}

func (r *replicas) adjust(ctx context.Context, stops map[feed]context.CancelFunc,
	running *sync.WaitGroup) {
	want := r.feeds()
	for f, stop := range stops {
		if !want[f] {
			stop()
			delete(stops, f)
		}
	}
	for f := range want {
		if stops[f] == nil {
			ctx, stop := context.WithCancel(ctx)
			stops[f] = stop
			running.Go(func() { r.keep(ctx, f) })
		}
	}
}

// feeds are the links that there must be by the document in force.
func (r *replicas) feeds() map[feed]bool {
	r.mu.Lock()
	doc := r.doc
	r.mu.Unlock()
	want := map[feed]bool{}
	if doc == nil {
		return want
	}
	for _, n := range doc.Providers() {
		if n.ID != r.self {
			want[feed{link.Peer{Addr: n.Addr, Key: link.PublicKey(n.ID)},
				doc.Parameters.ReplicateEvery}] = true
		}
	}
	return want
}

// keep holds one link to a provider for as long as ctx lasts, connecting again when it breaks.
func (r *replicas) keep(ctx context.Context, f feed) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for trouble := ""; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C: // the backoff, too: a dial takes no more of the wire than a few frames
		}
		err := r.connect(ctx, f, tick.C)
		if ctx.Err() == nil && err != nil && err.Error() != trouble { // each trouble once
			trouble = err.Error()
			r.log.Info("boxes for another holder wait, and go out when it can be reached", "node",
				f.peer.Addr, "error", err)
		}
	}
}

func (r *replicas) connect(ctx context.Context, f feed, tick <-chan time.Time) error {
	conn, err := r.transport.Dial(ctx, f.peer, link.Replica)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	return r.talk(ctx, conn, box.Holder(f.peer.Key), tick)
}

// mostAwaited is for how many frames a box may be on its way to another holder without an answer: a
// disk there that takes longer than a tick answers some frames later. Then it is sent again.
const mostAwaited = 4

// talk sends one frame at each tick until the link breaks. The frame is made before the tick:
// nothing but the sending lies between the two.
func (r *replicas) talk(ctx context.Context, conn link.Conn, peer box.Holder,
	tick <-chan time.Time) error {
	answer := make([]byte, r.format.RequestSize())
	var awaited []*box.Queued // of the last frames; nil for a dummy, and for what was answered
	// that went out: the queue goes round, so that nothing holds up what comes behind it
	var last box.Queued
	for {
		entry, err := r.pick(peer, last, awaited)
		if err != nil {
			return err
		}
		if entry != nil {
			last = *entry
		}
		frame := r.frame(entry)
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		}
		if err := conn.Send(frame); err != nil {
			return err
		}
		if err := conn.Receive(answer); err != nil {
			return err
		}
		if err := r.acknowledged(peer, awaited, answer); err != nil {
			return err
		}
		awaited = append(awaited, entry)
		awaited = awaited[max(0, len(awaited)-mostAwaited):]
	}
}

// pick is the next entry for a peer after the last one, or else the oldest, that is not on its way;
// nil when there is none.
func (r *replicas) pick(
	peer box.Holder, last box.Queued, awaited []*box.Queued,
) (*box.Queued, error) {
	for _, after := range []box.Queued{last, {}} {
		entries, err := r.store.Pending(peer, after, len(awaited)+1)
		if err != nil {
			return nil, fmt.Errorf("reading what waits for replication: %w", err)
		}
		for i := range entries {
			if find(awaited, entries[i].Day, entries[i].Box.ID) < 0 {
				return &entries[i], nil
			}
		}
	}
	return nil, nil
}

func (r *replicas) frame(e *box.Queued) []byte {
	if e == nil {
		return box.Request{Op: box.OpDigest}.Marshal(r.format)
	}
	op := box.OpWrite
	if e.Box.Tombstone() {
		op = box.OpTombstone
	}
	return box.Request{Op: op, Day: e.Day, Box: e.Box}.Marshal(r.format)
}

// find is the place of a box among those on their way, or -1.
func find(awaited []*box.Queued, day box.Day, id box.ID) int {
	return slices.IndexFunc(awaited,
		func(e *box.Queued) bool { return e != nil && e.Day == day && e.Box.ID == id })
}

// acknowledged forgets a box that the other holder has, or will never take. One for which there is
// no room stays in the queue, and comes again when the others had their turn.
func (r *replicas) acknowledged(peer box.Holder, awaited []*box.Queued, answer []byte) error {
	reply, err := box.ParseReply(r.format, answer)
	if err != nil || reply.Status == box.StatusFull {
		return err
	}
	at := find(awaited, reply.Day, reply.Box.ID)
	if at < 0 {
		return nil
	}
	if err := r.store.Done(peer, *awaited[at]); err != nil {
		return fmt.Errorf("forgetting what was replicated: %w", err)
	}
	awaited[at] = nil
	return nil
}
