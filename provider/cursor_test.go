package provider

import (
	"math"
	"slices"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// follower is a client's side of a connection.
type follower struct {
	*testing.T
	w         *press
	cursor    *Cursor
	parser    *bulletin.Parser
	links     *bulletin.Links
	bulletins []bulletin.Bulletin // in the order in which they came
	rolls     []bulletin.SignedRoll
	proofs    []bulletin.Fraud
	bytes     int
}

func (w *press) connect(p *printer) *follower {
	return &follower{T: w.T, w: w, cursor: p.Cursor(), parser: bulletin.NewParser(16),
		links: bulletin.NewLinks()}
}

// read takes frames with so much room until there is nothing more.
func (f *follower) read(p *printer, wanted uint32, room, frames int) {
	f.Helper()
	for range frames {
		raw := f.cursor.Fill(p.now(), wanted, room)
		if len(raw) == 0 {
			return
		}
		wanted = 0
		f.bytes += len(raw)
		raw = append(raw, make([]byte, room-len(raw))...) // as a frame is padded
		records, err := f.parser.Feed(raw)
		if err != nil {
			f.Fatal(err)
		}
		for _, r := range records {
			f.take(p, r)
		}
	}
}

func (f *follower) take(p *printer, r bulletin.Record) {
	f.Helper()
	if r.Fraud != nil {
		f.proofs = append(f.proofs, *r.Fraud)
		return
	}
	if r.IsRoll {
		maker, ok := p.calendar.RollMakers(f.w.doc, r.Number()).At(r.Maker)
		roll := r.Roll(f.w.genesis.ID(), maker)
		if err := roll.Verify(f.w.genesis.ID(), 16); !ok || err != nil {
			f.Errorf("roll %d: %v", r.Number(), err)
		}
		f.rolls = append(f.rolls, roll)
		return
	}
	maker, ok := p.calendar.Makers(f.w.doc, r.Slot()).At(r.Maker)
	x, whole := r.Bulletin(f.w.genesis.ID(), maker, f.links)
	if err := x.Verify(f.w.genesis.ID(), 16); !ok || !whole || err != nil {
		f.Errorf("slot %d: %v, %v", r.Slot(), whole, err)
	}
	f.bulletins = append(f.bulletins, x)
}

func (f *follower) slots(maker directory.NodeID) (all []box.Slot) {
	for _, x := range f.bulletins {
		if x.Maker == maker {
			all = append(all, x.Slot)
		}
	}
	return all
}

func upTo(from, to box.Slot) (all []box.Slot) {
	for s := from; s < to; s++ {
		all = append(all, s)
	}
	return all
}

// TestStream: who is connected hears of every bulletin once, however small the room is.
func TestStream(t *testing.T) {
	for _, room := range []int{1, 50, 7000} {
		w := newPress(t, 2)
		f := w.connect(w.makers[0])
		f.read(w.makers[0], 1, room, math.MaxInt)
		for n := range uint64(12) {
			w.makers[n%2].write(n, 0)
			w.slot()
			f.read(w.makers[0], 0, room, math.MaxInt)
		}
		for _, p := range w.makers {
			if got := f.slots(p.id.ID()); !slices.Equal(got, upTo(0, 12)) {
				t.Errorf("with room for %d: %v", room, got)
			}
		}
	}
}

// TestEarlier: a new connection gets what is new first, then earlier slots, the newest block first,
// and of none that a roll tells of; rolls come last, the newest first, from the one that is wanted.
func TestEarlier(t *testing.T) {
	const now = 3*protocol.RollSlots + 40
	w := newWires(t, 2)
	for range now {
		w.pass()
	}
	p := w.makers[0]
	f := w.connect(p)
	f.read(p, 1+1, 300, 1) // roll 1 is wanted
	w.pass()
	f.read(p, 0, 300, math.MaxInt)
	got := f.slots(w.makers[1].id.ID())
	all := slices.Sorted(slices.Values(got))
	if !slices.Equal(all, upTo(3*protocol.RollSlots, now+1)) {
		t.Fatalf("slots %v", all)
	}
	at := slices.Index(got, now)
	if at > 2 { // the frame that had begun
		t.Errorf("the new one comes after %d others", at)
	}
	rest := slices.Delete(slices.Clone(got), at, at+1)
	if rest[0] != now-now%earlierBlock || rest[len(rest)-1] != 3*protocol.RollSlots+15 {
		t.Errorf("in this order: %v", rest)
	}
	var numbers []uint32
	for _, r := range f.rolls {
		numbers = append(numbers, r.Number)
	}
	if !slices.Equal(numbers, []uint32{2, 2, 1, 1}) {
		t.Errorf("rolls %v", numbers)
	}
	live := w.connect(p)
	live.read(p, 0, 300, math.MaxInt)
	if w.pass(); live.bytes != 0 {
		t.Errorf("%d bytes for who wants nothing", live.bytes)
	}
	if live.read(p, 0, 300, math.MaxInt); len(live.bulletins) != 2 {
		t.Errorf("%d bulletins in a slot", len(live.bulletins))
	}
}

// TestStreamBytes: what a live bulletin takes, beside its entries.
func TestStreamBytes(t *testing.T) {
	w := newPress(t, 1)
	f := w.connect(w.makers[0])
	f.read(w.makers[0], 1, 7000, 1)
	for range 3 {
		w.slot()
	}
	f.read(w.makers[0], 0, 7000, math.MaxInt)
	if want := 3*(4+2+4+64) + 32; f.bytes != want {
		t.Errorf("%d bytes, not %d", f.bytes, want)
	}
}
