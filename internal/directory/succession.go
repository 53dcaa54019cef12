package directory

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// mostSuccessions is how often a network may change its authorities.
const mostSuccessions = 64

// Errors about successions.
var (
	ErrNotSuccessor = errors.New("it does not go on from the genesis that is here")
	ErrFewConsents  = errors.New("too few of the old authorities have signed")
)

// Succession changes the authorities and entries of a network from an epoch on, by the signatures
// of as many of the old authorities as sign a document. The network stays the one that its first
// genesis founded: its id, start and parameters do not change, nor does anything that is bound to
// them.
type Succession struct {
	Network     NetworkID   `cbor:"1,keyasint"`
	Number      int         `cbor:"2,keyasint"` // 1 is the first
	Since       Epoch       `cbor:"3,keyasint"` // the first whose document the new ones sign
	Authorities []Authority `cbor:"4,keyasint"` // sorted by ID
	Entries     []Authority `cbor:"5,keyasint"` // sorted by ID

	Signatures []Signature `cbor:"-"` // of old authorities, sorted
}

// wireSuccession is a succession with its signatures.
type wireSuccession struct {
	Body       []byte      `cbor:"1,keyasint"`
	Signatures []Signature `cbor:"2,keyasint"`
}

// wireLine is the file of a network that has changed its authorities: the first genesis and all
// successions, the last of which may wait for signatures.
type wireLine struct {
	Root        []byte           `cbor:"1,keyasint"`
	Successions []wireSuccession `cbor:"2,keyasint"`
}

// Propose is the succession of g, not yet signed.
func (g *Genesis) Propose(since Epoch, authorities, entries []Authority) (*Succession, error) {
	s := &Succession{Network: g.ID(), Number: g.number() + 1, Since: since,
		Authorities: slices.SortedFunc(slices.Values(authorities), Authority.compare),
		Entries:     slices.SortedFunc(slices.Values(entries), Authority.compare)}
	_, err := g.After(s)
	return s, err
}

// number is how many successions there have been.
func (g *Genesis) number() int {
	if g.before == nil {
		return 0
	}
	return 1 + g.before.number()
}

// After is what g is after a succession, whoever has signed it.
func (g *Genesis) After(s *Succession) (*Genesis, error) {
	next, n := *g, len(s.Authorities)
	next.Authorities, next.Entries = s.Authorities, s.Entries
	next.Fault, next.Threshold = faultBound(n), threshold(n)
	next.before, next.succession = g, s
	switch {
	case s.Network != g.ID():
		return nil, fmt.Errorf("succession: %w: it is of another network", ErrNotSuccessor)
	case s.Number != g.number()+1 || s.Number > mostSuccessions:
		return nil, fmt.Errorf("succession %d: %w: %d are there", s.Number, ErrNotSuccessor,
			g.number())
	case !g.mostStay(next.Authorities):
		return nil, fmt.Errorf("succession %d: more than half of the authorities must stay: "+
			"let the others go by another one", s.Number)
	case g.succession != nil && s.Since <= g.succession.Since || s.Since == 0:
		return nil, fmt.Errorf("succession %d: epoch %d is not after the one before", s.Number,
			s.Since)
	}
	return &next, next.Validate()
}

// mostStay says whether more than half of the authorities are among those who come after them: a
// network is handed on by steps, each of which people can look at, and no slip of a command leaves
// it to one.
func (g *Genesis) mostStay(next []Authority) bool {
	stay := 0
	for _, a := range g.Authorities {
		if slices.ContainsFunc(next, func(b Authority) bool { return a.ID == b.ID }) {
			stay++
		}
	}
	return 2*stay > len(g.Authorities)
}

// Digest names the succession: an authority signs one of each number.
func (s *Succession) Digest() Digest { return hash(encode(s)) }

// Sign adds the signature of an old authority.
func (s *Succession) Sign(i *Identity) {
	sig := Signature{By: i.ID(), Bytes: i.sign(labelSuccession, s.Network, s.Digest())}
	if at, had := slices.BinarySearchFunc(s.Signatures, sig, Signature.compare); !had {
		s.Signatures = slices.Insert(s.Signatures, at, sig)
	}
}

// check says that all signatures are good, of authorities of old.
func (s *Succession) check(old *Genesis) error {
	for i, sig := range s.Signatures {
		if i > 0 && s.Signatures[i-1].compare(sig) >= 0 {
			return fmt.Errorf("succession %d: signature %d is there twice or out of order",
				s.Number, i+1)
		}
		if _, ok := old.Authority(sig.By); !ok {
			return fmt.Errorf("succession %d: signed by %s, which was no authority", s.Number,
				sig.By)
		}
		if err := sig.By.verify(labelSuccession, s.Network, s.Digest(), sig.Bytes); err != nil {
			return fmt.Errorf("succession %d: %w", s.Number, err)
		}
	}
	return nil
}

// Draft is the file of a proposed succession: the genesis file that is to be, once enough of the
// old authorities have signed. Before that ParseGenesis refuses it, and ParseDraft reads it.
func (g *Genesis) Draft(s *Succession) []byte {
	w := g.line()
	w.Successions = append(w.Successions, wireSuccession{encode(s), s.Signatures})
	return encode(w)
}

// line is the first genesis and all successions.
func (g *Genesis) line() wireLine {
	if g.before == nil {
		return wireLine{Root: g.Marshal(), Successions: []wireSuccession{}}
	}
	w := g.before.line()
	w.Successions = append(w.Successions,
		wireSuccession{encode(g.succession), g.succession.Signatures})
	return w
}

// ParseDraft reads the genesis that is in force and the succession that is proposed for it.
func ParseDraft(b []byte) (*Genesis, *Succession, error) {
	g, last, err := parseLine(b)
	if err == nil && last == nil {
		err = fmt.Errorf("%w: no succession is proposed", ErrMalformed)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading succession: %w", err)
	}
	return g, last, nil
}

// parseLine reads all that is signed by enough, and the last one if it waits for signatures or not.
func parseLine(b []byte) (g *Genesis, last *Succession, err error) {
	var w wireLine
	if err := decode(b, MaxGenesis, &w); err != nil {
		return nil, nil, err
	}
	if g, err = parseRoot(w.Root); err != nil {
		return nil, nil, err
	}
	for _, one := range w.Successions {
		if last != nil {
			if g, err = g.Succeed(last); err != nil {
				return nil, nil, err
			}
		}
		last = new(Succession)
		if err := decode(one.Body, MaxGenesis, last); err != nil {
			return nil, nil, err
		}
		last.Signatures = one.Signatures
		if _, err := g.After(last); err != nil {
			return nil, nil, err
		}
		if err := last.check(g); err != nil {
			return nil, nil, err
		}
	}
	return g, last, nil
}

// Succeed is the genesis after a succession that enough of its authorities have signed.
func (g *Genesis) Succeed(s *Succession) (*Genesis, error) {
	next, err := g.After(s)
	if err != nil {
		return nil, err
	}
	if err := s.check(g); err != nil {
		return nil, err
	}
	if len(s.Signatures) < g.Threshold {
		return nil, fmt.Errorf("succession %d: %w: %d of %d", s.Number, ErrFewConsents,
			len(s.Signatures), g.Threshold)
	}
	return next, nil
}

// Follows says that g goes on from another genesis, or is the same: whoever trusts that one may
// take g in its place.
func (g *Genesis) Follows(old *Genesis) error {
	for one := g; one != nil; one = one.before {
		if bytes.Equal(one.Marshal(), old.Marshal()) {
			return nil
		}
	}
	if g.ID() != old.ID() {
		return fmt.Errorf("%w: it is of the network %s", ErrNotSuccessor, g.ID())
	}
	return fmt.Errorf("%w: the one that is here has %d successions, of which this one has not all",
		ErrNotSuccessor, old.number())
}

// At is the genesis by whose authorities the document of an epoch is made and signed.
func (g *Genesis) At(e Epoch) *Genesis {
	for g.before != nil && e < g.succession.Since {
		g = g.before
	}
	return g
}

// Names says whether somebody is an authority, or was before the last succession.
func (g *Genesis) Names(id NodeID) bool {
	return slices.ContainsFunc(g.Named(), func(a Authority) bool { return a.ID == id })
}

// Named is every authority of the newest genesis and of the one before it, each once: those who may
// have something to say while one goes and the other comes.
func (g *Genesis) Named() []Authority {
	list := slices.Clone(g.Authorities)
	if g.before == nil {
		return list
	}
	for _, a := range g.before.Authorities {
		if at, had := slices.BinarySearchFunc(list, a, Authority.compare); !had {
			list = slices.Insert(list, at, a)
		}
	}
	return list
}
