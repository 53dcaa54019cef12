package query

import (
	"fmt"

	"murmuration/internal/directory"
)

// Conn carries frames of FrameSize bytes; internal/link has one.
type Conn interface {
	Send(frames ...[]byte) error
	Receive(frame []byte) error
}

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

// Fetch asks for the document of an epoch, or directory.Latest, piece by piece. What comes is a
// stranger's bytes, at most directory.MaxDocument of them: directory.ParseDocument and
// directory.Chain tell what they are worth.
func Fetch(conn Conn, e directory.Epoch) ([]byte, error) {
	question := frame{op: opDocument, epoch: e}
	if e == directory.Latest {
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
			return nil, fmt.Errorf("fetching network document: %w", directory.ErrNoDocument)
		}
		if i == 0 && (e == directory.Latest || e == answer.epoch) {
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
func fits(f frame, e directory.Epoch, piece, pieces uint32) error {
	if f.op != opPiece || f.epoch != e || f.piece != piece || f.pieces != pieces ||
		pieces > countPieces(directory.MaxDocument) {
		return fmt.Errorf("%w: the answer does not fit the question", directory.ErrMalformed)
	}
	if f.piece+1 < f.pieces && len(f.data) != pieceSize {
		return fmt.Errorf("%w: a short piece before the last", directory.ErrMalformed)
	}
	return nil
}

// Submit hands a marshalled descriptor to an authority. A refusal is an error that wraps its
// Refusal.
func Submit(conn Conn, descriptor []byte) error {
	if len(descriptor) == 0 || len(descriptor) > directory.MaxDescriptor {
		return fmt.Errorf("handing in descriptor: %d bytes, want 1 to %d", len(descriptor),
			directory.MaxDescriptor)
	}
	pieces := countPieces(len(descriptor))
	buf := make([]byte, FrameSize)
	for i := range pieces {
		answer, err := ask(conn, buf,
			frame{op: opSubmit, piece: i, pieces: pieces, data: pieceOf(descriptor, i)})
		if err != nil {
			return fmt.Errorf("handing in descriptor: %w", err)
		}
		switch last := i == pieces-1; {
		case answer.op == opRefused:
			return fmt.Errorf("handing in descriptor: %w", answer.reason)
		case last && answer.op == opTaken, !last && answer.op == opMore && answer.piece == i+1:
		default:
			return fmt.Errorf("handing in descriptor: %w: the answer does not fit",
				directory.ErrMalformed)
		}
	}
	return nil
}
