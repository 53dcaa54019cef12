package board

import (
	"bytes"
	"math/rand/v2"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Implementation constants.
const (
	// mostAssembled is how many answers are put together at once: of four providers, or about four
	// things.
	mostAssembled = 4
	// mostPieces is of how many pieces an answer may be, some 2 MiB.
	mostPieces = 256
	// stalledSlots is after how many without a further piece an answer is given up: some four of
	// the questions that there are.
	stalledSlots = 2 * protocol.RollSlots
)

// assembly is an answer of which pieces are here. All are one provider's: of two that say different
// things nobody could tell whose pieces are good, before all are here.
type assembly struct {
	ask   box.Question // for its first piece
	from  directory.NodeID
	parts [][]byte
	needs []bool
	last  box.Slot // the newest, when a piece came
}

// assemble takes a piece of an answer. Once all that are needed are here it gives the whole, which
// is nobody's word yet: the caller verifies it.
func (b *Board) assemble(from directory.NodeID, q box.Question, r box.Reply) (all []byte, ok bool) {
	first := q
	first.Piece = 0
	i := slices.IndexFunc(b.assemblies, func(a *assembly) bool {
		return a.from == from && a.ask == first
	})
	switch {
	case r.Pieces == 1 && q.Piece == 0:
		return r.Data, true
	case i < 0 && !b.lacking(first): // asked for like anything by everybody
		return nil, false
	case i < 0 && (int(r.Pieces) > mostPieces || b.pieces(first) < int(r.Pieces)):
		b.count(Answer)
		return nil, false
	case i < 0:
		i = len(b.assemblies)
		b.assemblies = append(b.assemblies, &assembly{ask: first, from: from,
			parts: make([][]byte, r.Pieces), needs: b.needs(first, int(r.Pieces))})
	}
	a := b.assemblies[i]
	if !a.take(q.Piece, r, b.pieceSize()) {
		b.count(Answer)
		b.assemblies = slices.Delete(b.assemblies, i, i+1)
		return nil, false
	}
	a.last = b.state.Newest
	if a.next() < 0 {
		b.assemblies = slices.Delete(b.assemblies, i, i+1)
		return a.whole(b.pieceSize(), b.longest(first)), true
	}
	if len(b.assemblies) > mostAssembled {
		b.assemblies = slices.Delete(b.assemblies, 0, 1)
	}
	return nil, false
}

// take is false if the piece is none of the answer that those before it are of.
func (a *assembly) take(piece uint16, r box.Reply, size int) bool {
	last := int(piece) == len(a.parts)-1
	if int(r.Pieces) != len(a.parts) || int(piece) >= len(a.parts) || len(r.Data) > size ||
		len(r.Data) == 0 || !last && len(r.Data) < size {
		return false
	}
	a.parts[piece] = bytes.Clone(r.Data)
	return true
}

// next is the first piece that is needed and not here, below zero if there is none.
func (a *assembly) next() int {
	for i, needed := range a.needs {
		if needed && a.parts[i] == nil {
			return i
		}
	}
	return -1
}

// whole is all pieces, with zeros for those that nobody needs.
func (a *assembly) whole(size, longest int) (all []byte) {
	for i, part := range a.parts {
		if part == nil {
			part = make([]byte, min(size, longest-i*size))
		}
		all = append(all, part...)
	}
	return all
}

func (b *Board) pieceSize() int {
	return box.Format{Plaintext: b.document.Parameters.BoxPlaintext}.PieceSize()
}

// longest is the most bytes that the answer to a question may have, of hashes as many as it must.
func (b *Board) longest(q box.Question) int {
	switch slot := box.Slot(q.Number); {
	case q.Kind == bulletin.AskRoll:
		return bulletin.MostRollBytes(b.most(bulletin.LastSlot(q.Number)))
	case q.Maker == bulletin.AllMakers:
		return len(bulletin.Hash{}) * len(b.Makers(slot))
	default:
		return bulletin.MostBytes(b.most(slot))
	}
}

func (b *Board) pieces(q box.Question) int {
	return (b.longest(q) + b.pieceSize() - 1) / b.pieceSize()
}

// needs says which pieces of an answer are of any use: of hashes those of the makers that a head of
// the slot covers.
func (b *Board) needs(q box.Question, pieces int) []bool {
	needs := make([]bool, pieces)
	if q.Kind != bulletin.AskBulletin || q.Maker != bulletin.AllMakers {
		for i := range needs {
			needs[i] = true
		}
		return needs
	}
	const size = len(bulletin.Hash{})
	makers := len(b.Makers(box.Slot(q.Number)))
	for i := range makers {
		if (bulletin.Head{Slot: box.Slot(q.Number)}).Covers(makers, i) {
			for _, at := range [...]int{i * size, (i+1)*size - 1} {
				needs[min(at/b.pieceSize(), pieces-1)] = true
			}
		}
	}
	return needs
}

// lacking says whether what a question is about is wanted.
func (b *Board) lacking(q box.Question) bool {
	return slices.ContainsFunc(b.wanted, func(l lacking) bool { return b.about(l) == q })
}

// further is a question for one more piece of an answer that has begun to come, at who gave those
// before.
func (b *Board) further(others []directory.NodeID, rng *rand.Rand) (ask Ask, ok bool) {
	b.assemblies = slices.DeleteFunc(b.assemblies, func(a *assembly) bool {
		return !b.lacking(a.ask) || a.last+stalledSlots < b.state.Newest ||
			!slices.Contains(others, a.from)
	})
	if len(b.assemblies) == 0 {
		return ask, false
	}
	a := b.assemblies[rng.IntN(len(b.assemblies))]
	ask = Ask{Of: a.from, What: a.ask}
	ask.What.Piece = uint16(a.next())
	return ask, true
}

// coming says that an answer about something has begun to come.
func (b *Board) coming(l lacking) bool {
	return slices.ContainsFunc(b.assemblies, func(a *assembly) bool { return a.ask == b.about(l) })
}
