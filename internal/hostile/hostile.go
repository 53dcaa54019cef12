// Package hostile feeds decoders with what somebody sends who wants them to fall: samples of theirs
// in which bits, lengths and whole parts are changed, cut, doubled and nested. The program never
// imports it. It knows no form: a test says what is decoded, and how large it may be.
package hostile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// Decoder is one form that strangers write.
type Decoder struct {
	Name    string
	Samples [][]byte
	Most    int // bytes: the size cap of the form

	// Again reads b and gives back what it would write. It gives nil where the form keeps nothing.
	Again func(b []byte) ([]byte, error)
}

// heapFactor is how many times its size cap a decoder may allocate for one input, or heapFloor
// bytes where that is more: errors and readers cost something too. What Again writes is counted.
const (
	heapFactor = 4
	heapFloor  = 16 << 10
)

// inputs is how many a decoder is fed: MURMUR_HOSTILE, or a few.
func inputs(t *testing.T) int { return long.Count(t, "MURMUR_HOSTILE", 1, 500) }

// Feed fails if a decoder panics, takes a second spelling, or allocates more than four times its
// size cap; and, as a control, if it refuses a sample. Nothing else may run in the process.
func Feed(t *testing.T, decoders ...Decoder) {
	t.Helper()
	for _, d := range decoders {
		for i, sample := range d.Samples {
			if _, err := d.Again(sample); err != nil {
				t.Errorf("%s: control: sample %d is refused: %v", d.Name, i, err)
			}
		}
		total := inputs(t)
		taken, worst := d.feed(t, total)
		if worst > uint64(max(heapFactor*d.Most, heapFloor)) {
			t.Errorf("%s: %d bytes allocated for one input, with a cap of %d", d.Name, worst,
				d.Most)
		}
		counted.Say(t, "hostile", "%s: %d inputs, %d taken, %d bytes of heap at most (cap %d)",
			d.Name, total, taken, worst, d.Most)
	}
}

// feed says how many of so many inputs were taken, and what the dearest cost.
func (d Decoder) feed(t *testing.T, total int) (taken int, worst uint64) {
	t.Helper()
	m := mutator{rand.New(rand.NewPCG(18, uint64(len(d.Name)))), d.Samples}
	for range total {
		b := m.next()
		ok, heap, err := d.eat(b)
		if err != nil {
			t.Fatalf("%s: %v, of %x", d.Name, err, b[:min(len(b), 2000)])
		}
		if worst = max(worst, heap); ok {
			taken++
		}
	}
	return taken, worst
}

// eat decodes one input, and says what that cost.
func (d Decoder) eat(b []byte) (taken bool, heap uint64, wrong error) {
	defer func() {
		if p := recover(); p != nil {
			wrong = fmt.Errorf("panic: %v", p)
		}
	}()
	in := bytes.Clone(b)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	back, err := d.Again(in)
	runtime.ReadMemStats(&after)
	switch heap = after.TotalAlloc - before.TotalAlloc; {
	case !bytes.Equal(in, b):
		return false, heap, fmt.Errorf("the input was changed")
	case err == nil && back != nil && !bytes.Equal(back, b):
		return true, heap, fmt.Errorf("a second spelling: written as %x",
			back[:min(len(back), 2000)])
	}
	return err == nil, heap, nil
}

// mutator makes inputs of samples.
type mutator struct {
	*rand.Rand
	samples [][]byte
}

// heads begin what is long, deep, endless or of no type that is used, in CBOR.
var heads = [][]byte{
	{0x5f}, {0x7f}, {0x9f}, {0xbf}, {0xff}, {0xc0}, {0xd9, 0xff, 0xff}, {0xf7}, {0xf8, 0x20},
	{0xf9, 0x7e, 0}, {0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0},
	{0x18, 0}, {0x19, 0, 1},
	{0x1b, 0, 0, 0, 0, 0, 0, 0, 1}, {0x9a, 0xff, 0xff, 0xff, 0xff}, {0xba, 0xff, 0xff, 0xff, 0xff},
	{0x5a, 0xff, 0xff, 0xff, 0xff}, {0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	{0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0}, {0x99, 0xff, 0xff}, bytes.Repeat([]byte{0x81}, 64),
	bytes.Repeat([]byte{0xa1, 0x01}, 64), bytes.Repeat([]byte{0xa0}, 300),
}

// next is a sample in which one to four things are wrong.
func (m mutator) next() []byte {
	b := bytes.Clone(m.samples[m.IntN(len(m.samples))])
	for range 1 + m.IntN(4) {
		b = m.spoil(b)
	}
	return b
}

// span is a place in b and what follows it, of up to so many bytes.
func (m mutator) span(b []byte, most int) (from, to int) {
	from = m.IntN(len(b) + 1)
	return from, from + m.IntN(min(most, len(b)-from)+1)
}

func (m mutator) spoil(b []byte) []byte {
	from, to := m.span(b, 64)
	switch m.IntN(9) {
	case 0, 1: // a bit
		if len(b) > 0 {
			b[m.IntN(len(b))] ^= 1 << m.IntN(8)
		}
	case 2: // a byte that means much
		if len(b) > 0 {
			b[m.IntN(len(b))] = []byte{0, 1, 0x7f, 0x80, 0xff, 0x9f, 0xbf, 0xa0, 0x80}[m.IntN(9)]
		}
	case 3: // the end is missing
		b = b[:from]
	case 4: // something more at the end
		b = append(b, make([]byte, m.IntN(300))...)
	case 5: // a part is missing
		b = slices.Delete(b, from, to)
	case 6: // a part twice
		b = slices.Insert(b, from, slices.Clone(b[from:to])...)
	case 7: // a head of something else
		b = slices.Insert(b, from, heads[m.IntN(len(heads))]...)
	case 8: // in the place of what stood there
		copy(b[from:], heads[m.IntN(len(heads))])
	}
	return b
}
