package boxstream

import (
	"errors"
	"slices"
	"time"

	"murmuration/internal/box"
)

// errNotLookedFor says that a box is none of those that a reader looks for.
var errNotLookedFor = errors.New("not a box that this stream may have here")

// Reader is a stream that this person reads: where it is, and what it has. Boxes may come in any
// order; nothing but a box that opens moves it, and nobody's word that there is none. Found and
// Close leave it as it is and return another, so that a caller can keep that first.
type Reader struct {
	Cap   []byte  `cbor:"1,keyasint"` // box.ReadCap at the first open index
	From  box.Day `cbor:"2,keyasint"` // the days before it are over: nothing new comes of them
	Since int64   `cbor:"3,keyasint"` // when the last box came, or reading began; Unix milliseconds
	Seen  []Seen  `cbor:"4,keyasint"` // boxes behind the first open index that came, in order

	scan *scan
}

// Seen is a box that came, by its distance from the first open index, and the day of its sealing.
type Seen struct {
	_      struct{} `cbor:",toarray"`
	Offset int
	Day    box.Day
}

// NewReader begins where s says, on a day.
func NewReader(s Start, first box.Day, now time.Time) (Reader, error) {
	c, _, err := s.Open()
	if err != nil {
		return Reader{}, err
	}
	return newReader(c, first, now), nil
}

func newReader(c *box.ReadCap, first box.Day, now time.Time) Reader {
	return Reader{Cap: c.Marshal(), From: first, Since: now.UnixMilli(), scan: newScan(c)}
}

// Load makes a reader that came from a store ready.
func (r *Reader) Load() error {
	c, err := box.ParseReadCap(r.Cap)
	if err != nil {
		return err
	}
	last := 0
	for _, s := range r.Seen {
		if s.Offset <= last || s.Offset > maxSpan {
			return errors.New("boxes of a stream that came are out of order")
		}
		last = s.Offset
	}
	r.scan = newScan(c)
	return nil
}

// Root is the root key of the stream.
func (r Reader) Root() [32]byte { return [32]byte(r.Cap[:rootSize]) }

// Loaded says whether the reader is ready: one that was decoded needs Load.
func (r Reader) Loaded() bool { return r.scan != nil }

// First is the number of the first open index: all boxes before it came, or can not come any more.
func (r Reader) First() uint64 { return r.scan.base }

// next is the distance of the index after the newest box that came.
func (r Reader) next() int {
	if len(r.Seen) == 0 {
		return 0
	}
	return r.Seen[len(r.Seen)-1].Offset + 1
}

// Opened is a box of the stream. Number is its index: of two boxes the one with the higher number
// was written later.
type Opened struct {
	Number    uint64
	Day       box.Day
	Plaintext []byte
}

// Open is the box of an id that IDs gave, which was sealed for a day. A tombstone that verifies is
// box.ErrTombstone, with a number and no plaintext.
func (r Reader) Open(n Network, day box.Day, b box.Box) (Opened, error) {
	number, ok := r.scan.numbers[Place{day, b.ID}]
	if !ok {
		return Opened{}, errNotLookedFor
	}
	index := r.scan.index(number)
	plaintext, err := r.scan.cap.Open(index, n.ID, day, b)
	return Opened{number, day, plaintext}, err
}

// Number is the index of a box that IDs gave.
func (r Reader) Number(p Place) (uint64, bool) {
	number, ok := r.scan.numbers[p]
	return number, ok
}

// Has says whether a box of this index came before, or is not waited for any more.
func (r Reader) Has(number uint64) bool {
	if number < r.scan.base {
		return true
	}
	return slices.ContainsFunc(r.Seen, func(s Seen) bool {
		return uint64(s.Offset) == number-r.scan.base
	})
}

// Found notes that the box of an index came, which was sealed for a day.
func (r Reader) Found(now time.Time, number uint64, day box.Day) Reader {
	r.Since = now.UnixMilli()
	if r.Has(number) {
		return r
	}
	s := Seen{Offset: int(number - r.scan.base), Day: day}
	i, _ := slices.BinarySearchFunc(r.Seen, s, func(a, b Seen) int { return a.Offset - b.Offset })
	r.Seen = slices.Insert(slices.Clone(r.Seen), i, s)
	return r.settle(0)
}

// Skip gives up the boxes before an index, at most 2^20 ahead.
func (r Reader) Skip(to uint64) (Reader, error) {
	index, err := r.scan.cap.Start().AdvanceTo(to)
	if err != nil {
		return Reader{}, err
	}
	after := newReader(r.scan.cap.At(index), r.From, time.UnixMilli(r.Since))
	for _, s := range r.Seen {
		if number := r.scan.base + uint64(s.Offset); number > to {
			after.Seen = append(after.Seen, Seen{Offset: int(number - to), Day: s.Day})
		}
	}
	return after, nil
}

// Listed notes that a box was announced which IDs gave: it may take days until somebody brings it,
// and its day is not closed before.
func (r Reader) Listed(p Place) {
	if number, ok := r.scan.numbers[p]; ok {
		r.scan.known.listed[p] = number
	}
}

// Close notes that nothing new is announced of the days before one, since all bulletins about them
// were read, and gives up the boxes before one of a day that is not kept any more: they never came.
// It says whether that changes the reader.
func (r Reader) Close(n Network, now time.Time, day box.Day) (Reader, bool) {
	oldest := n.Calendar.Oldest(now)
	if !r.scan.known.view.whole {
		day = 0 // not everything was looked for yet
	}
	for p, number := range r.scan.known.listed {
		if p.Day < oldest || r.Has(number) {
			delete(r.scan.known.listed, p)
		} else {
			day = min(day, p.Day)
		}
	}
	after := r
	after.From = max(r.From, oldest, min(day, n.FirstOpen(now)))
	after = after.settle(oldest)
	return after, after.From != r.From || len(after.Seen) != len(r.Seen)
}

// settle moves the first open index on: past boxes that came, and past those before a box of a day
// before oldest, which are not waited for any longer.
func (r Reader) settle(oldest box.Day) Reader {
	gone := 0 // boxes from the first open index on that are over
	for _, s := range r.Seen {
		if s.Offset == gone || s.Day < oldest || r.next()-gone > maxSpan {
			gone = s.Offset + 1
		}
	}
	if gone == 0 {
		return r
	}
	var left []Seen
	for _, s := range r.Seen {
		if s.Offset >= gone {
			left = append(left, Seen{Offset: s.Offset - gone, Day: s.Day})
		}
	}
	r.Seen, r.scan = left, r.scan.from(r.scan.base+uint64(gone))
	r.Cap = r.scan.cap.Marshal()
	return r
}
