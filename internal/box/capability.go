package box

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"

	"filippo.io/edwards25519"
	"github.com/katzenpost/hpqc/bacap"
	"golang.org/x/crypto/blake2b"

	"murmuration/internal/siv"
)

// Sizes of marshalled capabilities, in bytes; they are those of hpqc's bacap.
const (
	indexSize    = bacap.MessageBoxIndexSize  // number 8, little-endian ‖ three keys of 32
	writeCapSize = bacap.WriteCapSize         // Ed25519 private key 64 ‖ index
	ReadCapSize  = bacap.ReadCapSize          // Ed25519 public key 32 ‖ index
	contextLabel = "murmuration/box/v1"       // docs/box.md section 3
	contextSize  = len(contextLabel) + 32 + 2 // label ‖ network id ‖ day, big-endian
	maxNumber    = uint64(1) << 63            // honest start indices are below it ...
	endNumber    = maxNumber + uint64(1)<<62  // ... and no stream gets so far
	maxAdvance   = uint64(1) << 20            // the furthest that one call advances an index
)

// Errors of capabilities.
var (
	errBadCapability = errors.New("malformed capability")
	ErrTombstone     = errors.New("box was deleted by its owner")
	errTooFar        = fmt.Errorf("index is more than %d boxes ahead", maxAdvance)
)

// boxContext binds a box to its network and day: its id, key and signature exist under no other.
func boxContext(network NetworkID, day Day) []byte {
	c := append(make([]byte, 0, contextSize), contextLabel...)
	c = append(c, network[:]...)
	return binary.BigEndian.AppendUint16(c, uint16(day))
}

// Index is a position in a sequence of boxes, with the secrets to go on from it and no way back. It
// is a value: comparable, and never changed by its methods.
type Index struct{ m bacap.MessageBoxIndex }

// ParseIndex is the inverse of Marshal.
func ParseIndex(b []byte) (i Index, err error) {
	if err := i.m.UnmarshalBinary(b); err != nil || i.m.Idx64 >= endNumber {
		return Index{}, errBadCapability
	}
	return i, nil
}

// Marshal returns the indexSize bytes of the index. They are secret.
func (i Index) Marshal() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, indexSize), i.m.Idx64)
	b = append(b, i.m.CurBlindingFactor[:]...)
	b = append(b, i.m.CurEncryptionKey[:]...)
	return append(b, i.m.HKDFState[:]...)
}

// Number is the position as a number; only differences mean anything.
func (i Index) Number() uint64 { return i.m.Idx64 }

// Next is the index of the box after this one.
func (i Index) Next() Index {
	next, err := i.m.NextIndex()
	if err != nil {
		panic("box: index overflow") // unreachable: ParseIndex and NewWriteCap stay 2^62 below
	}
	return Index{*next}
}

// Advance is the index n boxes further on, about 3 µs each; beyond maxAdvance it is errTooFar, so
// that a number that somebody else sent costs seconds at most.
func (i Index) Advance(n uint64) (Index, error) {
	if n > maxAdvance {
		return Index{}, errTooFar
	}
	to, err := i.m.AdvanceIndexTo(i.m.Idx64 + n)
	if err != nil {
		return Index{}, fmt.Errorf("advancing a box index: %w", err)
	}
	return Index{*to}, nil
}

// AdvanceTo is the index with this number, which must not lie behind, nor beyond maxAdvance ahead.
func (i Index) AdvanceTo(number uint64) (Index, error) {
	if number < i.m.Idx64 {
		return Index{}, errors.New("a box index cannot go back")
	}
	return i.Advance(number - i.m.Idx64)
}

// LogValue keeps the secrets out of logs.
func (Index) LogValue() slog.Value { return slog.StringValue("[box index]") }

// WriteCap makes the boxes of one sequence. It is immutable.
type WriteCap struct{ cap *bacap.WriteCap }

// NewWriteCap draws a new sequence from 80 bytes of rng, with a random start index below 2^63: the
// sum of two uniform 62-bit numbers, as bacap draws it.
func NewWriteCap(rng io.Reader) (*WriteCap, error) {
	var seed [32 + 32 + 16]byte
	if _, err := io.ReadFull(rng, seed[:]); err != nil {
		return nil, fmt.Errorf("drawing a write capability: %w", err)
	}
	const low62 = uint64(1)<<62 - 1
	start := bacap.MessageBoxIndex{HKDFState: [32]byte(seed[32:64])}
	start.Idx64 = binary.LittleEndian.Uint64(seed[64:])&low62 +
		binary.LittleEndian.Uint64(seed[72:])&low62
	// The first index has no keys of its own yet: a sequence begins with the one after it.
	return ParseWriteCap(append([]byte(ed25519.NewKeyFromSeed(seed[:32])),
		Index{start}.Next().Marshal()...))
}

// ParseWriteCap is the inverse of Marshal; it refuses a private key whose public half is not its
// own.
func ParseWriteCap(b []byte) (*WriteCap, error) {
	if len(b) != writeCapSize {
		return nil, errBadCapability
	}
	if string(ed25519.NewKeyFromSeed(b[:32])) != string(b[:64]) {
		return nil, errBadCapability
	}
	if _, err := ParseIndex(b[64:]); err != nil {
		return nil, err
	}
	c, err := bacap.NewWriteCapFromBytes(b)
	if err != nil {
		return nil, errBadCapability
	}
	return &WriteCap{c}, nil
}

// Marshal returns the writeCapSize bytes of the capability. They are secret.
func (w *WriteCap) Marshal() []byte {
	b, err := w.cap.MarshalBinary()
	if err != nil {
		panic("box: marshalling into memory: " + err.Error())
	}
	return b
}

// Start is the first index that this capability knows.
func (w *WriteCap) Start() Index { return Index{*w.cap.GetMessageBoxIndex()} }

// At is the same capability beginning at index: it says nothing about the boxes before.
func (w *WriteCap) At(index Index) *WriteCap {
	return &WriteCap{w.cap.WithMessageBoxIndex(&index.m)}
}

// ReadCap is the capability to find and open the boxes, from the same start.
func (w *WriteCap) ReadCap() *ReadCap { return &ReadCap{w.cap.ReadCap()} }

// Seal makes the box of this index on this day. The same arguments give the same box. It takes
// some 0.3 ms for 8 KiB: the bytes are those of bacap's EncryptForContext, whose cipher would take
// milliseconds.
func (w *WriteCap) Seal(index Index, network NetworkID, day Day, plaintext []byte) Box {
	return w.seal(index, boxContext(network, day), plaintext)
}

func (w *WriteCap) seal(index Index, context, plaintext []byte) Box {
	id, key := w.ReadCap().id(index, context), index.sealKey(context)
	ciphertext := siv.Seal(&key, id.nonce(), plaintext, id[:])
	_, sig := index.m.SignBox(w.cap, context, ciphertext)
	return Box{ID: id, Ciphertext: ciphertext, Signature: Signature(sig)}
}

// Tombstone signs that the box of this index on this day shall be empty.
func (w *WriteCap) Tombstone(index Index, network NetworkID, day Day) Box {
	id, sig := index.m.SignBox(w.cap, boxContext(network, day), nil)
	return Box{ID: id, Signature: Signature(sig)}
}

// LogValue keeps the secrets out of logs.
func (*WriteCap) LogValue() slog.Value { return slog.StringValue("[write capability]") }

// ReadCap finds, verifies and opens the boxes of one sequence. It is immutable.
type ReadCap struct{ cap *bacap.ReadCap }

// ParseReadCap is the inverse of Marshal. Its bytes may come from a stranger's link: the root key
// must be a canonical point of large order.
func ParseReadCap(b []byte) (*ReadCap, error) {
	if len(b) != ReadCapSize {
		return nil, errBadCapability
	}
	if ID(b[:32]).Check() != nil {
		return nil, errBadCapability
	}
	if _, err := ParseIndex(b[32:]); err != nil {
		return nil, err
	}
	c, err := bacap.ReadCapFromBytes(b)
	if err != nil {
		return nil, errBadCapability
	}
	return &ReadCap{c}, nil
}

// Marshal returns the ReadCapSize bytes of the capability. Who has them can read.
func (r *ReadCap) Marshal() []byte {
	b, err := r.cap.MarshalBinary()
	if err != nil {
		panic("box: marshalling into memory: " + err.Error())
	}
	return b
}

// Start is the first index that this capability knows.
func (r *ReadCap) Start() Index { return Index{*r.cap.GetMessageBoxIndex()} }

// At is the same capability beginning at index.
func (r *ReadCap) At(index Index) *ReadCap { return &ReadCap{r.cap.WithMessageBoxIndex(&index.m)} }

// ID is the name of this index's box on this day.
func (r *ReadCap) ID(index Index, network NetworkID, day Day) ID {
	return r.id(index, boxContext(network, day))
}

func (r *ReadCap) id(index Index, context []byte) ID {
	return ID(index.m.BoxIDForContext(r.cap, context).ByteArray())
}

// Open verifies the box against the index, the network and the day, and returns its plaintext. A
// box of another place is errBadID, a tombstone that verifies ErrTombstone, anything else that does
// not open errBadSignature.
func (r *ReadCap) Open(index Index, network NetworkID, day Day, b Box) ([]byte, error) {
	if b.ID != r.ID(index, network, day) {
		return nil, errBadID
	}
	if _, err := index.m.VerifyBox(b.ID, b.Ciphertext, b.Signature[:]); err != nil {
		return nil, errBadSignature
	}
	if b.Tombstone() {
		return nil, ErrTombstone
	}
	key := index.sealKey(boxContext(network, day))
	plaintext, err := siv.Open(&key, b.ID.nonce(), b.Ciphertext, b.ID[:])
	if err != nil {
		return nil, errBadSignature
	}
	return plaintext, nil
}

// sealKey is the key of this index's box in a context: HKDF with BLAKE2b of its encryption key.
func (i Index) sealKey(context []byte) [siv.KeySize]byte {
	key, err := hkdf.Key(newBLAKE2b, i.m.CurEncryptionKey[:], context, "", siv.KeySize)
	if err != nil {
		panic("box: deriving a key: " + err.Error()) // unreachable: 32 bytes from a hash of 64
	}
	return [siv.KeySize]byte(key)
}

func newBLAKE2b() hash.Hash {
	h, err := blake2b.New512(nil)
	if err != nil {
		panic("box: a hash without a key: " + err.Error()) // unreachable
	}
	return h
}

// nonce is the beginning of a box's id, under which its key seals nothing else.
func (id *ID) nonce() *[siv.NonceSize]byte { return (*[siv.NonceSize]byte)(id[:siv.NonceSize]) }

// LogValue keeps the capability out of logs.
func (*ReadCap) LogValue() slog.Value { return slog.StringValue("[read capability]") }

// RandomID draws the id of a decoy from 64 bytes of rng: a random scalar times the base point, the
// distribution of a real box's id.
func RandomID(rng io.Reader) (ID, error) {
	var wide [64]byte
	if _, err := io.ReadFull(rng, wide[:]); err != nil {
		return ID{}, fmt.Errorf("drawing a decoy id: %w", err)
	}
	s, err := new(edwards25519.Scalar).SetUniformBytes(wide[:])
	if err != nil {
		panic("box: 64 bytes are not 64 bytes")
	}
	return ID(new(edwards25519.Point).ScalarBaseMult(s).Bytes()), nil
}
