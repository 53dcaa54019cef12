package session

import (
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/chacha20poly1305"

	"murmuration/client/boxstream"
)

// Sizes of a record, in bytes (docs/session.md, "Records").
const (
	recordVersion = 1
	recordFixed   = 8 + 32 // header and commitment
	turnSize      = cipherSize + keySize
	wrapClear     = 4 + 4 + 4 + 1
	wrapSecret    = 32 + 4
	wrapSize      = wrapClear + wrapSecret + chacha20poly1305.Overhead // 65
)

// flagMoved says that the content begins with the place from which on another stream is read.
const flagMoved = 1

// record is one as its bytes say, before anything of it is believed.
//
//	version 1 ‖ flags 1 ‖ wraps 1 ‖ turns 1 ‖ number 4
//	commitment 32 ‖ wraps 65 each ‖ turns 2,336 each ‖ ciphertext
type record struct {
	flags      byte
	number     uint32
	commitment [32]byte
	wraps      []wrap
	turns      [][turnSize]byte
	ciphertext []byte
}

// wrap brings the record's key to one device.
//
//	hint 4 ‖ turn 4 ‖ counter 4 ‖ part 1 ‖ sealed (key 32 ‖ acknowledged 4) ‖ tag 16
type wrap struct {
	hint          [4]byte
	turn, counter uint32
	part          byte // which of the record's turns is this device's, from 1; 0: none
	sealed        [wrapSecret + chacha20poly1305.Overhead]byte
}

func (w wrap) clear() []byte {
	b := append(make([]byte, 0, wrapSize), w.hint[:]...)
	b = binary.BigEndian.AppendUint32(b, w.turn)
	return append(binary.BigEndian.AppendUint32(b, w.counter), w.part)
}

func (r record) head() []byte {
	b := []byte{recordVersion, r.flags, byte(len(r.wraps)), byte(len(r.turns))}
	b = binary.BigEndian.AppendUint32(b, r.number)
	return append(b, r.commitment[:]...)
}

func (r record) marshal() []byte {
	b := r.head()
	for _, w := range r.wraps {
		b = append(append(b, w.clear()...), w.sealed[:]...)
	}
	for _, t := range r.turns {
		b = append(b, t[:]...)
	}
	return append(b, r.ciphertext...)
}

func parseRecord(b []byte) (r record, err error) {
	if len(b) < recordFixed || b[0] != recordVersion || b[1]&^flagMoved != 0 || b[2] == 0 ||
		b[2] > mostWraps || b[3] > min(mostTurns, b[2]) {
		return record{}, ErrMalformed
	}
	wraps, turns := int(b[2]), int(b[3])
	if len(b) < recordFixed+wraps*wrapSize+turns*turnSize {
		return record{}, ErrMalformed
	}
	r = record{flags: b[1], number: binary.BigEndian.Uint32(b[4:]), commitment: [32]byte(b[8:])}
	for b = b[recordFixed:]; wraps > 0; wraps, b = wraps-1, b[wrapSize:] {
		w := wrap{hint: [4]byte(b), turn: binary.BigEndian.Uint32(b[4:]),
			counter: binary.BigEndian.Uint32(b[8:]), part: b[12]}
		copy(w.sealed[:], b[wrapClear:])
		if int(w.part) > turns {
			return record{}, ErrMalformed
		}
		r.wraps = append(r.wraps, w)
	}
	for ; turns > 0; turns, b = turns-1, b[turnSize:] {
		r.turns = append(r.turns, [turnSize]byte(b))
	}
	r.ciphertext = b
	if r.flags&flagMoved != 0 && len(b) < boxstream.StartSize {
		return record{}, ErrMalformed
	}
	return r, nil
}

// body is the hash of all of a record but its wraps: each of them holds for this one alone.
func (r record) body() [32]byte {
	h := sha256.New()
	h.Write(r.head())
	for _, t := range r.turns {
		h.Write(t[:])
	}
	h.Write(r.ciphertext)
	return [32]byte(h.Sum(nil))
}

// bound is what the key of a wrap holds for: one record at one place, both devices, and what the
// wrap says in the clear. So a state that was put back seals nothing under a key that was used.
func (w wrap) bound(at Place, body [32]byte, from, to DeviceID) []byte {
	index := binary.BigEndian.AppendUint64(nil, at.Index)
	return slices.Concat(at.Root[:], index, from[:], to[:], body[:], w.clear())
}

// hint is how a device finds its wrap: nobody else can tell whose one is.
func (x Session) hint(at Place) [4]byte {
	h := mac(x.Hint, "hint", binary.BigEndian.AppendUint64(at.Root[:], at.Index))
	return [4]byte(h[:])
}

// commit is the hash of a record's key that stands in it: no two devices are given two texts.
func commit(key []byte) [32]byte {
	return sha256.Sum256(slices.Concat([]byte(label+"commitment"), key))
}

// cover seals or opens a content. Its key is used for nothing else, and the wraps hold its hash.
func cover(key, content []byte) []byte {
	c, err := chacha20.NewUnauthenticatedCipher(derive(key, nil, "content", nil, 32),
		zeroNonce)
	if err != nil {
		panic("session: " + err.Error()) // sizes are constants
	}
	out := make([]byte, len(content))
	c.XORKeyStream(out, content)
	return out
}

var zeroNonce = make([]byte, chacha20poly1305.NonceSize)

// once is the cipher of a key that is used once, with a nonce of zeros.
func once(key []byte) cipher.AEAD {
	a, err := chacha20poly1305.New(key)
	if err != nil {
		panic("session: " + err.Error()) // sizes are constants
	}
	return a
}
