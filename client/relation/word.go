package relation

import (
	"errors"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/session"
	"murmuration/client/store"
)

// word is what devices say about doors and devices, to all of a relation: the content of a saying
// of KindDevice, in canonical CBOR.
type word struct {
	Door   *boxstream.Start   `cbor:"1,keyasint,omitempty"` // the newest door of who says it
	Close  bool               `cbor:"2,keyasint,omitempty"` // the older ones are closed now
	Mine   []session.DeviceID `cbor:"3,keyasint,omitempty"` // devices of the same person
	Gone   []session.DeviceID `cbor:"4,keyasint,omitempty"` // those that are its no more
	Object bool               `cbor:"5,keyasint,omitempty"` // who says it is not gone
	// Alone: every other device of the person is gone, but those in Mine.
	Alone bool `cbor:"6,keyasint,omitempty"`
	// Told: of these devices, the reader's person's, another one has said that they are gone.
	Told []session.DeviceID `cbor:"7,keyasint,omitempty"`
}

// form has room for a session within what one device tells another of it.
var form = content.NewForm(8, 16)

var errWord = errors.New("malformed word of a device")

// decode reads what content.Encode writes, and refuses every other spelling.
func decode(b []byte, v any) error {
	if form.Decode(b, v) != nil {
		return errWord
	}
	return nil
}

func parseWord(b []byte) (w word, err error) {
	if err := decode(b, &w); err != nil {
		return word{}, err
	}
	if max(len(w.Mine), len(w.Gone), len(w.Told)) > session.MostDevices ||
		w.Close && w.Door == nil {
		return word{}, errWord
	}
	if w.Door != nil {
		if _, err := boxstream.NewDoor(*w.Door); err != nil {
			return word{}, errWord
		}
	}
	return w, nil
}

// sayWord says one; with moves, the stream ends with it.
func (r *Relations) sayWord(
	tx *store.Tx, now time.Time, rel *relation, w word, moves bool,
) (Said, error) {
	b, err := content.Encode(w)
	if err != nil {
		return Said{}, err
	}
	return r.say(tx, now, rel, saying{Kind: KindDevice, Content: b, Moves: moves, Quick: true})
}

// word takes one, from a device that speaks for itself and its person.
func (r *Relations) word(
	tx *store.Tx, now time.Time, rel *relation, o session.Opened, b []byte,
) error {
	own := rel.own(o.Device)
	if rel.Self {
		if t, err := parseTold(b); err == nil {
			return r.told(tx, now, rel, o.Device, t)
		}
	}
	w, err := parseWord(b)
	if err != nil {
		r.odd++
		return nil
	}
	if o.Standing != session.Live {
		if w.Object || w.Alone || len(w.Gone) > 0 {
			return r.objects(tx, now, rel, o.Device)
		}
		return nil
	}
	if w.Door != nil && !own {
		rel.hearDoor(now, *w.Door, w.Close)
	}
	errs := []error{r.vouched(tx, now, rel, own, w.Mine)}
	if !own && slices.Contains(w.Told, rel.State.Self) && !rel.Over {
		rel.Over = true
		rel.happens(Event{What: EventRevoked, Own: true, Device: rel.State.Self})
	}
	gone := w.Gone
	if w.Alone {
		gone = append(slices.Clip(gone), rel.others(own, append(slices.Clip(w.Mine), o.Device))...)
	}
	for _, d := range gone {
		errs = append(errs, r.gone(tx, now, rel, own, d, o.Device))
	}
	return errors.Join(append(errs, r.put(tx, now, rel))...)
}

// others is all devices of one person but some.
func (rel *relation) others(own bool, but []session.DeviceID) (all []session.DeviceID) {
	for _, p := range rel.State.Peers {
		if p.Own == own && !slices.Contains(but, p.Device) {
			all = append(all, p.Device)
		}
	}
	if own && !slices.Contains(but, rel.State.Self) {
		all = append(all, rel.State.Self)
	}
	return all
}

// hearDoor takes a newer door of the contact. With close, none but it is read from now on.
func (rel *relation) hearDoor(now time.Time, start boxstream.Start, close bool) {
	if close {
		rel.Their = slices.DeleteFunc(slices.Clone(rel.Their), func(d theirDoor) bool {
			return d.Start != start
		})
	}
	if !slices.ContainsFunc(rel.Their, func(d theirDoor) bool {
		return rootOf(d.Start) == rootOf(start)
	}) {
		rel.Their = append(slices.Clip(rel.Their), theirDoor{start, now.Unix()})
		rel.Their = rel.Their[max(0, len(rel.Their)-mostDoors):]
	}
	rel.readDoors()
}

// vouched takes the word of a device that others are the same person's.
func (r *Relations) vouched(
	tx *store.Tx, now time.Time, rel *relation, own bool, devices []session.DeviceID,
) error {
	var errs []error
	for _, d := range devices {
		if slices.Contains(rel.Mine, d) {
			continue
		}
		rel.Mine = append(slices.Clip(rel.Mine), d)
		rel.Mine = rel.Mine[max(0, len(rel.Mine)-4*session.MostDevices):]
		if own {
			errs = append(errs, r.admit(tx, now, rel, d))
		} else if i := slices.Index(rel.Came, d); i >= 0 {
			rel.Came = slices.Delete(slices.Clone(rel.Came), i, i+1)
			rel.happens(Event{What: EventVouched, Device: d, Reason: session.ReasonSecond})
			errs = append(errs, r.lately(tx, now, rel, rel.read0(false)), r.flush(tx, now, rel))
		}
	}
	return errors.Join(errs...)
}

// gone takes the word of one device that another one of its person is gone.
func (r *Relations) gone(
	tx *store.Tx, now time.Time, rel *relation, own bool, d, by session.DeviceID,
) error {
	e := Event{What: EventRevoked, Own: own, Device: d}
	if own {
		if d == rel.State.Self {
			rel.Over = true
			rel.happens(e)
			return nil
		}
		rel.give(d)
		rel.happens(e)
		return rel.read(now)
	}
	if !rel.knows(d) {
		rel.Gone = append(slices.Clip(rel.Gone), d)
		rel.Gone = rel.Gone[max(0, len(rel.Gone)-4*session.MostDevices):]
		return nil
	}
	var said error
	if rel.standing(d) == session.Live { // the last thing that it hears, if it can hear it
		_, said = r.sayWord(tx, now, rel, word{Told: []session.DeviceID{d}}, false)
	}
	state, err := rel.State.Revoke(d, by, now)
	if err != nil {
		return said // a device of somebody else
	}
	rel.State = state
	for _, p := range state.Peers {
		if p.Standing == session.Disputed && (p.Device == d || p.Device == by) {
			e.What = EventDisputed
		}
	}
	rel.happens(e)
	return said
}

// give forgets an own device that is gone; its id is never answered again.
func (rel *relation) give(d session.DeviceID) {
	rel.State = rel.State.Forget(d)
	if !slices.Contains(rel.Gone, d) {
		rel.Gone = append(slices.Clip(rel.Gone), d)
	}
	rel.Mine = slices.DeleteFunc(slices.Clone(rel.Mine), func(o session.DeviceID) bool {
		return o == d
	})
	rel.Mates = slices.DeleteFunc(slices.Clone(rel.Mates), func(m mate) bool { return m.Here == d })
}

// objects takes the word of a device that is said to be gone.
func (r *Relations) objects(
	tx *store.Tx, now time.Time, rel *relation, d session.DeviceID,
) error {
	before := rel.standing(d)
	state, err := rel.State.Object(d, now)
	if err != nil {
		return nil // nobody has said so
	}
	rel.State = state
	if before != session.Disputed {
		rel.happens(Event{What: EventDisputed, Own: rel.own(d), Device: d})
	}
	return r.put(tx, now, rel)
}

// Decided is ErrDisputed if what is said to a contact is read by nobody until their person has
// chosen one of the devices that contradict each other.
func (r *Relations) Decided(tx *store.Tx, id ID) error {
	rel, err := get(tx, id)
	if err != nil {
		return err
	}
	if !rel.heardBy() && slices.ContainsFunc(rel.State.Peers, func(p session.Peer) bool {
		return !p.Own && p.Standing == session.Disputed
	}) {
		return ErrDisputed
	}
	return nil
}

// began is when the oldest session with a device began.
func began(p session.Peer) time.Time {
	since := p.Heard
	for _, x := range p.Sessions {
		since = min(since, x.Begun)
	}
	return time.Unix(since, 0).UTC()
}

func (rel *relation) standing(d session.DeviceID) session.Standing {
	for _, p := range rel.State.Peers {
		if p.Device == d {
			return p.Standing
		}
	}
	return session.Live
}
