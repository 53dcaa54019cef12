package person

import (
	"errors"
	"time"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// ID names a box: its day, and its id, which it has under that day only.
type ID struct {
	Day box.Day
	ID  box.ID
}

// Want is a box that a part looks out for. Token says for whom, and is given back as it is.
type Want struct {
	Token uint64
	Day   box.Day
	ID    box.ID
	Read  bool // the box itself is wanted, and not only to hear that it was listed
}

// wants finds wanted boxes by what bulletins say of them.
type wants struct {
	exclusive func(do func()) // who asks Wanted from elsewhere waits
	entries   map[box.Entry][]Want
	sets      map[uint64]map[ID]bool // by token; whether it is read
	fresh     []Want
	unlooked  map[uint64]bool // tokens of which some are fresh
}

func newWants() wants {
	return wants{
		exclusive: func(do func()) { do() },
		entries:   map[box.Entry][]Want{}, sets: map[uint64]map[ID]bool{},
		unlooked: map[uint64]bool{},
	}
}

// set has ids wanted by a token, and nothing else.
func (w *wants) set(token uint64, ids []ID, read bool) {
	w.exclusive(func() { w.change(token, ids, read) })
}

func (w *wants) change(token uint64, ids []ID, read bool) {
	before, after := w.sets[token], make(map[ID]bool, len(ids))
	for _, id := range ids {
		if _, twice := after[id]; twice {
			continue
		}
		after[id] = read
		if was, ok := before[id]; ok && was == read {
			continue
		}
		w.remove(token, id)
		n := Want{token, id.Day, id.ID, read}
		e := box.EntryOf(id.ID)
		w.entries[e] = append(w.entries[e], n)
		w.fresh = append(w.fresh, n)
		w.unlooked[token] = true
	}
	for id := range before {
		if _, ok := after[id]; !ok {
			w.remove(token, id)
		}
	}
	w.sets[token] = after
	if len(after) == 0 {
		delete(w.sets, token)
	}
}

func (w *wants) remove(token uint64, id ID) {
	e := box.EntryOf(id.ID)
	var left []Want
	for _, n := range w.entries[e] {
		if n.Token != token || n.Day != id.Day || n.ID != id.ID {
			left = append(left, n)
		}
	}
	if w.entries[e] = left; left == nil {
		delete(w.entries, e)
	}
}

func (w *wants) has(n Want) bool {
	_, ok := w.sets[n.Token][ID{n.Day, n.ID}]
	return ok
}

// Exclude says how to change what is wanted while nobody asks Wanted from elsewhere.
func (p *Person) Exclude(exclusive func(do func())) { p.wants.exclusive = exclusive }

// Wanted is every wanted box that an entry of a bulletin may stand for: mostly none, and more than
// one where entries collide or two parts want one box.
func (p *Person) Wanted(e box.Entry) []Want { return p.wants.entries[e] }

// Fresh is what is wanted since the last call, in the order in which it was asked for: bulletins
// that were read before may have listed it. What is not wanted any more is left out.
func (p *Person) Fresh() []Want {
	var fresh []Want
	for _, n := range p.wants.fresh {
		if p.wants.has(n) {
			fresh = append(fresh, n)
		}
	}
	p.wants.fresh = nil
	clear(p.wants.unlooked)
	return fresh
}

// Whole notes that all bulletins about the days before one were read.
func (p *Person) Whole(day box.Day) { p.whole = max(p.whole, day) }

// Found gives a fetched box to whoever wants it; its id is n's, and its signature was verified.
func (p *Person) Found(now time.Time, n Want, from directory.NodeID, b box.Box) error {
	return p.tell(now, n, Answer{
		Kind: Found, Day: n.Day, ID: n.ID, Holder: from,
		Reply: box.Reply{Status: box.StatusFound, Day: n.Day, Box: b},
	})
}

// Listing is where a wanted box was listed: by a maker that is a holder of it by its placement, one
// of so many, in the bulletin of a slot.
type Listing struct {
	Maker   directory.NodeID
	Slot    box.Slot
	Holders int
}

// Listed tells whoever wants a box that a holder has listed it.
func (p *Person) Listed(now time.Time, n Want, l Listing) error {
	return p.tell(now, n, Answer{
		Kind: Listed, Day: n.Day, ID: n.ID, Holder: l.Maker, Slot: l.Slot, Holders: l.Holders,
	})
}

// tell is about a wanted box, if it still is one. What cannot be noted because the disk is full is
// looked for anew.
func (p *Person) tell(now time.Time, n Want, a Answer) error {
	o, ok := p.owners[n.Token]
	if !ok || o.use != want || !p.wants.has(n) {
		return nil
	}
	a.Number = o.number
	err := o.access.part.Answered(now, a)
	if errors.Is(err, store.ErrFull) && p.wants.has(n) {
		p.wants.fresh = append(p.wants.fresh, n)
		p.wants.unlooked[n.Token] = true
	}
	if err := unlessFull(err); err != nil {
		return err
	}
	return p.Supply(now)
}
