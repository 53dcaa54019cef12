package bulletin

import (
	"errors"

	"murmuration/internal/box"
)

// Errors of a bulletin in its maker's chain.
var (
	// ErrRepeated: this very bulletin was the last.
	ErrRepeated = errors.New("bulletin that is here already")
	// ErrOld: of a slot before the last one's.
	ErrOld = errors.New("bulletin of an earlier slot")
	// ErrGap: it follows another body than the last one that is known; there is something between.
	ErrGap = errors.New("bulletin that does not follow the last one known")
	// ErrFork: a second body for one slot. Both together are a Fraud.
	ErrFork = errors.New("second bulletin of one maker for one slot")
)

// Chain is how far one maker's bulletins are known without a gap; zero is nothing known.
type Chain struct {
	Slot  box.Slot
	Hash  Hash // of the last body
	Known bool // whether there is a last one
}

// Next takes a verified bulletin of the maker, if it follows the last one; the first is always
// taken. Otherwise the error says what is wrong, and nothing is changed.
func (c *Chain) Next(b Bulletin) error {
	hash := b.Hash()
	switch {
	case !c.Known:
	case b.Slot == c.Slot && hash == c.Hash:
		return ErrRepeated
	case b.Slot == c.Slot:
		return ErrFork
	case b.Slot < c.Slot:
		return ErrOld
	case b.Previous != c.Hash:
		return ErrGap
	}
	*c = Chain{b.Slot, hash, true}
	return nil
}

// Jump goes on from a bulletin behind a gap.
func (c *Chain) Jump(b Bulletin) { *c = Chain{b.Slot, b.Hash(), true} }
