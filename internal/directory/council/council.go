// Package council is what the authorities of a network say to each other on a link: votes on their
// way and signatures, each in pieces of one size, and one answer when it was heard. One side sends,
// the other hears. docs/directory.md, section 9, has the layout.
//
// It must not judge what it carries: whether a vote or a signature counts is the voter's to say.
package council

import (
	"encoding/binary"
	"errors"
	"fmt"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// FrameSize is the size in bytes of every frame between authorities, up and down: kind 1 ‖ zero 3 ‖
// piece 4 ‖ pieces 4 ‖ length 4 ‖ data, zero-padded.
const FrameSize = 16384

const (
	frameHead  = 16
	pieceSize  = FrameSize - frameHead
	mostPieces = (directory.MaxRelay + pieceSize - 1) / pieceSize
)

// kind is what a frame carries.
type kind uint8

const (
	kindVote      kind = 1 // up: a vote with its echoes
	kindSignature kind = 2 // up: a signature of a document
	kindHeard     kind = 0x81
)

var errAnswer = errors.New("another authority answers with something else")

// Word is one thing that an authority says; one of the two is set.
type Word struct {
	Vote      *directory.Relay
	Signature *directory.Endorsement
}

// Epoch is that of the document which the word is about.
func (w Word) Epoch() directory.Epoch {
	if w.Vote != nil {
		return w.Vote.Vote.Epoch
	}
	return w.Signature.Epoch
}

// Frames is the word as it goes over a link; several links may carry the same frames.
func (w Word) Frames() [][]byte {
	k, raw := kindSignature, []byte(nil)
	if w.Vote != nil {
		k, raw = kindVote, w.Vote.Marshal()
	} else {
		raw = w.Signature.Marshal()
	}
	pieces := (len(raw) + pieceSize - 1) / pieceSize
	frames := make([][]byte, pieces)
	for i := range frames {
		part := raw[i*pieceSize : min((i+1)*pieceSize, len(raw))]
		frames[i] = make([]byte, FrameSize)
		frame{k, uint32(i), uint32(pieces), part}.put(frames[i])
	}
	return frames
}

// parse reads a word; nothing is checked but its spelling.
func parse(k kind, raw []byte) (w Word, err error) {
	switch k {
	case kindVote:
		w.Vote, err = directory.ParseRelay(raw)
	case kindSignature:
		w.Signature, err = directory.ParseEndorsement(raw)
	default:
		err = fmt.Errorf("%w: a word of kind %d", directory.ErrMalformed, k)
	}
	return w, err
}

// frame is one frame in the open.
type frame struct {
	kind   kind
	piece  uint32 // from 0
	pieces uint32 // of the word; 0 in answers
	data   []byte
}

// put writes f over b, which has FrameSize bytes.
func (f frame) put(b []byte) {
	clear(b)
	b[0] = byte(f.kind)
	binary.BigEndian.PutUint32(b[4:], f.piece)
	binary.BigEndian.PutUint32(b[8:], f.pieces)
	binary.BigEndian.PutUint32(b[12:], uint32(len(f.data)))
	copy(b[frameHead:], f.data)
}

// parseFrame reads what put writes, and takes no other spelling; data points into b.
func parseFrame(b []byte) (frame, error) {
	if len(b) != FrameSize || !protocol.Zero(b[1:4]) {
		return frame{}, fmt.Errorf("%w: head of a frame", directory.ErrMalformed)
	}
	n := binary.BigEndian.Uint32(b[12:])
	if n > pieceSize || !protocol.Zero(b[frameHead+int(n):]) {
		return frame{}, fmt.Errorf("%w: a frame with %d bytes of data", directory.ErrMalformed, n)
	}
	f := frame{kind(b[0]), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]),
		b[frameHead : frameHead+int(n)]}
	return f, f.check()
}

func (f frame) check() error {
	switch f.kind {
	case kindHeard:
		if f.piece == 0 && f.pieces == 0 && len(f.data) == 0 {
			return nil
		}
	case kindVote, kindSignature:
		full := f.piece+1 == f.pieces || len(f.data) == pieceSize
		if f.piece < f.pieces && f.pieces <= mostPieces && len(f.data) > 0 && full {
			return nil
		}
	}
	return fmt.Errorf("%w: fields of a frame of kind %d", directory.ErrMalformed, f.kind)
}
