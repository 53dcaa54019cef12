package directory

import (
	"errors"
	"fmt"
	"slices"
)

// Application asks the authorities of a network to admit a node. A volunteer hands the file to
// somebody who vouches for them.
type Application struct {
	Network  NetworkID `cbor:"1,keyasint"`
	ID       NodeID    `cbor:"2,keyasint"`
	Role     Role      `cbor:"3,keyasint"`
	Name     string    `cbor:"4,keyasint"`
	Addr     string    `cbor:"5,keyasint"`
	Capacity uint64    `cbor:"6,keyasint"` // packets per epoch
	Family   string    `cbor:"7,keyasint"` // empty: alone
	Contact  string    `cbor:"8,keyasint"` // how to reach the operator, one line, may be empty

	Signature [64]byte `cbor:"-"`
}

// Sign signs a as its node.
func (a *Application) Sign(i *Identity) {
	a.Signature = i.sign(labelApplication, a.Network, hash(encode(a)))
}

// Marshal writes the envelope of body and signature, the contents of an application file.
func (a *Application) Marshal() []byte { return encode(sealed{encode(a), a.Signature}) }

// ParseApplication reads an application file. See Verify.
func ParseApplication(b []byte) (*Application, error) {
	a := new(Application)
	s, err := openSealed(b, MaxApplication, a)
	if err != nil {
		return nil, fmt.Errorf("reading application: %w", err)
	}
	a.Signature = s.Signature
	return a, nil
}

// verify checks that a is for this network, in bounds, and signed by the node. The error wraps a
// Refusal.
func (a *Application) Verify(g *Genesis) error {
	if a.Network != g.ID() {
		return fmt.Errorf("application of %s: %w", a.ID, refusedNetwork)
	}
	d := Descriptor{Role: a.Role, Name: a.Name, Addr: a.Addr, Capacity: a.Capacity,
		Family: a.Family}
	if err := errors.Join(d.wellFormed(), checkContact(a.Contact)); err != nil {
		return fmt.Errorf("application of %s: %w: %w", a.ID, RefusedMalformed, err)
	}
	if err := a.ID.Check(); err != nil {
		return fmt.Errorf("application: %w: %w", RefusedKeys, err)
	}
	if err := a.ID.verify(labelApplication, a.Network, hash(encode(a)), a.Signature); err != nil {
		return fmt.Errorf("application: %w: %w", refusedSignature, err)
	}
	return nil
}

// Admission lets one identity take part in one role. Whoever can change an authority's admissions
// decides that authority's vote on who is in the network.
type Admission struct {
	ID   NodeID `cbor:"1,keyasint"`
	Role Role   `cbor:"2,keyasint"`
	// in documents before this epoch it carries only loops of mixes; 0: none
	Probation Epoch `cbor:"3,keyasint"`
	// Name is what its application calls it, for people; empty in lists that are older. What
	// documents call it, its descriptors say.
	Name string `cbor:"4,keyasint,omitempty"`
}

// Admissions is an authority's list, sorted by identity.
type Admissions []Admission

// Add lists one more node, or changes the entry that there is.
func (l Admissions) Add(a Admission) Admissions {
	i, ok := slices.BinarySearchFunc(l, a, Admission.compare)
	if ok {
		l = slices.Clone(l)
		l[i] = a
		return l
	}
	return slices.Insert(slices.Clone(l), i, a)
}

// Without lists one node less.
func (l Admissions) Without(id NodeID) Admissions {
	return slices.DeleteFunc(slices.Clone(l), func(a Admission) bool { return a.ID == id })
}

// Admits says whether a node is admitted in a role.
func (l Admissions) Admits(id NodeID, role Role) bool {
	a, ok := l.get(id)
	return ok && a.Role == role
}

// get finds the entry of id.
func (l Admissions) get(id NodeID) (Admission, bool) {
	i, ok := slices.BinarySearchFunc(l, Admission{ID: id}, Admission.compare)
	if !ok {
		return Admission{}, false
	}
	return l[i], true
}

func (a Admission) checkName() error {
	if a.Name == "" {
		return nil
	}
	return checkName("name", a.Name)
}

func (a Admission) compare(b Admission) int { return compareIDs(a.ID, b.ID) }

type wireAdmissions struct {
	List Admissions `cbor:"1,keyasint"`
}

// Marshal writes the contents of an admissions file.
func (l Admissions) Marshal() []byte { return encode(wireAdmissions{l}) }

// ParseAdmissions reads what Marshal writes and checks every entry.
func ParseAdmissions(b []byte) (Admissions, error) {
	var w wireAdmissions
	if err := decode(b, MaxAdmissions, &w); err != nil {
		return nil, fmt.Errorf("reading admissions: %w", err)
	}
	for i, a := range w.List {
		if err := errors.Join(a.ID.Check(), checkRole(a.Role), a.checkName()); err != nil {
			return nil, fmt.Errorf("reading admissions: entry %d: %w", i+1, err)
		}
		if i > 0 && w.List[i-1].compare(a) >= 0 {
			return nil, fmt.Errorf("reading admissions: entry %d is listed twice or out of order",
				i+1)
		}
	}
	return w.List, nil
}
