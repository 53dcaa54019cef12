package bulletin

import "slices"

// Kinds of questions about bulletins, and the maker that stands for all.
const (
	AskBulletin = 1 // of a maker and slot: body ‖ signature; of all makers: HashList
	AskRoll     = 2 // of a maker and number: roll ‖ signature
	HandProof   = 3 // asks for nothing and hands over a Fraud: empty, if it proves something

	AllMakers = 0xffff
)

// Pieces is how many of so many bytes an answer takes: at least one.
func Pieces(whole []byte, size int) int {
	return max((len(whole)+size-1)/size, 1)
}

// Piece is one of an answer; ok is false if there is no such piece.
func Piece(whole []byte, size, piece int) (data []byte, ok bool) {
	if piece < 0 || piece >= Pieces(whole, size) {
		return nil, false
	}
	return whole[piece*size : min((piece+1)*size, len(whole))], true
}

// HashList is the answer about all makers of a slot: the hashes of their bodies, by index, zero for
// none.
func HashList(bodies []Hash) []byte {
	var out []byte
	for _, h := range bodies {
		out = append(out, h[:]...)
	}
	return out
}

// ParseHashList is the inverse of HashList.
func ParseHashList(raw []byte) ([]Hash, error) {
	const size = len(Hash{})
	if len(raw)%size != 0 {
		return nil, ErrMalformed
	}
	bodies := make([]Hash, 0, len(raw)/size)
	for h := range slices.Chunk(raw, size) {
		bodies = append(bodies, Hash(h))
	}
	return bodies, nil
}
