package board

import (
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// countAlone counts the boxes that one maker listed as listed while another one is silent: from 8
// slots before it fell silent on, 8 slots after their listing.
func (b *Board) countAlone(news *News) {
	from, silent := b.silence()
	if !silent || b.state.Newest < youngSlots {
		return
	}
	for e, all := range b.groups {
		for i, l := range all {
			due := l.slot+youngSlots <= b.state.Newest && l.slot >= from
			if !due || l.alone || !b.groups.single(e, l) {
				continue
			}
			all[i].alone = true
			b.tell(Pair{Entry: e, First: b.listing(l), Slot: l.slot + youngSlots}, news)
		}
	}
}

// silence is the first slot whose boxes a maker that is silent now may have had to list.
func (b *Board) silence() (from box.Slot, silent bool) {
	from = b.state.Newest
	for _, id := range b.Makers(b.state.Newest) {
		if !b.Silent(id) {
			continue
		}
		silent = true
		last := b.session.began
		if m := b.makers[id]; m != nil {
			last = m.newest
		}
		from = min(from, last-min(last, youngSlots))
	}
	return from, silent
}

// Quiet is a maker that is silent, though nothing is known against it.
type Quiet struct {
	Maker directory.NodeID
	// Since is the end of the last slot in which it was heard here, or of the connection's first.
	Since time.Time
}

// Quiet are those that are silent now, by index.
func (b *Board) Quiet() (all []Quiet) {
	for _, id := range b.Makers(b.state.Newest) {
		if b.Silent(id) && !b.False(id) {
			last := b.session.began
			if m := b.makers[id]; m != nil && m.newest > 0 {
				last = m.newest
			}
			all = append(all, Quiet{id, b.cfg.Calendar.Ends(last)})
		}
	}
	return all
}
