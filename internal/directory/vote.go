package directory

import (
	"fmt"
	"slices"
)

// Listing is one node in a vote, as the node described itself.
type Listing struct {
	Descriptor *Descriptor
	Probation  bool
}

// Vote is what one authority would put into a document.
type Vote struct {
	Network    NetworkID
	Epoch      Epoch
	By         NodeID
	Previous   Digest // of the document that it has before this epoch
	Parameters Parameters
	Listings   []Listing // sorted by node
	False      []NodeID  // of these, who is proved to have lied about boxes; sorted
	Addr       string    // host:port where the authority is now; empty: where it was
	Void       []Voided  // documents that it has of later epochs, which cannot be; sorted

	Signature [64]byte
}

type wireVote struct {
	Network    NetworkID     `cbor:"1,keyasint"`
	Epoch      Epoch         `cbor:"2,keyasint"`
	By         NodeID        `cbor:"3,keyasint"`
	Previous   Digest        `cbor:"4,keyasint"`
	Parameters Parameters    `cbor:"5,keyasint"`
	Listings   []wireListing `cbor:"6,keyasint"`
	False      []NodeID      `cbor:"7,keyasint"`
	Addr       string        `cbor:"8,keyasint,omitempty"`
	Void       []Voided      `cbor:"9,keyasint,omitempty"`
}

type wireListing struct {
	Descriptor []byte `cbor:"1,keyasint"`
	Probation  bool   `cbor:"2,keyasint"`
}

func (v *Vote) body() []byte {
	w := wireVote{v.Network, v.Epoch, v.By, v.Previous, v.Parameters,
		make([]wireListing, len(v.Listings)), append([]NodeID{}, v.False...), v.Addr, v.Void}
	for i, l := range v.Listings {
		w.Listings[i] = wireListing{l.Descriptor.Marshal(), l.Probation}
	}
	return encode(w)
}

// digest names the vote: two votes of one authority for one epoch have two.
func (v *Vote) digest() Digest { return hash(v.body()) }

// Sign sorts the listings and signs v as its authority.
func (v *Vote) Sign(i *Identity) {
	slices.SortFunc(v.Listings, Listing.compare)
	slices.SortFunc(v.False, compareIDs)
	v.Signature = i.sign(labelVote, v.Network, v.digest())
}

func (l Listing) compare(o Listing) int { return compareIDs(l.Descriptor.ID, o.Descriptor.ID) }

// Marshal writes the envelope of body and signature.
func (v *Vote) Marshal() []byte { return encode(sealed{v.body(), v.Signature}) }

// parseVote reads what Marshal writes. Nothing is checked but the spelling: see Verify.
func parseVote(b []byte) (*Vote, error) {
	var w wireVote
	s, err := openSealed(b, MaxRelay, &w)
	if err != nil {
		return nil, fmt.Errorf("reading vote: %w", err)
	}
	v := &Vote{w.Network, w.Epoch, w.By, w.Previous, w.Parameters, make([]Listing, len(w.Listings)),
		w.False, w.Addr, w.Void, s.Signature}
	for i, l := range w.Listings {
		d, err := ParseDescriptor(l.Descriptor)
		if err != nil {
			return nil, fmt.Errorf("reading vote: listing %d: %w", i+1, err)
		}
		v.Listings[i] = Listing{d, l.Probation}
	}
	return v, nil
}

// verify checks that v is a vote of an authority of this network and that every node in it says
// about itself what is listed.
func (v *Vote) verify(g *Genesis) error {
	if v.Network != g.ID() {
		return fmt.Errorf("vote is %w", ErrOtherNetwork)
	}
	if _, ok := g.Authority(v.By); !ok {
		return fmt.Errorf("vote by %s, which is no authority", v.By)
	}
	if err := v.By.verify(labelVote, v.Network, v.digest(), v.Signature); err != nil {
		return fmt.Errorf("vote: %w", err)
	}
	for i, l := range v.Listings {
		if i > 0 && v.Listings[i-1].compare(l) >= 0 {
			return fmt.Errorf("vote by %s: listing %d is there twice or out of order", v.By, i+1)
		}
		if err := v.verifyListing(g, l); err != nil {
			return fmt.Errorf("vote by %s: listing %d: %w", v.By, i+1, err)
		}
	}
	for i, id := range v.False {
		if i > 0 && compareIDs(v.False[i-1], id) >= 0 || !v.lists(id) {
			return fmt.Errorf("vote by %s: %s is false twice, out of order, or not listed", v.By,
				id)
		}
	}
	if v.Addr != "" {
		if err := checkAddr(v.Addr); err != nil {
			return fmt.Errorf("vote by %s: %w", v.By, err)
		}
	}
	if err := checkVoid(v.Epoch, v.Void); err != nil {
		return fmt.Errorf("vote by %s: %w", v.By, err)
	}
	return v.Parameters.Validate()
}

func (v *Vote) lists(id NodeID) bool {
	return slices.ContainsFunc(v.Listings, func(l Listing) bool { return l.Descriptor.ID == id })
}

func (v *Vote) verifyListing(g *Genesis, l Listing) error {
	if l.Descriptor.Epoch != v.Epoch {
		return fmt.Errorf("descriptor for epoch %d in a vote for %d", l.Descriptor.Epoch, v.Epoch)
	}
	return l.Descriptor.Verify(g)
}
