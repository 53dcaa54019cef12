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

// The bytes of a link (docs/client.md, "Feed links"), 87 in all and 151 characters as text:
//
//	version 1 ‖ network 8 ‖ first day 2 ‖ stream 72 ‖ checksum 4
const (
	linkVersion  = 1
	networkSize  = 8
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

// Link is all that a follower needs: where the stream of boxes begins for them, and on which day.
// Whoever has it can read the feed from there on; nobody can write with it or look further back.
type Link struct {
	Network  Network
	FirstDay box.Day
	Stream   boxstream.Start
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// String is the link as people pass it on. Lower case and digits only: it survives being typed,
// quoted, folded, and read by a QR scanner.
func (l Link) String() string {
	return linkScheme + strings.ToLower(encoding.EncodeToString(l.marshal()))
}

func (l Link) marshal() []byte {
	b := append([]byte{linkVersion}, l.Network[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(l.FirstDay))
	b = append(b, l.Stream[:]...)
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
	if len(b) != linkSize {
		return Link{}, ErrChecksum
	}
	body := b[:linkSize-checksumSize]
	if b[0] != linkVersion || string(checksum(body)) != string(b[len(body):]) {
		return Link{}, ErrChecksum
	}
	l.Network = Network(b[1:])
	l.FirstDay = box.Day(binary.BigEndian.Uint16(b[1+networkSize:]))
	l.Stream = boxstream.Start(b[1+networkSize+2 : len(body)])
	if l.String() != linkScheme+code { // unused low bits of the last character
		return Link{}, ErrChecksum
	}
	if _, _, err := l.Stream.Open(); err != nil {
		return Link{}, ErrLink.With("its keys are no keys: %w", err)
	}
	return l, nil
}
