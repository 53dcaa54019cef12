package directory

import (
	"errors"
	"fmt"
)

// Library is what a provider has to give, and where it puts descriptors. Its methods are called from
// as many goroutines as there are connections, and the bytes that they return must not change.
type Library interface {
	Document(e Epoch) ([]byte, bool)
	Latest() (Epoch, []byte, bool)
	Submit(descriptor []byte) error // must not keep the bytes; an error that wraps no Refusal is told as RefusedLater
}

// ErrTooMuch ends a conversation that asks for more than anybody needs.
var ErrTooMuch = errors.New("too many directory requests on one connection")

// desk serves one connection: one frame for each frame, a descriptor of at most MaxDescriptor bytes
// in the making, and nothing else in memory.
type desk struct {
	library Library
	intake  []byte
	next    uint32 // piece of the intake
	pieces  uint32
}

// Serve answers directory requests until the connection fails, or the stranger at the other side
// breaks the rules. It always returns an error; the caller closes the connection.
func Serve(conn Conn, library Library) error {
	d := desk{library: library}
	buf := make([]byte, FrameSize)
	for range maxRequests {
		if err := conn.Receive(buf); err != nil {
			return err
		}
		question, err := parseFrame(buf)
		if err != nil {
			return err
		}
		answer, err := d.answer(question)
		if err != nil {
			return err
		}
		answer.put(buf)
		if err := conn.Send(buf); err != nil {
			return err
		}
	}
	return ErrTooMuch
}

func (d *desk) answer(q frame) (frame, error) {
	switch q.op {
	case opLatest:
		e, whole, ok := d.library.Latest()
		return piece(e, whole, ok, 0), nil
	case opDocument:
		whole, ok := d.library.Document(q.epoch)
		return piece(q.epoch, whole, ok, q.piece), nil
	case opSubmit:
		return d.take(q)
	default:
		return frame{}, fmt.Errorf("%w: directory request of kind %d", ErrMalformed, q.op)
	}
}

func piece(e Epoch, whole []byte, ok bool, i uint32) frame {
	if n := countPieces(len(whole)); ok && i < n {
		return frame{op: opPiece, epoch: e, piece: i, pieces: n, data: pieceOf(whole, i)}
	}
	return frame{op: opNone}
}

// take collects the pieces of one descriptor, in order; the first piece begins anew.
func (d *desk) take(q frame) (frame, error) {
	if q.piece == 0 {
		d.intake, d.next, d.pieces = d.intake[:0], 0, q.pieces
	}
	if q.piece != d.next || q.pieces != d.pieces || q.pieces > countPieces(MaxDescriptor) {
		return frame{}, fmt.Errorf("%w: pieces of a descriptor out of order", ErrMalformed)
	}
	if q.piece+1 < q.pieces && len(q.data) != pieceSize || len(d.intake)+len(q.data) > MaxDescriptor {
		return frame{}, fmt.Errorf("%w: size of a descriptor", ErrMalformed)
	}
	d.intake = append(d.intake, q.data...)
	if d.next++; d.next < d.pieces {
		return frame{op: opMore, piece: d.next}, nil
	}
	d.pieces = 0
	return d.submit(), nil
}

func (d *desk) submit() frame {
	err := d.library.Submit(d.intake)
	if err == nil {
		return frame{op: opTaken}
	}
	var reason Refusal
	if !errors.As(err, &reason) {
		reason = RefusedLater
	}
	return frame{op: opRefused, reason: reason}
}
