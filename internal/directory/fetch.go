package directory

import (
	"errors"
	"fmt"
	"math"
)

// Conn carries frames of FrameSize bytes; internal/link has one.
type Conn interface {
	Send(frames ...[]byte) error
	Receive(frame []byte) error
}

// Latest stands for whatever document is the newest at the other side.
const Latest = Epoch(math.MaxUint64)

// ErrNoDocument says that the other side does not have the document.
var ErrNoDocument = errors.New("no such network document")

// ask sends one frame and waits for its answer; buf has FrameSize bytes.
func ask(conn Conn, buf []byte, f frame) (frame, error) {
	f.put(buf)
	if err := conn.Send(buf); err != nil {
		return frame{}, err
	}
	if err := conn.Receive(buf); err != nil {
		return frame{}, err
	}
	return parseFrame(buf)
}

// Fetch asks for the document of an epoch, or the Latest, piece by piece. What comes is a stranger's
// bytes, at most MaxDocument of them: ParseDocument and Chain.Accept tell what they are worth.
func Fetch(conn Conn, e Epoch) ([]byte, error) {
	question := frame{op: opDocument, epoch: e}
	if e == Latest {
		question = frame{op: opLatest}
	}
	var whole []byte
	var pieces uint32
	buf := make([]byte, FrameSize)
	for i := uint32(0); i == 0 || i < pieces; i++ {
		question.piece = i
		answer, err := ask(conn, buf, question)
		if err != nil {
			return nil, fmt.Errorf("fetching network document, piece %d: %w", i+1, err)
		}
		if answer.op == opNone && i == 0 {
			return nil, fmt.Errorf("fetching network document: %w", ErrNoDocument)
		}
		if i == 0 && (e == Latest || e == answer.epoch) {
			pieces = answer.pieces
			question = frame{op: opDocument, epoch: answer.epoch}
		}
		if err := fits(answer, question.epoch, i, pieces); err != nil {
			return nil, fmt.Errorf("fetching network document, piece %d: %w", i+1, err)
		}
		whole = append(whole, answer.data...)
	}
	return whole, nil
}

// fits checks an answer against what was asked for.
func fits(f frame, e Epoch, piece, pieces uint32) error {
	if f.op != opPiece || f.epoch != e || f.piece != piece || f.pieces != pieces || pieces > countPieces(MaxDocument) {
		return fmt.Errorf("%w: the answer does not fit the question", ErrMalformed)
	}
	if f.piece+1 < f.pieces && len(f.data) != pieceSize {
		return fmt.Errorf("%w: a short piece before the last", ErrMalformed)
	}
	return nil
}

// Submit hands a marshalled descriptor to an authority. A refusal is an error that wraps its Refusal.
func Submit(conn Conn, descriptor []byte) error {
	if len(descriptor) == 0 || len(descriptor) > MaxDescriptor {
		return fmt.Errorf("handing in descriptor: %d bytes, want 1 to %d", len(descriptor), MaxDescriptor)
	}
	pieces := countPieces(len(descriptor))
	buf := make([]byte, FrameSize)
	for i := range pieces {
		answer, err := ask(conn, buf, frame{op: opSubmit, piece: i, pieces: pieces, data: pieceOf(descriptor, i)})
		if err != nil {
			return fmt.Errorf("handing in descriptor: %w", err)
		}
		switch last := i == pieces-1; {
		case answer.op == opRefused:
			return fmt.Errorf("handing in descriptor: %w", answer.reason)
		case last && answer.op == opTaken, !last && answer.op == opMore && answer.piece == i+1:
		default:
			return fmt.Errorf("handing in descriptor: %w: the answer does not fit", ErrMalformed)
		}
	}
	return nil
}
