package directory

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Limits of what is decoded. They bound the memory that a stranger's bytes can take: no decoder
// allocates more than four times its size limit.
const (
	MaxGenesis     = 64 << 10 // bytes
	MaxDescriptor  = 8 << 10  // bytes: three X-Wing keys are 3,648
	MaxApplication = 2 << 10  // bytes
	MaxAdmissions  = 128 << 10
	MaxDocument    = 4 << 20            // bytes: 1,000 nodes with X-Wing keys are 3.8 million
	MaxRelay       = 6 << 20            // bytes of a vote with its echoes
	MaxRecord      = MaxDocument + 4096 // with the epochs that were signed

	maxElements = 1024 // of one array, hence nodes of a network and authorities
	maxPairs    = 32   // of one map
	maxDepth    = 6
)

// ErrMalformed says that bytes are not the one canonical spelling of what they should be.
var ErrMalformed = errors.New("malformed")

var encMode, decMode = strictModes()

// strictModes gives the one way to write and read CBOR here: RFC 8949 section 4.2.1 (core
// deterministic), no tags, no indefinite lengths, no unknown or doubled fields, bounded depth,
// arrays and maps.
func strictModes() (cbor.EncMode, cbor.DecMode) {
	enc := cbor.CoreDetEncOptions()
	enc.TagsMd = cbor.TagsForbidden
	enc.NilContainers = cbor.NilContainerAsEmpty
	em, err := enc.EncMode()
	if err != nil {
		panic(err)
	}
	dm, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		UTF8:              cbor.UTF8RejectInvalid,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		BinaryUnmarshaler: cbor.BinaryUnmarshalerNone,
		MaxNestedLevels:   maxDepth,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxPairs,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return em, dm
}

// encode writes v canonically. The types of this package always encode; anything else is a bug.
func encode(v any) []byte {
	b, err := encMode.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("directory: encoding %T: %v", v, err))
	}
	return b
}

// decode reads at most limit bytes into v and refuses every spelling but the one that encode
// writes: missing fields, short arrays and long integers come back as other bytes.
func decode(b []byte, limit int, v any) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(b), limit)
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	if !bytes.Equal(encode(v), b) {
		return fmt.Errorf("%w: not canonical", ErrMalformed)
	}
	return nil
}

// sealed is the envelope of what one identity signs: the signature covers the body's bytes.
type sealed struct {
	Body      []byte   `cbor:"1,keyasint"`
	Signature [64]byte `cbor:"2,keyasint"`
}

// openSealed reads an envelope and its body, without checking the signature.
func openSealed(b []byte, limit int, body any) (sealed, error) {
	var s sealed
	if err := decode(b, limit, &s); err != nil {
		return s, err
	}
	return s, decode(s.Body, limit, body)
}

func hash(b []byte) [32]byte { return sha256.Sum256(b) }
