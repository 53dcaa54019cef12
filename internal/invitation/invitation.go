// Package invitation is the codes by which a provider takes those whom its operator has invited: 16
// random bytes, as text for people and as hashes for the provider's disk. docs/provider.md has the
// format.
//
// It must not know who was invited or who came: a code is made from nothing but chance.
package invitation

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"io"
	"strings"
)

// Sizes in bytes (docs/provider.md, section "Invitations").
const (
	codeSize = 16
	sumSize  = 4
)

// ErrMalformed is returned for a text that is no invitation, or was not copied whole.
var ErrMalformed = errors.New("malformed invitation")

// Code is what a client shows.
type Code [codeSize]byte

// Hash is what a provider keeps of a code, and of a code with the key that came with it.
type Hash [sha256.Size]byte

// New makes a code.
func New(random io.Reader) (c Code, err error) {
	_, err = io.ReadFull(random, c[:])
	return c, err
}

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// sum finds mistakes in copying.
func (c Code) sum(provider string) []byte {
	h := sha256.Sum256([]byte("murmuration/invitation/text/v1" + provider + "/" + string(c[:])))
	return h[:sumSize]
}

// Text is a code for people: the name of the provider that takes it, and 32 letters and digits.
func (c Code) Text(provider string) string {
	return provider + "/" + letters.EncodeToString(append(c[:], c.sum(provider)...))
}

// Parse reads a text, in its one spelling.
func Parse(text string) (provider string, c Code, err error) {
	provider, rest, _ := strings.Cut(text, "/")
	raw, err := letters.DecodeString(rest)
	if err != nil || len(raw) != codeSize+sumSize || provider == "" {
		return "", Code{}, ErrMalformed
	}
	if c = Code(raw); c.Text(provider) != text {
		return "", Code{}, ErrMalformed
	}
	return provider, c, nil
}

// Hash is what a provider of a network keeps of a code that it made.
func (c Code) Hash(network [32]byte) Hash {
	return sha256.Sum256([]byte("murmuration/invitation/v1" + string(network[:]) + string(c[:])))
}

// Bound is what it keeps of the key that came with the code first: without the code it says
// nothing.
func (c Code) Bound(network, key [32]byte) Hash {
	return sha256.Sum256([]byte("murmuration/invitation/bound/v1" + string(network[:]) +
		string(c[:]) + string(key[:])))
}
