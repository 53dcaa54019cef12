package world

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
	"murmuration/internal/transit"
	"murmuration/mix"
	"murmuration/provider"
)

// Node is one mix or provider: a core, its keys, and for a provider its boxes.
type Node struct {
	Name     string
	w        *World
	number   int32 // in a trace
	drawn    int   // the layer that the network's drawing says
	layer    int   // that the document says; 0 is a provider
	identity *directory.Identity
	keys     keyring
	life     uint64 // how often its disk was lost
	starts   uint64
	relay    *mix.Relay
	loops    *mix.Loops     // nil in a provider
	edge     *provider.Edge // nil in a mix
	holder   *Holder        // likewise
	document *directory.Document

	up    bool
	clock time.Duration // how far its clock is ahead
	wake  int64         // when Due is planned, zero if it is not
}

func (w *World) makeNodes() {
	add := func(name string, layer int) {
		n := &Node{
			Name: name, w: w, number: int32(len(w.nodes)), drawn: layer, layer: layer, up: true,
			identity: directory.NewIdentity(w.seeds.of("identity", name, 0)),
		}
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

// Relay is the node's mixing core.
func (n *Node) Relay() *mix.Relay { return n.relay }

// Loops is a mix's own traffic, nil in a provider.
func (n *Node) Loops() *mix.Loops { return n.loops }

// Edge is a provider's core, nil in a mix.
func (n *Node) Edge() *provider.Edge { return n.edge }

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
func (n *Node) Keys() int { return len(n.keys) }

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
	}
	for _, k := range n.keys {
		n.relay.OpenEpoch(k.epoch, k.from, k.until, k.tags)
	}
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

// key is that of epoch e, made when it is first needed.
func (n *Node) key(e directory.Epoch) (*suite.PrivateKey, error) {
	if k := n.keys.of(e); k != nil {
		return k.key, nil
	}
	k, err := newEpochKey(n, e)
	if err == nil {
		n.keys.add(k)
		n.relay.OpenEpoch(e, k.from, k.until, k.tags)
		return k.key, nil
	}
	return nil, fmt.Errorf("making a key of %s: %w", n.Name, err)
}

// Describe is a descriptor that the node could hand in, for whoever speaks in its place.
func (n *Node) Describe(e directory.Epoch) *directory.Descriptor {
	d, err := n.describe(e)
	if err != nil {
		n.w.fail("%w", err)
	}
	return d
}

// describe is the node's descriptor for an epoch.
func (n *Node) describe(e directory.Epoch) (*directory.Descriptor, error) {
	d := &directory.Descriptor{
		Network: n.w.genesis.ID(), ID: n.ID(), Role: directory.RoleProvider, Name: n.Name,
		Addr: "127.0.0.1:1", Epoch: e, Capacity: 1000,
		Storing: n.layer == 0 && !slices.Contains(n.w.cfg.Barren, n.Name),
	}
	if n.layer > 0 {
		// The tally deals families to layers, the greatest to the first.
		width := len(n.w.cfg.Network.Layers[n.drawn-1])
		d.Role, d.Family = directory.RoleMix, fmt.Sprint("layer-", n.drawn)
		d.Capacity = uint64((1_000_000 - 10_000*n.drawn) / width)
	}
	for i := range protocol.Validity {
		key, err := n.key(e + directory.Epoch(i))
		if err != nil {
			return nil, err
		}
		d.Keys[i] = key.Public().Bytes()
	}
	d.Sign(n.identity)
	return d, nil
}

// apply puts a document in force.
func (n *Node) apply(doc *directory.Document) {
	n.document = doc
	n.forget()
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
	}
	n.relay.SetRules(mix.RulesOf(n.ID(), doc))
	n.plan()
}

// forget erases the keys whose time is over.
func (n *Node) forget() {
	for _, e := range n.keys.forget(n.now()) {
		n.relay.CloseEpoch(e)
	}
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
	a, ok := n.keys.peel(n.w, now, packet)
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
	n.persist()
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

// persist has the tags of what was admitted on the disk at once.
func (n *Node) persist() {
	n.w.seen = n.relay.TakeFresh(n.w.seen[:0])
	if len(n.w.seen) == 0 {
		return
	}
	ticket := n.w.seen[len(n.w.seen)-1].Ticket
	if n.edge != nil {
		n.edge.Persisted(ticket)
	} else {
		n.relay.Persisted(ticket)
	}
}

// plan sees to it that Due is called when the core has something to do.
func (n *Node) plan() {
	next, ok := n.relay.Next()
	if n.edge != nil {
		next, ok = n.edge.Next()
	}
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
