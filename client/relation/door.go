package relation

import (
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// post is a card or an answer in the own doors. It is sealed again while somebody may look for it.
type post struct {
	Kind   box.Kind         `cbor:"1,keyasint"`
	Bytes  []byte           `cbor:"2,keyasint"`
	Made   int64            `cbor:"3,keyasint"`
	Sealed int64            `cbor:"4,keyasint"`           // last; 0: not yet
	Wide   bool             `cbor:"5,keyasint,omitempty"` // in all doors, not in the newest alone
	To     session.DeviceID `cbor:"6,keyasint,omitempty"` // of an answer
	Met    bool             `cbor:"7,keyasint,omitempty"` // of a card: somebody answered
	Proof  []byte           `cbor:"8,keyasint,omitempty"` // behind a card: of a link
}

func (p post) hash() session.CardHash { return sha256.Sum256(p.Bytes) }

// atDoor takes what was listed or found of a door.
func (r *Relations) atDoor(
	now time.Time, l *live, d *doorway, at boxstream.Place, a person.Answer,
) error {
	n := r.cfg.Network
	i, ok := d.door.Find(n, at)
	if !ok {
		return nil
	}
	index := seen{Day: at.Day, Index: uint8(i)}
	d.taken[index] = true
	if a.Kind == person.Listed {
		d.listed[index] = true
	}
	if a.Kind != person.Found || slices.Contains(d.Seen, index) {
		return nil
	}
	plaintext, err := d.door.Open(n, at.Day, i, a.Reply.Box)
	if err != nil && !errors.Is(err, box.ErrTombstone) {
		return nil
	}
	root, entry := d.Root, entry{own: d.own, from: min(d.From, at.Day)}
	return r.update(l.id, func(tx *store.Tx, rel *relation) error {
		j := slices.IndexFunc(rel.Doors, func(d reading) bool { return d.Root == root })
		if j < 0 {
			return nil
		}
		rel.Doors[j].Seen = append(slices.Clip(rel.Doors[j].Seen), index)
		if err := r.entered(tx, now, rel, entry, plaintext); err != nil {
			return err
		}
		return r.put(tx, now, rel)
	})
}

// entry is in which door something is, and the first day on which it may have been: the stream that
// it names is read from then on.
type entry struct {
	own  bool
	from box.Day
}

// entered takes what a box of a door holds.
func (r *Relations) entered(
	tx *store.Tx, now time.Time, rel *relation, e entry, plaintext []byte,
) error {
	record, err := box.ParseRecord(r.cfg.Network.Format, plaintext)
	switch {
	case err == nil && record.Kind == content.KindCard && record.Parts == 1:
		return r.card(tx, now, rel, e, record.Content)
	case err == nil && record.Kind == content.KindAnswer && record.Parts == 1:
		return r.answer(tx, now, rel, e, record.Content)
	case plaintext != nil:
		r.odd++
	}
	return nil
}

// card takes a knock.
func (r *Relations) card(
	tx *store.Tx, now time.Time, rel *relation, e entry, b []byte,
) error {
	own := e.own
	whole := b
	b, proof := splitLink(b)
	card, err := session.ParseCard(b)
	if err != nil {
		r.odd++
		return nil
	}
	hash := card.Hash()
	if own && rel.posted(hash) || rel.answered(hash) || rel.Over {
		return nil
	}
	if slices.Contains(rel.Gone, card.ID()) {
		return r.refused(tx, now, rel, own, card, session.ErrGone)
	}
	if rel.answers(now) >= mostReply {
		r.odd++
		return nil
	}
	if own {
		if welcome, err := r.welcome(tx, now, rel, card, whole, proof); err != nil || !welcome {
			return err
		}
	}
	start, err := rel.Writer.Start()
	if err != nil {
		return err
	}
	known := rel.knows(card.ID())
	state, answer, begun, err := rel.State.Answer(r.cfg.Random, b, start, own, now)
	if err != nil {
		return r.refused(tx, now, rel, own, card, err)
	}
	above := rel.read0(own)
	rel.State = state
	rel.Took = append(rel.Took, took{Card: hash, At: now.Unix()})
	if err := rel.read(now, r.begins(card.Start, e.from)); err != nil {
		return err
	}
	if own && !rel.Self && !slices.Contains(rel.Mine, begun.Device) {
		rel.Mine = append(rel.Mine, begun.Device)
	}
	err = r.begun(tx, now, rel, begun, own, known, above)
	return errors.Join(err, r.post(tx, now, rel, post{
		Kind: content.KindAnswer, Bytes: answer, Made: now.Unix(), Wide: true, To: begun.Device,
	}))
}

// answer takes an answer to a card of this device.
func (r *Relations) answer(
	tx *store.Tx, now time.Time, rel *relation, e entry, b []byte,
) error {
	own := e.own
	above := rel.read0(own)
	devices := len(rel.State.Peers)
	state, begun, err := rel.State.Answered(b, own, now)
	if err != nil {
		if errors.Is(err, session.ErrClaim) || errors.Is(err, session.ErrMostDevices) {
			rel.alarm(now, Event{What: EventRefused, Own: own})
		}
		return nil // to somebody else, or one that came before
	}
	known := devices == len(state.Peers)
	rel.State, rel.Unread = state, false
	for i, p := range rel.Posts {
		if p.Kind == content.KindCard && session.CardHash(b[1:33]) == p.hash() {
			rel.Posts[i].Met = true
		}
	}
	if err := rel.read(now, r.begins(begun.Card.Start, e.from)); err != nil {
		return err
	}
	err = r.begun(tx, now, rel, begun, own, known, above)
	if begun.Moved {
		err = errors.Join(err, r.knock(tx, now, rel, session.ReasonMoved))
	}
	return err
}

// begun is what follows when a session has begun: what the device has not read is said anew. above
// is up to which record any device of its person had read: to a device that was not known only what
// follows goes, unless it is sure whose it is, or this one is new here and that one was there.
func (r *Relations) begun(
	tx *store.Tx, now time.Time, rel *relation, b session.Begun, own, known bool, above uint32,
) error {
	e := Event{What: EventDevice, Own: own, Device: b.Device, Reason: b.Card.Reason}
	if known {
		e.What = EventReset
	}
	var errs []error
	vouched := slices.Contains(rel.Mine, b.Device)
	young := !over(rel.Began, settles, now) && b.Card.Reason != session.ReasonRestored
	switch {
	case b.Again:
		above = b.Acked
	case !known && (own || vouched || young):
		errs = append(errs, r.lately(tx, now, rel, above))
	}
	// An own device as well: what this one said before it knew that one, is for both.
	errs = append(errs, r.anew(tx, now, rel, above))
	if !known || b.Card.Reason != session.ReasonAnswer && b.Card.Reason != session.ReasonMoved {
		rel.happens(e)
	}
	rel.tells = rel.tells || rel.Self && !known
	switch {
	case known || own:
	case vouched:
		e.What = EventVouched
		rel.happens(e)
	default:
		rel.Came = append(slices.Clip(rel.Came), b.Device)
		rel.Came = rel.Came[max(0, len(rel.Came)-2*session.MostDevices):]
	}
	if rel.Alone && !own { // as was to be said before anybody heard it
		errs = append(errs, r.sayAlone(tx, now, rel), r.tellOf(tx, now, rel))
	}
	return errors.Join(append(errs, r.flush(tx, now, rel))...)
}

// read0 is up to which record some device of one person has read what this one said.
func (rel *relation) read0(own bool) (most uint32) {
	for _, p := range rel.State.Peers {
		if p.Own != own {
			continue
		}
		for _, x := range p.Sessions {
			most = max(most, x.Acked)
		}
	}
	return most
}

// refused is a card that is not answered.
func (r *Relations) refused(
	tx *store.Tx, now time.Time, rel *relation, own bool, c session.Card, why error,
) error {
	switch {
	case errors.Is(why, session.ErrOwn) && own:
		r.rivalled(now, rel, c)
		return nil
	case errors.Is(why, session.ErrClaim) && (c.Device == session.DeviceID{}):
		return nil // the first card of a device that has answered one since: it names nobody else
	case errors.Is(why, session.ErrClaim), errors.Is(why, session.ErrMostDevices),
		errors.Is(why, session.ErrGone):
		rel.alarm(now, Event{What: EventRefused, Own: own, Device: c.ID(), Reason: c.Reason})
		return nil
	case errors.Is(why, session.ErrOld), errors.Is(why, session.ErrOwn):
		return nil
	case errors.Is(why, session.ErrMalformed):
		r.odd++
		return nil
	}
	return why
}

func (rel *relation) knows(d session.DeviceID) bool {
	return slices.ContainsFunc(rel.State.Peers, func(p session.Peer) bool { return p.Device == d })
}

func (rel *relation) posted(hash session.CardHash) bool {
	return slices.ContainsFunc(rel.State.Knocks, func(k session.Knock) bool {
		return k.Card == hash
	}) || slices.ContainsFunc(rel.Posts, func(p post) bool { return p.hash() == hash })
}

func (rel *relation) answered(hash session.CardHash) bool {
	return slices.ContainsFunc(rel.Took, func(t took) bool { return t.Card == hash })
}

// answers counts those of a day.
func (rel *relation) answers(now time.Time) (n int) {
	for _, t := range rel.Took {
		if now.Sub(time.Unix(t.At, 0)) < oneDay {
			n++
		}
	}
	return n
}
