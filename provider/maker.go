package provider

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/protocol"
)

const (
	// fullSlots is how many slots' worth of listings may wait before boxes are refused.
	fullSlots = 8
	// mostDrift is how many slots the clock here may be off the median of the others' before
	// nothing is listed any more: readers would take what is signed then for late or early.
	mostDrift = 1
	// calmSlots is for how many slots nothing is listed after an opening or a leap of the clock:
	// others are heard first. The slot of the opening may have been signed in an earlier life, too.
	calmSlots = 1
	// heardFor is for how many slots a maker counts in that median after it was heard.
	heardFor = 8
	// holdUnit is that in which requests count holds.
	holdUnit = time.Second / 2
)

// ErrAdrift says why a slot passes without a bulletin.
var ErrAdrift = errors.New("the clock is more than one slot off the median of the others'")

// ErrLate is an ErrAdrift that need not be the clock's fault: the others' bulletins come late, as
// they do where a computer or the network has too much to do.
var ErrLate error = late{}

type late struct{}

func (late) Error() string { return "the bulletins of the others come more than one slot late" }
func (late) Unwrap() error { return ErrAdrift }

// ErrAhead says why slots pass without bulletins when the clock is right: it was ahead before, and
// what is signed for a slot to come cannot be followed by one before it.
var ErrAhead = errors.New("a bulletin is signed for a slot that has not come")

// Draft is a bulletin that is to be on the disk before it is signed: Lister.Publish, and then Sign.
type Draft struct {
	Day    box.Day
	Body   bulletin.Body
	Listed []box.Listing
}

// Hold has a box listed in the first slot that ends after this time, and not before; the first one
// said of a box counts. Holds are forgotten when this provider restarts.
func (b *Bulletins) Hold(l box.Listing, until time.Time) {
	if _, ok := b.held[l]; !ok {
		b.held[l] = until
	}
}

// Left is how long a box is still held, in half seconds, as requests say it.
func (b *Bulletins) Left(now time.Time, l box.Listing) uint8 {
	left := b.held[l].Sub(now)
	if left <= 0 {
		return 0
	}
	return uint8(min((left+holdUnit-1)/holdUnit, math.MaxUint8))
}

// Full says that so much waits to be listed that nothing new may be stored.
func (b *Bulletins) Full(now time.Time) bool {
	if b.doc == nil {
		return false
	}
	makers := b.makersOf(b.calendar.Slot(now))
	return b.store.Waiting() >= fullSlots*b.most(makers)
}

// NextDraft is the end of the slot under way, when the next bulletin is due.
func (b *Bulletins) NextDraft(now time.Time) time.Time {
	return b.calendar.Ends(b.calendar.Slot(now))
}

// Draft draws up the bulletin of the slot that ended last. ok is false when there is nothing to
// sign: it is made already, this provider stores no boxes, the clock has just leapt, or it cannot
// be right, which is the error. Slots before the last one are skipped for ever, and those that
// passed while nothing ran.
func (b *Bulletins) Draft(now time.Time) (d Draft, ok bool, err error) {
	b.forget(now)
	current := b.calendar.Slot(now)
	if b.doc == nil || current == 0 {
		return d, false, nil
	}
	slot := current - 1
	b.leapt(slot)
	makers := b.makersOf(slot)
	_, is := makers.Index(b.self.ID())
	if !is || slot < b.calm || b.chain(b.self.ID()).false { // nobody would take it
		return d, false, nil
	}
	previous, due, err := b.follow(slot)
	if err != nil || !due {
		return d, false, err
	}
	if err := b.adrift(current); err != nil {
		b.stats.Skipped++
		return d, false, err
	}
	listed, err := b.choose(slot, b.most(makers))
	if err != nil {
		return d, false, err
	}
	d = Draft{Day: b.calendar.Day(slot), Listed: listed, Body: bulletin.Body{
		Network: b.network, Maker: b.self.ID(), Slot: slot, Previous: previous,
	}}
	for _, l := range listed {
		d.Body.Entries = append(d.Body.Entries, box.EntryOf(l.ID))
	}
	d.Body.Roll, err = b.roll(slot)
	return d, err == nil, err
}

// leapt has nothing listed for a while when slots passed without a draft: the clock was set, or the
// computer slept. A slot that lies far ahead would silence this provider until it comes.
func (b *Bulletins) leapt(slot box.Slot) {
	if slot < b.drafted || slot > b.drafted+1+mostDrift {
		b.calm = slot + calmSlots
	}
	b.drafted = slot
}

// follow is the hash of the own body before a slot's; due is false if the slot has one, or a later.
func (b *Bulletins) follow(slot box.Slot) (previous bulletin.Hash, due bool, err error) {
	last, raw, ok, err := b.store.Published()
	switch {
	case err != nil:
		return previous, false, fmt.Errorf("reading the own last bulletin: %w", err)
	case !ok:
		return previous, true, nil
	}
	if err := b.resume(last); err != nil {
		return previous, false, err
	}
	if last > slot+mostDrift {
		return previous, false, fmt.Errorf("%w, which ends at %s", ErrAhead,
			b.calendar.Ends(last).UTC().Format(time.RFC3339))
	}
	body, err := bulletin.ParseBody(raw)
	return body.Hash(), err == nil && slot > last, err
}

// choose is what the slot lists: what waits and is not held any more, those that came first, in the
// order of their entries.
func (b *Bulletins) choose(slot box.Slot, most int) ([]box.Listing, error) {
	waiting, err := b.store.Unlisted()
	if err != nil {
		return nil, fmt.Errorf("reading what is to be listed: %w", err)
	}
	end := b.calendar.Ends(slot)
	var listed []box.Listing
	for _, l := range waiting {
		if len(listed) < most && !b.held[l].After(end) && b.listable(slot, l.Day) {
			listed = append(listed, l)
		}
	}
	for l, until := range b.held {
		if !until.After(end) {
			delete(b.held, l)
		}
	}
	return box.OrderListings(listed), nil
}

// listable says whether boxes of a day may be listed in a slot: until the grace is over, and the
// longest hold, and some slots.
func (b *Bulletins) listable(slot box.Slot, day box.Day) bool {
	return b.calendar.Begins(slot).Before((day + 1).Start(b.calendar.Start).
		Add(protocol.WriteGrace + protocol.HoldCap*b.doc.Parameters.Hold +
			protocol.ListingSlots*b.calendar.Every))
}

// Sign makes a bulletin of a draft whose body is on the disk.
func (b *Bulletins) Sign(d Draft) {
	b.insert(d.Body.Sign(b.self.PrivateKey()))
	b.stats.Made++
}

// roll makes the rolls that are over, and gives the hash of the one that the body of the slot
// carries; zero if there is none.
func (b *Bulletins) roll(slot box.Slot) (bulletin.Hash, error) {
	if slot < protocol.RollSlots+protocol.RollHashAt {
		return bulletin.Hash{}, nil
	}
	number := bulletin.RollNumber(slot-protocol.RollHashAt) - 1
	made, err := b.makeRoll(number)
	if carried, ok := bulletin.CarriesRoll(slot); err != nil || !ok || carried != number {
		return bulletin.Hash{}, err
	}
	return made, nil
}

// makeRoll signs the own roll of a number, if there was anything to sign in its slots, and gives
// its hash. What it is made of is on the disk: made again it is the same.
func (b *Bulletins) makeRoll(number uint32) (h bulletin.Hash, err error) {
	own := b.chain(b.self.ID())
	if own.rolls[number] {
		_, h, err = b.ownRoll(number)
		return h, err
	}
	r := bulletin.Roll{Network: b.network, Maker: b.self.ID(), Number: number}
	some := false
	for _, k := range own.known {
		some = some || bulletin.RollNumber(k.Slot) == number
		r.Add(k.Body)
	}
	if !some {
		return h, nil
	}
	for before := number; before > 0 && r.Previous == (bulletin.Hash{}); before-- {
		if own.rolls[before-1] {
			if _, r.Previous, err = b.ownRoll(before - 1); err != nil {
				return h, err
			}
		}
	}
	own.rolls[number] = true
	b.keep(b.calendar.Day(bulletin.LastSlot(number)), KeptRoll, number, b.self.ID(),
		r.Sign(b.self.PrivateKey()).Marshal())
	return r.Hash(), nil
}

// ownRoll reads an own roll back; ok is false if it is gone with its day.
func (b *Bulletins) ownRoll(number uint32) (ok bool, h bulletin.Hash, err error) {
	raw, ok, err := b.kept(KeptRoll, number, b.self.ID())
	if err != nil || !ok {
		return false, h, err
	}
	r, err := bulletin.ParseSignedRoll(raw)
	return true, r.Hash(), err
}

// kept reads a record, if it is on the disk already or on its way there.
func (b *Bulletins) kept(kind uint8, number uint32, maker [32]byte) ([]byte, bool, error) {
	k := box.RecordKey{Kind: kind, Number: number, Maker: maker}
	for _, r := range b.fresh {
		if r.Key == k {
			return r.Raw, true, nil
		}
	}
	raw, ok, err := b.store.Kept(k)
	if err != nil {
		return nil, false, fmt.Errorf("reading a bulletin or a roll: %w", err)
	}
	return raw, ok, nil
}

// heard notes by how many slots a maker's newest bulletin came too early or late, by the clock
// here: by none if it came in the slot after its own.
func (b *Bulletins) heard(now time.Time, c *chain, x bulletin.Bulletin) {
	if last := c.newest(); last != nil && x.Slot <= last.Slot {
		return
	}
	current := b.calendar.Slot(now)
	c.drift, c.heard, c.ever = int(int64(x.Slot)+1-int64(current)), current, true
}

// adrift is an error if the clock here is too far off those of the other makers that were heard
// lately.
func (b *Bulletins) adrift(current box.Slot) error {
	var drifts []int
	for _, id := range b.order {
		if c := b.makers[id]; id != b.self.ID() && c.ever && current-c.heard <= heardFor {
			drifts = append(drifts, c.drift)
		}
	}
	switch m := median(drifts); {
	case m > mostDrift:
		return fmt.Errorf("%w: by %d slots", ErrAdrift, m)
	case m < -mostDrift:
		return fmt.Errorf("%w: by %d slots", ErrLate, -m)
	}
	return nil
}

// median is the one in the middle; of two, the one nearer to zero, so that one liar alone moves
// nothing. It is zero of none.
func median(all []int) int {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	low, high := all[(len(all)-1)/2], all[len(all)/2]
	if low+high >= 0 {
		return low
	}
	return high
}
