// Package node is every node of a network, whatever its role: home, keys, replay journal, links,
// documents, and the pipeline that peels packets, remembers them and sends them on. What it shows
// of itself is in the room metrics below.
//
// It knows which nodes are neighbours and knows no role: what a packet means, the Core of a Role
// decides, and mix/node and provider/node give one to New. A node knows where a packet came from
// and where it goes; nothing here may ever write down, log or count anything that joins the two.
package node

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// Node is a chassis with a role: what runs.
type Node struct {
	*Chassis
	role     Role
	pipeline *pipeline
	links    *links
	announce *announcer
	listener link.Listener

	// senders by the document before, for the grace; owned by the goroutine of Documents.Run
	before map[link.PublicKey]struct{}
	// whose replay set was said to be nearly full; owned by the goroutine of rotate
	warned directory.Epoch
	stuck  atomic.Bool // keys could not be changed at the last try
	adrift bool        // the clock was said to be off; owned by the goroutine of rotate

	clock sync.Mutex // guards even
	even  evenly

	started        time.Time
	twice, leaving atomic.Bool
	unreached      atomic.Bool            // when others dialled this node last
	reach          atomic.Pointer[string] // what came of that; nil: nobody did
	news           chan struct{}          // one place: "the state is another"
}

// New gives a chassis its role; the node owns the chassis from here on. Keys and tags are opened
// now, so that what is damaged is said before anything runs.
func New(c *Chassis, role Role) (*Node, error) {
	n := &Node{Chassis: c, role: role, started: time.Now(), news: make(chan struct{}, 1)}
	n.links = newLinks(linksConfig{
		Transport: c.transport, Buffers: c.buffers, FrameSize: c.Params.PacketSize(),
		Counters: c.Events, Log: c.cfg.Log,
	})
	n.pipeline = newPipeline(pipelineConfig{
		Params: c.Params, Keys: c.keys, Core: role.Core, Links: n.links, Buffers: c.buffers,
		Counts: c.Counts, Allowance: c.allowance,
		Workers: c.cfg.Workers, Log: c.cfg.Log,
	})
	n.announce = newAnnouncer(c, role.Registry)
	n.leaving.Store(Leaving(c.Home.Dir))
	n.announce.leaving = func() bool { return n.leaving.Load() && !n.needed(time.Now()) }
	c.retiring = n.leaving.Load
	return n, n.turnKeys(time.Now())
}

// Handle has a service answer one kind of link; a kind without one is refused. It is called before
// Run.
func (n *Node) Handle(k link.Kind, s Service) { n.services[k] = s }

func (n *Node) successions() Successions {
	return Successions{Home: n.Home, Transport: n.transport, Documents: n.Documents,
		Log: n.cfg.Log}
}

// Do runs f with the core locked, and sees to what became due by it.
func (n *Node) Do(f func(now time.Time)) { n.pipeline.do(f) }

// Submit takes a copy of a packet in, as if it had come from a link of its own. It never blocks.
// judged hears, soon and from another goroutine, whether one of the node's keys opened the packet;
// it hears nothing of one that found no worker.
func (n *Node) Submit(packet []byte, judged func(opened bool)) {
	own := n.buffers.get()
	copy(own, packet)
	n.pipeline.submit(arrived{own, judged})
}

// Listen binds the node's address, so that whoever starts it can say where it runs. Run does it if
// nobody did.
func (n *Node) Listen() (err error) {
	if n.listener == nil {
		n.listener, err = n.transport.Listen(n.cfg.Listen) // the error names the address itself
	}
	return err
}

// Close gives the home back after Run, or instead of it.
func (n *Node) Close() error {
	var err error
	if n.listener != nil {
		err = n.listener.Close()
	}
	return errors.Join(err, n.Chassis.Close())
}

// Run lives until ctx ends, and leaves nothing running. A node that was told to leave ends by
// itself with ErrLeft.
func (n *Node) Run(ctx context.Context) error {
	if err := n.Listen(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.pipeline.run(ctx) })
	group.Go(func() error { return n.links.run(ctx) })
	group.Go(func() error { return n.Documents.Run(ctx, user{n}) })
	group.Go(func() error { return n.announce.run(ctx) })
	group.Go(func() error { return n.rotate(ctx) })
	group.Go(func() error { return n.report(ctx) })
	group.Go(func() error { return n.leave(ctx) })
	group.Go(func() error { return n.askReach(ctx) })
	group.Go(func() error { return n.successions().Watch(ctx) })
	group.Go(func() error { return link.Serve(ctx, n.listener, n.serve) })
	return group.Wait()
}

// serve reads one link to its end, which is no error of the node's.
func (n *Node) serve(ctx context.Context, conn link.Conn) {
	if conn.Kind() != link.Packets {
		_ = n.services[conn.Kind()].Serve(ctx, conn) // admit has seen that there is one
		return
	}
	for {
		packet := n.buffers.get()
		if err := conn.Receive(packet); err != nil {
			n.buffers.put(packet)
			return
		}
		n.pipeline.submit(arrived{packet: packet})
	}
}
