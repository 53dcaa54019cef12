// Package content is what the records in boxes say: posts, pictures and what is said about posts.
// It turns bytes into checked values and back, and must not draw, store or send anything.
package content

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"murmuration/client/fault"
	"murmuration/internal/box"
)

// Kinds of records in boxes (box.Record). 1 and 2 were those of earlier versions.
const (
	KindPost  box.Kind = 3
	KindPhoto box.Kind = 4 // a part of a JPEG file, behind the post that it belongs to
	KindCover box.Kind = 5 // nothing: in a stream nobody follows, or where a post was taken back

	KindCard    box.Kind = 6 // in doors: a device shows itself
	KindAnswer  box.Kind = 7 // in doors: to a card
	KindSession box.Kind = 8 // what one device says to the others of a relation

	KindNote box.Kind = 9  // in circles: what their author says about posts
	KindHead box.Kind = 10 // of a feed: where its posts are, or that it has ended
)

// Limits of a post, in bytes where nothing else is said. Text, thumbnails and the rest fit into one
// box of 8,192; thumbnails that do not are left out.
const (
	MaxText    = 3000
	maxName    = 64
	MaxAlt     = 500
	MaxWarning = 100
	MaxThumb   = 4000
	MaxPhoto   = 128 << 10 // the JPEG file: 16 boxes
	MaxPhotos  = 4
	MaxOptions = 8
	MaxOption  = 80
	maxPixels  = 1 << 14 // of a side
)

// MaxPhotoBoxes is how many boxes the photos of one post may take together: they are those of its
// feed, and whoever follows that is known by nothing but its boxes.
const MaxPhotoBoxes = 16

// Faults of posts.
var (
	errPost = fault.New(
		fault.Trust, "malformed post",
		"The author's program made something that this one does not understand.",
	)
	errTooLong = fault.New(
		fault.User, "the text is too long",
		"What is said at once has up to 3,000 bytes of text, 500 of a description and 100 of a "+
			"warning.",
	)
	errEmpty = fault.New(
		fault.User, "nothing is said", "Give it some text that can be seen, or a photo.",
	)
	errText = fault.New(
		fault.User, "the text is not valid UTF-8 or has control characters",
		"Convert it to UTF-8, and leave out what is no text: escape sequences, and the characters "+
			"that turn the direction of text around.",
	)
	errLine = fault.New(
		fault.User, "a warning or an option of a poll is empty or has more than one line",
		"Give each of them one line that can be seen.",
	)
	ErrPhotos = fault.New(
		fault.User, "too many photos", fmt.Sprintf("A post has up to %d.", MaxPhotos),
	)
	errTwice = fault.New(
		fault.User, "a poll has the same option twice", "Whoever votes for one means the other.",
	)
	errPoll = fault.New(
		fault.User, "not a poll", "A poll has 2 to 8 options of up to 80 bytes, and an end.",
	)
	ErrName = fault.New(
		fault.User, "not a name that can be shown",
		"A name has 1 to 64 bytes that can be seen, without line breaks.",
	)
)

func decOptions(unknown cbor.ExtraDecErrorCond) cbor.DecOptions {
	return cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		TagsMd: cbor.TagsForbidden, ExtraReturnErrors: unknown, MaxNestedLevels: 4,
		MaxArrayElements: 128, MaxMapPairs: 16, UTF8: cbor.UTF8RejectInvalid,
	}
}

var (
	encMode = must(cbor.CanonicalEncOptions().EncMode())
	// keptMode reads what was checked before it was kept.
	keptMode = must(decOptions(cbor.ExtraDecErrorNone).DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("content: CBOR mode: " + err.Error())
	}
	return v
}
