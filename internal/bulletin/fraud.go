package bulletin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// ErrNoFraud says that two bulletins prove nothing against their maker.
var ErrNoFraud = errors.New("two bulletins that prove no fraud")

// Fraud is two bodies that one maker signed for one slot. Nothing else is proof against it.
type Fraud struct {
	A, B Bulletin // A has the smaller hash
}

// NewFraud puts two bulletins into order.
func NewFraud(a, b Bulletin) Fraud {
	x, y := a.Hash(), b.Hash()
	if bytes.Compare(x[:], y[:]) > 0 {
		a, b = b, a
	}
	return Fraud{a, b}
}

// Verify says whether it is proof, to anybody in the network.
func (f Fraud) Verify(network directory.NetworkID) error {
	a, b := f.A.Hash(), f.B.Hash()
	if f.A.Maker != f.B.Maker || f.A.Slot != f.B.Slot || bytes.Compare(a[:], b[:]) >= 0 {
		return ErrNoFraud
	}
	for _, one := range [...]Bulletin{f.A, f.B} {
		if err := one.Verify(network, math.MaxInt); err != nil {
			return err
		}
	}
	return nil
}

func (f Fraud) String() string {
	return fmt.Sprintf("provider %s signed two bulletins for slot %d", f.A.Maker, f.A.Slot)
}

// MostFraud is how many bytes a proof has at most, in any network: what was proved stays, when the
// parameters have changed by which it was listed.
const MostFraud = 4 + 2*(bodyHead+entrySize*protocol.MaxBulletinEntries+len(Hash{})+signatureSize)

// Marshal is length 4 ‖ A ‖ B.
func (f Fraud) Marshal() []byte {
	a := f.A.Marshal()
	out := binary.BigEndian.AppendUint32(nil, uint32(len(a)))
	return append(append(out, a...), f.B.Marshal()...)
}

// ParseFraud is the inverse of Marshal. It does not Verify.
func ParseFraud(raw []byte) (f Fraud, err error) {
	if len(raw) < 4 || uint64(binary.BigEndian.Uint32(raw)) > uint64(len(raw)-4) {
		return f, ErrMalformed
	}
	at := 4 + int(binary.BigEndian.Uint32(raw))
	if f.A, err = Parse(raw[4:at]); err != nil {
		return Fraud{}, err
	}
	if f.B, err = Parse(raw[at:]); err != nil {
		return Fraud{}, err
	}
	return f, nil
}
