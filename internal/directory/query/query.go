// Package query is the conversation on a directory link: a question for each frame up, an answer
// for each frame down, all of one size. One side fetches documents piece by piece and hands in
// descriptors, the other serves them. docs/directory.md, section 8, has the layout.
//
// It must not judge what it carries: whoever fetches a document verifies it, and a stranger's
// descriptor is the authority's to check.
package query

import (
	"encoding/binary"
	"fmt"

	"murmuration/internal/directory"
)

// FrameSize is the size in bytes of every frame of a directory conversation, up and down: op or
// status 1 ‖ reason 1 ‖ length 2 ‖ piece 4 ‖ pieces 4 ‖ epoch 8 ‖ data, zero-padded.
const FrameSize = 4096

const (
	frameHead = 20
	pieceSize = FrameSize - frameHead

	// of one connection: four of the largest documents
	maxRequests = 4 * (directory.MaxDocument/pieceSize + 1)
)

// Op is what a frame up asks, or what a frame down answers.
type op uint8

const (
	opDocument op = 1 // up: piece of the document of an epoch
	opLatest   op = 2 // up: piece of the newest document
	opSubmit   op = 3 // up: piece of a descriptor
	opReach    op = 4 // up: dial me at the address that the document has
	opGenesis  op = 5 // up: piece of the genesis with all its successions

	opPiece   op = 0x81 // down: a piece of the document of the epoch that it names
	opNone    op = 0x82 // down: there is no such document or piece
	opMore    op = 0x83 // down: the next piece of the descriptor, please
	opTaken   op = 0x84 // down: the descriptor is taken
	opRefused op = 0x85 // down: it is not, for a reason
	opReached op = 0x86 // down: what came of dialling, in the place of a piece
)

// frame is one frame in the open.
type frame struct {
	op     op
	reason directory.Refusal
	piece  uint32 // from 0
	pieces uint32 // of the whole; 0 in questions about documents
	epoch  directory.Epoch
	data   []byte
}

// put writes f over b, which has FrameSize bytes.
func (f frame) put(b []byte) {
	clear(b[:FrameSize])
	b[0], b[1] = byte(f.op), byte(f.reason)
	binary.BigEndian.PutUint16(b[2:], uint16(len(f.data)))
	binary.BigEndian.PutUint32(b[4:], f.piece)
	binary.BigEndian.PutUint32(b[8:], f.pieces)
	binary.BigEndian.PutUint64(b[12:], uint64(f.epoch))
	copy(b[frameHead:], f.data)
}

// parseFrame reads what put writes; data points into b.
func parseFrame(b []byte) (frame, error) {
	if len(b) != FrameSize {
		return frame{}, fmt.Errorf("%w: a directory frame of %d bytes", directory.ErrMalformed,
			len(b))
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n > pieceSize {
		return frame{}, fmt.Errorf("%w: a directory frame with %d bytes of data",
			directory.ErrMalformed, n)
	}
	for _, c := range b[frameHead+n:] {
		if c != 0 {
			return frame{}, fmt.Errorf("%w: padding of a directory frame", directory.ErrMalformed)
		}
	}
	f := frame{
		op: op(b[0]), reason: directory.Refusal(b[1]),
		epoch: directory.Epoch(binary.BigEndian.Uint64(b[12:])), data: b[frameHead : frameHead+n],
		piece: binary.BigEndian.Uint32(b[4:]), pieces: binary.BigEndian.Uint32(b[8:]),
	}
	return f, f.check()
}

// check wants zero wherever a field says nothing, so that each frame has one spelling.
func (f frame) check() error {
	want := frame{op: f.op, data: f.data}
	data := false
	switch f.op {
	case opDocument:
		want.piece, want.epoch = f.piece, f.epoch
	case opLatest, opNone, opTaken, opReach:
	case opSubmit, opPiece:
		want.piece, want.pieces, data = f.piece, f.pieces, true
		if f.op == opPiece {
			want.epoch = f.epoch
		}
	case opMore, opReached, opGenesis:
		want.piece = f.piece
	case opRefused:
		want.reason = f.reason
	default:
		return fmt.Errorf("%w: directory frame of kind %d", directory.ErrMalformed, f.op)
	}
	same := f.reason == want.reason && f.piece == want.piece && f.pieces == want.pieces &&
		f.epoch == want.epoch
	if f.op == opRefused && f.reason == 0 ||
		f.op == opReached && (f.piece == 0 || f.piece >= uint32(reaches)) {
		same = false
	}
	if !same || data != (len(f.data) > 0) || data && f.piece >= f.pieces {
		return fmt.Errorf("%w: fields of directory frame of kind %d", directory.ErrMalformed, f.op)
	}
	return nil
}

// countPieces is how many frames carry n bytes.
func countPieces(n int) uint32 { return uint32((n + pieceSize - 1) / pieceSize) }

// pieceOf is piece i of whole; all but the last are full.
func pieceOf(whole []byte, i uint32) []byte {
	start := int(i) * pieceSize
	return whole[start:min(start+pieceSize, len(whole))]
}
