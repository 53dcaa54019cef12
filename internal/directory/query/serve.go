package query

import (
	"errors"
	"fmt"

	"murmuration/internal/directory"
)

// Library is what a provider has to give, and where it puts descriptors. Its methods are called
// from as many goroutines as there are connections, and the bytes that they return must not change.
type Library interface {
	Document(e directory.Epoch) ([]byte, bool)
	Latest() (directory.Epoch, []byte, bool)
	// must not keep the bytes; an error that wraps no Refusal is told as RefusedLater
	Submit(descriptor []byte) error
}

// errTooMuch ends a conversation that asks for more than anybody needs.
var errTooMuch = errors.New("too many directory requests on one connection")

// server serves one connection: one frame for each frame, a descriptor of at most MaxDescriptor
// bytes in the making, and nothing else in memory.
type server struct {
	library Library
	intake  []byte
	next    uint32 // piece of the intake
	pieces  uint32
}

// Serve answers directory requests until the connection fails, or the stranger at the other side
// breaks the rules. It always returns an error; the caller closes the connection.
func Serve(conn Conn, library Library) error {
	s := server{library: library}
	buf := make([]byte, FrameSize)
	for range maxRequests {
		if err := conn.Receive(buf); err != nil {
			return err
		}
		question, err := parseFrame(buf)
		if err != nil {
			return err
		}
		answer, err := s.answer(question)
		if err != nil {
			return err
		}
		answer.put(buf)
		if err := conn.Send(buf); err != nil {
			return err
		}
	}
	return errTooMuch
}

func (s *server) answer(q frame) (frame, error) {
	switch q.op {
	case opLatest:
		e, whole, ok := s.library.Latest()
		return piece(e, whole, ok, 0), nil
	case opDocument:
		whole, ok := s.library.Document(q.epoch)
		return piece(q.epoch, whole, ok, q.piece), nil
	case opSubmit:
		return s.take(q)
	case opReach:
		return s.reach(), nil
	case opGenesis:
		return s.genesis(q.piece), nil
	default:
		return frame{}, fmt.Errorf("%w: directory request of kind %d", directory.ErrMalformed, q.op)
	}
}

func piece(e directory.Epoch, whole []byte, ok bool, i uint32) frame {
	if n := countPieces(len(whole)); ok && i < n {
		return frame{op: opPiece, epoch: e, piece: i, pieces: n, data: pieceOf(whole, i)}
	}
	return frame{op: opNone}
}

// take collects the pieces of one descriptor, in order; the first piece begins anew.
func (s *server) take(q frame) (frame, error) {
	if q.piece == 0 {
		s.intake, s.next, s.pieces = s.intake[:0], 0, q.pieces
	}
	if q.piece != s.next || q.pieces != s.pieces ||
		q.pieces > countPieces(directory.MaxDescriptor) {
		return frame{}, fmt.Errorf("%w: pieces of a descriptor out of order",
			directory.ErrMalformed)
	}
	if q.piece+1 < q.pieces && len(q.data) != pieceSize ||
		len(s.intake)+len(q.data) > directory.MaxDescriptor {
		return frame{}, fmt.Errorf("%w: size of a descriptor", directory.ErrMalformed)
	}
	s.intake = append(s.intake, q.data...)
	if s.next++; s.next < s.pieces {
		return frame{op: opMore, piece: s.next}, nil
	}
	s.pieces = 0
	return s.submit(), nil
}

func (s *server) submit() frame {
	err := s.library.Submit(s.intake)
	if err == nil {
		return frame{op: opTaken}
	}
	var reason directory.Refusal
	if !errors.As(err, &reason) {
		reason = directory.RefusedLater
	}
	return frame{op: opRefused, reason: reason}
}
