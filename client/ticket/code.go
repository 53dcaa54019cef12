package ticket

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"io"
	"strings"
	"unicode"

	"murmuration/client/fault"
	"murmuration/internal/box"
)

// The bytes of a ticket (docs/contact.md, "Tickets"), 32 in all and 66 characters as text:
//
//	version 1 ‖ network 8 ‖ day 2 ‖ days 1 ‖ secret 16 ‖ checksum 4
const (
	version      = 1
	networkSize  = 8
	secretSize   = 16
	checksumSize = 4
	size         = 1 + networkSize + 2 + 1 + secretSize + checksumSize
	letters      = (size*8 + 4) / 5 // 52
	scheme       = "murmur:invite/"
	maxText      = 4096 // what a tolerant parser looks at
	maxGuesses   = 4096 // spellings of one text that it tries
)

// MostDays is how long a ticket lives: two days before its boxes are not kept any more.
const MostDays = 12

// Faults of tickets, as they are read.
var (
	ErrTicket = fault.New(
		fault.User, "not an invitation",
		"An invitation begins with "+scheme+" and has 52 letters and digits behind it; copy all "+
			"of it.",
	)
	ErrDamaged = fault.New(
		fault.User, "a character of the invitation is wrong or missing",
		"Copy the whole invitation again, or ask for another one.",
	)
	ErrVersion = fault.New(
		fault.User, "the invitation is of a later version", "Update this program.",
	)
	ErrNetwork = fault.New(
		fault.Trust, "the invitation belongs to another network",
		"Accept it from a home of that network; compare `murmur network show`.",
	)
	errFeed = fault.New(
		fault.User, "this is the link of a feed, and no invitation",
		"`murmur feed follow LINK` reads it.",
	)
	errProvider = fault.New(
		fault.User, "this is the code of a provider, and no invitation of a person",
		"It belongs into client.toml, as invitation = \"…\".",
	)
)

// Ticket is an invitation: a secret for one meeting. Whoever sees it in time can use it up or
// destroy it; whoever finds it afterwards reads the card of who made it, and nothing else.
type Ticket struct {
	Network [networkSize]byte `cbor:"1,keyasint"` // the beginning of its id
	Day     box.Day           `cbor:"2,keyasint"` // on which the card is written
	Days    uint8             `cbor:"3,keyasint"` // for which it can be used after that, 1 to 12
	Secret  [secretSize]byte  `cbor:"4,keyasint"`
}

// New draws a ticket of a day.
func New(random io.Reader, network box.NetworkID, day box.Day, days int) (t Ticket, err error) {
	t = Ticket{Network: [networkSize]byte(network[:]), Day: day, Days: uint8(days)}
	_, err = io.ReadFull(random, t.Secret[:])
	return t, err
}

// Last is the last day on which the ticket can be used.
func (t Ticket) Last() box.Day {
	return box.Day(min(int(t.Day)+int(t.Days), 1<<16-1))
}

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").
	WithPadding(base32.NoPadding)

func (t Ticket) marshal() []byte {
	b := append([]byte{version}, t.Network[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(t.Day))
	b = append(append(b, t.Days), t.Secret[:]...)
	return append(b, checksum(b)...)
}

func checksum(b []byte) []byte {
	sum := sha256.Sum256(append([]byte(scheme), b...))
	return sum[:checksumSize]
}

// URI is the ticket as people pass it on. Lower case and digits only: it survives being typed,
// quoted, folded, and read by a QR scanner.
func (t Ticket) URI() string { return scheme + encoding.EncodeToString(t.marshal()) }

// String keeps the secret out of logs.
func (Ticket) String() string { return "[invitation]" }

// Parse reads a ticket as people paste it: in either case, with white space, line breaks and marks
// of quotation in and around it, with words before and behind, and with letters that look alike.
func Parse(text string) (Ticket, error) {
	if len(text) > maxText {
		return Ticket{}, ErrTicket.With("it has %d characters", len(text))
	}
	plain := squeeze(text)
	// The letters of the word itself may have been taken for others: same length, other letters.
	shape := strings.NewReplacer("1", "i", "l", "i", "0", "o").Replace(plain)
	const word = "murmurinvite"
	switch at := strings.Index(shape, word); {
	case at >= 0:
		return parse(plain[at+len(word):])
	case strings.Contains(plain, "murmurfeed"):
		return Ticket{}, errFeed
	case providerCode(text):
		return Ticket{}, errProvider
	case len(plain) == letters: // without the word
		return parse(plain)
	}
	return Ticket{}, ErrTicket
}

// providerCode says whether a text is one of package invitation: a name, and 32 letters.
func providerCode(text string) bool {
	name, code, found := strings.Cut(strings.TrimSpace(text), "/")
	b, err := encoding.DecodeString(code)
	return found && name != "" && err == nil && len(b) == 20
}

// squeeze leaves letters and digits, the former small.
func squeeze(text string) string {
	text = strings.NewReplacer("%3A", ":", "%3a", ":", "%2F", "/", "%2f", "/", "%20", " ",
		"|", "l").Replace(text)
	return strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return -1
		}
		return r
	}, text)
}

// parse reads the letters of a ticket, and whatever stands behind them.
func parse(code string) (Ticket, error) {
	if t, err := later(code); err != nil {
		return t, err
	}
	if len(code) < letters {
		return Ticket{}, ErrDamaged
	}
	var t Ticket
	ok := guesses(code[:letters], func(guess string) (right bool) {
		t, right = decode(guess)
		return right
	})
	if !ok {
		return Ticket{}, ErrDamaged
	}
	return t, nil
}

// later finds out that a code is whole, and of another version: its checksum is where ours is.
func later(code string) (Ticket, error) {
	b, err := encoding.DecodeString(code)
	if err != nil || len(b) <= 1+checksumSize || b[0] <= version {
		return Ticket{}, nil
	}
	body := b[:len(b)-checksumSize]
	if string(checksum(body)) == string(b[len(body):]) {
		return Ticket{}, ErrVersion
	}
	return Ticket{}, nil
}

// decode reads the one spelling of a ticket.
func decode(code string) (t Ticket, ok bool) {
	b, err := encoding.DecodeString(code)
	if err != nil || len(b) != size || b[0] != version {
		return t, false
	}
	body := b[:size-checksumSize]
	if string(checksum(body)) != string(b[len(body):]) {
		return t, false
	}
	t.Network = [networkSize]byte(b[1:])
	t.Day = box.Day(binary.BigEndian.Uint16(b[1+networkSize:]))
	t.Days = b[1+networkSize+2]
	t.Secret = [secretSize]byte(b[1+networkSize+3:])
	// Unused low bits of the last letter would be a second spelling.
	return t, t.Days >= 1 && t.Days <= MostDays && encoding.EncodeToString(b) == code
}

// alike are letters that a reader or a typist takes for one another. The digits 0, 1, 8 and 9 are
// in no ticket.
var alike = map[byte]string{
	'0': "o", '1': "li", '8': "b", '9': "g", 'l': "li", 'i': "il",
}

// guesses tries all that a code may have been, the code as it is first, until one is right.
func guesses(code string, right func(string) bool) bool {
	b, free, count := []byte(code), []int{}, 1
	for i, c := range b {
		if all := alike[c]; all != "" {
			b[i] = all[0]
			if len(all) > 1 && count*2 <= maxGuesses {
				free, count = append(free, i), count*2
			}
		}
	}
	for n := range count {
		for bit, i := range free {
			all := alike[code[i]]
			b[i] = all[n>>bit&1]
		}
		if right(string(b)) {
			return true
		}
	}
	return false
}
