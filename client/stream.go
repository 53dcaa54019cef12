package client

import (
	"crypto/rand"
	"fmt"

	"murmuration/client/feed"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// stream is a sequence of boxes that this person writes: bucket "streams", under its name.
type stream struct {
	Cap    []byte  `cbor:"1,keyasint"`           // box.WriteCap
	Before []byte  `cbor:"2,keyasint"`           // box.Index of the last box that was sealed, or the start
	Epoch  int     `cbor:"3,keyasint"`           // of the feed: counts from 1, and on when a stream was closed
	Day    box.Day `cbor:"4,keyasint"`           // on which it began
	Unsaid bool    `cbor:"5,keyasint,omitempty"` // it replaced another, and its person has not asked for the link yet
}

// feedStream is the name of the one open feed; a photo's stream has the name of its post.
const feedStream = "feed"

func newStream(epoch int, day box.Day) (stream, error) {
	c, err := box.NewWriteCap(rand.Reader)
	if err != nil {
		return stream{}, err
	}
	// The first index stays unused: links carry the state before the first box to be read.
	return stream{Cap: c.Marshal(), Before: c.Start().Marshal(), Epoch: epoch, Day: day}, nil
}

func (s stream) open() (*box.WriteCap, box.Index, error) {
	c, err := box.ParseWriteCap(s.Cap)
	if err != nil {
		return nil, box.Index{}, fmt.Errorf("opening a stream: %w", err)
	}
	before, err := box.ParseIndex(s.Before)
	if err != nil {
		return nil, box.Index{}, fmt.Errorf("opening a stream: %w", err)
	}
	return c, before, nil
}

// reading is what others read the stream with, from the next box on.
func (s stream) reading() (feed.Stream, error) {
	c, before, err := s.open()
	if err != nil {
		return feed.Stream{}, err
	}
	return feed.NewStream(c.ReadCap(), before), nil
}

// letter is one box on its way to its holders: bucket "letters", by number. It is sealed once for its
// day, and only these bytes are sent, however often.
type letter struct {
	Number uint64    `cbor:"1,keyasint"`
	Post   string    `cbor:"2,keyasint"`
	Stream string    `cbor:"3,keyasint"`
	Index  []byte    `cbor:"4,keyasint"`
	Part   int       `cbor:"5,keyasint"`
	Day    box.Day   `cbor:"6,keyasint"`
	Sealed sealedBox `cbor:"7,keyasint"`
}

type sealedBox struct {
	ID         box.ID        `cbor:"1,keyasint"`
	Signature  box.Signature `cbor:"2,keyasint"`
	Ciphertext []byte        `cbor:"3,keyasint"`
}

func letterName(number uint64) string { return fmt.Sprintf("%020d", number) }

func (l letter) put(tx *store.Tx) error { return tx.Put("letters", letterName(l.Number), l) }

func (l letter) request() sender.Request {
	return sender.Request{Token: l.Number, Op: box.OpWrite, Day: l.Day,
		Box: box.Box{ID: l.Sealed.ID, Signature: l.Sealed.Signature, Ciphertext: l.Sealed.Ciphertext}}
}

// seal fills in the box of the letter's index on a day: 1 to 4 ms.
func (l *letter) seal(c *box.WriteCap, network box.NetworkID, day box.Day, plaintext []byte) error {
	index, err := box.ParseIndex(l.Index)
	if err != nil {
		return fmt.Errorf("sealing a box: %w", err)
	}
	b := c.Seal(index, network, day, plaintext)
	l.Day, l.Sealed = day, sealedBox{b.ID, b.Signature, b.Ciphertext}
	return nil
}
