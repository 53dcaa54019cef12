package relation

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// knock makes a card and has it posted at the newest own door.
func (r *Relations) knock(
	tx *store.Tx, now time.Time, rel *relation, reason session.Reason,
) error {
	if err := r.makeCard(now, rel, reason); err != nil {
		return err
	}
	return r.enter(tx, now, rel, &rel.Posts[len(rel.Posts)-1])
}

// makeCard has a card wait for the doors, in place of those before it.
func (r *Relations) makeCard(now time.Time, rel *relation, reason session.Reason) error {
	start, err := rel.Writer.Start()
	if err != nil {
		return err
	}
	state, card, err := rel.State.Knock(r.cfg.Random, reason, start, now)
	if err != nil {
		return err
	}
	rel.State = state
	rel.Posts = slices.DeleteFunc(slices.Clone(rel.Posts), func(p post) bool {
		return p.Kind == content.KindCard
	})
	rel.Posts = append(rel.Posts, post{Kind: content.KindCard, Bytes: card, Made: now.Unix()})
	return nil
}

// post puts something into the own doors, and keeps it to be sealed again.
func (r *Relations) post(tx *store.Tx, now time.Time, rel *relation, p post) error {
	err := r.enter(tx, now, rel, &p)
	rel.Posts = append(slices.Clip(rel.Posts), p)
	return err
}

// enter seals a post for the doors that it is for. Where a door is full, it is tried another day.
func (r *Relations) enter(tx *store.Tx, now time.Time, rel *relation, p *post) error {
	on, err := r.sealingDay(now)
	if err != nil {
		return err
	}
	record := r.cfg.Network.Format.Split(p.Kind, append(slices.Clip(p.Bytes), p.Proof...))[0]
	for i, d := range slices.Backward(rel.Own) {
		if i < len(rel.Own)-1 && !p.Wide {
			break
		}
		index, ok := r.free(rel.id, rootOf(d.Start), on)
		if !ok {
			continue
		}
		sealed, err := d.Writer.SealAt(r.cfg.Network, on, index, record)
		if err != nil {
			return err
		}
		rel.Posted++
		err = r.cfg.Outbox.Put(tx, now, outbox.Draft{
			Name: fmt.Sprintf("door/%s/%d", rel.id.name(), rel.Posted), Author: rel.id.author(),
			Slow: true, Hidden: true, Door: true, Boxes: []boxstream.Sealed{sealed},
		})
		if errors.Is(err, outbox.ErrDoor) || errors.Is(err, outbox.ErrFull) {
			continue // it is tried again
		}
		if err == nil {
			err = r.cfg.Cover.Wrote(tx, 1)
		}
		if err != nil {
			return err
		}
		p.Sealed = now.Unix()
	}
	return nil
}

// free is the first index of a door that was not listed on a day.
func (r *Relations) free(id ID, root [32]byte, on box.Day) (index int, ok bool) {
	l := r.live[id]
	if l == nil {
		return 0, true
	}
	i := slices.IndexFunc(l.doors, func(d *doorway) bool { return d.Root == root })
	if i < 0 {
		return 0, true
	}
	for index < boxstream.DoorSize && l.doors[i].taken[seen{Day: on, Index: uint8(index)}] {
		index++
	}
	return index, index < boxstream.DoorSize
}

// Turns of two devices that have one name are so long, drawn anew each time.
const (
	leastTurn = 4 * time.Hour
	mostTurn  = 12 * time.Hour
)

// rivalled is for a device in whose name somebody else has knocked, with a copy of its running
// state. It knocks as well, but not at once: two that are both in use would answer each other's
// cards with cards for ever, and neither would say anything. So they take turns, in which what each
// has to say arrives, until somebody ends one of them.
func (r *Relations) rivalled(now time.Time, rel *relation, c session.Card) {
	rel.State = rel.State.Rivalled(c)
	if rel.Rival != 0 {
		return
	}
	rel.Rival = now.Add(leastTurn + time.Duration(r.rng.Int64N(int64(mostTurn-leastTurn)))).Unix()
	rel.happens(Event{What: EventCopied, Own: true, Device: rel.State.Self})
}

// takeTurn knocks when the turn of another device with this one's name is over.
func (r *Relations) takeTurn(tx *store.Tx, now time.Time, rel *relation) error {
	if rel.Rival == 0 || now.Before(time.Unix(rel.Rival, 0)) {
		return nil
	}
	rel.Rival = 0
	return r.copied(tx, now, rel)
}

// copied is for a device whose running state somebody else has: it leaves its stream, knocks, and
// says anew what was not acknowledged once that is answered.
func (r *Relations) copied(tx *store.Tx, now time.Time, rel *relation) error {
	w, _, err := r.newStream()
	if err != nil {
		return err
	}
	upTo := rel.State.Acknowledged()
	err = rel.forget(tx, func(o open) bool { return o.Record != 0 && o.Record <= upTo })
	rel.Writer, rel.Epoch, rel.Unread = w, rel.Epoch+1, true
	for i, o := range rel.Open {
		var s saying
		if err := tx.Get(bucketSaid, rel.id.saying(o.Serial), &s); err != nil {
			return err
		}
		rel.Open[i].Record, rel.Open[i].Echo = 0, o.Echo || s.Kind == 0
		s.Stream, s.Moves, s.Sealed = "", false, boxstream.Sealed{}
		if err := tx.Put(bucketSaid, rel.id.saying(o.Serial), s); err != nil {
			return err
		}
	}
	err = errors.Join(err, rel.forget(tx, func(o open) bool { return o.Echo }))
	return errors.Join(err, r.knock(tx, now, rel, session.ReasonCopied))
}
