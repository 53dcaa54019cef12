// Package boxstream is streams of boxes: the writing and the reading position of each, and the days
// on which a reader looks. A writer seals records one after the other; whoever has the start of a
// stream reads them in that order, and nobody sees that two boxes belong together.
//
// It is pure, and its values are records for a store. It must not know what a record says, and must
// not send: others carry what it seals, and look for what it names.
package boxstream

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"murmuration/internal/box"
)

// Network is what all boxes of one network have in common.
type Network struct {
	ID       box.NetworkID
	Format   box.Format
	Calendar box.Calendar
}

// Today is the day of a time.
func (n Network) Today(t time.Time) box.Day { return box.DayOf(n.Calendar.Genesis, t) }

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

// Start is what others read the stream with, from the next box on.
func (w Writer) Start() (Start, error) {
	c, before, err := w.open()
	if err != nil {
		return Start{}, err
	}
	return NewStart(c.ReadCap(), before), nil
}

// Seal makes the next boxes of the stream, for a day, and moves on: 1 to 4 ms each.
func (w *Writer) Seal(n Network, day box.Day, records ...box.Record) ([]Sealed, error) {
	c, index, err := w.open()
	if err != nil {
		return nil, err
	}
	all := make([]Sealed, 0, len(records))
	for _, r := range records {
		index = index.Next()
		plaintext := bytes.TrimRight(r.Marshal(n.Format), "\x00")
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

// Again seals the same record at the same index under another day.
func (s Sealed) Again(n Network, day box.Day) (Sealed, error) {
	c, index, err := Writer{Cap: s.Cap, Before: s.Index}.open()
	if err != nil {
		return Sealed{}, err
	}
	s.seal(c, index, n, day)
	return s, nil
}

func (s *Sealed) seal(c *box.WriteCap, index box.Index, n Network, day box.Day) {
	plaintext := make([]byte, n.Format.Plaintext)
	copy(plaintext, s.Plaintext)
	b := c.Seal(index, n.ID, day, plaintext)
	s.Day, s.ID, s.Signature, s.Ciphertext = day, b.ID, b.Signature, b.Ciphertext
}
