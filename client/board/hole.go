package board

import (
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// enough is how many providers have to say that they do not have a roll before it is given up.
const enough = 3

// follow notes where a maker's chain goes on, and in which rolls it was broken: what lies there was
// signed and is not here. That the provider of this client has nothing more is no reason to think
// that there is nothing.
func (b *Board) follow(m *maker, one bulletin.Bulletin) {
	before := m.tip
	if err := m.tip.Next(one); err == bulletin.ErrGap {
		m.tip.Jump(one)
		if before.Slot+1 < one.Slot && one.Previous != (bulletin.Hash{}) { // it did not begin anew
			m.tear(max(before.Slot+1, bulletin.FirstSlot(b.floor)), one.Slot-1)
		}
	}
	if number, ok := bulletin.CarriesRoll(one.Slot); ok && one.Body.Roll != (bulletin.Hash{}) {
		m.hashes[number] = one.Body.Roll
	}
}

func (m *maker) tear(from, to box.Slot) {
	for roll := bulletin.RollNumber(from); roll <= bulletin.RollNumber(to); roll++ {
		m.holes[roll] = nil
	}
}

// chained says that a roll is the one that the maker's last one follows, and closes the holes
// between them: it made none there. Rolls come newest first.
func (m *maker) chained(r bulletin.SignedRoll) bool {
	if !m.follows.known || m.follows.number <= r.Number || m.follows.previous != r.Hash() {
		return false
	}
	for roll := r.Number + 1; roll < m.follows.number; roll++ {
		delete(m.holes, roll)
	}
	return true
}

// signed notes a roll that is its maker's.
func (m *maker) signed(r bulletin.SignedRoll) {
	m.hashes[r.Number] = r.Hash()
	m.follows = follows{r.Number, r.Previous, true}
}

// follows is the roll of a maker that came last, and what it follows.
type follows struct {
	number   uint32
	previous bulletin.Hash
	known    bool
}

// close closes the holes of a maker that bulletins have filled, and has the others asked for once
// the provider of this client has nothing more.
func (b *Board) close(id directory.NodeID, m *maker) {
	for roll := range m.holes {
		switch {
		case roll < b.floor || m.linked(roll) || m.sums(roll, b, id):
			delete(m.holes, roll)
		case b.Settled() && bulletin.LastSlot(roll)+youngSlots*2 < b.state.Newest:
			b.want(lacking{maker: id, slot: bulletin.FirstSlot(roll), roll: true})
		}
	}
}

// linked says that the bulletins of a roll's slots follow each other, from before it to after it.
func (m *maker) linked(roll uint32) bool {
	from, _ := m.find(bulletin.FirstSlot(roll))
	to, found := m.find(bulletin.LastSlot(roll))
	if found {
		to++
	}
	if to == len(m.bodies) {
		return false
	}
	for i := from; i <= to; i++ {
		before := bulletin.Hash{} // of a maker's first
		if i > 0 {
			before = m.bodies[i-1].hash
		}
		if m.bodies[i].Previous != before {
			return false
		}
	}
	return true
}

// sums says that what the bulletins here list is what the maker's roll lists, by its hash.
func (m *maker) sums(roll uint32, b *Board, id directory.NodeID) bool {
	want, ok := m.hashes[roll]
	if !ok || !b.inWindow(bulletin.FirstSlot(roll)) {
		return false
	}
	r := bulletin.Roll{Network: b.cfg.Network, Maker: id, Number: roll}
	before := uint32(0)
	for n, h := range m.hashes {
		if n < roll && n >= before {
			before, r.Previous = n, h
		}
	}
	for _, k := range m.bodies {
		r.Add(k.Body)
	}
	return r.Hash() == want
}

// absent notes that a provider does not have a maker's roll. When as many as can be asked, three at
// most, do not, nobody does.
func (b *Board) absent(from directory.NodeID, m *maker, roll uint32) {
	saying, hole := m.holes[roll]
	if !hole || slices.Contains(saying, from) {
		return
	}
	m.holes[roll] = append(saying, from)
	if len(m.holes[roll]) >= min(enough, len(b.Makers(b.state.Newest))-1) {
		delete(m.holes, roll)
	}
}

// hole says whether any maker signed something in a roll that is not here.
func (b *Board) hole(roll uint32) bool {
	for _, m := range b.makers {
		if _, is := m.holes[roll]; is {
			return true
		}
	}
	return false
}

// chainState is what is kept of a maker's chain.
type chainState struct {
	Maker []byte   `cbor:"1,keyasint"`
	Slot  box.Slot `cbor:"2,keyasint"` // of its last bulletin that came
	Hash  []byte   `cbor:"3,keyasint"`
	Holes []uint32 `cbor:"4,keyasint"` // rolls
}

func (b *Board) chains() (all []chainState) {
	for _, id := range b.ids {
		m := b.makers[id]
		if !m.tip.Known {
			continue
		}
		c := chainState{Maker: id[:], Slot: m.tip.Slot, Hash: m.tip.Hash[:]}
		for roll := range m.holes {
			c.Holes = append(c.Holes, roll)
		}
		slices.Sort(c.Holes)
		all = append(all, c)
	}
	return all
}

func (b *Board) loadChains(all []chainState) {
	for _, c := range all {
		m := b.maker(directory.NodeID(c.Maker))
		m.tip = bulletin.Chain{Slot: c.Slot, Hash: bulletin.Hash(c.Hash), Known: true}
		m.newest = max(m.newest, c.Slot)
		for _, roll := range c.Holes {
			m.holes[roll] = nil
		}
	}
}
