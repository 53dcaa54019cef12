package relation

import (
	"errors"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Implementation constants.
const (
	lookEvery = time.Hour // that the clock may ask for something in a relation
	paced     = 4         // knocks that wait are posted in an hour
	tended    = 8         // relations at most in a turn: each is a transaction
)

// Turn gives up the days of which nothing new comes, and does once an hour what the clock asks for.
func (r *Relations) Turn(now time.Time) error {
	if now.Sub(r.hour) >= lookEvery {
		r.hour, r.posts = now, paced
	}
	left := tended
	for _, l := range r.inOrder() {
		for _, d := range l.doors {
			d.turn(now)
		}
		if err := r.close(now, l); err != nil {
			return err
		}
		if now.Before(l.due) || left == 0 {
			continue
		}
		left--
		if err := r.update(l.id, func(tx *store.Tx, rel *relation) error {
			return r.tend(tx, now, rel)
		}); err != nil {
			return err
		}
		l.due = now.Add(lookEvery)
	}
	r.lookAll(now, false)
	return nil
}

// Supply looks out for what changed; what waits the outbox supplies.
func (r *Relations) Supply(now time.Time) error {
	r.lookAll(now, true)
	return nil
}

func (r *Relations) lookAll(now time.Time, stale bool) {
	room := idsATurn
	for _, l := range r.inOrder() {
		if l.stale || !stale {
			r.look(l, now, &room)
		}
	}
}

func (r *Relations) inOrder() (all []*live) {
	for _, l := range r.live {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *live) int { return slices.Compare(a.id[:], b.id[:]) })
	return all
}

// tend does what the clock asks for in a relation.
func (r *Relations) tend(tx *store.Tx, now time.Time, rel *relation) error {
	for _, do := range []func(*store.Tx, time.Time, *relation) error{
		r.expire, r.tendDoors, r.tendPosts, r.tendWaits, r.sealAgain, r.move, r.answerTurn,
		r.takeTurn,
	} {
		if err := do(tx, now, rel); err != nil {
			return err
		}
	}
	if err := r.flush(tx, now, rel); err != nil {
		return err
	}
	return r.put(tx, now, rel)
}

// expire erases devices that were silent, and gives up what nobody acknowledged. Where no device of
// the contact is left this one knocks.
func (r *Relations) expire(tx *store.Tx, now time.Time, rel *relation) error {
	state, gone := rel.State.Expire(now)
	var errs []error
	for _, d := range gone {
		if rel.standing(d) == session.Revoked { // and stays so
			rel.Gone = append(slices.Clip(rel.Gone), d)
		}
		rel.happens(Event{What: EventGone, Own: rel.own(d), Device: d})
	}
	rel.State = state
	errs = append(errs, rel.read(now))
	for _, o := range rel.Open {
		if over(o.Made, patience, now) && !o.Echo {
			rel.happens(Event{
				What: EventExpired, Own: true, Device: rel.State.Self, Number: o.Number,
			})
		}
	}
	errs = append(errs, r.acknowledged(tx, now, rel),
		rel.forget(tx, func(o open) bool { return over(o.Made, patience, now) }))
	rel.Took = slices.DeleteFunc(rel.Took, func(t took) bool { return over(t.At, patience, now) })
	alone := !rel.Self && !rel.Over && !slices.ContainsFunc(rel.State.Peers,
		func(p session.Peer) bool { return !p.Own })
	if alone && !slices.ContainsFunc(rel.Posts, func(p post) bool {
		return p.Kind == content.KindCard
	}) {
		errs = append(errs, r.knock(tx, now, rel, session.ReasonReturned))
	}
	return errors.Join(errs...)
}

func over(since int64, limit time.Duration, now time.Time) bool {
	return now.Sub(time.Unix(since, 0)) >= limit
}

// tendDoors closes days and doors: the contact's three months after a newer one was read of, own
// ones three months after every device that is written to has known of a newer one.
func (r *Relations) tendDoors(_ *store.Tx, now time.Time, rel *relation) error {
	for i := len(rel.Their) - 2; i >= 0; i-- {
		if over(rel.Their[i+1].Since, closes, now) {
			rel.Their = slices.Clone(rel.Their[i+1:])
			break
		}
	}
	told := rel.heardBy() && !slices.ContainsFunc(rel.Open, func(o open) bool {
		return o.Number == rel.Door
	})
	for i := range rel.Own[:len(rel.Own)-1] {
		if told && rel.Own[i].Known == 0 {
			rel.Own[i].Known = now.Unix()
		}
	}
	rel.Own = slices.DeleteFunc(slices.Clone(rel.Own), func(d ownDoor) bool {
		return d.Known != 0 && over(d.Known, closes, now)
	})
	rel.readDoors()
	for i := range rel.Doors {
		r.closeDays(now, rel.id, &rel.Doors[i])
	}
	return nil
}

// closeDays moves on to the first day of a door of which something new may come.
func (r *Relations) closeDays(now time.Time, id ID, d *reading) {
	n := r.cfg.Network
	oldest := n.Calendar.Oldest(now)
	from := min(r.access.Whole(), n.FirstOpen(now))
	if l := r.live[id]; l != nil {
		for _, way := range l.doors {
			if way.Root == d.Root && !way.is(now) {
				return
			}
			if way.Root == d.Root {
				from = way.waitsFrom(from, oldest)
			}
		}
	}
	d.From = max(d.From, oldest, from)
	d.Seen = slices.DeleteFunc(slices.Clone(d.Seen), func(s seen) bool { return s.Day < d.From })
}

// waitsFrom is the first day of which a box was announced and did not come, if there is one.
func (d *doorway) waitsFrom(from, oldest box.Day) box.Day {
	for at := range d.listed {
		if slices.Contains(d.Seen, at) || at.Day < oldest {
			delete(d.listed, at)
			continue
		}
		from = min(from, at.Day)
	}
	return from
}

// tendPosts puts cards and answers into doors again, or for the first time, while somebody may look
// for them; a knock that nobody answered goes to older doors after three days.
func (r *Relations) tendPosts(tx *store.Tx, now time.Time, rel *relation) error {
	rel.Posts = slices.DeleteFunc(slices.Clone(rel.Posts), func(p post) bool {
		return over(p.Made, patience, now) || p.Kind == content.KindAnswer && rel.confirmed(p)
	})
	for i := range rel.Posts {
		p := &rel.Posts[i]
		widen := p.Kind == content.KindCard && !p.Met && !p.Wide && p.Sealed != 0 &&
			over(p.Sealed, widens, now)
		switch {
		case p.Sealed == 0 && rel.Self: // that is where own devices meet
		case p.Sealed == 0 && r.posts <= 0:
			continue
		case p.Sealed == 0:
			r.posts--
		case widen:
			p.Wide = true
		case !over(p.Sealed, sealAgain*oneDay, now):
			continue
		}
		if err := r.enter(tx, now, rel, p); err != nil {
			return err
		}
	}
	return nil
}

// confirmed says whether the device that an answer is for has it.
func (rel *relation) confirmed(p post) bool {
	for _, peer := range rel.State.Peers {
		if peer.Device != p.To {
			continue
		}
		for _, x := range peer.Sessions {
			if x.Card == session.CardHash(p.Bytes[1:33]) {
				return x.Confirmed
			}
		}
	}
	return true
}

// tendWaits tells of a card in the own door for which nobody has vouched.
func (r *Relations) tendWaits(tx *store.Tx, now time.Time, rel *relation) error {
	for i, w := range rel.Waits {
		if w.Said || !over(w.At, LinkLife, now) {
			continue
		}
		rel.Waits[i].Said = true
		b, _ := splitLink(w.Card)
		card, err := session.ParseCard(b)
		if err != nil {
			continue
		}
		rel.happens(Event{
			What: EventRestored, Own: true, Device: card.ID(), Reason: card.Reason,
		})
	}
	return nil
}

// sealAgain puts records that not everybody acknowledged into the boxes of another day.
func (r *Relations) sealAgain(tx *store.Tx, now time.Time, rel *relation) error {
	today := r.cfg.Network.Today(now)
	for i, o := range rel.Open {
		if o.Record == 0 || today < o.Day+sealAgain {
			continue
		}
		var s saying
		if err := tx.Get(bucketSaid, rel.id.saying(o.Serial), &s); err != nil {
			return err
		}
		on, err := r.sealingDay(now)
		if err != nil {
			return err
		}
		again, err := s.Sealed.Again(r.cfg.Network, on)
		if err != nil {
			return err
		}
		rel.Posted++
		err = r.cfg.Outbox.Put(tx, now, outbox.Draft{
			Name: rel.again(), Author: rel.id.author(), Stream: s.Stream, Slow: true, Hidden: true,
			Boxes: []boxstream.Sealed{again},
		})
		if errors.Is(err, outbox.ErrFull) {
			return nil
		}
		if err == nil {
			err = r.cfg.Cover.Wrote(tx, 1)
		}
		if err != nil {
			return err
		}
		rel.Open[i].Day = on
	}
	return nil
}

// move goes on in another stream, once a month, and tells of a newer door if there is none yet.
func (r *Relations) move(tx *store.Tx, now time.Time, rel *relation) error {
	if now.Unix() < rel.Moves || rel.Unread || rel.Over || !rel.heardBy() {
		return nil
	}
	rel.Moves = r.nextMove(now)
	var w word
	if over(rel.Own[len(rel.Own)-1].Made, month-3*oneDay, now) {
		door, start, err := r.newStream()
		if err != nil {
			return err
		}
		rel.Own = append(slices.Clip(rel.Own), ownDoor{
			Writer: door, Start: *start, Made: now.Unix(),
		})
		rel.Own = rel.Own[max(0, len(rel.Own)-mostDoors):]
		w.Door = start
	}
	said, err := r.sayWord(tx, now, rel, w, true)
	if err != nil {
		return err
	}
	rel.readDoors()
	if w.Door == nil {
		return nil
	}
	rel.Door = said.Number
	return r.tellOf(tx, now, rel)
}

// answerTurn answers a turn within the week, by a record that says nothing, at a drawn time.
func (r *Relations) answerTurn(tx *store.Tx, now time.Time, rel *relation) error {
	by, ok := rel.State.AnswerBy()
	switch {
	case !ok:
		rel.Writes = 0
	case rel.Writes == 0:
		left := max(by.Sub(now)-oneDay, time.Hour)
		rel.Writes = now.Add(time.Duration(r.rng.Int64N(int64(left)))).Unix()
	case now.Unix() >= rel.Writes && !rel.Unread && !rel.Over:
		rel.Writes = 0
		if err := rel.add(tx, open{Made: now.Unix()}, saying{}); err != nil {
			return err
		}
		return r.flush(tx, now, rel)
	}
	return nil
}
