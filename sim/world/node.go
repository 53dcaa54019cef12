package world

import (
	"math/rand/v2"
	"time"

	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
	"murmuration/internal/transit"
	"murmuration/mix"
	"murmuration/provider"
)

// Node is one mix or provider: a core, its keys, and for a provider its boxes.
type Node struct {
	core
	Name     string
	w        *World
	number   int32 // in a trace
	drawn    int   // the layer that the network's drawing says
	layer    int   // that the document says; 0 is a provider
	identity *directory.Identity
	keys     keyring
	starts   uint64
	holder   *Holder // nil in a mix
	// what a provider says of its boxes; nil in a mix
	bulletins *announcer
	lists     func(*provider.Draft) bool
	serves    func(bulletin.Bulletin) bool
	document  *directory.Document

	up    bool
	clock time.Duration // how far its clock is ahead
	wake  int64         // when Due is planned, zero if it is not
}

// core is what decides in a node: a relay, with a mix's loops or in a provider's edge.
type core struct {
	relay *mix.Relay
	loops *mix.Loops     // nil in a provider
	edge  *provider.Edge // nil in a mix
}

// Relay is the node's mixing core.
func (c *core) Relay() *mix.Relay { return c.relay }

// Loops is a mix's own traffic, nil in a provider.
func (c *core) Loops() *mix.Loops { return c.loops }

// Edge is a provider's core, nil in a mix.
func (c *core) Edge() *provider.Edge { return c.edge }

// next is when the core has something to do.
func (c *core) next() (time.Time, bool) {
	if c.edge != nil {
		return c.edge.Next()
	}
	return c.relay.Next()
}

// persist has the tags of what was admitted on the disk at once; seen is memory for them.
func (c *core) persist(seen []transit.Seen) []transit.Seen {
	seen = c.relay.TakeFresh(seen)
	if len(seen) == 0 {
		return seen
	}
	ticket := seen[len(seen)-1].Ticket
	if c.edge != nil {
		c.edge.Persisted(ticket)
	} else {
		c.relay.Persisted(ticket)
	}
	return seen
}

func (w *World) makeNodes() {
	add := func(name string, layer int) {
		n := &Node{
			Name: name, w: w, number: int32(len(w.nodes)), drawn: layer, layer: layer, up: true,
			identity: directory.NewIdentity(w.seeds.of("identity", name, 0)),
		}
		n.keys.n = n
		w.nodes = append(w.nodes, n)
		w.byID[n.ID()], w.byName[name] = n, n
	}
	for _, name := range w.cfg.Network.Providers {
		add(name, 0)
	}
	for i, layer := range w.cfg.Network.Layers {
		for _, name := range layer {
			add(name, i+1)
		}
	}
}

// ID is the node's identity key.
func (n *Node) ID() directory.NodeID { return n.identity.ID() }

// Identity signs for the node.
func (n *Node) Identity() *directory.Identity { return n.identity }

// Layer is where the node stands; 0 is a provider.
func (n *Node) Layer() int { return n.layer }

// Holder is a provider's box service, nil in a mix.
func (n *Node) Holder() *Holder { return n.holder }

// Key is the node's key of an epoch, nil if it has none.
func (n *Node) Key(e directory.Epoch) *suite.PrivateKey {
	if k := n.keys.of(e); k != nil {
		return k.key
	}
	return nil
}

// Keys is how many Sphinx keys the node holds.
func (n *Node) Keys() int { return len(n.keys.keys) }

// now is the time by the node's clock.
func (n *Node) now() time.Time { return n.w.Now().Add(n.clock) }

// open makes the core anew, as after a start; keys and boxes that are there stay.
func (n *Node) open() {
	w := n.w
	n.starts++
	n.wake, n.document = 0, nil
	if n.layer > 0 {
		n.loops = mix.NewLoops(mix.LoopsConfig{
			Self: n.ID(), Params: w.params, Epochs: w.genesis.Schedule(),
			Every: w.genesis.Parameters.MixLoopEvery,
			Times: rand.New(n.source("loop times")), Choice: rand.New(n.source("loop paths")),
			Secrets: n.source("loop secrets"),
		}, n.now())
		if w.cfg.NoLoops {
			n.relay = mix.NewRelay(w.cfg.Pool, nil)
		} else {
			n.relay = mix.NewRelay(w.cfg.Pool, n.loops)
		}
	} else {
		n.edge = provider.NewEdge(w.cfg.Limits)
		n.housekeep(n.starts)
		n.relay = n.edge.Relay()
		if n.holder == nil {
			n.holder = newHolder(n)
		}
		n.announce()
	}
	n.keys.open()
}

// housekeep sweeps a provider's spools every minute, for as long as it runs.
func (n *Node) housekeep(start uint64) {
	n.w.After(time.Minute, func() {
		if n.starts != start || !n.up {
			return
		}
		for range n.edge.Sweep(n.now()) {
			n.drop(provider.SpoolExpired.String())
		}
		n.housekeep(start)
	})
}

func (n *Node) source(purpose string) *rand.ChaCha8 {
	return rand.NewChaCha8(n.w.seeds.of(purpose, n.Name, n.starts))
}

// Describe is a descriptor that the node could hand in, for whoever speaks in its place.
func (n *Node) Describe(e directory.Epoch) *directory.Descriptor {
	d, err := n.w.council.describe(n, e)
	if err != nil {
		n.w.fail("%w", err)
	}
	return d
}

// apply puts a document in force.
func (n *Node) apply(doc *directory.Document) {
	n.document = doc
	n.keys.forget()
	self, ok := doc.Node(n.ID())
	if ok && self.Layer != n.layer {
		n.w.tell("directory", "%s is dealt to layer %d, not %d", n.Name, self.Layer, n.layer)
		n.layer = self.Layer
	}
	if n.edge == nil {
		n.loops.SetDocument(doc)
	} else {
		n.edge.SetDocument(doc.Parameters)
		n.holder.setDocument(doc)
		n.bulletins.SetDocument(doc)
	}
	missed := doc.Missed(n.w.Document(doc.Epoch-1), n.w.Document(doc.Epoch-2))
	n.relay.SetRules(mix.RulesOf(n.ID(), doc, missed...))
	n.plan()
}

// act implements actor: a packet comes, or the time of one that leaves.
func (n *Node) act(packet []byte) {
	switch {
	case packet != nil:
		n.receive(packet)
	case n.wake == n.w.now && n.up:
		n.due()
	}
}

// receive is what a driver does with a packet from a link.
func (n *Node) receive(packet []byte) {
	n.w.hops++
	if !n.up {
		n.drop("down")
		return
	}
	now := n.now()
	a, ok := n.keys.peel(now, packet)
	if !ok {
		n.drop(transit.BadMAC.String())
		return
	}
	if n.w.Arrived != nil && a.Hop.Kind == sphinx.Forward {
		n.w.Arrived(n, packet, 0)
	}
	if n.edge == nil {
		n.reason(n.relay.Receive(now, a))
	} else {
		n.serve(now, a)
	}
	n.w.seen = n.persist(n.w.seen[:0])
	n.plan()
}

// serve is what a provider does with a packet that it has opened.
func (n *Node) serve(now time.Time, a transit.Arrival) {
	job, reason := n.edge.Receive(now, a)
	n.reason(reason)
	if n.w.Spooled != nil && a.Hop.Kind == sphinx.Reply && reason == transit.Accepted {
		n.w.spools[a.Hop.SURBID] = n.w.now + int64(a.Hop.Delay)
	}
	if job.ID == 0 {
		return
	}
	reply, err := n.holder.answer(now, job.Payload)
	if err != nil {
		n.edge.Abandon(job.ID)
		n.drop(provider.BadRequest.String())
		return
	}
	if n.w.Arrived != nil {
		n.w.Arrived(n, reply.Packet, n.document.Parameters.ReplyAllowance)
	}
	n.reason(n.edge.Executed(now, job.ID, reply))
}

func (n *Node) reason(r transit.Reason) {
	if r != transit.Accepted {
		n.drop(r.String())
	}
}

func (n *Node) drop(reason string) {
	n.w.drops[reason]++
	if reason != provider.DropStream.String() {
		n.w.tell("drops", "%s drops a packet: %s", n.Name, reason)
	}
}

// plan sees to it that Due is called when the core has something to do.
func (n *Node) plan() {
	next, ok := n.next()
	if !ok {
		return
	}
	at := max(n.w.now, int64(next.Add(-n.clock).Sub(n.w.start)))
	if at != n.wake || at == n.w.now {
		n.wake = at
		n.w.push(at, n, nil)
	}
}

func (n *Node) due() {
	n.wake = 0
	w, now := n.w, n.now()
	if n.edge != nil {
		w.out, w.refused = n.edge.Due(now, w.out[:0], w.refused[:0])
		for _, r := range w.refused {
			n.drop(r.String())
		}
	} else {
		var err error
		if w.out, err = n.relay.Due(now, w.out[:0]); err != nil {
			w.tell("drops", "%s makes no loop: %v", n.Name, err)
		}
	}
	for _, d := range w.out {
		if w.Left != nil {
			w.Left(n, d.Packet)
		}
		w.cross(n, d)
	}
	n.plan()
}

// cross puts a packet on the link to its next node.
func (w *World) cross(from *Node, d transit.Departure) {
	to := w.byID[d.To]
	w.watch(from.number, to.number, len(d.Packet))
	if w.Links.lost(from, to) {
		w.drops["lost"]++
		return
	}
	w.push(w.now+int64(w.cfg.Link), to, d.Packet)
}
