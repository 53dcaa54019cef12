package bulletin

import (
	"bytes"
	"math"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Calendar turns times into slots and back. Every is a network's for as long as it lives.
type Calendar struct {
	Start time.Time     // of the network's first epoch, from the genesis
	Every time.Duration // length of a slot: Parameters.BulletinEvery
}

// Slot is the one in which t lies. It saturates: times before the start are slot 0.
func (c Calendar) Slot(t time.Time) box.Slot {
	d := t.Sub(c.Start)
	if d < 0 || c.Every <= 0 {
		return 0
	}
	return box.Slot(min(d/c.Every, math.MaxUint32))
}

// Begins is the first moment of a slot. It saturates 292 years after the start.
func (c Calendar) Begins(s box.Slot) time.Time { return c.after(uint64(s)) }

// Ends is the first moment after a slot: its bulletins are signed from then on.
func (c Calendar) Ends(s box.Slot) time.Time { return c.after(uint64(s) + 1) }

func (c Calendar) after(slots uint64) time.Time {
	if c.Every > 0 && slots > uint64(math.MaxInt64/c.Every) {
		return c.Start.Add(math.MaxInt64)
	}
	return c.Start.Add(time.Duration(slots) * c.Every)
}

// Day is the one in which a slot begins; where its makers stand.
func (c Calendar) Day(s box.Slot) box.Day { return box.DayOf(c.Start, c.Begins(s)) }

// Makers are those of a slot or of a roll, each at its index on the wire.
type Makers []directory.NodeID

// Index finds a maker; ok is false for everybody else.
func (m Makers) Index(id directory.NodeID) (index uint16, ok bool) {
	i := slices.Index(m, id)
	return uint16(max(i, 0)), i >= 0
}

// At is the maker of an index; ok is false where there is none.
func (m Makers) At(index uint16) (id directory.NodeID, ok bool) {
	if int(index) >= len(m) {
		return id, false
	}
	return m[index], true
}

// Makers are those of a slot by a document: the storing set of the day in which the slot begins,
// and behind it, until what the day before left is listed, those that are in that day's set only;
// both in ascending order. There are none for a day that the document does not list.
func (c Calendar) Makers(d *directory.Document, s box.Slot) Makers {
	today := c.Day(s)
	return makers(d, today, c.firstDay(d, s))
}

// RollMakers are those of a roll: those of its last slot, and behind them those of the days before
// that have a part in it, later days first.
func (c Calendar) RollMakers(d *directory.Document, roll uint32) Makers {
	return makers(d, c.Day(LastSlot(roll)), c.firstDay(d, FirstSlot(roll)))
}

// firstDay is the day before while holders still list what was written for it, else the slot's own.
func (c Calendar) firstDay(d *directory.Document, s box.Slot) box.Day {
	today := c.Day(s)
	listed := today.Start(c.Start).Add(protocol.WriteGrace).
		Add(protocol.HoldCap*d.Parameters.Hold + protocol.ListingSlots*c.Every)
	if today > 0 && c.Begins(s).Before(listed) {
		return today - 1
	}
	return today
}

func makers(d *directory.Document, last, first box.Day) (all Makers) {
	for day := int(last); day >= int(first); day-- {
		var added Makers
		for _, id := range d.StoringOn(uint16(day)) {
			if !slices.Contains(all, id) {
				added = append(added, id)
			}
		}
		slices.SortFunc(added, func(a, b directory.NodeID) int { return bytes.Compare(a[:], b[:]) })
		all = append(all, added...)
	}
	return all
}

// MaxEntries is the most that each of so many makers lists in one slot.
func MaxEntries(p directory.Parameters, makers int) int { return p.Listings(makers) }
