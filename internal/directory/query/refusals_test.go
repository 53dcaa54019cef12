package query

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"murmuration/internal/directory"
)

// TestFramesOutOfTheirForm: every one is a frame with one thing changed, which alone is refused.
func TestFramesOutOfTheirForm(t *testing.T) {
	b := make([]byte, FrameSize)
	piece := frame{op: opPiece, piece: 1, pieces: 2, epoch: 4, data: []byte("x")}
	refused := frame{op: opRefused, reason: directory.RefusedKeys}
	for name, f := range map[string]frame{
		"refused for nothing":  {op: opRefused},
		"a reason with data":   {op: opRefused, reason: directory.RefusedKeys, data: []byte("x")},
		"a piece without data": {op: opPiece, piece: 1, pieces: 2, epoch: 4},
		"a piece too many":     {op: opPiece, piece: 2, pieces: 2, epoch: 4, data: []byte("x")},
		"a piece of none":      {op: opPiece, epoch: 4, data: []byte("x")},
		"a submit of an epoch": {op: opSubmit, pieces: 1, epoch: 4, data: []byte("x")},
		"taken, and data":      {op: opTaken, data: []byte("x")},
		"none, with a piece":   {op: opNone, piece: 1},
		"latest of an epoch":   {op: opLatest, epoch: 1},
		"more of many":         {op: opMore, piece: 1, pieces: 2},
		"a document's reason":  {op: opDocument, reason: directory.RefusedKeys},
		"nothing":              {},
		"of another kind":      {op: 0x86},
	} {
		f.put(b)
		if got, err := parseFrame(b); !errors.Is(err, directory.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, f := range []frame{piece, refused, {op: opSubmit, pieces: 1, data: []byte("x")}} {
		f.put(b)
		if got, err := parseFrame(b); err != nil || got.op != f.op || got.epoch != f.epoch {
			t.Errorf("the control: %+v, %v", got, err)
		}
	}
}

func TestFramesOfAnotherSize(t *testing.T) {
	b := make([]byte, FrameSize+1)
	frame{op: opLatest}.put(b)
	for _, n := range []int{0, 1, frameHead, FrameSize - 1, FrameSize + 1} {
		if _, err := parseFrame(b[:n]); !errors.Is(err, directory.ErrMalformed) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	b = b[:FrameSize]
	if _, err := parseFrame(b); err != nil {
		t.Errorf("the control: %v", err)
	}
	b[FrameSize-1] = 1
	if _, err := parseFrame(b); !errors.Is(err, directory.ErrMalformed) {
		t.Errorf("padding that says something: %v", err)
	}
	full := frame{op: opPiece, pieces: 1, data: make([]byte, pieceSize)}
	full.put(b)
	if f, err := parseFrame(b); err != nil || len(f.data) != pieceSize {
		t.Errorf("a full piece: %v", err)
	}
	b[2], b[3] = byte((pieceSize+1)>>8), byte((pieceSize+1)&0xff)
	if _, err := parseFrame(b); !errors.Is(err, directory.ErrMalformed) {
		t.Errorf("a byte more than fits: %v", err)
	}
}

// played is the other side of a conversation, which says what it is told, whatever it is asked.
type played struct {
	says  []frame
	sent  []frame
	fails error // of Send
}

func (p *played) Send(frames ...[]byte) error {
	for _, b := range frames {
		f, err := parseFrame(b)
		if err != nil {
			return err
		}
		f.data = bytes.Clone(f.data)
		p.sent = append(p.sent, f)
	}
	return p.fails
}

func (p *played) Receive(b []byte) error {
	if len(p.says) == 0 {
		return io.EOF
	}
	p.says[0].put(b)
	p.says = p.says[1:]
	return nil
}

// TestAuthorityThatAnswersSomethingElse: taken too early or too late, another piece, another frame.
func TestAuthorityThatAnswersSomethingElse(t *testing.T) {
	descriptor := bytes.Repeat([]byte{1}, pieceSize+1) // two pieces
	more := frame{op: opMore, piece: 1}
	for name, says := range map[string][]frame{
		"taken at once":    {{op: opTaken}},
		"more at the end":  {more, {op: opMore, piece: 2}},
		"another piece":    {{op: opMore, piece: 2}},
		"the piece again":  {{op: opMore}},
		"a document":       {{op: opPiece, pieces: 1, data: []byte("x")}},
		"none at the end":  {more, {op: opNone}},
		"latest at middle": {{op: opLatest}},
	} {
		p := &played{says: says}
		if err := Submit(p, descriptor); !errors.Is(err, directory.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := &played{says: []frame{more, {op: opTaken}}}
	if err := Submit(p, descriptor); err != nil || len(p.sent) != 2 ||
		len(p.sent[0].data)+len(p.sent[1].data) != len(descriptor) {
		t.Errorf("the control: %v, %d frames", err, len(p.sent))
	}
	p = &played{says: []frame{more}}
	if err := Submit(p, descriptor); !errors.Is(err, io.EOF) {
		t.Errorf("an authority that leaves: %v", err)
	}
	p = &played{says: []frame{more, {op: opTaken}}, fails: io.ErrClosedPipe}
	if err := Submit(p, descriptor); !errors.Is(err, io.ErrClosedPipe) || len(p.sent) != 1 {
		t.Errorf("a broken connection: %v", err)
	}
}

// TestEntryThatAnswersSomethingElse: only pieces of what was asked for make a document.
func TestEntryThatAnswersSomethingElse(t *testing.T) {
	x, full := []byte("x"), make([]byte, pieceSize)
	for name, says := range map[string][]frame{
		"its own request":    {{op: opSubmit, pieces: 1, data: x}},
		"another epoch":      {{op: opPiece, epoch: 5, pieces: 1, data: x}},
		"another piece":      {{op: opPiece, epoch: 4, piece: 1, pieces: 2, data: x}},
		"short before last":  {{op: opPiece, epoch: 4, pieces: 2, data: x}},
		"too large":          {{op: opPiece, epoch: 4, pieces: 1 << 30, data: full}},
		"taken":              {{op: opTaken}},
		"none in the middle": {{op: opPiece, epoch: 4, pieces: 2, data: full}, {op: opNone}},
	} {
		if b, err := Fetch(&played{says: says}, 4); !errors.Is(err, directory.ErrMalformed) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	good := &played{says: []frame{{op: opPiece, epoch: 4, pieces: 1, data: x}}}
	if b, err := Fetch(good, 4); err != nil || string(b) != "x" {
		t.Errorf("the control: %q, %v", b, err)
	}
	gone := &played{fails: io.ErrClosedPipe, says: []frame{{op: opLatest}}}
	if _, err := Fetch(gone, 4); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken connection: %v", err)
	}
}

// TestServerEndsWithItsConnection, and has no piece behind the last.
func TestServerEndsWithItsConnection(t *testing.T) {
	l := &library{epoch: 4, whole: make([]byte, pieceSize)}
	p := &played{says: []frame{{op: opDocument, epoch: 4}, {op: opDocument, epoch: 4, piece: 1}}}
	if err := Serve(p, l); !errors.Is(err, io.EOF) || len(p.sent) != 2 ||
		p.sent[0].op != opPiece || p.sent[1].op != opNone {
		t.Errorf("%v, said %+v", err, p.sent)
	}
	p = &played{says: []frame{{op: opLatest}, {op: opLatest}}, fails: io.ErrClosedPipe}
	if err := Serve(p, l); !errors.Is(err, io.ErrClosedPipe) || len(p.sent) != 1 {
		t.Errorf("a broken connection: %v, said %+v", err, p.sent)
	}
	x := make([]byte, pieceSize)
	skipping := &played{says: []frame{{op: opSubmit, pieces: 3, data: x},
		{op: opSubmit, piece: 2, pieces: 3, data: x}}}
	if err := Serve(skipping, l); !errors.Is(err, directory.ErrMalformed) || l.taken != nil {
		t.Errorf("a piece left out: %v", err)
	}
}
