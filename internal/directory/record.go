package directory

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Record is what an authority must have on its disk, fsynced, before its signature leaves: the one
// document that it will ever sign for an epoch. After a crash it signs these bytes again, and
// nothing else for any epoch for which it ever signed.
type Record struct {
	Epoch  Epoch  `cbor:"1,keyasint"`
	Digest Digest `cbor:"2,keyasint"`
	Body   []byte `cbor:"3,keyasint"` // the signed bytes of the document
	// Signed are all epochs for which a document was ever signed, this one too, ascending; none
	// stands for all up to Epoch
	Signed []Span `cbor:"4,keyasint,omitempty"`
	// Sum is that of Signed and Digest, so that no disk forgets an epoch; none without Signed
	Sum []byte `cbor:"5,keyasint,omitempty"`
}

// Span is epochs from the first to the last.
type Span struct {
	First Epoch `cbor:"1,keyasint"`
	Last  Epoch `cbor:"2,keyasint"`
}

// mostSpans is how many an authority remembers; where there are more gaps, the oldest is taken for
// signed.
const mostSpans = 64

// newRecord is for a document that is signed after what a record says; nil: nothing was.
func newRecord(d *Document, before *Record) *Record {
	r := &Record{Epoch: d.Epoch, Digest: d.Digest(), Body: d.body(), Signed: before.spans()}
	if before != nil && before.covers(d.Epoch) {
		r.Sum = r.sum()
		return r
	}
	r.Signed = append(r.Signed, Span{d.Epoch, d.Epoch})
	slices.SortFunc(r.Signed, func(a, b Span) int { return cmp.Compare(a.First, b.First) })
	for i := 1; i < len(r.Signed); {
		last := r.Signed[i-1].Last
		if r.Signed[i].First-last > 1 && (i > 1 || len(r.Signed) <= mostSpans) {
			i++
			continue
		}
		r.Signed[i-1].Last = r.Signed[i].Last
		r.Signed = slices.Delete(r.Signed, i, i+1)
	}
	r.Sum = r.sum()
	return r
}

// sum is what Sum has to be.
func (r *Record) sum() []byte {
	if len(r.Signed) == 0 {
		return nil
	}
	d := hash(encode(Record{Digest: r.Digest, Signed: r.Signed}))
	return d[:]
}

func (r *Record) spans() []Span {
	switch {
	case r == nil:
		return nil
	case len(r.Signed) == 0:
		return []Span{{0, r.Epoch}}
	}
	return slices.Clone(r.Signed)
}

// covers says whether a document of an epoch was signed.
func (r *Record) covers(e Epoch) bool {
	return slices.ContainsFunc(r.spans(), func(s Span) bool { return s.First <= e && e <= s.Last })
}

// check refuses spans that newRecord does not write.
func (r *Record) check() error {
	for i, s := range r.Signed {
		if s.First > s.Last || i > 0 && (s.First <= r.Signed[i-1].Last ||
			s.First-r.Signed[i-1].Last < 2) {
			return fmt.Errorf("%w: epochs %d to %d out of order", ErrMalformed, s.First, s.Last)
		}
	}
	if !bytes.Equal(r.Sum, r.sum()) {
		return fmt.Errorf("%w: the sum of what was signed is another one", ErrMalformed)
	}
	if len(r.Signed) > mostSpans || !r.covers(r.Epoch) {
		return fmt.Errorf("%w: epoch %d is not among those that were signed", ErrMalformed, r.Epoch)
	}
	return nil
}

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
	if err := r.check(); err != nil {
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
