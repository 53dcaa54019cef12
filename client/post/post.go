// Package post is what feeds and circles share: posts that are written into a stream of boxes, and
// streams of posts that are read. Writing seals a draft with its pictures, keeps it in the timeline
// and leaves it to the outbox; Reading is a Part that looks out for the boxes of every stream that
// it was told to read, and keeps what comes in the timeline and with the photos. Sources is what a
// person calls those whom posts are from.
//
// It is pure. It must not know who may read a stream, or how its readers come to it, and it
// believes nothing that a post claims: a name is a claim, and an id is made of what was said.
package post

import (
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/picture"
)

// Source is what a post belongs to: a feed, or a circle. It is the same at every reader.
type Source = content.Source

// ID names the post of a source that has these bytes, the same at every reader.
func ID(s Source, said []byte) string { return content.ID(s, said) }

// errLarge says that pictures take too many boxes.
var errLarge = fault.New(
	fault.User, "the pictures are too large",
	"All pictures of a post may take sixteen boxes together: make them smaller, or fewer.",
)

// Stream is one of a source's streams of boxes.
type Stream struct {
	// Name is unique at this person, and begins with whose it is: "feed/…", "circle/…".
	Name   string
	Source Source
	Epoch  int // which of its source's streams it is, counting up
}

// Place is where a post stands in its author's order: in which stream of its source, and where.
type Place struct {
	_      struct{} `cbor:",toarray"`
	Epoch  int
	Number uint64 // index in the stream
}

// Draft is what a person wants to say.
type Draft struct {
	Text     string
	Pictures []Picture
	// Quick boxes travel as fast as what is read: readers have them sooner, and who watches much of
	// the network and reads the stream needs fewer of them to find its author.
	Quick   bool
	Reply   *content.Reply
	Expires int64  // Unix seconds, a full hour; zero: never
	Warning string // what it is about, to be read before it
	Poll    *content.Poll
}

// Picture is one that is fit to be sent, and what it shows.
type Picture struct {
	picture.Picture
	Alt string
}

// Receipt is what somebody gets for a draft.
type Receipt struct {
	Post  string // its id
	Boxes int
}
