// Package session is conversations between devices: a device begins one with a card and an answer
// to it, and from then on everything that it writes to another device is sealed under keys that are
// used once, change with every record, and heal after a theft. docs/session.md is the
// specification.
//
//	record = header 8 ‖ commitment 32 ‖ wraps 65 each ‖ turns 2,336 each ‖ ciphertext
//
// It is pure: time and randomness are arguments, and a State is a value for a store. Each method
// leaves it as it is and returns the next one, so that a caller can keep that, the text and the
// position in one transaction, before anything leaves or is shown. It must not know what a text
// says, where boxes are, or who a person is; and it must never use a key twice.
package session

import (
	"errors"
	"slices"
	"time"
)

// Specification constants (docs/session.md, section "Limits").
const (
	MostDevices  = 5    // of a person, in one relation
	mostSessions = 4    // with one device, at once
	mostKnocks   = 4    // of this device, that wait for answers
	mostSecrets  = 8    // of sessions with one device that are over
	mostSkipped  = 1000 // records of a chain that cannot come any more
	mostTurns    = 3    // in one record
	mostWraps    = 32   // in one record
	mostAhead    = 1000 // generations of a card in this device's name, of another maker
	copiedApart  = 1000 // from the numbers of records that a copy may have used
)

const (
	// Patience is for how long a knock waits, a device may be silent, and a revoked one may object.
	Patience = 90 * 24 * time.Hour
	// answerWithin is how soon a turn is answered that came with something to read.
	answerWithin = 7 * 24 * time.Hour
)

// DeviceID names a device in one relation and nowhere else: SHA-256 of its first card.
type DeviceID [32]byte

// String keeps whole ids out of texts.
func (d DeviceID) String() string { return "device " + hexShort(d) }

// Place is where a record stands: the root key of its stream, and the number of its index.
type Place struct {
	Root  [32]byte
	Index uint64
}

// after says whether an index is behind another one; numbers begin anywhere and may wrap.
func after(index, last uint64) bool { return int64(index-last) > 0 }

// State is all that one device holds of its conversations in one relation: with the contact's
// devices, and with its own person's others. The caller makes one with the Relation alone.
type State struct {
	Self   DeviceID `cbor:"1,keyasint"` // zero before its first card
	Number uint32   `cbor:"2,keyasint"` // of the last record that it wrote
	Knocks []Knock  `cbor:"3,keyasint,omitempty"`
	Peers  []Peer   `cbor:"4,keyasint,omitempty"`
	Stream [32]byte `cbor:"5,keyasint"` // the root key of its own stream
	Index  uint64   `cbor:"6,keyasint"` // of its last record there
	// Relation is what both persons know of their relation, and nobody can make equal to that of
	// another one: a contact cannot pass cards on between two others.
	Relation [32]byte `cbor:"7,keyasint"`
	// Rival is the generation of a card that somebody else made with this device's name.
	Rival uint32 `cbor:"8,keyasint,omitempty"`
}

// Knock is a card that this device put into a door, until all have answered it.
type Knock struct {
	Card       CardHash `cbor:"1,keyasint"`
	Seed       [32]byte `cbor:"2,keyasint"` // of its X-Wing key
	Generation uint32   `cbor:"3,keyasint"`
	Made       int64    `cbor:"4,keyasint"` // Unix seconds
	Stream     [32]byte `cbor:"5,keyasint"` // that the card names
}

// Peer is another device, and the sessions with it, the most preferred first.
type Peer struct {
	Device   DeviceID   `cbor:"1,keyasint"`
	Own      bool       `cbor:"2,keyasint,omitempty"` // of the same person
	Standing Standing   `cbor:"3,keyasint,omitempty"`
	By       []DeviceID `cbor:"4,keyasint,omitempty"` // who said that it is gone
	Heard    int64      `cbor:"5,keyasint"`           // when a record of it opened; Unix s
	Changed  int64      `cbor:"6,keyasint,omitempty"` // when its standing did
	// Secrets are those of sessions that are over, newest first: a device proves by one secret of
	// any session that it is the same, if it is known to have had one.
	Secrets  [][32]byte `cbor:"7,keyasint"`
	Proven   bool       `cbor:"8,keyasint,omitempty"`
	Sessions []Session  `cbor:"9,keyasint"`
}

// Session is a double ratchet between two devices, and the place in the peer's stream.
type Session struct {
	Card       CardHash `cbor:"1,keyasint"`           // of the knock that it began with
	Generation uint32   `cbor:"2,keyasint"`           // of that knock
	Confirmed  bool     `cbor:"3,keyasint,omitempty"` // the peer has it, too
	Secret     [32]byte `cbor:"4,keyasint"`           // by which each knows the other again
	Hint       [32]byte `cbor:"5,keyasint"`           // by which wraps are found
	Root       [32]byte `cbor:"6,keyasint"`
	Turn       uint32   `cbor:"7,keyasint"`           // the newest one, of either side
	Seed       []byte   `cbor:"8,keyasint,omitempty"` // if that was ours: of the key in it
	Their      []byte   `cbor:"9,keyasint,omitempty"` // if it was theirs: the key in it
	Sending    Chain    `cbor:"10,keyasint"`
	Receiving  Chain    `cbor:"11,keyasint"`
	Stream     [32]byte `cbor:"12,keyasint"` // the root key of the peer's stream
	Last       uint64   `cbor:"13,keyasint"` // the index there that was taken last
	Seen       uint32   `cbor:"14,keyasint"` // the number of the peer's last record that opened
	Acked      uint32   `cbor:"15,keyasint"` // the same of ours, as the peer said it
	Turned     uint32   `cbor:"16,keyasint"` // the number of our record that turned last

	Owed  int64 `cbor:"17,keyasint,omitempty"` // since when a turn waits for ours
	Begun int64 `cbor:"18,keyasint"`
}

// Chain gives one key after the other, forwards only.
type Chain struct {
	Turn    uint32   `cbor:"1,keyasint"`
	Counter uint32   `cbor:"2,keyasint"` // of the next key
	Key     [32]byte `cbor:"3,keyasint"`
}

// Errors of what came from others. What opens nothing harms nothing: a caller counts it.
var (
	ErrMalformed = errors.New("malformed card, answer or record")
	ErrForged    = errors.New("record that does not open, or says what it must not")
	ErrOld       = errors.New("a place that was taken before, or a card that was answered")
	ErrStranger  = errors.New("no device is known by this")
	ErrNotForUs  = errors.New("record without a wrap for this device")
	// ErrLost: keys that this record goes on from cannot come any more. The way on is a knock.
	ErrLost = errors.New("record after something that was lost")
	// ErrClaim: a card names a device that is known here, and does not prove that it is the same.
	ErrClaim = errors.New("card of a device that it cannot prove to be")
	// ErrGone: a card of a device of which another one has said that it is gone.
	ErrGone        = errors.New("card of a device that is said to be gone")
	ErrMostDevices = errors.New("a sixth device of one person")
	ErrOwn         = errors.New("card of this device")
)

// Errors of what a caller asks for.
var (
	ErrTooLong = errors.New("more than a record has room for")
	ErrNobody  = errors.New("no device to write to")
	ErrPlace   = errors.New("record for a place that is not the next one of this device")
)

// Check refuses a state that came from a store and is none.
func (s State) Check() error {
	if len(s.Knocks) > mostKnocks || len(s.Peers) > 2*MostDevices {
		return ErrMalformed
	}
	for _, p := range s.Peers {
		if len(p.Sessions) > mostSessions || len(p.Secrets) > mostSecrets ||
			p.Standing > Disputed || len(p.By) > MostDevices {
			return ErrMalformed
		}
		for _, x := range p.Sessions {
			ours, theirs := len(x.Seed) == 32, len(x.Their) == keySize
			if ours == theirs || len(x.Seed)+len(x.Their) != 32 && !theirs ||
				theirs && len(x.Seed) != 0 {
				return ErrMalformed
			}
		}
	}
	return nil
}

// clone is a copy that can be changed: keys in it are replaced, never written over.
func (s State) clone() State {
	s.Knocks, s.Peers = slices.Clone(s.Knocks), slices.Clone(s.Peers)
	for i := range s.Peers {
		p := &s.Peers[i]
		p.Secrets, p.Sessions = slices.Clone(p.Secrets), slices.Clone(p.Sessions)
	}
	return s
}

// peer finds a device, or is nil.
func (s *State) peer(d DeviceID) *Peer {
	for i := range s.Peers {
		if s.Peers[i].Device == d {
			return &s.Peers[i]
		}
	}
	return nil
}
