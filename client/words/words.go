// Package words is short plain words that people can read to one another: four of them say whether
// two computers hold the same 44 bits.
//
// It must not know what is compared. The list is part of what two programs must agree on: a word
// that changes is another version.
package words

import (
	_ "embed"
	"encoding/binary"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Count is how many words there are to choose from: 11 bits each.
const Count = 2048

//go:embed words.txt
var file string

var list = strings.Fields(file)

// Work of Compare: as much as a passphrase takes (RFC 9106, section 4, second choice).
const (
	passes  = 3
	memory  = 64 << 10 // KiB
	threads = 4
)

// Compare makes four words of a secret and of what is to be the same at both sides: about 0.1 s.
// The work is for those who look for other things with the same words.
func Compare(secret, what []byte) (four [4]string) {
	salt := append([]byte("murmuration/words/v1"), what...)
	key := argon2.IDKey(secret, salt, passes, memory, threads, 8)
	bits := binary.BigEndian.Uint64(key)
	for i := range four {
		four[i] = list[bits>>53]
		bits <<= 11
	}
	return four
}
