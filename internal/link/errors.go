package link

import (
	"errors"
	"net"
	"syscall"
)

// Error is a reason why a link did not come about or ended. Callers compare
// with errors.Is; a person is shown Error and, on a line of its own, Hint.
type Error struct{ what, hint string }

func (e *Error) Error() string { return e.what }

// Hint says what the person at the keyboard can do.
func (e *Error) Hint() string { return e.hint }

// errClosed is what the methods of a closed Conn or Listener return.
var errClosed = net.ErrClosed

// What a dialler can learn about a link that did not come about.
var (
	ErrUnreachable = &Error{"nobody answers at this address",
		"Check that the node runs and that its address and port are right and open."}
	errRefused = &Error{"the node closed the connection before the handshake ended",
		"It is full, stopping or starting, or it has too many connections from this address: try " +
			"again later."}
	ErrNotMurmur = &Error{"what listens there does not speak this version of the link protocol",
		"Check the address, and that both sides run versions of murmur that go together."}
	ErrOtherKey = &Error{"the node has another identity key than the one expected",
		"Fetch the current network document; if it persists, the address is wrong or somebody " +
			"sits in between."}
	ErrOtherNetwork = &Error{"the node belongs to another network",
		"Both sides must run from the same genesis file: compare the output of 'murmur network " +
			"show'."}
	ErrNotAdmitted = &Error{"the node does not admit this key for this kind of link",
		"Wait for the next network document if this node joined just now; else check that it is " +
			"listed, that the provider takes this client, and that the node is not full."}
	ErrFull = &Error{"the node is full: it has no place for somebody new",
		"Nothing is wrong here, and a place may become free: the program tries again. If it " +
			"stays full, use another provider."}
	ErrUninvited = &Error{"the provider takes only those whom its operator has invited",
		"Ask its operator for an invitation, or use another provider. An invitation serves one " +
			"home: if this one was used elsewhere, ask for another."}
	errFrameSize = &Error{"the two sides use different frame sizes",
		"Both sides must run from the same genesis file and network document."}
	errHandshakeTimeout = &Error{"the node did not finish the handshake in time",
		"It is overloaded or the connection is bad: try again later."}
)

// What ends an established link, and what a configuration can get wrong.
var (
	errIdle = &Error{"nothing arrived for too long",
		"The peer or the connection to it is gone: connect again."}
	errSlow = &Error{"a frame took too long to pass",
		"The peer or the connection to it is overloaded: connect again."}
	errOneWay = &Error{"this end of a packet link only receives",
		"This is a mistake in the program."}
	errBadKey = &Error{"the key is not a sound Ed25519 public key",
		"It was mistyped or made to deceive: ask for the right one."}
)

// manyFiles says that this process, or the computer, has as many files open as it may.
func manyFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// NoWayOut says that a dial failed for a reason that lies with this computer: no way out of it, or
// no names. Nobody else is dialled to find that out.
func NoWayOut(err error) bool {
	var name *net.DNSError
	return errors.As(err, &name) || errors.Is(err, syscall.ENETUNREACH) ||
		errors.Is(err, syscall.ENETDOWN)
}
