package box

import (
	"encoding/binary"
	"errors"
	"fmt"

	"murmuration/internal/protocol"
)

// Sizes of docs/box.md section 2, in bytes.
const (
	RecordHeaderSize = protocol.RecordHeader
	envelopeSize     = protocol.RequestHead
	digestSize       = 8 + 32 // epoch ‖ digest, in a digest's body
)

// errMalformed says that bytes are not a request or a reply of this format.
var errMalformed = errors.New("malformed box message")

// Format derives every size from one number, which the network document carries.
type Format struct {
	Plaintext int // bytes of a box's plaintext: record header and content
}

// DefaultFormat carries 8,192 bytes of content.
var DefaultFormat = Format{Plaintext: protocol.DefaultPlaintext}

// Validate refuses formats without room for content or a digest, and absurdly large ones.
func (f Format) Validate() error {
	if f.Plaintext < RecordHeaderSize+64 || f.Plaintext > 1<<20 {
		return fmt.Errorf("box plaintext of %d bytes: must be from 128 to 1,048,576", f.Plaintext)
	}
	return nil
}

// ContentSize is the most that one record carries (8,192 by default).
func (f Format) ContentSize() int { return f.Plaintext - RecordHeaderSize }

// CiphertextSize is the size of a box's ciphertext (8,272 by default).
func (f Format) CiphertextSize() int { return protocol.CiphertextSize(f.Plaintext) }

// RequestSize is the size of every request (8,404 by default).
func (f Format) RequestSize() int { return protocol.RequestSize(f.Plaintext) }

// ReplySize is the size of every reply: that of a request, so both fit into the same packet.
func (f Format) ReplySize() int { return f.RequestSize() }

// Op is what a request asks for.
type Op uint8

// The operations.
const (
	OpRead      Op = 1 // the box of a day and id
	OpWrite     Op = 2 // store a box
	OpTombstone Op = 3 // store a signed nothing
	OpDigest    Op = 4 // the digest of the network document of an epoch
)

// Status is what a reply says.
type Status uint8

// The statuses. A box that is absent, was never written or stood under another id is NotFound, with
// the same bytes around it.
const (
	StatusFound      Status = 1 // with signature and ciphertext
	StatusNotFound   Status = 2
	StatusStored     Status = 3 // durable here, now or before
	StatusConflict   Status = 4 // another content stands there; on one's own box: a copied state
	StatusFull       Status = 5 // no room for data; reads and tombstones still work
	StatusTombstoned Status = 6 // found empty: with the signature over nothing
	StatusDigest     Status = 7 // with epoch and digest
)

func (s Status) String() string {
	names := [...]string{"unknown", "found", "not found", "stored", "conflict", "full",
		"tombstoned", "digest"}
	if int(s) >= len(names) {
		s = 0
	}
	return names[s]
}

// Request is one operation on one box. Fields that its operation does not use are zero.
type Request struct {
	Op    Op
	Day   Day
	Box   Box    // OpRead: the id; OpTombstone: id and signature; OpWrite: all
	Token Token  // reserved, zero
	Epoch uint64 // OpDigest
}

// Reply answers a request. Fields that its status does not use are zero.
type Reply struct {
	Status Status
	Day    Day      // as in the request; zero for a digest
	Box    Box      // id as in the request; StatusFound: all; StatusTombstoned: id and signature
	Epoch  uint64   // StatusDigest
	Digest [32]byte // StatusDigest
}

// Verify checks what a provider must before it acts: the id, and for a write or a tombstone the
// signature. That a tombstone is for this day follows from the id, which BACAP derives with the day
// in its context: the same signature fits no other day's box.
func (r Request) Verify() error {
	switch r.Op {
	case OpRead:
		return r.Box.ID.Check()
	case OpWrite, OpTombstone:
		return r.Box.Verify()
	}
	return nil
}

// envelope is the one layout behind both messages: code ‖ 0 ‖ day ‖ id ‖ signature ‖ token ‖ body.
type envelope struct {
	code  uint8
	day   Day
	id    ID
	sig   Signature
	token Token
	body  []byte
}

func (e envelope) marshal(size int) []byte {
	b := make([]byte, 0, size)
	b = append(b, e.code, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(e.day))
	b = append(b, e.id[:]...)
	b = append(b, e.sig[:]...)
	b = append(b, e.token[:]...)
	b = append(b, e.body...)
	return b[:size]
}

func parseEnvelope(b []byte, size int) (e envelope, err error) {
	if len(b) != size || b[1] != 0 {
		return e, errMalformed
	}
	e.code, e.day = b[0], Day(binary.BigEndian.Uint16(b[2:]))
	copy(e.id[:], b[4:])
	copy(e.sig[:], b[36:])
	copy(e.token[:], b[100:])
	e.body = b[envelopeSize:]
	return e, nil
}

// has checks that exactly the named parts are in use: what a message has no use for must be zero,
// or one message would have many spellings.
func (e envelope) has(address, sig bool, bodyUsed int) bool {
	return (address || e.day == 0 && e.id == ID{}) && (sig || e.sig == Signature{}) &&
		e.token == Token{} && protocol.Zero(e.body[bodyUsed:])
}

// Marshal returns the request's RequestSize bytes, whatever the request holds. A ciphertext of
// another size than the format's comes out padded or cut, and its signature then does not verify.
func (r Request) Marshal(f Format) []byte {
	e := envelope{code: uint8(r.Op), day: r.Day, id: r.Box.ID, sig: r.Box.Signature, token: r.Token,
		body: r.Box.Ciphertext}
	if r.Op == OpDigest {
		e.body = binary.BigEndian.AppendUint64(nil, r.Epoch)
	}
	return e.marshal(f.RequestSize())
}

// ParseRequest is the inverse of Marshal and refuses every other spelling with errMalformed. The
// ciphertext is a part of b, not a copy. It does not Verify.
func ParseRequest(f Format, b []byte) (Request, error) {
	e, err := parseEnvelope(b, f.RequestSize())
	if err != nil {
		return Request{}, err
	}
	r := Request{Op: Op(e.code), Day: e.day, Box: Box{ID: e.id, Signature: e.sig}}
	ok := false
	switch r.Op {
	case OpRead:
		ok = e.has(true, false, 0)
	case OpTombstone:
		ok = e.has(true, true, 0)
	case OpWrite:
		r.Box.Ciphertext = e.body
		ok = e.has(true, true, len(e.body))
	case OpDigest:
		r.Epoch = binary.BigEndian.Uint64(e.body)
		ok = e.has(false, false, 8)
	}
	if !ok {
		return Request{}, errMalformed
	}
	return r, nil
}

// Marshal returns the reply's ReplySize bytes, whatever the reply holds, as Request.Marshal does.
func (r Reply) Marshal(f Format) []byte {
	e := envelope{code: uint8(r.Status), day: r.Day, id: r.Box.ID, sig: r.Box.Signature,
		body: r.Box.Ciphertext}
	if r.Status == StatusDigest {
		e.body = append(binary.BigEndian.AppendUint64(nil, r.Epoch), r.Digest[:]...)
	}
	return e.marshal(f.ReplySize())
}

// ParseReply is the inverse of Marshal and refuses every other spelling with errMalformed. The
// ciphertext is a part of b, not a copy.
func ParseReply(f Format, b []byte) (Reply, error) {
	e, err := parseEnvelope(b, f.ReplySize())
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Status: Status(e.code), Day: e.day, Box: Box{ID: e.id, Signature: e.sig}}
	ok := false
	switch r.Status {
	case StatusNotFound, StatusStored, StatusConflict, StatusFull:
		ok = e.has(true, false, 0)
	case StatusTombstoned:
		ok = e.has(true, true, 0)
	case StatusFound:
		r.Box.Ciphertext = e.body
		ok = e.has(true, true, len(e.body))
	case StatusDigest:
		r.Epoch = binary.BigEndian.Uint64(e.body)
		copy(r.Digest[:], e.body[8:])
		ok = e.has(false, false, digestSize)
	}
	if !ok {
		return Reply{}, errMalformed
	}
	return r, nil
}
