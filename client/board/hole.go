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
		b.named(m, number, one.Body.Roll)
	}
}

func (m *maker) tear(from, to box.Slot) {
	for roll := bulletin.RollNumber(from); roll <= bulletin.RollNumber(to); roll++ {
		m.holes[roll] = nil
	}
}

// lacks notes that a maker signed a roll that is not here. Who does not have it stays remembered.
func (m *maker) lacks(roll uint32) {
	if _, is := m.holes[roll]; !is && !m.rolled[roll] {
		m.holes[roll] = nil
	}
}

// named takes the hash of a roll from something newer that its maker signed. If another one was
// taken for it, that one is not of the maker's chain, and this one is to come yet.
func (b *Board) named(m *maker, roll uint32, hash bulletin.Hash) {
	had, known := m.hashes[roll]
	m.hashes[roll] = hash
	if m.rolled[roll] && known && had != hash {
		b.count(Differs)
		delete(m.rolled, roll)
		m.lacks(roll)
	}
}

// newer is the next newer roll of the maker that came, if one did.
func (m *maker) newer(roll uint32) (next uint32, ok bool) {
	for n := range m.links {
		if n > roll && (!ok || n < next) {
			next, ok = n, true
		}
	}
	return next, ok
}

// chained says that a roll is the one that the next newer one follows, and closes the holes between
// them: its maker made none there.
func (m *maker) chained(r bulletin.SignedRoll) bool {
	next, ok := m.newer(r.Number)
	if !ok || m.links[next] != r.Hash() {
		return false
	}
	for roll := r.Number + 1; roll < next; roll++ {
		delete(m.holes, roll)
	}
	return true
}

// strays says that a roll is not the one that its maker has named: in a bulletin, or by the roll
// right behind it.
func (m *maker) strays(r bulletin.SignedRoll) bool {
	hash, named := m.hashes[r.Number]
	follows := m.links[r.Number+1]
	return named && hash != r.Hash() || follows != (bulletin.Hash{}) && follows != r.Hash()
}

// signed notes a roll that is its maker's. If a newer one follows another one than this, something
// between them is not here.
func (b *Board) signed(m *maker, r bulletin.SignedRoll) {
	m.hashes[r.Number] = r.Hash()
	next, ok := m.newer(r.Number)
	if ok && m.links[next] != (bulletin.Hash{}) && m.links[next] != r.Hash() {
		for _, roll := range [...]uint32{r.Number + 1, next - 1} {
			if !b.has(r.Maker, roll) {
				m.lacks(roll)
			}
		}
	}
	m.links[r.Number] = r.Previous
	if r.Number > 0 && r.Previous != (bulletin.Hash{}) && m.rolled[r.Number-1] {
		b.named(m, r.Number-1, r.Previous)
	}
}

// has says whether anything that a maker listed in a roll's slots is kept.
func (b *Board) has(id directory.NodeID, roll uint32) bool {
	p := b.periods[roll]
	return b.whole(roll) && p.has(id) || b.makers[id].rolled[roll]
}

// missing notes, of a roll that is taken for whole, whose part of it must be there and did not
// come: the roll behind it follows something, or a bulletin names it.
func (b *Board) missing(roll uint32) {
	for _, id := range b.ids {
		m := b.makers[id]
		_, named := m.hashes[roll]
		follows := m.links[roll+1] != (bulletin.Hash{})
		if (named || follows) && m.fraud == nil && !b.has(id, roll) && !m.linked(roll) &&
			!m.sums(roll, b, id) {
			m.lacks(roll)
		}
	}
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
