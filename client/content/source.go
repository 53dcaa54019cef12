package content

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Source is what a post belongs to: a feed, or a circle. It is the same at every reader.
type Source [16]byte

// SourceOf names a feed by a root key that is its own for as long as there is the feed.
func SourceOf(root [32]byte) Source {
	sum := sha256.Sum256(append([]byte("murmuration/source/v1"), root[:]...))
	return Source(sum[:16])
}

// IDSize is how many characters an id of a post has.
const IDSize = 16

const idBytes = 10

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// ID names the post of a source that has these bytes, the same at every reader.
func ID(s Source, said []byte) string {
	h := sha256.New()
	h.Write([]byte("murmuration/post/v1"))
	h.Write(s[:])
	h.Write(said)
	return strings.ToLower(idEncoding.EncodeToString(h.Sum(nil)[:idBytes]))
}

// IsID says whether a text has the form of an id.
func IsID(id string) bool {
	_, err := idEncoding.DecodeString(strings.ToUpper(id))
	return err == nil && len(id) == IDSize && id == strings.ToLower(id)
}
