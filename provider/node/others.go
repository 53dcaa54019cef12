package node

import (
	"context"
	"sync"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// others has a goroutine for each other provider of the network, by the document in force.
type others struct {
	self    directory.NodeID
	changed chan struct{} // one place: "doc is new"

	mu     sync.Mutex // guards all below
	doc    *directory.Document
	missed []directory.Node
}

// feed is one link to another provider.
type feed struct {
	peer  link.Peer
	every time.Duration // between two replication frames
}

func newOthers(self directory.NodeID) *others {
	return &others{self: self, changed: make(chan struct{}, 1)}
}

// set says who the other providers are from now on: those of a document, and those that missed it.
func (o *others) set(doc *directory.Document, missed []directory.Node) {
	o.mu.Lock()
	o.doc, o.missed = doc, missed
	o.mu.Unlock()
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// run has one goroutine for each other provider, which keeps the link to it until its context ends,
// and ends with ctx and all of them.
func (o *others) run(ctx context.Context, keep func(context.Context, feed)) error {
	var running sync.WaitGroup
	defer running.Wait()
	stops := map[feed]context.CancelFunc{}
	for {
		want := o.feeds()
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
				running.Go(func() { keep(ctx, f) })
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-o.changed:
		}
	}
}

// feeds are the links that there must be by the document in force.
func (o *others) feeds() map[feed]bool {
	o.mu.Lock()
	doc, missed := o.doc, o.missed
	o.mu.Unlock()
	want := map[feed]bool{}
	if doc == nil {
		return want
	}
	for _, n := range append(doc.Providers(), missed...) {
		if n.ID != o.self {
			want[feed{link.Peer{Addr: n.Addr, Key: link.PublicKey(n.ID)},
				doc.ReplicateEvery()}] = true
		}
	}
	return want
}

// dial opens a link that ends with ctx, too.
func dial(ctx context.Context, t link.Transport, peer link.Peer, kind link.Kind) (link.Conn, func(),
	error) {
	conn, err := t.Dial(ctx, peer, kind)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return conn, func() { stop(); conn.Close() }, nil
}
