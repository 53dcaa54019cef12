package directory

import (
	"errors"
	"fmt"
	"slices"
)

// Errors of verification, one for each thing that a caller does about it.
var (
	ErrOtherNetwork  = errors.New("of another network")
	errIllFormed     = errors.New("ill-formed network document")
	ErrFewSignatures = errors.New("too few signatures of authorities")
)

// wireDocument is what is signed.
type wireDocument struct {
	Network    NetworkID    `cbor:"1,keyasint"`
	Epoch      Epoch        `cbor:"2,keyasint"`
	Previous   Digest       `cbor:"3,keyasint"`
	Parameters Parameters   `cbor:"4,keyasint"`
	Nodes      []Node       `cbor:"5,keyasint"`
	Storing    []wireStored `cbor:"6,keyasint"`
	Moved      []Address    `cbor:"7,keyasint,omitempty"`
	Void       []Voided     `cbor:"8,keyasint,omitempty"`
}

// wireStored has the identities one after the other: an array of short strings would let a few
// bytes of input take many of memory.
type wireStored struct {
	Day   uint16 `cbor:"1,keyasint"`
	Nodes []byte `cbor:"2,keyasint"`
}

type signedDocument struct {
	Body       []byte      `cbor:"1,keyasint"`
	Signatures []Signature `cbor:"2,keyasint"`
}

// body is the signed bytes of d.
func (d *Document) body() []byte {
	w := wireDocument{d.Network, d.Epoch, d.Previous, d.Parameters, d.Nodes,
		make([]wireStored, len(d.Storing)), d.Moved, d.Void}
	for i, s := range d.Storing {
		w.Storing[i] = wireStored{s.Day, joinIDs(s.Nodes)}
	}
	return encode(w)
}

func joinIDs(ids []NodeID) []byte {
	b := make([]byte, 0, len(ids)*len(NodeID{}))
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}

func splitIDs(b []byte) ([]NodeID, error) {
	const size = len(NodeID{})
	if len(b)%size != 0 {
		return nil, fmt.Errorf("%w: %d bytes are no list of identities", ErrMalformed, len(b))
	}
	ids := make([]NodeID, 0, len(b)/size)
	for c := range slices.Chunk(b, size) {
		ids = append(ids, NodeID(c))
	}
	return ids, nil
}

// digest is SHA-256 of the signed bytes.
func (d *Document) Digest() Digest { return hash(d.body()) }

// Marshal writes the canonical bytes of the document with its signatures.
func (d *Document) Marshal() []byte { return encode(signedDocument{d.body(), d.Signatures}) }

// ParseDocument reads what Marshal writes. Nothing is checked but the spelling: see Verify.
func ParseDocument(b []byte) (*Document, error) {
	var s signedDocument
	if err := decode(b, MaxDocument, &s); err != nil {
		return nil, fmt.Errorf("reading network document: %w", err)
	}
	d, err := parseBody(s.Body)
	if err != nil {
		return nil, fmt.Errorf("reading network document: %w", err)
	}
	d.Signatures = s.Signatures
	return d, nil
}

func parseBody(b []byte) (*Document, error) {
	var w wireDocument
	if err := decode(b, MaxDocument, &w); err != nil {
		return nil, err
	}
	d := &Document{
		Network: w.Network, Epoch: w.Epoch, Previous: w.Previous, Parameters: w.Parameters,
		Nodes: w.Nodes, Storing: make([]StoringSet, len(w.Storing)), Moved: w.Moved,
		Void: w.Void,
	}
	for i, s := range w.Storing {
		ids, err := splitIDs(s.Nodes)
		if err != nil {
			return nil, err
		}
		d.Storing[i] = StoringSet{s.Day, ids}
	}
	return d, nil
}

// Sign adds the signature of an authority, which must have put (epoch, digest) on its disk before:
// see Authority.
func (d *Document) Sign(i *Identity) {
	d.addSignature(Signature{By: i.ID(), Bytes: i.sign(labelDocument, d.Network, d.Digest())})
}

// addSignature keeps the list sorted, and one signature for each authority.
func (d *Document) addSignature(s Signature) {
	at, ok := slices.BinarySearchFunc(d.Signatures, s, Signature.compare)
	if ok {
		d.Signatures[at] = s
		return
	}
	d.Signatures = slices.Insert(d.Signatures, at, s)
}

func (s Signature) compare(o Signature) int { return compareIDs(s.By, o.By) }

// verify checks that d belongs to the network, is well-formed, and carries good signatures of at
// least t distinct authorities. It does not look at the time or at earlier documents: see ValidAt
// and Chain.
func (d *Document) Verify(g *Genesis) error {
	if d.Network != g.ID() {
		return fmt.Errorf("network document is %w: it says %s, the genesis %s", ErrOtherNetwork,
			d.Network, g.ID())
	}
	if err := d.verifySignatures(g); err != nil {
		return err
	}
	return d.wellFormed(g)
}

func (d *Document) verifySignatures(g *Genesis) error {
	digest := d.Digest()
	g = g.At(d.Epoch)
	for i, s := range d.Signatures {
		if i > 0 && d.Signatures[i-1].compare(s) >= 0 {
			return fmt.Errorf("%w: signature %d is there twice or out of order", errIllFormed, i+1)
		}
		if _, ok := g.Authority(s.By); !ok {
			return fmt.Errorf("%w: signed by %s, which is no authority", errIllFormed, s.By)
		}
		if err := s.By.verify(labelDocument, d.Network, digest, s.Bytes); err != nil {
			return fmt.Errorf("network document of epoch %d: %w", d.Epoch, err)
		}
	}
	if len(d.Signatures) < g.Threshold {
		return fmt.Errorf("network document of epoch %d: %w: %d of %d", d.Epoch, ErrFewSignatures,
			len(d.Signatures), g.Threshold)
	}
	return nil
}
