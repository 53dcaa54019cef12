package circle

import (
	"errors"

	"github.com/rivo/uniseg"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/internal/box"
)

// Specification constants (docs/circle.md).
const (
	nonceSize   = 8
	maxReaction = 32 // bytes of one emoji: families of four, flags and all
	maxPack     = 10 // posts that a newcomer gets
)

// item is what a record of this kind says over a relation: one of its fields. A card and its end go
// from the author of a circle to a member, everything else but Mine from a member to the author.
type item struct {
	Card  *card  `cbor:"1,keyasint,omitempty"`
	Out   *about `cbor:"2,keyasint,omitempty"` // no member any more
	Ask   *about `cbor:"3,keyasint,omitempty"` // for a card with the present position
	Reply *reply `cbor:"4,keyasint,omitempty"`
	React *react `cbor:"5,keyasint,omitempty"`
	Vote  *vote  `cbor:"6,keyasint,omitempty"`
	Mine  *card  `cbor:"7,keyasint,omitempty"` // among own devices: what this one writes
	// Photo is asked for by a member, whose boxes are not kept any more; Again is where it is.
	Photo *wanted `cbor:"8,keyasint,omitempty"`
	Again *again  `cbor:"9,keyasint,omitempty"`
}

// about names a circle.
type about struct {
	Circle content.Source `cbor:"1,keyasint"`
}

// card lets a member read what one device of an author writes to a circle in one epoch, from the
// next box on.
type card struct {
	Circle content.Source  `cbor:"1,keyasint"`
	Name   string          `cbor:"2,keyasint"`
	Epoch  uint32          `cbor:"3,keyasint"` // of this device; counts from 1
	Start  boxstream.Start `cbor:"4,keyasint"`
	Day    box.Day         `cbor:"5,keyasint"`
	Pack   *pack           `cbor:"6,keyasint,omitempty"`
	// Key and Signature show a member that who made the circle gives it.
	Key       []byte `cbor:"7,keyasint,omitempty"`
	Signature []byte `cbor:"8,keyasint,omitempty"`
	// Seed is the circle's own, among own devices.
	Seed []byte `cbor:"9,keyasint,omitempty"`
}

// pack is a stream with the last posts of a circle, and nothing else.
type pack struct {
	Start boxstream.Start `cbor:"1,keyasint"`
	Posts int             `cbor:"2,keyasint"`
	// Where each of the posts was published: the author's epoch (zero: not known), and the index in
	// its stream. Earlier versions say neither.
	Epochs  []uint32 `cbor:"3,keyasint,omitempty"`
	Indices []uint64 `cbor:"4,keyasint,omitempty"`
}

// reply is what a member answers to a post of the author's.
type reply struct {
	Circle content.Source  `cbor:"1,keyasint"`
	Post   string          `cbor:"2,keyasint"`
	Nonce  [nonceSize]byte `cbor:"3,keyasint"`
	Text   string          `cbor:"4,keyasint"`
}

// react is what a member feels about a post, in place of what they felt before.
type react struct {
	Circle content.Source `cbor:"1,keyasint"`
	Post   string         `cbor:"2,keyasint"`
	Emoji  string         `cbor:"3,keyasint,omitempty"` // empty: nothing any more
}

// vote is a member's choice, in place of an earlier one.
type vote struct {
	Circle content.Source `cbor:"1,keyasint"`
	Post   string         `cbor:"2,keyasint"`
	Choice int            `cbor:"3,keyasint"` // of the options, from 0
}

var (
	errItem     = errors.New("a record about circles says nothing, or two things")
	errCard     = errors.New("a card that no circle has")
	errPost     = errors.New("it is about no post")
	errReaction = errors.New("a reaction that is not one emoji")
)

// parse reads what a device of a contact, or an own one, said.
func parse(b []byte) (i item, err error) {
	if err := content.Decode(b, &i); err != nil {
		return item{}, err
	}
	return i, i.check()
}

func (i item) check() error {
	n := 0
	for _, has := range []bool{
		i.Card != nil, i.Out != nil, i.Ask != nil, i.Reply != nil, i.React != nil, i.Vote != nil,
		i.Mine != nil, i.Photo != nil, i.Again != nil,
	} {
		if has {
			n++
		}
	}
	switch {
	case n != 1:
		return errItem
	case i.Card != nil:
		return i.Card.check()
	case i.Mine != nil:
		return i.Mine.check()
	case i.Photo != nil:
		return checkPhoto(i.Photo.Post, i.Photo.Index)
	case i.Again != nil:
		return i.Again.check()
	case i.Reply != nil:
		return errors.Join(checkPost(i.Reply.Post), content.CheckSaid(i.Reply.Text))
	case i.React != nil:
		return errors.Join(checkPost(i.React.Post), checkReaction(i.React.Emoji))
	case i.Vote != nil && (i.Vote.Choice < 0 || i.Vote.Choice >= content.MaxOptions):
		return errPost
	case i.Vote != nil:
		return checkPost(i.Vote.Post)
	}
	return nil
}

func (c card) check() error {
	if c.Epoch == 0 || content.CheckName(c.Name) != nil {
		return errCard
	}
	if _, _, err := c.Start.Open(); err != nil {
		return err
	}
	if c.Pack == nil {
		return nil
	}
	n := len(c.Pack.Epochs)
	if c.Pack.Posts < 1 || c.Pack.Posts > maxPack || n != 0 && n != c.Pack.Posts ||
		n != len(c.Pack.Indices) {
		return errCard
	}
	_, _, err := c.Pack.Start.Open()
	return err
}

func checkPost(id string) error {
	if !content.IsID(id) {
		return errPost
	}
	return nil
}

// checkReaction takes one emoji, or whatever else a person sees as one character, and nothing.
func checkReaction(emoji string) error {
	if emoji == "" {
		return nil
	}
	if len(emoji) > maxReaction || content.CheckName(emoji) != nil ||
		uniseg.GraphemeClusterCount(emoji) != 1 {
		return errReaction
	}
	return nil
}
