package council

import (
	"fmt"

	"murmuration/internal/directory"
)

// Conn carries frames of FrameSize bytes; internal/link has one.
type Conn interface {
	Send(frames ...[]byte) error
	Receive(frame []byte) error
}

// Send says one word, as Word.Frames gives it, and returns when the other side has heard it.
func Send(conn Conn, frames [][]byte) error {
	if err := conn.Send(frames...); err != nil {
		return fmt.Errorf("telling another authority: %w", err)
	}
	answer := make([]byte, FrameSize)
	if err := conn.Receive(answer); err != nil {
		return fmt.Errorf("waiting for another authority: %w", err)
	}
	f, err := parseFrame(answer)
	if err == nil && f.kind != kindHeard {
		err = errAnswer
	}
	return err
}

// Hear passes on what comes in over a link, word for word, until the link ends or breaks the rules;
// it always returns an error. hear is called before the answer goes out: what was answered was
// heard.
func Hear(conn Conn, hear func(Word)) error {
	in, out := make([]byte, FrameSize), make([]byte, FrameSize)
	frame{kind: kindHeard}.put(out)
	var taken collector
	for {
		if err := conn.Receive(in); err != nil {
			return err
		}
		f, err := parseFrame(in)
		if err != nil {
			return err
		}
		whole, err := taken.add(f)
		if err != nil {
			return err
		}
		if !whole {
			continue
		}
		word, err := parse(taken.kind, taken.raw)
		if err != nil {
			return err
		}
		hear(word)
		taken = collector{}
		if err := conn.Send(out); err != nil {
			return err
		}
	}
}

// collector puts one word together; it takes no more memory than came.
type collector struct {
	kind   kind
	next   uint32
	pieces uint32
	raw    []byte
}

// add takes the next piece, and says whether the word is whole.
func (c *collector) add(f frame) (whole bool, err error) {
	if c.next == 0 {
		c.kind, c.pieces = f.kind, f.pieces
	}
	if f.kind == kindHeard || f.kind != c.kind || f.pieces != c.pieces || f.piece != c.next {
		return false, fmt.Errorf("%w: pieces of a word out of order", directory.ErrMalformed)
	}
	c.raw = append(c.raw, f.data...)
	c.next++
	return c.next == c.pieces, nil
}
