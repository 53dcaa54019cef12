package message

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/relation"
	"murmuration/internal/box"
)

// Specification constants (docs/message.md).
const (
	idSize      = 10
	nonceSize   = 8
	mostDeleted = 16 // messages in one record that takes them back
)

// ID names a message, the same at both sides and at all of their devices.
type ID [idSize]byte

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// String is how a person writes it: 16 letters and digits.
func (id ID) String() string { return strings.ToLower(idEncoding.EncodeToString(id[:])) }

// idOf does not depend on the record in which a message came: what no device acknowledged is said
// anew in others.
func idOf(r relation.ID, letter []byte) (id ID) {
	h := sha256.New()
	h.Write([]byte("murmuration/message/v1"))
	h.Write(r[:])
	h.Write(letter)
	copy(id[:], h.Sum(nil))
	return id
}

// item is what a record of this kind says: one of its fields.
type item struct {
	Letter *letter `cbor:"1,keyasint,omitempty"`
	Delete []ID    `cbor:"2,keyasint,omitempty"` // messages that their author takes back
	Seen   *seen   `cbor:"3,keyasint,omitempty"` // among own devices alone
}

// seen is what the person has read, up to a number.
type seen struct {
	Relation relation.ID `cbor:"1,keyasint"`
	Number   uint64      `cbor:"2,keyasint"`
}

// letter is a message as its author wrote it. Its time is the author's claim.
type letter struct {
	Number  uint64          `cbor:"1,keyasint"` // one above the highest that the author had seen
	Nonce   [nonceSize]byte `cbor:"2,keyasint"`
	Time    int64           `cbor:"3,keyasint"` // Unix seconds, a full hour
	Text    string          `cbor:"4,keyasint,omitempty"`
	Expires int64           `cbor:"5,keyasint,omitempty"` // Unix seconds, a full hour
	Photo   *content.Photo  `cbor:"6,keyasint,omitempty"`
	Boxes   *boxes          `cbor:"7,keyasint,omitempty"` // those of the photo
}

// boxes are a stream of their own, which has one photo and nothing else.
type boxes struct {
	Start boxstream.Start `cbor:"1,keyasint"`
	Day   box.Day         `cbor:"2,keyasint"`
}

var (
	errItem  = errors.New("a record about messages says nothing, or two things")
	errPhoto = errors.New("a photo without boxes, or boxes without a photo")
	errTime  = errors.New("a time that is no full hour of our days")
)

// parse reads what a device of a contact, or an own one, said.
func parse(b []byte) (item, error) {
	var i item
	if err := content.Decode(b, &i); err != nil {
		return item{}, err
	}
	return i, i.check()
}

func (i item) check() error {
	n := 0
	for _, has := range []bool{i.Letter != nil, len(i.Delete) > 0, i.Seen != nil} {
		if has {
			n++
		}
	}
	if n != 1 || len(i.Delete) > mostDeleted {
		return errItem
	}
	if i.Letter == nil {
		return nil
	}
	return i.Letter.check()
}

func (l letter) check() error {
	if (l.Photo == nil) != (l.Boxes == nil) {
		return errPhoto
	}
	if l.Number == 0 || !hour(l.Time) || l.Expires != 0 && !hour(l.Expires) {
		return errTime
	}
	if l.Boxes != nil {
		if _, _, err := l.Boxes.Start.Open(); err != nil {
			return err
		}
	}
	return l.sayable()
}

// sayable says what is wrong with the words and the photo.
func (l letter) sayable() error {
	if l.Photo == nil {
		return content.CheckSaid(l.Text)
	}
	return content.CheckSaid(l.Text, *l.Photo)
}

// latest is the last time that a record may name.
var latest = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

func hour(t int64) bool { return t > 0 && t < latest && t%int64(time.Hour/time.Second) == 0 }
