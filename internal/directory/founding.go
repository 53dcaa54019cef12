package directory

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxFounding is the most bytes of a founding document.
const MaxFounding = 256 << 10

// mostNodes is how many nodes a founder may bring beside their authority.
const mostNodes = 64

// Founding is a network in the making: a plan, whoever founds it, each by their own signature, and
// their consents to the genesis that follows from it. Founders hand it round, or send each other
// copies, which Merge puts together in any order. No secret is in it.
type Founding struct {
	Label      string
	Start      time.Time // of epoch 0
	Parameters Parameters
	Count      int       // of founders: who are the authorities
	Founders   []Founder // sorted by ID
	// Consents are signatures of the network id by founders, sorted; there are none before all
	// founders are there.
	Consents []Signature
}

// Founder is one authority in the making, with what its operator brings.
type Founder struct {
	Plan     Digest   `cbor:"1,keyasint"` // that the founder has seen
	ID       NodeID   `cbor:"2,keyasint"`
	Name     string   `cbor:"3,keyasint"`
	Addr     string   `cbor:"4,keyasint"` // host:port
	Provider bool     `cbor:"5,keyasint"` // it stands beside a provider, which stores boxes
	Nodes    []NodeID `cbor:"6,keyasint"` // mixes, sorted: admitted from the start
	Serial   uint64   `cbor:"7,keyasint"` // of two by one founder the greater counts

	Signature [64]byte `cbor:"-"`
}

// ErrOtherPlan says that two founding documents, or a founder, are of another network.
var ErrOtherPlan = errors.New("it is of another plan")

type wirePlan struct {
	Version    int        `cbor:"1,keyasint"`
	Label      string     `cbor:"2,keyasint"`
	Start      int64      `cbor:"3,keyasint"` // Unix milliseconds
	Parameters Parameters `cbor:"4,keyasint"`
	Count      int        `cbor:"5,keyasint"`
}

type wireFounding struct {
	Plan     []byte      `cbor:"1,keyasint"`
	Founders []sealed    `cbor:"2,keyasint"`
	Consents []Signature `cbor:"3,keyasint"`
}

func (f *Founding) plan() []byte {
	return encode(wirePlan{version, f.Label, f.Start.UnixMilli(), f.Parameters, f.Count})
}

// Plan names what founders agree on before they know each other.
func (f *Founding) Plan() Digest { return hash(f.plan()) }

// Validate refuses a plan that gives no network, whoever founds it.
func (f *Founding) Validate() error {
	if f.Count < 1 || f.Count > 32 {
		return fmt.Errorf("%d founders: want 1 to 32", f.Count)
	}
	if need := f.Parameters.Replicas + 1; f.Count < need {
		return fmt.Errorf("%d founders: it takes %d with a provider each, so that nobody need ask "+
			"their own for a box", f.Count, need)
	}
	if len(f.Founders) > f.Count {
		return fmt.Errorf("%d founders of %d", len(f.Founders), f.Count)
	}
	return errors.Join(checkName("label", f.Label), f.Parameters.Validate())
}

// Sign signs what a founder says, for a plan.
func (r *Founder) Sign(i *Identity, plan Digest) {
	r.Plan, r.ID = plan, i.ID()
	slices.SortFunc(r.Nodes, compareIDs)
	r.Signature = i.sign(labelFounder, NetworkID(plan), hash(encode(r)))
}

func (r *Founder) verify(plan Digest) error {
	if r.Plan != plan {
		return fmt.Errorf("founder %s: %w", r.Name, ErrOtherPlan)
	}
	if err := errors.Join(checkName("name", r.Name), checkAddr(r.Addr), r.ID.Check()); err != nil {
		return fmt.Errorf("founder: %w", err)
	}
	if len(r.Nodes) > mostNodes {
		return fmt.Errorf("founder %s brings %d nodes, at most %d", r.Name, len(r.Nodes), mostNodes)
	}
	for i, id := range r.Nodes {
		if i > 0 && compareIDs(r.Nodes[i-1], id) >= 0 {
			return fmt.Errorf("founder %s: node %d is there twice or out of order", r.Name, i+1)
		}
		if err := id.Check(); err != nil {
			return fmt.Errorf("founder %s: node %d: %w", r.Name, i+1, err)
		}
	}
	return r.ID.verify(labelFounder, NetworkID(plan), hash(encode(r)), r.Signature)
}

// Marshal writes the canonical bytes.
func (f *Founding) Marshal() []byte {
	w := wireFounding{Plan: f.plan(), Founders: []sealed{}, Consents: f.Consents}
	for _, r := range f.Founders {
		w.Founders = append(w.Founders, sealed{encode(r), r.Signature})
	}
	return encode(w)
}

// ParseFounding reads what Marshal writes, and takes nothing that is not signed by whom it is of.
func ParseFounding(b []byte) (*Founding, error) {
	f, err := parseFounding(b)
	if err != nil {
		return nil, fmt.Errorf("reading founding document: %w", err)
	}
	return f, nil
}

func parseFounding(b []byte) (*Founding, error) {
	var w wireFounding
	if err := decode(b, MaxFounding, &w); err != nil {
		return nil, err
	}
	var p wirePlan
	if err := decode(w.Plan, MaxGenesis, &p); err != nil {
		return nil, err
	}
	if p.Version != version {
		return nil, fmt.Errorf("version %d: this program knows %d", p.Version, version)
	}
	f := &Founding{Label: p.Label, Start: time.UnixMilli(p.Start).UTC(), Parameters: p.Parameters,
		Count: p.Count, Consents: w.Consents}
	for i, s := range w.Founders {
		var r Founder
		if err := decode(s.Body, MaxFounding, &r); err != nil {
			return nil, err
		}
		r.Signature = s.Signature
		if err := r.verify(f.Plan()); err != nil {
			return nil, err
		}
		if i > 0 && compareIDs(f.Founders[i-1].ID, r.ID) >= 0 {
			return nil, fmt.Errorf("founder %d is there twice or out of order", i+1)
		}
		if err := f.distinct(r); err != nil {
			return nil, err
		}
		f.Founders = append(f.Founders, r)
	}
	return f, errors.Join(f.Validate(), f.checkConsents())
}

func (f *Founding) checkConsents() error {
	if len(f.Consents) == 0 {
		return nil
	}
	g, err := f.Genesis()
	if err != nil {
		return err
	}
	for i, s := range f.Consents {
		if i > 0 && f.Consents[i-1].compare(s) >= 0 {
			return fmt.Errorf("consent %d is there twice or out of order", i+1)
		}
		if _, ok := g.Authority(s.By); !ok {
			return fmt.Errorf("consent of %s, who is no founder", s.By)
		}
		if err := s.By.verify(labelConsent, g.ID(), Digest(g.ID()), s.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// Founder finds one by identity.
func (f *Founding) Founder(id NodeID) (r Founder, ok bool) {
	i := slices.IndexFunc(f.Founders, func(r Founder) bool { return r.ID == id })
	if i < 0 {
		return r, false
	}
	return f.Founders[i], true
}

// ErrTwice says that a founder's entry was changed in two copies: nobody can know which counts.
var ErrTwice = errors.New("the entry is another one in another copy, and both are its newest")

// ErrComplete says that all have signed: some have the genesis by now, and go by it.
var ErrComplete = errors.New("the network is founded, and its document changes no more")

// distinct says that a founder can be taken for no other.
func (f *Founding) distinct(r Founder) error {
	for _, other := range f.Founders {
		if other.ID != r.ID && (Alike(other.Name, r.Name) || SameAddr(other.Addr, r.Addr)) {
			return fmt.Errorf("founder %s at %s: %s at %s is there already", r.Name, r.Addr,
				other.Name, other.Addr)
		}
	}
	return nil
}

// Enter takes a founder, or what one says anew. A change voids all consents: they were to another
// genesis.
func (f *Founding) Enter(r Founder) error {
	if err := r.verify(f.Plan()); err != nil {
		return err
	}
	at, had := slices.BinarySearchFunc(f.Founders, r,
		func(a, b Founder) int { return compareIDs(a.ID, b.ID) })
	if err := f.distinct(r); err != nil {
		return err
	}
	switch {
	case had && f.Founders[at].Serial == r.Serial && f.Founders[at].Signature != r.Signature:
		return fmt.Errorf("founder %s: %w; have %s enter again", r.Name, ErrTwice, r.Name)
	case had && f.Founders[at].Serial >= r.Serial:
		return nil
	case f.Complete():
		return fmt.Errorf("founder %s: %w", r.Name, ErrComplete)
	case had:
		f.Founders[at] = r
	case len(f.Founders) == f.Count:
		return fmt.Errorf("founder %s: all %d are there", r.Name, f.Count)
	default:
		f.Founders = slices.Insert(f.Founders, at, r)
	}
	f.Consents = nil
	return nil
}

// Full says that all founders are there.
func (f *Founding) Full() bool { return len(f.Founders) == f.Count }

// Consent signs the genesis, as a founder.
func (f *Founding) Consent(i *Identity) error {
	g, err := f.Genesis()
	if err != nil {
		return err
	}
	if _, ok := f.Founder(i.ID()); !ok {
		return fmt.Errorf("%s is no founder", i.ID())
	}
	f.consent(Signature{By: i.ID(), Bytes: i.sign(labelConsent, g.ID(), Digest(g.ID()))})
	return nil
}

func (f *Founding) consent(s Signature) {
	at, had := slices.BinarySearchFunc(f.Consents, s, Signature.compare)
	if !had {
		f.Consents = slices.Insert(f.Consents, at, s)
	}
}

// Merge takes up what another copy of the document has; one that all have signed is the last word.
func (f *Founding) Merge(o *Founding) error {
	if f.Plan() != o.Plan() {
		return fmt.Errorf("merging founding documents: %w: %q and %q", ErrOtherPlan, f.Label,
			o.Label)
	}
	if o.Complete() && !f.Complete() {
		f.Founders, f.Consents = o.Founders, o.Consents
		return nil
	}
	for _, r := range o.Founders {
		if err := f.Enter(r); err != nil {
			return err
		}
	}
	if !f.Full() || !o.Full() {
		return nil
	}
	mine, err := f.Genesis()
	if err != nil {
		return err
	}
	theirs, err := o.Genesis()
	if err != nil || mine.ID() != theirs.ID() {
		return err // their consents are to what was said before
	}
	for _, s := range o.Consents {
		f.consent(s)
	}
	return nil
}

// Genesis is what follows from the plan and all founders.
func (f *Founding) Genesis() (*Genesis, error) {
	if !f.Full() {
		return nil, fmt.Errorf("%d of %d founders are there", len(f.Founders), f.Count)
	}
	var authorities, entries []Authority
	for _, r := range f.Founders {
		a := Authority{Name: r.Name, ID: r.ID, Addr: r.Addr}
		authorities = append(authorities, a)
		if r.Provider {
			entries = append(entries, a)
		}
	}
	if len(entries) < f.Parameters.Replicas+1 {
		return nil, fmt.Errorf("%d founders have a provider: it takes %d, so that nobody need ask "+
			"their own for a box", len(entries), f.Parameters.Replicas+1)
	}
	if err := f.Parameters.ValidateFor(len(entries)); err != nil {
		return nil, err
	}
	return NewGenesis(f.Label, f.Start, f.Parameters, authorities, entries)
}

// Complete says that all founders have signed the genesis.
func (f *Founding) Complete() bool { return f.Full() && len(f.Consents) == f.Count }

// Admitted is whom all founders admit from the start: their providers and mixes.
func (f *Founding) Admitted() (list Admissions) {
	for _, r := range f.Founders {
		if r.Provider {
			list = list.Add(Admission{ID: r.ID, Role: RoleProvider, Name: r.Name})
		}
		for _, id := range r.Nodes {
			list = list.Add(Admission{ID: id, Role: RoleMix})
		}
	}
	return list
}
