package client_test

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
)

var genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// world is a network in virtual time around the senders under test: real packets, peeled hop by hop
// with the nodes' keys, held for the delays inside, and executed on boxes in memory.
type world struct {
	t         *testing.T
	params    *sphinx.Params
	unwrapper *sphinx.Unwrapper
	format    box.Format
	schedule  directory.Schedule
	nodes     map[directory.NodeID]*node
	doc       directory.Document
	boxes     map[box.ID]box.Box
	people    []*person
	events    eventHeap
	loss      float64                                // chance that a link loses a packet
	carries   func(sender.Sent) bool                 // which packets travel; the others cost nothing and are lost
	signed    func(directory.Epoch) directory.Digest // what a town's other providers have
	twist     func(*box.Reply)                       // what a dishonest holder makes of its replies
	closed    func(box.Day) bool                     // days for which holders take no writes; nil: none
	rng       *rand.Rand
	now       time.Time
	later     func(time.Time, func()) // in place of the event heap, for a town
	executed  map[box.Op]int
	asked     map[directory.NodeID]int
}

type node struct {
	role directory.Role
	keys map[directory.Epoch]*suite.PrivateKey
	dead bool
}

// person is a sender with the spool of its provider.
type person struct {
	*sender.Sender
	spool  sphinx.RecipientID
	own    directory.NodeID
	queue  []link.Down
	last   uint64
	trace  []tap
	events []sender.Event
	sent   []sender.Sent
	refuse map[string]int
	open   func(sender.Event) // what the person does with an event
}

// tap is what a watcher of the person's link sees.
type tap struct {
	at   time.Time
	up   bool
	size int
}

type event struct {
	at time.Time
	n  int
	do func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return cmp.Or(h[i].at.Compare(h[j].at), cmp.Compare(h[i].n, h[j].n)) < 0
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(e any)   { *h = append(*h, e.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}

// testParameters are fast and small, so that a virtual hour costs a second.
func testParameters() directory.Parameters {
	return directory.Parameters{
		Suite: "xwing", Layers: 3, BoxPlaintext: box.RecordHeaderSize + 1024,
		MeanHopDelay: 200 * time.Millisecond, HopDelayLimit: 2 * time.Second, ReplyAllowance: 50 * time.Millisecond,
		PayloadEvery: time.Second, LoopEvery: 2 * time.Second, DropEvery: time.Second,
		WatchedBoxes: 4, PollShare: 0.5, Replicas: 2, RetentionDays: 14,
		EpochLength: time.Hour, Grace: 15 * time.Minute,
	}
}

// thin is testParameters without mixes: packets go from provider to provider and cost a third, for tests
// that count slots.
func thin() directory.Parameters {
	par := testParameters()
	par.Layers = 0
	return par
}

func newWorld(t *testing.T, seed uint64, par directory.Parameters) *world {
	return newWideWorld(t, seed, par, 2)
}

// newWideWorld has three providers, and `width` mixes in each layer.
func newWideWorld(t *testing.T, seed uint64, par directory.Parameters, width int) *world {
	params, err := par.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, params: params, unwrapper: sphinx.NewUnwrapper(params), format: box.Format{Plaintext: par.BoxPlaintext},
		schedule: directory.Schedule{Start: genesis, Length: par.EpochLength},
		nodes:    map[directory.NodeID]*node{}, boxes: map[box.ID]box.Box{},
		rng: rand.New(rand.NewPCG(seed, 1)), now: genesis.Add(time.Hour),
		executed: map[box.Op]int{}, asked: map[directory.NodeID]int{},
	}
	w.doc = directory.Document{Epoch: 1, Parameters: par}
	for i := range 3 {
		w.addNode(0, i)
	}
	for layer := 1; layer <= par.Layers; layer++ {
		for i := range width {
			w.addNode(layer, i)
		}
	}
	slices.SortFunc(w.doc.Nodes, func(a, b directory.Node) int { return slices.Compare(a.ID[:], b.ID[:]) })
	for day := range uint16(3) {
		w.doc.Storing = append(w.doc.Storing, directory.StoringSet{Day: day, Nodes: w.providers()})
	}
	return w
}

func (w *world) addNode(layer, i int) {
	id := directory.NewIdentity([32]byte{byte(layer + 1), byte(i + 1)}).ID()
	n := &node{role: directory.RoleMix, keys: map[directory.Epoch]*suite.PrivateKey{}}
	if layer == 0 {
		n.role = directory.RoleProvider
	}
	w.nodes[id] = n
	listed := directory.Node{ID: id, Role: n.role, Layer: layer, Name: fmt.Sprintf("n%d-%d", layer, i), Addr: fmt.Sprintf("n%d-%d:1", layer, i)}
	for e := range listed.Keys {
		listed.Keys[e] = n.key(w, id, w.doc.Epoch+directory.Epoch(e)).Public().Bytes()
	}
	w.doc.Nodes = append(w.doc.Nodes, listed)
}

// kill takes `dead` mixes of each layer down; the document goes on listing them.
func (w *world) kill(dead int) {
	killed := map[int]int{}
	for _, n := range w.doc.Nodes {
		if n.Layer > 0 && killed[n.Layer] < dead {
			killed[n.Layer]++
			w.nodes[n.ID].dead = true
		}
	}
}

func (n *node) key(w *world, id directory.NodeID, e directory.Epoch) *suite.PrivateKey {
	if n.keys[e] == nil {
		seed := [32]byte{id[0], id[1], 7}
		binary.BigEndian.PutUint64(seed[8:], uint64(e))
		k, err := w.params.Suite().NewPrivateKey(seed)
		if err != nil {
			w.t.Fatal(err)
		}
		n.keys[e] = k
	}
	return n.keys[e]
}

func (w *world) providers() (ids []directory.NodeID) {
	for _, n := range w.doc.Nodes {
		if n.Role == directory.RoleProvider {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// join adds a person whose provider is the i-th.
func (w *world) join(i int, seed byte) *person {
	return w.joinWith(sender.Config{Seed: [32]byte{seed}, Provider: w.providers()[i], Spool: sphinx.RecipientID{seed, 99}})
}

func (w *world) joinWith(cfg sender.Config) *person {
	cfg.Rand = rand.NewChaCha8(cfg.Seed)
	cfg.Schedule, cfg.Document, cfg.Now = w.schedule, &w.doc, w.now
	s, err := sender.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	p := &person{Sender: s, spool: cfg.Spool, own: cfg.Provider, refuse: map[string]int{}}
	w.people = append(w.people, p)
	return p
}

func (w *world) at(t time.Time, do func()) {
	if w.later != nil {
		w.later(t, do)
		return
	}
	heap.Push(&w.events, event{t, len(w.events), do})
}

func (w *world) digest(e directory.Epoch) directory.Digest {
	if w.signed == nil {
		return directory.Digest{}
	}
	return w.signed(e)
}

func nothing(sender.Sent) bool    { return false }
func onlyWork(s sender.Sent) bool { return s.Work }

// run lets virtual time pass until `until`.
func (w *world) run(until time.Time) {
	for {
		next, who := until, (*person)(nil)
		for _, p := range w.people {
			if at := p.Next(); at.Before(next) {
				next, who = at, p
			}
		}
		if len(w.events) > 0 && !w.events[0].at.After(next) {
			e := heap.Pop(&w.events).(event)
			w.now = e.at
			e.do()
			continue
		}
		w.now = next
		if who == nil {
			return
		}
		w.slot(who)
	}
}

// slot is one exchange: a packet up, and at once a spooled reply or a dummy down.
func (w *world) slot(p *person) {
	for sent, ok := p.Due(w.now); ok; sent, ok = p.Due(w.now) {
		up, err := link.ParseUp(sent.Frame)
		if err != nil {
			w.t.Fatal(err)
		}
		p.sent = append(p.sent, sent)
		p.trace = append(p.trace, tap{w.now, true, len(sent.Frame)})
		if w.carries == nil || w.carries(sent) {
			w.hop(p.own, slices.Clone(up.Packet), w.now)
		}
		w.answer(p, up.Received, len(sent.Frame))
	}
}

// down is what the spool has for a person who has acknowledged up to `received`.
func (p *person) down(received uint64) (d link.Down) {
	p.queue = slices.DeleteFunc(p.queue, func(d link.Down) bool { return d.Sequence <= received })
	if len(p.queue) > 0 {
		d = p.queue[0]
		p.queue = p.queue[1:]
	}
	return d
}

func (w *world) answer(p *person, received uint64, size int) {
	down := p.down(received)
	frame := make([]byte, size)
	if err := down.Marshal(frame); err != nil {
		w.t.Fatal(err)
	}
	p.trace = append(p.trace, tap{w.now, false, len(frame)})
	e, err := p.Receive(w.now, frame)
	if err != nil {
		p.refuse[err.Error()]++
	}
	if e.Kind != sender.Nothing {
		p.events = append(p.events, e)
		if p.open != nil {
			p.open(e)
		}
	}
}

func (w *world) unwrap(id directory.NodeID, packet []byte, t time.Time) (sphinx.Result, error) {
	e, err := w.schedule.Epoch(t)
	if err != nil {
		w.t.Fatal(err)
	}
	n := w.nodes[id]
	r, err := w.unwrapper.Unwrap(n.key(w, id, e), packet)
	if err != nil && e > 0 {
		return w.unwrapper.Unwrap(n.key(w, id, e-1), packet) // grace
	}
	return r, err
}

// hop peels the packet at a node and goes on after its delay.
func (w *world) hop(id directory.NodeID, packet []byte, t time.Time) {
	if w.rng.Float64() < w.loss || w.nodes[id].dead {
		return
	}
	r, err := w.unwrap(id, packet, t)
	if err != nil {
		w.t.Fatalf("hop %x: %v", id[:2], err)
	}
	leave := t.Add(r.Delay)
	switch r.Kind {
	case sphinx.Forward:
		w.at(leave, func() { w.hop(directory.NodeID(r.Next), packet, leave) })
	case sphinx.Reply:
		body := slices.Clone(r.Payload)
		w.at(leave, func() { w.deliver(r, body) })
	case sphinx.Deliver:
		w.execute(id, r, leave)
	}
}

func (w *world) deliver(r sphinx.Result, body []byte) {
	for _, p := range w.people {
		if p.spool == r.Recipient {
			p.last++
			p.queue = append(p.queue, link.Down{Sequence: p.last, SURBID: r.SURBID, Body: body})
		}
	}
}

func (w *world) execute(id directory.NodeID, r sphinx.Result, leave time.Time) {
	surb, user, err := w.params.ParsePayload(r.Payload)
	if err != nil {
		w.t.Fatal(err)
	}
	if surb == nil {
		return // drop stream
	}
	req, err := box.ParseRequest(w.format, user)
	if err != nil {
		w.t.Fatal(err)
	}
	w.executed[req.Op]++
	w.asked[id]++
	reply := make([]byte, w.params.PayloadSize())
	said := w.perform(req)
	if w.twist != nil {
		w.twist(&said)
	}
	copy(reply[len(reply)-w.params.UserPayload():], said.Marshal(w.format))
	packet, first, err := w.params.FromSURB(surb, reply)
	if err != nil {
		w.t.Fatal(err)
	}
	leave = leave.Add(w.doc.Parameters.ReplyAllowance)
	w.at(leave, func() { w.hop(directory.NodeID(first), packet, leave) })
}

// perform is a store without replication: every holder has the same boxes.
func (w *world) perform(req box.Request) box.Reply {
	if err := req.Verify(); err != nil {
		w.t.Fatal(err)
	}
	if req.Op == box.OpDigest {
		return box.Reply{Status: box.StatusDigest, Epoch: req.Epoch, Digest: w.digest(directory.Epoch(req.Epoch))}
	}
	have, ok := w.boxes[req.Box.ID]
	reply := box.Reply{Status: box.StatusNotFound, Day: req.Day, Box: box.Box{ID: req.Box.ID}}
	switch {
	case req.Op == box.OpWrite && w.closed != nil && w.closed(req.Day):
	case req.Op != box.OpRead && (!ok || have.Equal(req.Box)):
		w.boxes[req.Box.ID] = box.Box{ID: req.Box.ID, Signature: req.Box.Signature, Ciphertext: slices.Clone(req.Box.Ciphertext)}
		reply.Status = box.StatusStored
	case req.Op != box.OpRead:
		reply.Status = box.StatusConflict
	case ok:
		reply.Status, reply.Box = box.StatusFound, have
	}
	return reply
}
