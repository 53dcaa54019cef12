// Package content is what the records in boxes say: posts and photos. It turns bytes into checked
// values and back, and must not draw, store or send anything.
package content

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"murmuration/client/fault"
	"murmuration/internal/box"
)

// Kinds of records in boxes (box.Record). 1 and 2 were those of earlier versions.
const (
	KindPost  box.Kind = 3
	KindPhoto box.Kind = 4 // a part of a JPEG file, behind the post that it belongs to
	KindCover box.Kind = 5 // nothing: in a stream that nobody follows

	KindCard    box.Kind = 6 // in doors: a device shows itself
	KindAnswer  box.Kind = 7 // in doors: to a card
	KindSession box.Kind = 8 // what one device says to the others of a relation
)

// Limits of a post, in bytes. Text, thumbnail and the rest fit into one box of 8,192.
const (
	MaxText   = 3000
	maxName   = 64
	MaxAlt    = 500
	MaxThumb  = 4000
	MaxPhoto  = 128 << 10 // the JPEG file: 16 boxes
	maxPixels = 1 << 14   // of a side
)

// MaxPhotoBoxes is how many boxes a photo may take: they are those of its feed, and whoever follows
// that is known by nothing but its boxes.
const MaxPhotoBoxes = 16

// Faults of posts.
var (
	errPost = fault.New(
		fault.Trust, "malformed post",
		"The author's program made something that this one does not understand.",
	)
	errTooLong = fault.New(
		fault.User, "the post is too long",
		"A post has up to 3,000 bytes of text and 500 of description.",
	)
	errEmpty = fault.New(fault.User, "the post is empty", "Give it some text or a photo.")
	errText  = fault.New(
		fault.User, "the text is not valid UTF-8 or has control characters",
		"Convert it to UTF-8, and leave out what is no text.",
	)
	ErrName = fault.New(
		fault.User, "not a name that can be shown",
		"A name has 1 to 64 bytes, without line breaks.",
	)
)

// Post is one entry of a feed, as its author wrote it. All of it, the name and the time included,
// is the author's claim.
type Post struct {
	Name  string `cbor:"1,keyasint"`
	Time  int64  `cbor:"2,keyasint"` // Unix seconds, a full hour
	Text  string `cbor:"3,keyasint,omitempty"`
	Photo *Photo `cbor:"4,keyasint,omitempty"`
}

// Photo describes a picture, whose boxes are those of the feed behind the post's.
type Photo struct {
	Hash   [32]byte `cbor:"1,keyasint"` // SHA-256 of the JPEG file
	Size   int      `cbor:"2,keyasint"` // bytes
	Width  int      `cbor:"3,keyasint"`
	Height int      `cbor:"4,keyasint"`
	Alt    string   `cbor:"5,keyasint,omitempty"`
	Thumb  []byte   `cbor:"6,keyasint,omitempty"` // a small JPEG
}

// Hour is the time that a post of this moment carries: more would tell when its author was there.
func Hour(t time.Time) int64 { return t.Truncate(time.Hour).Unix() }

var (
	encMode = must(cbor.CanonicalEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 4,
		MaxArrayElements: 128, MaxMapPairs: 16,
		UTF8: cbor.UTF8RejectInvalid,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("content: CBOR mode: " + err.Error())
	}
	return v
}

// Marshal encodes the post for a box with room for `room` bytes of content. A thumbnail that does
// not fit any more is left out.
func (p Post) Marshal(room int) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	b, err := encMode.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encoding a post: %w", err)
	}
	if len(b) > room && p.Photo != nil && p.Photo.Thumb != nil {
		bare := *p.Photo
		bare.Thumb = nil
		p.Photo = &bare
		return p.Marshal(room)
	}
	if len(b) > room {
		return nil, errTooLong.With(
			"it has %d bytes, and this network's boxes carry %d", len(b), room,
		)
	}
	return b, nil
}

// ParsePost reads what Marshal wrote and refuses every second spelling.
func ParsePost(b []byte) (Post, error) {
	var p Post
	if err := decMode.Unmarshal(b, &p); err != nil {
		return Post{}, errPost.With("%w", err)
	}
	if err := p.Check(); err != nil {
		return Post{}, errPost.With("%w", err)
	}
	again, err := encMode.Marshal(p)
	if err != nil || string(again) != string(b) {
		return Post{}, errPost.With("not in canonical form")
	}
	return p, nil
}

// Check says what is wrong with a post, for its author or for its reader.
func (p Post) Check() error {
	switch {
	case CheckName(p.Name) != nil:
		return CheckName(p.Name)
	case len(p.Text) > MaxText:
		return errTooLong.With("%d bytes of text", len(p.Text))
	case !printable(p.Text):
		return errText
	case p.Photo == nil && strings.TrimSpace(p.Text) == "":
		return errEmpty
	case p.Time < 0 || p.Time > time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Unix():
		return errors.New("its time is out of range")
	case p.Time%int64(time.Hour/time.Second) != 0:
		return errors.New("its time is not a full hour")
	case p.Photo != nil:
		return p.Photo.check()
	}
	return nil
}

func (p *Photo) check() error {
	switch {
	case len(p.Alt) > MaxAlt:
		return errTooLong.With("%d bytes of description", len(p.Alt))
	case !printable(p.Alt):
		return errText
	case p.Size < 1 || p.Size > MaxPhoto || len(p.Thumb) > MaxThumb:
		return fmt.Errorf("a photo of %d bytes with a thumbnail of %d", p.Size, len(p.Thumb))
	case min(p.Width, p.Height) < 1 || max(p.Width, p.Height) > maxPixels:
		return fmt.Errorf("a photo of %d × %d pixels", p.Width, p.Height)
	}
	return nil
}

// CheckName refuses names that a list could not show on one line.
func CheckName(name string) error {
	if name == "" || len(name) > maxName || !printable(name) || strings.ContainsAny(name, "\n\t") ||
		strings.TrimSpace(name) != name {
		return ErrName
	}
	return nil
}

// printable refuses what could move a terminal's cursor or turn text around.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != '\n' && r != '\t' &&
			(unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
	})
}
