package app

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"

	"murmuration/client/content"
	"murmuration/client/relation"
)

// Specification constants (docs/app.md).
const (
	nonceSize  = 8
	idSize     = 10
	maxName    = 16
	maxContent = 1024 // bytes that an app may say in one record
)

// item is what a record of this kind says.
type item struct {
	App   string          `cbor:"1,keyasint"`
	Nonce [nonceSize]byte `cbor:"2,keyasint"` // of the instance
	// Began says that its author began the instance: those of the two never meet.
	Began   bool   `cbor:"3,keyasint,omitempty"`
	Content []byte `cbor:"4,keyasint"`
}

var errItem = errors.New("a record of an app without a name, or too long")

// parse reads what a device of a contact, or an own one, said.
func parse(b []byte) (i item, err error) {
	if err := content.Decode(b, &i); err != nil {
		return item{}, err
	}
	if !named(i.App) || len(i.Content) == 0 || len(i.Content) > maxContent {
		return item{}, errItem
	}
	return i, nil
}

// named says whether an app may be called so: such a name can be shown as it is.
func named(name string) bool {
	return name != "" && len(name) <= maxName && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

// id names an instance for people, the same at both sides: no contact gives one that is another
// contact's.
func (i item) id(r relation.ID) string { return digest("murmuration/app/v1", r[:], i.Nonce[:]) }

// step names what was said, for the outbox.
func (i item) step(r relation.ID) string {
	return digest("murmuration/app/step/v1", r[:], i.Nonce[:], i.Content)
}

func digest(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			h.Write([]byte(p))
		case []byte:
			h.Write(p)
		}
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:idSize]))
}
