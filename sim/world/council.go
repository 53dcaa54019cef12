package world

import (
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/internal/directory"
	"murmuration/mix"
)

// authority is a provider that votes: its core, and what it has on its disk.
type authority struct {
	n      *Node
	voter  *directory.Voter
	record *directory.Record
	wake   int64
	mute   bool // takes part in nothing: a liar whose words the test makes
	deaf   bool // hears no votes that others pass on
	spread *rand.Rand
}

// published is the document of one epoch, and who has it.
type published struct {
	doc *directory.Document
	at  []*authority
}

// found makes the genesis, the authorities, and the first document.
func (w *World) found() error {
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
	w.admitted = admitted
	voters := entries[:w.cfg.Authorities:w.cfg.Authorities]
	var err error
	if w.genesis, err = directory.NewGenesis("world", w.start, w.cfg.Parameters, voters, entries); err != nil {
		return err
	}
	for _, n := range w.nodes[:w.cfg.Authorities] {
		a := &authority{n: n, spread: w.rand("votes", n.Name)}
		cfg := directory.VoterConfig{Genesis: w.genesis, Identity: n.identity, Admitted: admitted}
		if a.voter, err = directory.NewVoter(cfg, w.Now()); err != nil {
			return err
		}
		w.council = append(w.council, a)
	}
	for _, n := range w.nodes {
		n.open()
	}
	if w.cfg.Cold {
		w.begin(0)
		return nil
	}
	return w.beginFirst()
}

// beginFirst makes the document of epoch 0, which an authority that is alone can, or waits for that of
// epoch 1.
func (w *World) beginFirst() error {
	if w.cfg.Authorities == 1 {
		w.handIn(0)
		if w.docs[0] == nil && w.err == nil {
			w.fail("there is no first document")
		}
		w.begin(0)
		return w.err
	}
	w.begin(0)
	return w.RunUntil(w.genesis.Schedule().StartOf(1))
}

// begin is the start of an epoch: its document comes into force, and the next one is prepared.
func (w *World) begin(e directory.Epoch) {
	schedule := w.genesis.Schedule()
	for _, n := range w.nodes {
		w.take(n, e)
		n.plan()
	}
	w.At(schedule.StartOf(e).Add(schedule.Length/8), func() { w.handIn(e + 1) })
	for _, a := range w.council {
		for _, phase := range []directory.Phase{directory.PhaseDescriptors, directory.PhaseEcho, directory.PhaseSign} {
			w.At(schedule.EndOf(e, phase).Add(-a.n.clock), func() { w.serve(a) })
		}
	}
	w.At(schedule.StartOf(e+1), func() { w.begin(e + 1) })
}

// handIn has every node that is up give the authorities its descriptor for an epoch.
func (w *World) handIn(e directory.Epoch) {
	for _, n := range w.nodes {
		if !n.up {
			continue
		}
		d, err := n.describe(e)
		if err != nil {
			w.fail("%w", err)
			return
		}
		for _, a := range w.council {
			if !a.n.up || w.faults.cut(n, a.n) || w.HandIn != nil && !w.HandIn(n, a.n) {
				continue
			}
			if err := a.voter.Add(a.n.now(), d); err != nil {
				w.tell("directory", "%s refuses the descriptor of %s: %v", a.n.Name, n.Name, err)
			}
		}
	}
	for _, a := range w.council {
		w.serve(a)
	}
}

// serve is the driver of one voter.
func (w *World) serve(a *authority) {
	for !a.mute && a.n.up {
		now := a.n.now()
		action := a.voter.Due(now)
		switch action.Do {
		case directory.DoNothing:
			return
		case directory.DoVote:
			w.broadcast(a, action.Relay.Signers() > 1, func(v *directory.Voter, now time.Time) error {
				return v.AddVote(now, action.Relay)
			})
		case directory.DoPersist:
			a.record = action.Record
			if err := a.voter.Persisted(action.Record); err != nil {
				w.fail("the authority %s: %w", a.n.Name, err)
			}
		case directory.DoEndorse:
			w.broadcast(a, false, func(v *directory.Voter, now time.Time) error {
				return v.AddSignature(now, action.Endorsement)
			})
		case directory.DoPublish:
			w.publish(a, action.Document)
		case directory.DoReport:
			w.reports++
			w.tell("directory", "%s reports: %v", a.n.Name, action.Err)
		}
	}
}

// broadcast carries words of one authority to the others.
func (w *World) broadcast(from *authority, echo bool, say func(*directory.Voter, time.Time) error) {
	for _, to := range w.council {
		if to == from || echo && to.deaf || w.faults.cut(from.n, to.n) {
			continue
		}
		delay := w.cfg.Link
		if w.cfg.Spread > 0 {
			delay = time.Duration(from.spread.Int64N(int64(w.cfg.Spread)))
		}
		w.After(delay, func() { w.hear(to, say) })
	}
}

func (w *World) hear(a *authority, say func(*directory.Voter, time.Time) error) {
	if a.mute || !a.n.up {
		return
	}
	if err := say(a.voter, a.n.now()); err != nil {
		w.tell("directory", "%s refuses what another authority says: %v", a.n.Name, err)
	}
	w.serve(a)
}

// publish takes a document that an authority serves, and gives it to whoever waits for it.
func (w *World) publish(a *authority, doc *directory.Document) {
	if err := doc.Verify(w.genesis); err != nil {
		w.fail("%s publishes a document that does not verify: %w", a.n.Name, err)
		return
	}
	p := w.docs[doc.Epoch]
	if p == nil {
		p = &published{doc: doc}
		w.docs[doc.Epoch] = p
		w.tell("directory", "the document of epoch %d is published", doc.Epoch)
	}
	if p.doc.Digest() != doc.Digest() {
		w.splits++
		w.tell("directory", "%s publishes another document of epoch %d", a.n.Name, doc.Epoch)
		return
	}
	p.at = append(p.at, a)
	for _, person := range w.people {
		person.take(p)
	}
	if present, err := w.genesis.Schedule().Epoch(w.Now()); err == nil && present >= doc.Epoch {
		for _, n := range w.nodes {
			w.take(n, doc.Epoch)
		}
	}
}

// take has a node fetch the document of an epoch and put it in force; it asks again until it has it.
func (w *World) take(n *Node, e directory.Epoch) {
	if n.document != nil && n.document.Epoch >= e || !n.up {
		return
	}
	if p := w.docs[e]; p != nil && p.reaches(w, n) {
		n.apply(p.doc)
		return
	}
	n.forget()
	schedule := w.genesis.Schedule()
	again := w.Now().Add(schedule.Length / 16)
	if again.Before(schedule.StartOf(e + 1)) {
		w.At(again, func() { w.take(n, e) })
	}
	if n.document != nil && !n.document.ValidAt(e) {
		n.relay.SetRules(mix.Rules{})
	}
}

// reaches says whether a node can fetch the document from an authority that has it.
func (p *published) reaches(w *World, n *Node) bool {
	for _, a := range p.at {
		if a.n.up && !w.faults.cut(a.n, n) {
			return true
		}
	}
	return false
}

// Document is the one that was published for an epoch; nil if there is none.
func (w *World) Document(e directory.Epoch) *directory.Document {
	if p := w.docs[e]; p != nil {
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

// Voter is an authority's core, for tests that speak to it; nil if the node is none.
func (n *Node) Voter() *directory.Voter {
	if a := n.authority(); a != nil {
		return a.voter
	}
	return nil
}

func (n *Node) authority() *authority {
	for _, a := range n.w.council {
		if a.n == n {
			return a
		}
	}
	return nil
}

// Mute makes an authority a liar: its core says and hears nothing, and its words are the test's.
func (n *Node) Mute() { n.authority().mute = true }

// Deaf cuts off the votes that other authorities pass on to this one.
func (n *Node) Deaf() { n.authority().deaf = true }

// Say gives an authority a message at a time.
func (n *Node) Say(at time.Time, say func(*directory.Voter, time.Time) error) {
	n.w.At(at, func() { n.w.hear(n.authority(), say) })
}

// Overhear gives all authorities but one what somebody says, as if that one had said it.
func (n *Node) Overhear(say func(*directory.Voter, time.Time) error) {
	n.w.broadcast(n.authority(), false, say)
}

// Reports is how often an authority told its operator that there is no document, and Splits how often
// two authorities published different ones.
func (w *World) Reports() (reports, splits int) { return w.reports, w.splits }
