package daystore

import (
	"bytes"
	"fmt"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// put is a box that comes, as a change.
type put struct {
	box      box.Box
	merge    bool
	pay      box.Token // zero: nothing
	replicas []box.Holder

	name   []byte // of the box under the day's key, and
	sealed []byte // its bytes for the disk; nil until seal
	paid   []byte // the token's key on the disk; nil for none
}

func (p *put) seal(d *dayDB) {
	if p.name == nil {
		p.name = d.form.Name(p.box.ID[:])
		p.sealed = d.form.SealBox(p.box, p.name)
		if p.pay != (box.Token{}) {
			p.paid = d.form.TokenKey(p.pay)
		}
	}
}

func (p *put) settle(b *batch, r *request) {
	old := b.boxes[string(p.name)]
	if old == nil {
		old, r.err = b.day.load(b.reads, p.name)
	}
	if r.err != nil {
		return // one unreadable box is no reason to refuse the others
	}
	var spent, replace bool
	if spent, r.err = b.spentElsewhere(p); r.err != nil {
		return
	}
	r.outcome, replace = box.Arrival{Old: old, Next: p.box, Merge: p.merge, Room: b.room,
		Spent: spent}.Settle()
	if !replace {
		return
	}
	if r.outcome.New && p.paid != nil {
		b.spent[string(p.paid)] = p.name
		b.set(p.paid, p.name)
	}
	b.boxes[string(p.name)] = &p.box
	b.set(dayform.BoxKey(p.name), p.sealed)
	for _, peer := range p.replicas {
		b.set(dayform.AppendPlace(b.day.form.QueueKey(peer), b.place()), p.name)
	}
	switch {
	case r.outcome.New:
		b.list(p.name, p.box.ID)
	case p.box.Tombstone():
		b.unlist(p.name)
	}
}

// spentElsewhere says whether the token of a put was spent on another box, in this batch or before.
func (b *batch) spentElsewhere(p *put) (bool, error) {
	if p.paid == nil {
		return false, nil
	}
	on := b.spent[string(p.paid)]
	if on == nil {
		var err error
		if on, err = get(b.reads, p.paid); err != nil {
			return false, fmt.Errorf("reading a spent token of day %d: %w", b.day.day, err)
		}
	}
	return on != nil && !bytes.Equal(on, p.name), nil
}

// recycle gives the sealed bytes to the next one.
func (p *put) recycle() {
	if p.sealed != nil {
		dayform.Recycle(p.sealed)
		p.sealed = nil
	}
}

// done is that another holder has a box, as a change: its entry in the queue goes.
type done struct {
	peer box.Holder
	at   box.Place
}

func (done) seal(*dayDB) {}
func (done) recycle()    {}

func (d done) settle(b *batch, r *request) {
	if b.room == box.NoRoom {
		r.outcome.Status = box.StatusFull
		return
	}
	r.outcome.Status = box.StatusStored
	b.remove(dayform.AppendPlace(b.day.form.QueueKey(d.peer), d.at))
}
