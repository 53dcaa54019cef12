package world

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/mix"
)

// Authority is a provider that votes: its core, and what it has on its disk.
type Authority struct {
	c      *council
	n      *Node
	voter  *directory.Voter
	record *directory.Record
	mute   bool // takes part in nothing: a liar whose words the test makes
	deaf   bool // hears no votes that others pass on
	spread *rand.Rand
}

// council is the authorities of a world, and the documents that they have made.
type council struct {
	w        *World
	members  []*Authority
	docs     map[directory.Epoch]*published
	admitted directory.Admissions

	reports, splits int
}

// published is the document of one epoch, and who has it.
type published struct {
	doc *directory.Document
	at  []*Authority
}

// found makes the genesis, the authorities, and the first document.
func (c *council) found() error {
	w := c.w
	var entries []directory.Authority
	var admitted directory.Admissions
	for i, n := range w.nodes {
		role := directory.RoleMix
		if n.layer == 0 {
			role = directory.RoleProvider
			entries = append(entries, directory.Authority{
				Name: n.Name, ID: n.ID(), Addr: fmt.Sprintf("127.0.0.1:%d", 9000+i),
			})
		}
		admitted = admitted.Add(directory.Admission{ID: n.ID(), Role: role})
	}
	c.admitted = admitted
	voters := entries[:w.cfg.Authorities:w.cfg.Authorities]
	var err error
	w.genesis, err = directory.NewGenesis("world", w.start, w.cfg.Parameters, voters, entries)
	if err != nil {
		return err
	}
	for _, n := range w.nodes[:w.cfg.Authorities] {
		a := &Authority{c: c, n: n, spread: w.seeds.rand("votes", n.Name)}
		cfg := directory.VoterConfig{Genesis: w.genesis, Identity: n.identity, Admitted: admitted}
		if a.voter, err = directory.NewVoter(cfg, w.Now()); err != nil {
			return err
		}
		c.members = append(c.members, a)
	}
	for _, n := range w.nodes {
		n.open()
	}
	if w.cfg.Cold {
		c.begin(0)
		return nil
	}
	return c.beginFirst()
}

// beginFirst makes the document of epoch 0, which an authority that is alone can, or waits for that
// of epoch 1.
func (c *council) beginFirst() error {
	w := c.w
	if w.cfg.Authorities == 1 {
		c.handIn(0)
		if c.docs[0] == nil && w.err == nil {
			w.fail("there is no first document")
		}
		c.begin(0)
		return w.err
	}
	c.begin(0)
	return w.RunUntil(w.genesis.Schedule().StartOf(1))
}

// phases are those at whose end an authority has something to do.
var phases = []directory.Phase{
	directory.PhaseDescriptors, directory.PhaseEcho, directory.PhaseSign,
}

// begin is the start of an epoch: its document comes into force, and the next one is prepared.
func (c *council) begin(e directory.Epoch) {
	w := c.w
	schedule := w.genesis.Schedule()
	for _, a := range c.members {
		a.learn(e)
	}
	for _, n := range w.nodes {
		c.take(n, e)
		n.plan()
	}
	w.At(schedule.StartOf(e).Add(schedule.Length/8), func() { c.handIn(e + 1) })
	for _, a := range c.members {
		for _, phase := range phases {
			w.At(schedule.EndOf(e, phase).Add(-a.n.clock), func() { a.serve() })
		}
	}
	w.At(schedule.StartOf(e+1), func() { c.begin(e + 1) })
}

// handIn has every node that is up give the authorities its descriptor for an epoch.
func (c *council) handIn(e directory.Epoch) {
	w := c.w
	for _, n := range w.nodes {
		if !n.up {
			continue
		}
		d, err := c.describe(n, e)
		if err != nil {
			w.fail("%w", err)
			return
		}
		for _, a := range c.members {
			if !a.n.up || w.Links.cut(n, a.n) || w.HandIn != nil && !w.HandIn(n, a.n) {
				continue
			}
			if err := a.voter.Add(a.n.now(), d); err != nil {
				w.tell("directory", "%s refuses the descriptor of %s: %v", a.n.Name, n.Name, err)
			}
		}
	}
	for _, a := range c.members {
		a.serve()
	}
}

// describe is a node's descriptor for an epoch.
func (c *council) describe(n *Node, e directory.Epoch) (*directory.Descriptor, error) {
	d := &directory.Descriptor{
		Network: c.w.genesis.ID(), ID: n.ID(), Role: directory.RoleProvider, Name: n.Name,
		Addr: "127.0.0.1:1", Epoch: e, Capacity: 1000,
		Storing: n.layer == 0 && !slices.Contains(c.w.cfg.Barren, n.Name),
	}
	if n.layer > 0 {
		// The tally deals families to layers, the greatest to the first.
		width := len(c.w.cfg.Network.Layers[n.drawn-1])
		d.Role, d.Family = directory.RoleMix, fmt.Sprint("layer-", n.drawn)
		d.Capacity = uint64((1_000_000 - 10_000*n.drawn) / width)
	}
	for i := range protocol.Validity {
		key, err := n.keys.make(e + directory.Epoch(i))
		if err != nil {
			return nil, err
		}
		d.Keys[i] = key.Public().Bytes()
	}
	if err := d.GiveTokens(n.identity, c.w.genesis.Schedule()); err != nil {
		return nil, err
	}
	d.Sign(n.identity)
	return d, nil
}

// learn has an authority that was away take up the document of an epoch that begins.
func (a *Authority) learn(e directory.Epoch) {
	if p := a.c.docs[e]; p != nil && a.n.up && !a.mute && p.reaches(a.c.w, a.n) {
		if err := a.voter.Learn(p.doc); err != nil {
			a.c.w.tell("directory", "%s cannot take the document: %v", a.n.Name, err)
		}
	}
}

// serve is the driver of one voter.
func (a *Authority) serve() {
	w := a.c.w
	for !a.mute && a.n.up {
		now := a.n.now()
		action := a.voter.Due(now)
		switch action.Do {
		case directory.DoNothing:
			return
		case directory.DoVote:
			a.broadcast(action.Relay.Signers() > 1, func(v *directory.Voter, now time.Time) error {
				return v.AddVote(now, action.Relay)
			})
		case directory.DoPersist:
			a.record = action.Record
			if err := a.voter.Persisted(action.Record); err != nil {
				w.fail("the authority %s: %w", a.n.Name, err)
			}
		case directory.DoEndorse:
			a.broadcast(false, func(v *directory.Voter, now time.Time) error {
				return v.AddSignature(now, action.Endorsement)
			})
		case directory.DoPublish:
			a.c.publish(a, action.Document)
		case directory.DoReport:
			a.c.reports++
			w.tell("directory", "%s reports: %v", a.n.Name, action.Err)
		}
	}
}

// broadcast carries words of one authority to the others.
func (a *Authority) broadcast(echo bool, say func(*directory.Voter, time.Time) error) {
	w := a.c.w
	for _, to := range a.c.members {
		if to == a || echo && to.deaf || w.Links.cut(a.n, to.n) {
			continue
		}
		delay := w.cfg.Link
		if w.cfg.Spread > 0 {
			delay = time.Duration(a.spread.Int64N(int64(w.cfg.Spread)))
		}
		w.After(delay, func() { to.hear(say) })
	}
}

func (a *Authority) hear(say func(*directory.Voter, time.Time) error) {
	w := a.c.w
	if a.mute || !a.n.up {
		return
	}
	if err := say(a.voter, a.n.now()); err != nil {
		w.tell("directory", "%s refuses what another authority says: %v", a.n.Name, err)
	}
	a.serve()
}

// publish takes a document that an authority serves, and gives it to whoever waits for it.
func (c *council) publish(a *Authority, doc *directory.Document) {
	w := c.w
	if err := doc.Verify(w.genesis); err != nil {
		w.fail("%s publishes a document that does not verify: %w", a.n.Name, err)
		return
	}
	p := c.docs[doc.Epoch]
	if p == nil {
		p = &published{doc: doc}
		c.docs[doc.Epoch] = p
		w.tell("directory", "the document of epoch %d is published", doc.Epoch)
	}
	if p.doc.Digest() != doc.Digest() {
		c.splits++
		w.tell("directory", "%s publishes another document of epoch %d", a.n.Name, doc.Epoch)
		return
	}
	p.at = append(p.at, a)
	for _, person := range w.people {
		person.take(p)
	}
	if present, err := w.genesis.Schedule().Epoch(w.Now()); err == nil && present >= doc.Epoch {
		for _, n := range w.nodes {
			c.take(n, doc.Epoch)
		}
	}
}

// take has a node fetch the document of an epoch and put it in force; it asks again until it has
// it.
func (c *council) take(n *Node, e directory.Epoch) {
	w := c.w
	if n.document != nil && n.document.Epoch >= e || !n.up {
		return
	}
	if p := c.docs[e]; p != nil && p.reaches(w, n) {
		n.apply(p.doc)
		return
	}
	n.keys.forget()
	schedule := w.genesis.Schedule()
	again := w.Now().Add(schedule.Length / 16)
	if again.Before(schedule.StartOf(e + 1)) {
		w.At(again, func() { c.take(n, e) })
	}
	if n.document != nil && !n.document.ValidAt(e) {
		n.relay.SetRules(mix.Rules{})
	}
}

// missed are the documents that a person did not hear of, oldest first.
func (c *council) missed(p *Person) (all []*published) {
	e, err := c.w.genesis.Schedule().Epoch(c.w.Now())
	if err != nil {
		return nil
	}
	for old := e - min(e, 2); old <= e+1; old++ {
		if pub := c.docs[old]; pub != nil && uint64(old) >= p.last {
			all = append(all, pub)
		}
	}
	return all
}

// reaches says whether a node can fetch the document from an authority that has it.
func (p *published) reaches(w *World, n *Node) bool {
	for _, a := range p.at {
		if a.n.up && !w.Links.cut(a.n, n) {
			return true
		}
	}
	return false
}

// Document is the one that was published for an epoch; nil if there is none.
func (w *World) Document(e directory.Epoch) *directory.Document {
	if p := w.council.docs[e]; p != nil {
		return p.doc
	}
	return nil
}

// Current is the newest document that serves now.
func (w *World) Current() *directory.Document {
	e, err := w.genesis.Schedule().Epoch(w.Now())
	for err == nil {
		if d := w.Document(e); d != nil {
			return d
		}
		if e == 0 {
			break
		}
		e--
	}
	return nil
}

// Reports is how often an authority told its operator that there is no document, and splits how
// often two authorities published different ones.
func (w *World) Reports() (reports, splits int) { return w.council.reports, w.council.splits }

// Authority is the node's part in the council, nil if it has none.
func (n *Node) Authority() *Authority {
	for _, a := range n.w.council.members {
		if a.n == n {
			return a
		}
	}
	return nil
}

// Voter is the authority's core, for tests that speak to it.
func (a *Authority) Voter() *directory.Voter { return a.voter }

// Mute makes the authority a liar: its core says and hears nothing, and its words are the test's.
func (a *Authority) Mute() { a.mute = true }

// Deaf cuts off the votes that other authorities pass on to this one.
func (a *Authority) Deaf() { a.deaf = true }

// Say gives the authority a message at a time.
func (a *Authority) Say(at time.Time, say func(*directory.Voter, time.Time) error) {
	a.c.w.At(at, func() { a.hear(say) })
}

// Overhear gives all others what somebody says, as if this one had said it.
func (a *Authority) Overhear(say func(*directory.Voter, time.Time) error) {
	a.broadcast(false, say)
}
