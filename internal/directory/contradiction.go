package directory

import (
	"errors"
	"fmt"
)

// MaxContradiction is the most bytes of one.
const MaxContradiction = 2*MaxDocument + 32

// errNoContradiction says that two documents can both be true.
var errNoContradiction = errors.New("the two network documents do not contradict each other")

// Contradiction is two documents, each good by itself, that cannot both be true: two of one epoch,
// or one that names another document before it than the one there is. It is the error with which a
// Chain refuses the second, and it is evidence: whoever has the genesis can check that at least t
// authorities signed each, so that more than f of them lied or lost their state.
type Contradiction struct{ One, Other *Document }

func (c *Contradiction) Error() string {
	if c.One.Epoch == c.Other.Epoch {
		return fmt.Sprintf("%v: of epoch %d there are %s and %s",
			ErrTwoDocuments, c.One.Epoch, c.One.Digest(), c.Other.Digest())
	}
	return fmt.Sprintf("%v: that of epoch %d names %s, there is %s",
		ErrBrokenChain, c.Other.Epoch, c.Other.Previous, c.One.Digest())
}

// Unwrap is ErrTwoDocuments or ErrBrokenChain.
func (c *Contradiction) Unwrap() error {
	if c.One.Epoch == c.Other.Epoch {
		return ErrTwoDocuments
	}
	return ErrBrokenChain
}

// verify checks that both documents are good by themselves, and that they do contradict each other:
// neither says that the other one is void.
func (c *Contradiction) Verify(g *Genesis) error {
	if err := errors.Join(c.One.Verify(g), c.Other.Verify(g)); err != nil {
		return err
	}
	one := c.One.Digest()
	twice := c.One.Epoch == c.Other.Epoch && one != c.Other.Digest()
	broken := c.One.Epoch+1 == c.Other.Epoch && c.Other.Previous != one
	void := c.One.voids(c.Other.Epoch, c.Other.Digest()) || c.Other.voids(c.One.Epoch, one)
	if !twice && !broken || void || broken && c.Other.restarts() {
		return errNoContradiction
	}
	return nil
}

type wirePair struct {
	One   []byte `cbor:"1,keyasint"`
	Other []byte `cbor:"2,keyasint"`
}

// Marshal writes both documents with their signatures.
func (c *Contradiction) Marshal() []byte {
	return encode(wirePair{c.One.Marshal(),
		c.Other.Marshal()})
}

// ParseContradiction reads what Marshal writes. Nothing is checked but the spelling: see Verify.
func ParseContradiction(b []byte) (*Contradiction, error) {
	var w wirePair
	if err := decode(b, MaxContradiction, &w); err != nil {
		return nil, fmt.Errorf("reading two network documents: %w", err)
	}
	one, err := ParseDocument(w.One)
	if err != nil {
		return nil, err
	}
	other, err := ParseDocument(w.Other)
	if err != nil {
		return nil, err
	}
	return &Contradiction{one, other}, nil
}
