package query

import (
	"fmt"

	"murmuration/internal/directory"
)

// Reach is what came of dialling a node at the address that the network document has of it.
type Reach uint8

// What can come of it.
const (
	reachNothing Reach = iota // no answer to the question
	Reached                   // it is there, with its key
	Unreached                 // nobody answers there
	OtherThere                // somebody else answers there
	Unlisted                  // no document has the node
	ReachLater                // dialled not long ago, or busy: ask again
	reaches                   // one past the last
)

func (r Reach) String() string {
	return [...]string{"nothing", "reached", "nobody answers there", "somebody else answers there",
		"no network document has the node", "asked again too soon"}[min(r, ReachLater)]
}

// Dialler is a library that dials who asks for it, so that a node learns whether others reach it.
type Dialler interface {
	// Reach dials the node at the other end of the connection.
	Reach() Reach
}

func (s *server) reach() frame {
	d, ok := s.library.(Dialler)
	if !ok {
		return frame{op: opReached, piece: uint32(ReachLater)}
	}
	return frame{op: opReached, piece: uint32(d.Reach())}
}

// AskReach has the provider at the other end dial this node.
func AskReach(conn Conn) (Reach, error) {
	answer, err := ask(conn, make([]byte, FrameSize), frame{op: opReach})
	if err != nil {
		return reachNothing, fmt.Errorf("asking to be dialled: %w", err)
	}
	if answer.op != opReached {
		return reachNothing, fmt.Errorf("asking to be dialled: %w: the answer does not fit",
			directory.ErrMalformed)
	}
	return Reach(answer.piece), nil
}
