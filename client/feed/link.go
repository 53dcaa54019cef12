package feed

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"unicode"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/internal/box"
)

// The bytes of a link (docs/feed.md, "Links"), 59 in all and 107 characters as text:
//
//	version 1 ‖ network 4 ‖ first day 2 ‖ root key of the head 32 ‖ seed 16 ‖ checksum 4
//
// Those of the first version have 87 bytes and 152 characters, and no head:
//
//	version 1 ‖ network 8 ‖ first day 2 ‖ stream 72 ‖ checksum 4
const (
	firstVersion = 1
	linkVersion  = 2
	networkSize  = 8
	shortNetwork = 4
	headSize     = 1 + shortNetwork + 2 + 32 + seedSize + checksumSize
	checksumSize = 4
	linkSize     = 1 + networkSize + 2 + boxstream.StartSize + checksumSize
	linkScheme   = "murmur:feed/"
	maxLinkText  = 4096 // what a tolerant parser looks at
)

// Faults of links.
var (
	ErrLink = fault.New(
		fault.User, "not a feed link", "A feed link begins with "+linkScheme+"; copy all of it.",
	)
	ErrChecksum = fault.New(
		fault.User, "a character of the feed link is wrong or missing",
		"Copy the whole link again.",
	)
	errVersion = fault.New(
		fault.User, "the feed link is of a later version", "Update this program.",
	)
	ErrNetwork = fault.New(
		fault.Trust, "the feed link belongs to another network",
		"Follow it from a home of that network; compare `murmur network show`.",
	)
)

// Network is the beginning of a network id: enough to tell networks apart. That a link works on its
// own network only is seen to by the boxes, which bind the whole id.
type Network [networkSize]byte

// NetworkOf shortens a network id.
func NetworkOf(id box.NetworkID) Network { return Network(id[:networkSize]) }

// Link is all that a follower needs: the way to the feed's head, and the first day on which one is
// there. Whoever has it can read the feed from about there on; nobody can write with it or look
// further back. One that was read from text has either a head or a stream.
type Link struct {
	Network  Network // of a link with a head its first half, and zeros
	FirstDay box.Day
	Stream   boxstream.Start // where the stream begins; zero if that stands in the head alone
	Head     Head            // unknown in links of the first version
}

// of says whether the link is one of a network.
func (l Link) of(n box.NetworkID) bool {
	if l.Head.Known() {
		return string(l.Network[:shortNetwork]) == string(n[:shortNetwork])
	}
	return l.Network == NetworkOf(n)
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// String is the link as people pass it on. Lower case and digits only: it survives being typed,
// quoted, folded, and read by a QR scanner.
func (l Link) String() string {
	return linkScheme + strings.ToLower(encoding.EncodeToString(l.marshal()))
}

func (l Link) marshal() []byte {
	if !l.Head.Known() {
		b := append([]byte{firstVersion}, l.Network[:]...)
		b = binary.BigEndian.AppendUint16(b, uint16(l.FirstDay))
		b = append(b, l.Stream[:]...)
		return append(b, checksum(b)...)
	}
	h := l.Head.at(weekOf(l.FirstDay))
	b := append([]byte{linkVersion}, l.Network[:shortNetwork]...)
	b = binary.BigEndian.AppendUint16(b, uint16(l.FirstDay))
	b = append(append(b, h.Root[:]...), h.Seed[:]...)
	return append(b, checksum(b)...)
}

func checksum(b []byte) []byte {
	sum := sha256.Sum256(append([]byte(linkScheme), b...))
	return sum[:checksumSize]
}

// ParseLink reads a link as people paste it: in either case, with white space or line breaks
// inside, in quotes or angle brackets, with a full stop behind it.
func ParseLink(text string) (Link, error) {
	if len(text) > maxLinkText {
		return Link{}, ErrLink.With("it has %d characters", len(text))
	}
	plain := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\u00ad' {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	plain = strings.Trim(plain, `<>()[]{}"'.,;:!?`+"“”‘’«»`*_")
	code, ok := strings.CutPrefix(plain, linkScheme)
	if !ok {
		return Link{}, ErrLink
	}
	b, err := encoding.DecodeString(strings.ToUpper(code))
	if err != nil {
		return Link{}, ErrChecksum
	}
	return parseLink(b, code)
}

func parseLink(b []byte, code string) (l Link, err error) {
	if len(b) > 0 && b[0] > linkVersion {
		return Link{}, errVersion
	}
	if len(b) < checksumSize {
		return Link{}, ErrChecksum
	}
	body := b[:len(b)-checksumSize]
	if string(checksum(body)) != string(b[len(body):]) {
		return Link{}, ErrChecksum
	}
	switch {
	case len(b) == linkSize && b[0] == firstVersion:
		l.Network = Network(b[1:])
		l.FirstDay = box.Day(binary.BigEndian.Uint16(b[1+networkSize:]))
		l.Stream = boxstream.Start(b[1+networkSize+2 : len(body)])
		_, _, err = l.Stream.Open()
	case len(b) == headSize && b[0] == linkVersion:
		l = parseShort(body)
		_, _, err = l.Head.start().Open()
	default:
		return Link{}, ErrChecksum
	}
	if err != nil {
		return Link{}, ErrLink.With("its keys are no keys: %w", err)
	}
	if l.String() != linkScheme+code { // unused low bits of the last character
		return Link{}, ErrChecksum
	}
	return l, nil
}

func parseShort(body []byte) (l Link) {
	copy(l.Network[:], body[1:1+shortNetwork])
	rest := body[1+shortNetwork:]
	l.FirstDay = box.Day(binary.BigEndian.Uint16(rest))
	l.Head.Week = weekOf(l.FirstDay)
	copy(l.Head.Root[:], rest[2:])
	copy(l.Head.Seed[:], rest[2+len(l.Head.Root):])
	return l
}
