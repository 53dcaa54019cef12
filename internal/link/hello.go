package link

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Specification constants, docs/link.md section "Hello".
const (
	version    = 3
	helloSize  = 64
	mostClock  = 1 << 48 // milliseconds: some 9,000 years
	helloLabel = "murmuration/link/v1"

	roleDialler  = 'd'
	roleAcceptor = 'a'
)

var errBadHello = errors.New("malformed hello")

// binding ties a hello to one network, one connection and one direction.
type binding [sha256.Size]byte

// bind derives the binding from the network id and 32 bytes that only the two
// ends of this connection know (the TLS exporter).
func bind(network, exporter [32]byte, role byte) binding {
	in := make([]byte, 0, len(helloLabel)+65)
	in = append(in, helloLabel...)
	in = append(in, network[:]...)
	in = append(in, exporter[:]...)
	return sha256.Sum256(append(in, role))
}

// hello is the first thing that each side says inside the channel. The frame
// size is compared, never used to allocate or to read.
type hello struct {
	kind       Kind
	answer     Answer // of the acceptor; a dialler says Welcome
	frameSize  uint32
	binding    binding
	invitation Invitation // of who dials for Exchange
	clock      uint64     // of the acceptor, in Unix milliseconds; a dialler says 0
}

func (h hello) marshal() [helloSize]byte {
	var b [helloSize]byte
	b[0], b[1], b[2] = version, byte(h.kind), byte(h.answer)
	binary.BigEndian.PutUint32(b[4:], h.frameSize)
	copy(b[8:], h.binding[:])
	copy(b[40:], h.invitation[:])
	binary.BigEndian.PutUint64(b[56:], h.clock)
	return b
}

// errOtherVersion says that the other side speaks another version of this protocol.
var errOtherVersion = &Error{"the other side speaks another version of the link protocol",
	"The newer of the two programs says in its documents (docs/versions.md) which versions go " +
		"together: get the one that the network runs, on the side that is older."}

// parseHello refuses every other version, with the kind where all versions have
// it, and everything that marshal does not produce for a known kind and answer, a
// size from 1 to maxFrame, an invitation where one may be, and a clock within
// reason.
func parseHello(b [helloSize]byte) (hello, error) {
	if b[0] != version {
		return hello{kind: Kind(b[1])}, fmt.Errorf("%w: theirs is %d, ours %d", errOtherVersion,
			b[0], version)
	}
	h := hello{kind: Kind(b[1]), answer: Answer(b[2]), frameSize: binary.BigEndian.Uint32(b[4:]),
		binding: binding(b[8:]), invitation: Invitation(b[40:]),
		clock: binary.BigEndian.Uint64(b[56:])}
	if b[3] != 0 || !h.kind.valid() || h.answer >= answers ||
		h.frameSize == 0 || h.frameSize > maxFrame || h.clock > mostClock ||
		h.kind != Exchange && h.invitation != (Invitation{}) {
		return hello{}, errBadHello
	}
	return h, nil
}

func readHello(r io.Reader) (hello, error) {
	var b [helloSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return hello{}, err
	}
	return parseHello(b)
}

func writeHello(w io.Writer, h hello) error {
	b := h.marshal()
	_, err := w.Write(b[:])
	return err
}
