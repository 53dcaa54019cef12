package board

import (
	"murmuration/internal/box"
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
