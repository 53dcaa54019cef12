package feed

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// bucketHead has one record, the head of the own feed. A backup has it: the feed goes on in the
// home that is made of that.
const bucketHead = "head"

const (
	maxRoots  = 16 // of own streams that are remembered
	headEvery = 4  // days, at most, from one head to the next
)

// ownHead is what writes heads, and what the last one said.
type ownHead struct {
	Key   []byte     `cbor:"1,keyasint"` // Ed25519 seed
	Head  Head       `cbor:"2,keyasint"` // of the week of the last head
	Epoch int        `cbor:"3,keyasint"` // of the newest stream
	Ended bool       `cbor:"4,keyasint,omitempty"`
	Roots [][32]byte `cbor:"5,keyasint"` // of own streams, the newest last
	Wrote wrote      `cbor:"6,keyasint"`
}

// wrote is the last head that this home wrote.
type wrote struct {
	Day   box.Day `cbor:"1,keyasint"`
	Epoch int     `cbor:"2,keyasint"` // zero: none
	Ended bool    `cbor:"3,keyasint,omitempty"`
	Count uint64  `cbor:"4,keyasint"` // of heads ever
}

func (h ownHead) put(tx *store.Tx) error { return tx.Put(bucketHead, "", h) }

func getHead(tx *store.Tx) (h ownHead, err error) {
	if err = tx.Get(bucketHead, "", &h); errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return h, err
}

func newOwnHead(random io.Reader, week uint16) (h ownHead, err error) {
	var drawn [ed25519.SeedSize + seedSize]byte
	if _, err := io.ReadFull(random, drawn[:]); err != nil {
		return h, fmt.Errorf("drawing the head of a feed: %w", err)
	}
	h.Key = drawn[:ed25519.SeedSize]
	public := ed25519.NewKeyFromSeed(h.Key).Public().(ed25519.PublicKey)
	h.Head = Head{[32]byte(public), week, [seedSize]byte(drawn[ed25519.SeedSize:])}
	return h, nil
}

// remember notes a stream as an own one.
func (h *ownHead) remember(s boxstream.Start) {
	root, _ := s.Before()
	if slices.Contains(h.Roots, root) {
		return
	}
	h.Roots = append(h.Roots, root)
	h.Roots = slices.Clone(h.Roots[max(0, len(h.Roots)-maxRoots):])
}

// due says whether readers need another head: there is none of this week, or it says what is not so
// any more, or the last one will not be kept for long.
func (h ownHead) due(now time.Time, n boxstream.Network, o own) bool {
	today, last := n.Today(now), h.Wrote
	return last.Epoch != o.Epoch || last.Ended != h.Ended || weekOf(today) != weekOf(last.Day) ||
		today >= last.Day+headEvery
}

// adopt gives a feed a head that was made before there were heads.
func (f *Own) adopt(now time.Time, o *own, h *ownHead) (err error) {
	if h.Head.Known() {
		return nil
	}
	if *h, err = newOwnHead(f.cfg.Random, weekOf(f.cfg.Network.Today(now))); err != nil {
		return err
	}
	start, err := o.Writer.Start()
	if err != nil {
		return err
	}
	h.remember(start)
	h.Epoch, o.Source = o.Epoch, h.Head.Source()
	return o.mark(f.cfg.Network, now)
}

// writer writes the heads of the week.
func (h ownHead) writer() boxstream.Writer {
	state := h.Head.state()
	before := make([]byte, 8+32+32, 8+32+32+len(state)) // number and keys of the index before
	before = append(before, state[:]...)
	return boxstream.Writer{
		Cap: append(slices.Clone(ed25519.NewKeyFromSeed(h.Key)), before...), Before: before,
	}
}

// writeHead says where the feed is.
func (f *Own) writeHead(tx *store.Tx, now time.Time, o *own, h *ownHead) error {
	n := f.cfg.Network
	today := n.Today(now)
	h.Head = h.Head.at(weekOf(today))
	if err := o.mark(n, now); err != nil {
		return err
	}
	said, err := f.position(o, *h, today).marshal()
	if err != nil {
		return err
	}
	record := n.Format.Split(content.KindHead, said)[0]
	sealed, err := h.writer().SealAt(n, today, 0, record)
	if err != nil {
		return err
	}
	h.Wrote = wrote{today, o.Epoch, h.Ended, h.Wrote.Count + 1}
	err = f.cfg.Outbox.Put(tx, now, outbox.Draft{
		Name: fmt.Sprintf("head/%d", h.Wrote.Count), Author: author, Hidden: true, Door: true,
		Boxes: []boxstream.Sealed{sealed},
	})
	if errors.Is(err, outbox.ErrDoor) {
		return nil // sixteen were written today: the next one is due in some days
	}
	return errors.Join(err, f.cfg.Cover.Wrote(tx, 1))
}

// position is what the head says: who is new begins with the week.
func (f *Own) position(o *own, h ownHead, today box.Day) position {
	p := position{Epoch: o.Epoch, Ended: h.Ended}
	p.Start, p.Since = o.Marks[0].Start, o.Marks[0].Day
	_, before := p.Start.Before()
	p.Oldest = before + 1
	for _, m := range o.Marks {
		if weekOf(m.Day) == weekOf(today) {
			p.Start, p.Since = m.Start, m.Day
			break
		}
	}
	if start, err := o.Writer.Start(); err == nil {
		_, before = start.Before()
	}
	p.Next = before + 1
	return p
}

// End says that nothing more comes. Readers are told, and keep what they have.
func (f *Own) End(now time.Time) error {
	return f.cfg.Store.Update(func(tx *store.Tx) error {
		o, h, err := f.get(tx)
		if err == nil {
			err = f.adopt(now, &o, &h)
		}
		if err != nil || h.Ended {
			return err
		}
		h.Ended = true
		if err := f.writeHead(tx, now, &o, &h); err != nil {
			return err
		}
		said, err := f.position(&o, h, f.cfg.Network.Today(now)).marshal()
		if err != nil {
			return err
		}
		_, err = f.cfg.Writing.Say(tx, now, o.stream(), &o.Writer, outbox.Draft{
			Name: fmt.Sprintf("end/%d", h.Wrote.Count), Author: author, Hidden: true,
		}, f.cfg.Network.Format.Split(content.KindHead, said)[0])
		return errors.Join(err, o.put(tx), h.put(tx))
	})
}

// Load looks whether the feed can be written.
func (f *Own) Load(tx *store.Tx) error {
	h, err := getHead(tx)
	if err == nil && h.Head.Known() && len(h.Key) != ed25519.SeedSize {
		err = store.ErrForeign.With("the head of a feed has no key")
	}
	return err
}

// Restored begins another stream of the feed, which its readers find by the head.
func (f *Own) Restored(tx *store.Tx, now time.Time) error {
	h, err := getHead(tx)
	if err != nil || !h.Head.Known() {
		return err
	}
	h.Wrote.Epoch = 0
	o, h, err := f.begin(h, f.cfg.Network.Today(now))
	return errors.Join(err, o.put(tx), h.put(tx))
}

// Supply asks for nothing.
func (f *Own) Supply(time.Time) error { return nil }

// Turn writes a head when one is due, and looks out for those that others write.
func (f *Own) Turn(now time.Time) error {
	if !f.access.Online() {
		return nil
	}
	err := f.cfg.Store.View(func(tx *store.Tx) error {
		o, h, err := f.get(tx)
		if err != nil {
			return err
		}
		f.look(now, h)
		if h.Head.Known() && !h.due(now, f.cfg.Network, o) {
			return errNotDue
		}
		return nil
	})
	if errors.Is(err, errNoFeed) || errors.Is(err, errNotDue) {
		return nil
	}
	if err == nil {
		err = f.cfg.Store.Update(func(tx *store.Tx) error {
			o, h, err := f.get(tx)
			if err == nil {
				err = f.adopt(now, &o, &h)
			}
			if err == nil {
				err = f.writeHead(tx, now, &o, &h)
			}
			return errors.Join(err, o.put(tx), h.put(tx))
		})
	}
	if err != nil {
		return fmt.Errorf("writing the head of the feed: %w", err)
	}
	return nil
}

var errNotDue = errors.New("no head is due")

// look looks out for the heads of today and yesterday, which may be a copy's of this home, or of
// one that was made of a backup.
func (f *Own) look(now time.Time, h ownHead) {
	today := f.cfg.Network.Today(now)
	ids := f.doors.ids(f.cfg.Network, h.Head, max(today, 1)-1, today)
	f.access.Want(1, ids, true)
}

// Answered takes a head of the own feed that this home may not have written.
func (f *Own) Answered(now time.Time, a person.Answer) error {
	if a.Kind != person.Found {
		return nil
	}
	var h ownHead
	err := f.cfg.Store.View(func(tx *store.Tx) (err error) { h, err = getHead(tx); return err })
	if err != nil {
		return err
	}
	p, _, ok := f.doors.open(f.cfg.Network, h.Head, a)
	root, _ := p.Start.Before()
	if !ok || slices.Contains(h.Roots, root) {
		return nil
	}
	return f.cfg.Store.Update(func(tx *store.Tx) error {
		o, h, err := f.get(tx)
		if err != nil || o.Unsaid {
			return err
		}
		h.remember(p.Start)
		h.Epoch = max(h.Epoch, p.Epoch)
		o.Unsaid = true
		tx.After(func() {
			f.access.Tell("another home writes to your feed: a copy of this one, or one that was "+
				"made of a backup", ErrCopied.Hint())
		})
		return errors.Join(o.put(tx), h.put(tx))
	})
}
