package directory

import "fmt"

// Record is what an authority must have on its disk, fsynced, before its signature leaves: the one
// document that it will ever sign for an epoch. After a crash it signs these bytes again, and
// nothing else.
type Record struct {
	Epoch  Epoch  `cbor:"1,keyasint"`
	Digest Digest `cbor:"2,keyasint"`
	Body   []byte `cbor:"3,keyasint"` // the signed bytes of the document
}

func newRecord(d *Document) *Record { return &Record{d.Epoch, d.Digest(), d.body()} }

// Marshal writes the contents of a record file.
func (r *Record) Marshal() []byte { return encode(r) }

// ParseRecord reads what Marshal writes; a record whose digest does not fit is refused.
func ParseRecord(b []byte) (*Record, error) {
	r := new(Record)
	if err := decode(b, MaxRecord, r); err != nil {
		return nil, fmt.Errorf("reading record of the last signature: %w", err)
	}
	if _, err := r.document(); err != nil {
		return nil, fmt.Errorf("reading record of the last signature: %w", err)
	}
	return r, nil
}

// document is the recorded one, unsigned.
func (r *Record) document() (*Document, error) {
	d, err := parseBody(r.Body)
	if err != nil {
		return nil, err
	}
	if d.Epoch != r.Epoch || d.Digest() != r.Digest {
		return nil, fmt.Errorf("%w: epoch %d and digest %s do not fit the body", ErrMalformed,
			r.Epoch, r.Digest)
	}
	return d, nil
}

// Endorsement is one authority's signature of a document on its way to the others.
type Endorsement struct {
	Epoch     Epoch     `cbor:"1,keyasint"`
	Digest    Digest    `cbor:"2,keyasint"`
	Signature Signature `cbor:"3,keyasint"`
}

// MaxEndorsement is the most bytes of one.
const MaxEndorsement = 256

// Marshal writes the canonical bytes.
func (e *Endorsement) Marshal() []byte { return encode(e) }

// ParseEndorsement reads what Marshal writes; Voter.AddSignature checks the signature.
func ParseEndorsement(b []byte) (*Endorsement, error) {
	e := new(Endorsement)
	if err := decode(b, MaxEndorsement, e); err != nil {
		return nil, fmt.Errorf("reading endorsement: %w", err)
	}
	return e, nil
}
