package feed

import (
	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/internal/box"
)

// doors are the doors of heads, by week, as they were worked out.
type doors map[Head]*boxstream.Door

// of is the door of a head on a day; nil on days before it.
func (d doors) of(h Head, day box.Day) *boxstream.Door {
	if weekOf(day) < h.Week {
		return nil
	}
	h = h.at(weekOf(day))
	if d[h] == nil {
		door, err := boxstream.NewDoor(h.start())
		if err != nil {
			return nil
		}
		d[h] = door
	}
	return d[h]
}

// ids is where heads may be, on days from first to last.
func (d doors) ids(n boxstream.Network, h Head, first, last box.Day) (ids []person.ID) {
	for day := first; day <= last; day++ {
		door := d.of(h, day)
		if door == nil {
			continue
		}
		for _, id := range door.IDs(n, day) {
			ids = append(ids, person.ID{Day: day, ID: id})
		}
	}
	for known, door := range d {
		if known.Root == h.Root && known.Week < weekOf(first) {
			delete(d, known)
			continue
		}
		door.Forget(first)
	}
	return ids
}

// open is what a head says that was found, and where it was.
func (d doors) open(n boxstream.Network, h Head, a person.Answer) (p position, at place, ok bool) {
	door := d.of(h, a.Day)
	if door == nil {
		return p, at, false
	}
	i, ok := door.Find(n, boxstream.Place{Day: a.Day, ID: a.ID})
	if !ok {
		return p, at, false
	}
	plaintext, err := door.Open(n, a.Day, i, a.Reply.Box)
	if err != nil {
		return p, at, false
	}
	record, err := box.ParseRecord(n.Format, plaintext)
	if err != nil || record.Kind != content.KindHead || record.Parts != 1 {
		return p, at, false
	}
	p, err = parseHead(record.Content)
	return p, place{a.Day, i + 1}, err == nil
}
