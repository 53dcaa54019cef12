// Package boxstream is streams of boxes: the writing and the reading position of each, and the ids
// that a reader looks for. A writer seals records one after the other; whoever has the start of a
// stream knows which boxes may come, reads them as they do, and nobody sees that two belong
// together.
//
// It is pure, and its values are records for a store. It must not know what a record says, and must
// not send: others carry what it seals, and look for what it names.
package boxstream

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/protocol"
)

// Network is what all boxes of one network have in common.
type Network struct {
	ID       box.NetworkID
	Format   box.Format
	Calendar box.Calendar
	// Listing is the longest time from a holder's taking of a box to its bulletin about it.
	Listing time.Duration
}

// Today is the day of a time.
func (n Network) Today(t time.Time) box.Day { return box.DayOf(n.Calendar.Genesis, t) }

// FirstOpen is the oldest day of which bulletins may still list boxes: today, and yesterday until
// what was written within the grace after midnight is announced.
func (n Network) FirstOpen(t time.Time) box.Day {
	return n.Today(t.Add(-protocol.WriteGrace - n.Listing))
}

// daySwitch is the time after midnight within which writers change to the day that has begun, each
// box at a moment of its own: a clock that is half a minute off stands out nowhere.
const daySwitch = 30 * time.Minute

// SwitchAfter draws how long after midnight a box is still sealed for the day before.
func SwitchAfter(random io.Reader) (time.Duration, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return 0, fmt.Errorf("drawing the day of a box: %w", err)
	}
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(daySwitch)), nil
}

// WritingDay is the day for which a box is sealed at a time, by a draw of SwitchAfter.
func (n Network) WritingDay(t time.Time, after time.Duration) box.Day {
	return n.Today(t.Add(-after))
}

// Writer is a stream that this person writes.
type Writer struct {
	Cap    []byte `cbor:"1,keyasint"` // box.WriteCap
	Before []byte `cbor:"2,keyasint"` // box.Index of the last box that was sealed, or the start
}

// NewWriter begins a stream. Its first index stays unused: a Start carries the state before the
// first box to be read.
func NewWriter(random io.Reader) (Writer, error) {
	c, err := box.NewWriteCap(random)
	if err != nil {
		return Writer{}, err
	}
	return Writer{Cap: c.Marshal(), Before: c.Start().Marshal()}, nil
}

func (w Writer) open() (*box.WriteCap, box.Index, error) {
	c, err := box.ParseWriteCap(w.Cap)
	if err != nil {
		return nil, box.Index{}, fmt.Errorf("opening a stream: %w", err)
	}
	before, err := box.ParseIndex(w.Before)
	if err != nil {
		return nil, box.Index{}, fmt.Errorf("opening a stream: %w", err)
	}
	return c, before, nil
}

// Reader reads the stream from the next box on.
func (w Writer) Reader(first box.Day, now time.Time) (Reader, error) {
	start, err := w.Start()
	if err != nil {
		return Reader{}, err
	}
	return NewReader(start, first, now)
}

// Start is what others read the stream with, from the next box on.
func (w Writer) Start() (Start, error) {
	c, before, err := w.open()
	if err != nil {
		return Start{}, err
	}
	return NewStart(c.ReadCap(), before), nil
}

// Seal makes the next boxes of the stream, for a day, and moves on: some 0.3 ms each.
func (w *Writer) Seal(n Network, day box.Day, records ...box.Record) ([]Sealed, error) {
	plaintexts := make([][]byte, 0, len(records))
	for _, r := range records {
		plaintexts = append(plaintexts, r.Marshal(n.Format))
	}
	return w.SealBytes(n, day, plaintexts...)
}

// SealBytes is Seal for records that are bytes already, as Sealed.Plaintext has them.
func (w *Writer) SealBytes(n Network, day box.Day, plaintexts ...[]byte) ([]Sealed, error) {
	c, index, err := w.open()
	if err != nil {
		return nil, err
	}
	all := make([]Sealed, 0, len(plaintexts))
	for _, plaintext := range plaintexts {
		index = index.Next()
		plaintext = bytes.TrimRight(plaintext, "\x00")
		s := Sealed{Cap: w.Cap, Index: index.Marshal(), Plaintext: plaintext}
		s.seal(c, index, n, day)
		all = append(all, s)
	}
	w.Before = index.Marshal()
	return all, nil
}

// Sealed is a box, with all that it takes to seal its record again at the same index.
type Sealed struct {
	Cap       []byte `cbor:"1,keyasint"` // box.WriteCap
	Index     []byte `cbor:"2,keyasint"`
	Plaintext []byte `cbor:"3,keyasint"` // without the zeros at its end

	Day        box.Day       `cbor:"4,keyasint"`
	ID         box.ID        `cbor:"5,keyasint"`
	Signature  box.Signature `cbor:"6,keyasint"`
	Ciphertext []byte        `cbor:"7,keyasint"`
}

// Box is what is written.
func (s Sealed) Box() box.Box {
	return box.Box{ID: s.ID, Signature: s.Signature, Ciphertext: s.Ciphertext}
}

// Hash is that of the box's bytes.
func (s Sealed) Hash() [32]byte { return Hash(s.Box()) }

// Hash tells boxes of one id apart: SHA-256 of signature ‖ ciphertext.
func Hash(b box.Box) [32]byte {
	return sha256.Sum256(append(bytes.Clone(b.Signature[:]), b.Ciphertext...))
}

// Number is the box's index in its stream.
func (s Sealed) Number() (uint64, error) {
	_, index, err := s.open()
	return index.Number(), err
}

func (s Sealed) open() (*box.WriteCap, box.Index, error) {
	return Writer{Cap: s.Cap, Before: s.Index}.open()
}

// Reader reads the stream from this box on.
func (s Sealed) Reader(now time.Time) (Reader, error) {
	c, index, err := s.open()
	if err != nil {
		return Reader{}, err
	}
	return newReader(c.ReadCap().At(index), s.Day, now), nil
}

// Again seals the same record at the same index under another day.
func (s Sealed) Again(n Network, day box.Day) (Sealed, error) {
	c, index, err := s.open()
	if err != nil {
		return Sealed{}, err
	}
	s.seal(c, index, n, day)
	return s, nil
}

// Tombstone empties the box as it is sealed now.
func (s Sealed) Tombstone(n Network) (box.Box, error) {
	c, index, err := s.open()
	if err != nil {
		return box.Box{}, err
	}
	return c.Tombstone(index, n.ID, s.Day), nil
}

func (s *Sealed) seal(c *box.WriteCap, index box.Index, n Network, day box.Day) {
	plaintext := make([]byte, n.Format.Plaintext)
	copy(plaintext, s.Plaintext)
	b := c.Seal(index, n.ID, day, plaintext)
	s.Day, s.ID, s.Signature, s.Ciphertext = day, b.ID, b.Signature, b.Ciphertext
}
