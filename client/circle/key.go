package circle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"

	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/relation"
)

// A circle has a key of its own, and is named by it. With it its author shows each member that the
// card comes from who made the circle: a member who knows the name, and gives somebody else a card
// for it, would have the author's own cards refused there. It is used for nothing else.

// label is what signatures and names of circles begin with.
const label = "murmuration/circle/v1 "

// errKey says that another own device has made a circle, and has not told its key yet.
var errKey = fault.New(
	fault.User, "this circle is not known whole here yet",
	"Your other device tells what is missing; try again in some minutes.",
)

// drawKey makes the key of a new circle, and so its name.
func (o *circle) drawKey(random io.Reader) error {
	o.Seed = make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, o.Seed); err != nil {
		return fmt.Errorf("drawing the key of a circle: %w", err)
	}
	o.ID = idOf(publicOf(o.Seed))
	return nil
}

func publicOf(seed []byte) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

// idOf names a circle: the first 16 bytes of SHA-256(label ‖ "name" ‖ key).
func idOf(key []byte) content.Source {
	sum := sha256.Sum256(append([]byte(label+"name"), key...))
	return content.Source(sum[:16])
}

// granted is what is signed for a member: what only their relation with the author is called.
func granted(r relation.ID) []byte { return append([]byte(label+"member"), r[:]...) }

// grant signs a card for a member.
func (o circle) grant(k *card, r relation.ID) error {
	if o.Seed == nil {
		return errKey
	}
	k.Key = publicOf(o.Seed)
	k.Signature = ed25519.Sign(ed25519.NewKeyFromSeed(o.Seed), granted(r))
	return nil
}

// granted says whether who made the circle gave the card, in this relation.
func (c card) granted(r relation.ID) bool {
	return len(c.Key) == ed25519.PublicKeySize && idOf(c.Key) == c.Circle &&
		ed25519.Verify(c.Key, granted(r), c.Signature)
}

// keyOf is the seed that an own device tells, if it is that of the circle.
func (c card) keyOf() []byte {
	if len(c.Seed) != ed25519.SeedSize || idOf(publicOf(c.Seed)) != c.Circle {
		return nil
	}
	return c.Seed
}
