package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// coldWindow is how long a network's only authority collects descriptors when there is no document
// for the current epoch, at most; it is an eighth of the epoch if that is less. Nodes that notice
// that the network is back need a few seconds to say so.
const coldWindow = 20 * time.Second

// A network's only authority does not sign at once by a clock that nobody has checked: a computer
// that starts may have an hour too much, until it asks somebody, and what is signed for an epoch to
// come cannot be signed again. So after a start, and after a leap of the clock, it waits for
// uncheckedWindow where epochs have passed without a document; not while the network is younger
// than fresh.
const (
	uncheckedWindow = 30 * time.Second
	fresh           = 15 * time.Minute
)

// Voter is the core of one authority. It prepares the document of one epoch at a time, and is told
// the time with every call; it does nothing itself but says what to do: call Due until it returns
// DoNothing, and again at Next and after every call that adds something.
//
// It signs a document only after Persisted, and never two for one epoch. It is not safe for
// concurrent use.
//
// A network's only authority also prepares the document of the current epoch when there is none, so
// that a private network that was switched off comes back within a window; several authorities meet
// again at the phases of the next epoch.
type Voter struct {
	genesis  *Genesis
	schedule Schedule
	network  NetworkID
	identity *Identity

	admitted   Admissions
	proved     []NodeID // false, by proofs that were verified here
	addr       string   // where it is, empty: where the genesis says
	parameters Parameters
	chain      *Chain
	record     *Record   // the last signature ever given
	opened     time.Time // it began to listen, or saw its clock leap
	seen       Epoch     // by the clock, at the last call of Due
	clock      Epoch     // by the clock, when it was told last

	ready map[Epoch]map[NodeID]*Descriptor
	round *round
	out   []Action
}

// VoterConfig is what an authority knows when it starts.
type VoterConfig struct {
	Genesis    *Genesis
	Identity   *Identity
	Admitted   Admissions
	Parameters Parameters // what it votes for; zero: those of the genesis
	Addr       string     // host:port where it takes links; empty: where the documents say already
	Latest     *Document  // the last document that it has; nil: none
	// Held are those before it that are at hand, the oldest first: if the last one was signed ahead
	// of its time, the next one follows the last of these
	Held []*Document
	// the last record that it persisted; nil: none. Without it, it could sign twice
	Record *Record
}

// NewVoter checks the configuration; now is when the authority begins to listen.
func NewVoter(c VoterConfig, now time.Time) (*Voter, error) {
	if err := c.Genesis.Validate(); err != nil {
		return nil, err
	}
	if !c.Genesis.Names(c.Identity.ID()) {
		return nil, fmt.Errorf("starting as authority: the genesis does not name %s",
			c.Identity.ID())
	}
	if c.Parameters == (Parameters{}) {
		c.Parameters = c.Genesis.Parameters
	}
	chain, err := NewChain(c.Genesis, nil)
	for _, d := range append(slices.Clone(c.Held), c.Latest) {
		if d != nil {
			err = errors.Join(err, chain.Accept(d))
		}
	}
	if c.Addr != "" {
		err = errors.Join(err, checkAddr(c.Addr))
	}
	if err := errors.Join(err, c.Parameters.Validate()); err != nil {
		return nil, fmt.Errorf("starting as authority: %w", err)
	}
	clock, _ := c.Genesis.Schedule().Epoch(now) // before the start nothing is due
	return &Voter{
		clock: clock, genesis: c.Genesis, schedule: c.Genesis.Schedule(), network: c.Genesis.ID(),
		identity: c.Identity, addr: c.Addr,
		admitted: c.Admitted, parameters: c.Parameters, chain: chain, record: c.Record, opened: now,
		ready: map[Epoch]map[NodeID]*Descriptor{},
	}, nil
}

// Admit replaces the list of admitted nodes, from the next vote on.
func (a *Voter) Admit(list Admissions) { a.admitted = list }

// Prove replaces the list of the providers of whom this authority has a proof, verified by itself,
// that they lied about boxes: from the next vote on it has them in no new storing set.
func (a *Voter) Prove(makers []NodeID) { a.proved = slices.Clone(makers) }

// Latest is the newest document that t authorities signed; nil before the first.
func (a *Voter) Latest() *Document { return a.chain.Latest() }

// Learn takes a document that the others made, or that this authority would have signed had it been
// there: the next one follows it.
func (a *Voter) Learn(d *Document) error {
	latest := a.chain.before(a.clock + 2) // what is later was signed ahead of its time
	if latest != nil && latest.Epoch >= d.Epoch && !d.voids(latest.Epoch, latest.Digest()) ||
		a.chain.Digest(d.Epoch) == d.Digest() {
		return nil
	}
	if err := a.chain.Accept(d); err != nil {
		return err
	}
	a.forget()
	return nil
}

// forget lets go what no document to come is made after.
func (a *Voter) forget() {
	if latest := a.chain.before(a.clock + 2); latest != nil {
		a.chain.Forget(latest.Epoch)
	}
}

// alone says that this is the only authority that makes the document of an epoch.
func (a *Voter) alone(e Epoch) bool { return len(a.genesis.At(e).Authorities) == 1 }

// target is the epoch whose document is wanted next.
func (a *Voter) target(now time.Time) (Epoch, error) {
	e, err := a.schedule.Epoch(now)
	if err != nil {
		return 0, err
	}
	a.clock = e
	if a.alone(e) && !a.done(e) && a.chain.Document(e+1) == nil && a.mayMake(e) {
		return e, nil
	}
	return e + 1, nil
}

// done says that the document of e is there, or that there can be none: it was signed ahead of its
// time, and is void.
func (a *Voter) done(e Epoch) bool {
	return a.chain.Document(e) != nil || a.chain.Void(e, Digest{})
}

// mayMake says that nothing but the record was ever signed for e.
func (a *Voter) mayMake(e Epoch) bool {
	return a.record == nil || a.record.Epoch == e || !a.record.covers(e)
}

// base is the document after which that of e is made: the newest before it. If there is none, it is
// the first of those that were signed ahead of their time, which is void then; nil if there is none
// at all.
func (a *Voter) base(e Epoch) *Document {
	if d := a.chain.before(e); d != nil {
		return d
	}
	if ahead := a.chain.after(e); len(ahead) > 0 {
		return ahead[0]
	}
	return nil
}

// Add takes a descriptor that a node handed in. The error wraps a Refusal, which may be told to the
// node.
func (a *Voter) Add(now time.Time, d *Descriptor) error {
	if d.Network != a.network {
		return fmt.Errorf("descriptor of %s: %w", d.ID, refusedNetwork)
	}
	if !a.admitted.Admits(d.ID, d.Role) {
		return fmt.Errorf("descriptor of %s as %s: %w", d.ID, d.Role, RefusedNotAdmitted)
	}
	if err := a.timely(now, d.Epoch); err != nil {
		return fmt.Errorf("descriptor of %s: %w", d.ID, err)
	}
	had, ok := a.ready[d.Epoch][d.ID]
	if ok && had.Serial > d.Serial || ok && *encodedKey(had) == *encodedKey(d) {
		return nil // an echo of the past, or the same again
	}
	if ok && had.Serial == d.Serial {
		return fmt.Errorf("descriptor of %s: %w", d.ID, refusedConflict)
	}
	if err := d.Verify(a.genesis); err != nil {
		return err
	}
	if a.namesake(d) {
		return fmt.Errorf("descriptor of %s as %q: %w", d.ID, d.Name, RefusedName)
	}
	if a.ready[d.Epoch] == nil {
		a.ready[d.Epoch] = map[NodeID]*Descriptor{}
	}
	a.ready[d.Epoch][d.ID] = d
	return nil
}

// namesake says whether another admitted node has the name of d, by the latest document or by what
// it handed in: two of one name nobody could tell apart.
func (a *Voter) namesake(d *Descriptor) bool {
	same := func(id NodeID, name string, role Role) bool {
		return id != d.ID && strings.EqualFold(name, d.Name) && a.admitted.Admits(id, role)
	}
	if latest := a.base(d.Epoch); latest != nil {
		if n, ok := latest.Node(d.ID); ok && strings.EqualFold(n.Name, d.Name) {
			return false // it has had the name
		}
		for _, n := range latest.Nodes {
			if same(n.ID, n.Name, n.Role) {
				return true
			}
		}
	}
	for _, other := range a.ready[d.Epoch] {
		if same(other.ID, other.Name, other.Role) {
			return true
		}
	}
	return false
}

func encodedKey(d *Descriptor) *string { s := string(d.Marshal()); return &s }

// timely takes descriptors for the epoch that is being prepared and the one after it, while the
// first is that of the current epoch.
func (a *Voter) timely(now time.Time, e Epoch) error {
	target, err := a.target(now)
	if err != nil {
		return fmt.Errorf("%w: %w", RefusedClock, err)
	}
	current, _ := a.schedule.Epoch(now)
	if e < target || e > current+1 {
		return fmt.Errorf("for epoch %d, in preparation is %d: %w", e, target, RefusedClock)
	}
	a.turn(now, target)
	if a.done(e) || e == a.round.epoch && a.round.closed() {
		return fmt.Errorf("for epoch %d, already decided: %w", e, RefusedClock)
	}
	return nil
}

// Persisted says that the record of the last DoPersist is on the disk. Only now is it signed.
func (a *Voter) Persisted(r *Record) error {
	if a.round == nil || a.round.record != r {
		return fmt.Errorf("record of epoch %d is not the one that was to be persisted", r.Epoch)
	}
	a.record = r
	return a.endorse()
}
