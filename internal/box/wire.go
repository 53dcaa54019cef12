package box

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"murmuration/internal/protocol"
)

// Sizes of docs/box.md section 2, in bytes.
const (
	RecordHeaderSize = protocol.RecordHeader
	envelopeSize     = protocol.RequestHead
	digestSize       = 8 + 32 // epoch ‖ digest, in a digest's body
	pieceHead        = 2 + 2  // pieces ‖ length, in a bulletin's body
	proofHead        = 4      // length, in the body of a request about bulletins
)

// errMalformed says that bytes are not a request or a reply of this format.
var errMalformed = errors.New("malformed box message")

// Format derives every size from one number, which the network document carries.
type Format struct {
	Plaintext int // bytes of a box's plaintext: record header and content
}

// DefaultFormat carries 8,192 bytes of content.
var DefaultFormat = Format{Plaintext: protocol.DefaultPlaintext}

// PieceSize is the most that one reply carries of a bulletin's answer (8,268 by default, and never
// more than its two bytes of length can say).
func (f Format) PieceSize() int { return min(f.CiphertextSize()-pieceHead, math.MaxUint16) }

// ProofSize is the most that a request about bulletins can hand over (8,268 by default).
func (f Format) ProofSize() int { return f.CiphertextSize() - proofHead }

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

// envelope is the layout behind both messages: code ‖ hold ‖ day ‖ id ‖ signature ‖ tail ‖ body.
type envelope struct {
	code uint8
	hold uint8
	day  Day
	id   ID // or what a request has in its place
	sig  Signature
	tail [32]byte // a request's token, a reply's head
	body []byte
}

// part is a part of an envelope that some messages have no use for.
type part uint8

const (
	partHold part = 1 << iota
	partDay
	partID
	partSig
	partTail

	partAddress = partDay | partID
)

func (e envelope) marshal(size int) []byte {
	b := make([]byte, 0, size)
	b = append(b, e.code, e.hold)
	b = binary.BigEndian.AppendUint16(b, uint16(e.day))
	b = append(b, e.id[:]...)
	b = append(b, e.sig[:]...)
	b = append(b, e.tail[:]...)
	b = append(b, e.body[:min(len(e.body), size-len(b))]...)
	return b[:size]
}

func parseEnvelope(b []byte, size int) (e envelope, err error) {
	if len(b) != size {
		return e, errMalformed
	}
	e.code, e.hold, e.day = b[0], b[1], Day(binary.BigEndian.Uint16(b[2:]))
	copy(e.id[:], b[4:])
	copy(e.sig[:], b[36:])
	copy(e.tail[:], b[100:])
	e.body = b[envelopeSize:]
	return e, nil
}

// has checks that exactly the named parts are in use, and so many bytes of the body: what a message
// has no use for must be zero, or one message would have many spellings.
func (e envelope) has(used part, body int) bool {
	return (used&partHold != 0 || e.hold == 0) && (used&partDay != 0 || e.day == 0) &&
		(used&partID != 0 || e.id == ID{}) && (used&partSig != 0 || e.sig == Signature{}) &&
		(used&partTail != 0 || e.tail == [32]byte{}) && protocol.Zero(e.body[body:])
}

// Marshal returns the request's RequestSize bytes, whatever the request holds. A ciphertext of
// another size than the format's comes out padded or cut, and its signature then does not verify.
func (r Request) Marshal(f Format) []byte {
	e := envelope{code: uint8(r.Op), hold: r.Hold, day: r.Day, id: r.Field(), sig: r.Box.Signature,
		tail: r.Token, body: r.Box.Ciphertext}
	if r.Op == OpDigest {
		e.body = binary.BigEndian.AppendUint64(nil, r.Epoch)
	}
	if r.Op == OpBulletin {
		proof := r.Proof[:min(len(r.Proof), f.ProofSize())]
		e.body = append(binary.BigEndian.AppendUint32(nil, uint32(len(proof))), proof...)
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
	r := Request{Op: Op(e.code), Hold: e.hold, Day: e.day}
	ok := true
	switch r.Op {
	case OpTombstone:
		ok = e.has(partAddress|partSig, 0)
	case OpWrite:
		r.Box.Ciphertext = e.body
		r.Token = e.tail
		ok = e.has(partHold|partAddress|partSig|partTail, len(e.body))
	case OpDigest:
		r.Epoch = binary.BigEndian.Uint64(e.body)
		ok = e.has(0, 8)
	case OpFetch:
		r.Fetch, ok = parseFetchKey(e.id)
		ok = ok && e.has(partID, 0)
	case OpBulletin:
		r.Ask, ok = parseQuestion(e.id)
		ok = r.parseProof(e) && ok
	default:
		ok = false
	}
	if !ok {
		return Request{}, errMalformed
	}
	if r.Op != OpFetch && r.Op != OpBulletin {
		r.Box.ID, r.Box.Signature = e.id, e.sig
	}
	return r, nil
}

// parseProof reads length 4 ‖ proof, which are zeros where nothing is handed over.
func (r *Request) parseProof(e envelope) bool {
	length := uint64(binary.BigEndian.Uint32(e.body))
	if length > uint64(len(e.body)-proofHead) {
		return false
	}
	end := proofHead + int(length)
	if length > 0 {
		r.Proof = e.body[proofHead:end:end]
	}
	return e.has(partID, end)
}

// Marshal returns the reply's ReplySize bytes, whatever the reply holds, as Request.Marshal does; a
// piece that is too long is cut.
func (r Reply) Marshal(f Format) []byte {
	e := envelope{code: uint8(r.Status), day: r.Day, id: r.Box.ID, sig: r.Box.Signature,
		tail: r.Head, body: r.Box.Ciphertext}
	switch r.Status {
	case StatusDigest:
		e.body = append(binary.BigEndian.AppendUint64(nil, r.Epoch), r.Digest[:]...)
	case StatusBulletin:
		data := r.Data[:min(len(r.Data), f.PieceSize())]
		e.id = r.Ask.field()
		e.body = binary.BigEndian.AppendUint16(nil, r.Pieces)
		e.body = binary.BigEndian.AppendUint16(e.body, uint16(len(data)))
		e.body = append(e.body, data...)
	}
	return e.marshal(f.ReplySize())
}

// ParseReply is the inverse of Marshal and refuses every other spelling with errMalformed. The
// ciphertext and the data are parts of b, not copies.
func ParseReply(f Format, b []byte) (Reply, error) {
	e, err := parseEnvelope(b, f.ReplySize())
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Status: Status(e.code), Day: e.day, Head: e.tail,
		Box: Box{ID: e.id, Signature: e.sig}}
	ok := false
	switch r.Status {
	case StatusNotFound, StatusStored, StatusFull, StatusUnpaid:
		ok = e.has(partAddress|partTail, 0)
	case StatusTombstoned:
		ok = e.has(partAddress|partSig|partTail, 0)
	case StatusFound, StatusConflict:
		r.Box.Ciphertext = e.body
		ok = e.has(partAddress|partSig|partTail, len(e.body))
	case StatusDigest:
		r.Epoch = binary.BigEndian.Uint64(e.body)
		copy(r.Digest[:], e.body[8:])
		ok = e.has(partTail, digestSize)
	case StatusBulletin:
		ok = r.parsePiece(e)
	}
	if !ok {
		return Reply{}, errMalformed
	}
	return r, nil
}

// parsePiece reads the parts that only a bulletin's reply has: pieces 2 ‖ length 2 ‖ data.
func (r *Reply) parsePiece(e envelope) (ok bool) {
	r.Box.ID = ID{}
	r.Ask, ok = parseQuestion(e.id)
	r.Pieces = binary.BigEndian.Uint16(e.body)
	length := int(binary.BigEndian.Uint16(e.body[2:]))
	if !ok || r.Ask.Piece >= r.Pieces || length > len(e.body)-pieceHead {
		return false
	}
	r.Data = e.body[pieceHead : pieceHead+length : pieceHead+length]
	return e.has(partID|partTail, pieceHead+length)
}
