package feed

import (
	"crypto/sha256"
	"errors"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/internal/box"
)

// A feed's head is a door (boxstream.Door) that says where its posts are: its writers take the
// first index of a day that is free, its readers read all of them. It has other indices each week,
// which derive from those of the week before, so that a link shows no head of an earlier week.
const (
	seedSize  = 16
	weekDays  = 7
	maxAhead  = 1 << 20 // boxes between what a head calls the oldest and the next one
	headLabel = "murmuration/feed/head/v1"
	seedLabel = "murmuration/feed/week/v1"
)

// Head is the way to the heads of a feed, from a week on.
type Head struct {
	Root [32]byte       `cbor:"1,keyasint"` // Ed25519 public key: the feed, for as long as it is
	Week uint16         `cbor:"2,keyasint"` // since the network's first day
	Seed [seedSize]byte `cbor:"3,keyasint"` // of that week
}

func weekOf(day box.Day) uint16 { return uint16(day / weekDays) }

// Known says whether there is a head at all: links of the first version have none.
func (h Head) Known() bool { return h.Root != [32]byte{} }

// Source is the feed.
func (h Head) Source() content.Source { return content.SourceOf(h.Root) }

// at is the way from a later week on.
func (h Head) at(week uint16) Head {
	for ; h.Week < week; h.Week++ {
		sum := sha256.Sum256(append([]byte(seedLabel), h.Seed[:]...))
		h.Seed = [seedSize]byte(sum[:])
	}
	return h
}

// state is the H before the first index of the week.
func (h Head) state() [32]byte {
	return sha256.Sum256(append(append([]byte(headLabel), h.Root[:]...), h.Seed[:]...))
}

// start is what the head of the week is read with.
func (h Head) start() (s boxstream.Start) {
	state := h.state()
	copy(s[:], h.Root[:])
	copy(s[len(s)-len(state):], state[:])
	return s
}

// place is where a head was: of two, the later one counts.
type place struct {
	Day   box.Day `cbor:"1,keyasint"`
	Index int     `cbor:"2,keyasint"` // of the door, from 1 on; zero: there was none
}

func (p place) before(o place) bool {
	return p.Day < o.Day || p.Day == o.Day && p.Index < o.Index
}

// position is what a head says.
type position struct {
	Epoch int             `cbor:"1,keyasint"` // which of the feed's streams it is, from 1 on
	Start boxstream.Start `cbor:"2,keyasint"` // where the stream begins for who is new to it
	Since box.Day         `cbor:"3,keyasint"` // the day on which it stood there
	// Oldest is the first index that may still be stored, Next the one of the next box.
	Oldest uint64 `cbor:"4,keyasint"`
	Next   uint64 `cbor:"5,keyasint"`
	Ended  bool   `cbor:"6,keyasint,omitempty"` // nothing more comes
}

func (p position) check() error {
	_, first, err := p.Start.Open()
	switch {
	case err != nil:
		return err
	case p.Epoch < 1:
		return errors.New("a stream without a number")
	case p.Oldest > p.Next || first.Number() > p.Next || p.Next-first.Number() > maxAhead ||
		p.Next-p.Oldest > maxAhead:
		return errors.New("its boxes are out of order, or too far apart")
	}
	return nil
}

func (p position) marshal() ([]byte, error) { return content.Encode(p) }

// parseHead reads what a head says, which anybody may have written who has the feed's key.
func parseHead(b []byte) (p position, err error) {
	if err = content.Decode(b, &p); err == nil {
		err = p.check()
	}
	if err != nil {
		return position{}, err
	}
	return p, nil
}
