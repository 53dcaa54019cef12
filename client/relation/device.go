package relation

import (
	"errors"
	"io"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/session"
	"murmuration/client/store"
)

// Faults of devices.
var (
	ErrNoDevice = fault.New(
		fault.NotFound, "there is no such device of yours", "`murmur device list` shows them.",
	)
	// ErrDisputed says that nobody would read it: devices of a contact contradict each other.
	ErrDisputed = fault.New(
		fault.Trust, "two of their devices say of each other that they are gone: nothing goes to "+
			"either",
		"Choose one: `murmur contact verify ALIAS` shows words of each, to compare with them; "+
			"then `murmur device keep ALIAS ID`.",
	)
)

// told is what own devices tell each other of a relation: the content of a saying of KindDevice
// among them.
type told struct {
	Secret [32]byte         `cbor:"16,keyasint"`
	Own    []ownDoor        `cbor:"17,keyasint,omitempty"`
	Their  []theirDoor      `cbor:"18,keyasint,omitempty"`
	Device session.DeviceID `cbor:"19,keyasint"` // what who tells it is called there
	Ended  bool             `cbor:"20,keyasint,omitempty"`
}

func parseTold(b []byte) (t told, err error) {
	if err := decode(b, &t); err != nil || t.Secret == [32]byte{} {
		return told{}, errWord
	}
	if len(t.Own) > mostDoors || len(t.Their) > mostDoors || !t.Ended && len(t.Own) == 0 {
		return told{}, errWord
	}
	for _, d := range t.Own {
		if start, err := d.Writer.Start(); err != nil || start != d.Start {
			return told{}, errWord
		}
	}
	for _, d := range t.Their {
		if _, err := boxstream.NewDoor(d.Start); err != nil {
			return told{}, errWord
		}
	}
	return t, nil
}

// meet makes the relation of own devices, and tells of all others there.
func (r *Relations) meet(tx *store.Tx, now time.Time) error {
	rel := &relation{}
	rel.Self = true
	if _, err := io.ReadFull(r.cfg.Random, rel.Secret[:]); err != nil {
		return err
	}
	rel.id = IDOf(rel.Secret)
	door, start, err := r.newStream()
	if err != nil {
		return err
	}
	rel.Own = []ownDoor{{Writer: door, Start: *start, Made: now.Unix()}}
	if err := r.start(now, rel, session.ReasonMeeting, nil); err != nil {
		return err
	}
	if err := r.put(tx, now, rel); err != nil {
		return err
	}
	return r.eachRelation(tx, func(other *relation) error { return r.tellOf(tx, now, other) })
}

// self is the relation of own devices.
func (r *Relations) self(tx *store.Tx) (*relation, error) {
	var id ID
	found := false
	err := store.Each(tx, bucketDoors, func(_ string, l lasting) error {
		if l.Self {
			id, found = IDOf(l.Secret), true
		}
		return nil
	})
	if err != nil || !found {
		return nil, firstOf(err, ErrNoRelation)
	}
	return get(tx, id)
}

// eachRelation is all, that of own devices included.
func (r *Relations) eachRelation(tx *store.Tx, do func(*relation) error) error {
	var ids []ID
	err := store.Each(tx, bucketDoors, func(_ string, l lasting) error {
		ids = append(ids, IDOf(l.Secret))
		return nil
	})
	for _, id := range ids {
		rel, e := get(tx, id)
		if e == nil {
			e = do(rel)
		}
		err = errors.Join(err, e)
	}
	return err
}

// Tell says something to all own other devices, if there ever were any.
func (r *Relations) Tell(tx *store.Tx, now time.Time, kind Kind, content []byte) error {
	rel, err := r.self(tx)
	if errors.Is(err, ErrNoRelation) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = r.Say(tx, now, rel.id, Saying{Kind: kind, Content: content, Quick: true})
	return err
}

// tellOf tells own devices of a relation, and what this device is called in it.
func (r *Relations) tellOf(tx *store.Tx, now time.Time, rel *relation) error {
	if rel.Self {
		return nil
	}
	return r.tellTold(tx, now, told{
		Secret: rel.Secret, Own: rel.Own, Their: rel.Their, Device: rel.State.Self,
	})
}

func (r *Relations) tellTold(tx *store.Tx, now time.Time, t told) error {
	b, err := content.Encode(t)
	if err != nil {
		return err
	}
	return r.Tell(tx, now, KindDevice, b)
}

// told takes what an own device tells of a relation.
func (r *Relations) told(
	tx *store.Tx, now time.Time, self *relation, from session.DeviceID, t told,
) error {
	id := IDOf(t.Secret)
	rel, err := get(tx, id)
	if t.Ended {
		if err == nil {
			return r.end(tx, rel)
		}
		return tx.Put(bucketEnded, id.name(), true)
	}
	over, err2 := tx.Has(bucketEnded, id.name())
	if over || err2 != nil || id == self.id {
		return err2 // removal beats addition
	}
	if errors.Is(err, ErrNoRelation) {
		rel = &relation{id: id}
		rel.Secret, rel.Own, rel.Their = t.Secret, t.Own, t.Their
		if err = r.start(now, rel, session.ReasonSecond, nil); err == nil {
			err = errors.Join(r.put(tx, now, rel), r.tellOf(tx, now, rel))
		}
	}
	if err != nil {
		return err
	}
	rel.learnDoors(t)
	rel.readDoors()
	rel.Mates = slices.DeleteFunc(slices.Clone(rel.Mates), func(m mate) bool {
		return m.Here == t.Device || m.Self == from
	})
	rel.Mates = append(rel.Mates, mate{Here: t.Device, Self: from})
	return errors.Join(r.vouch(tx, now, rel, t.Device), r.put(tx, now, rel))
}

// learnDoors takes doors that another own device knows.
func (rel *relation) learnDoors(t told) {
	for _, d := range t.Own {
		if !slices.ContainsFunc(rel.Own, func(o ownDoor) bool {
			return string(o.Writer.Cap) == string(d.Writer.Cap)
		}) {
			rel.Own = append(slices.Clip(rel.Own), d)
		}
	}
	slices.SortStableFunc(rel.Own, func(a, b ownDoor) int { return int(a.Made - b.Made) })
	rel.Own = rel.Own[max(0, len(rel.Own)-mostDoors):]
	for _, d := range t.Their {
		if !slices.ContainsFunc(rel.Their, func(o theirDoor) bool { return o.Start == d.Start }) {
			rel.Their = append(slices.Clip(rel.Their), d)
		}
	}
	slices.SortStableFunc(rel.Their, func(a, b theirDoor) int { return int(a.Since - b.Since) })
	rel.Their = rel.Their[max(0, len(rel.Their)-mostDoors):]
}

// vouch says in a relation that a device is one's own, and answers the card that it may have left.
func (r *Relations) vouch(
	tx *store.Tx, now time.Time, rel *relation, d session.DeviceID,
) error {
	if slices.Contains(rel.Mine, d) || slices.Contains(rel.Gone, d) {
		return nil
	}
	rel.Mine = append(slices.Clip(rel.Mine), d)
	_, err := r.sayWord(tx, now, rel, word{Mine: []session.DeviceID{d}}, false)
	return errors.Join(err, r.admit(tx, now, rel, d))
}

// Device is one of a person's own, as own devices call it.
type Device struct {
	ID    session.DeviceID
	This  bool
	Heard time.Time // zero for this one
}

// Other is a device of a contact.
type Other struct {
	ID       session.DeviceID
	Standing session.Standing
	Heard    time.Time
	Since    time.Time // the oldest session with it that is still here
}

// Others are the devices of a contact.
func (r *Relations) Others(tx *store.Tx, id ID) (all []Other, err error) {
	rel, err := get(tx, id)
	if err != nil {
		return nil, err
	}
	for _, p := range rel.State.Peers {
		if !p.Own {
			all = append(all, Other{
				p.Device, p.Standing, time.Unix(p.Heard, 0).UTC(), began(p),
			})
		}
	}
	return all, nil
}

// Gone are the devices of both sides of which another one of the same person, or this one's person,
// has said that they are gone, and that are in no dispute.
func (r *Relations) Gone(tx *store.Tx, id ID) (all []session.DeviceID, err error) {
	rel, err := get(tx, id)
	if err != nil {
		return nil, err
	}
	all = slices.Clone(rel.Gone)
	for _, p := range rel.State.Peers {
		if p.Standing == session.Revoked {
			all = append(all, p.Device)
		}
	}
	return all, nil
}

// Devices are the own ones, this one first.
func (r *Relations) Devices(tx *store.Tx) ([]Device, error) {
	rel, err := r.self(tx)
	if errors.Is(err, ErrNoRelation) {
		return []Device{{This: true}}, nil
	}
	if err != nil {
		return nil, err
	}
	all := []Device{{ID: rel.State.Self, This: true}}
	for _, p := range rel.State.Peers {
		all = append(all, Device{ID: p.Device, Heard: time.Unix(p.Heard, 0).UTC()})
	}
	return all, nil
}

// Revoke says to everybody that an own device is gone: doors and streams are new from then on, and
// the older doors are closed at once.
func (r *Relations) Revoke(tx *store.Tx, now time.Time, d session.DeviceID) error {
	self, err := r.self(tx)
	if err != nil || !self.knows(d) {
		return firstOf(err, ErrNoDevice)
	}
	return r.eachRelation(tx, func(rel *relation) error {
		here := d
		if !rel.Self {
			i := slices.IndexFunc(rel.Mates, func(m mate) bool { return m.Self == d })
			if i < 0 {
				return nil
			}
			here = rel.Mates[i].Here
		}
		return r.revokeIn(tx, now, rel, here)
	})
}

// RevokeStrangers is Revoke of those who came with a backup and for whom no own device vouched:
// each is another device in every relation, which its card in the own door names.
func (r *Relations) RevokeStrangers(tx *store.Tx, now time.Time) error {
	found := false
	err := r.eachRelation(tx, func(rel *relation) error {
		var errs []error
		for _, w := range slices.Clone(rel.Waits) {
			b, _ := splitLink(w.Card)
			card, err := session.ParseCard(b)
			if err != nil || slices.Contains(rel.Gone, card.ID()) {
				continue
			}
			found = true
			errs = append(errs, r.revokeIn(tx, now, rel, card.ID()))
		}
		return errors.Join(errs...)
	})
	if err == nil && !found {
		return ErrNoDevice
	}
	return err
}

// RevokeOthers says to everybody that all own devices but this one are gone, whether or not it
// knows them: as one that was restored from a backup says of the one that was stolen.
func (r *Relations) RevokeOthers(tx *store.Tx, now time.Time) error {
	return r.eachRelation(tx, func(rel *relation) error {
		for _, w := range rel.Waits {
			b, _ := splitLink(w.Card)
			if card, err := session.ParseCard(b); err == nil {
				rel.give(card.ID())
			}
		}
		others := rel.others(true, []session.DeviceID{rel.State.Self})
		for _, d := range append(others, rel.Mine...) {
			rel.give(d)
		}
		if rel.Alone = true; rel.Unread || !rel.heardBy() {
			return errors.Join(rel.read(now), r.put(tx, now, rel))
		}
		err := r.sayAlone(tx, now, rel)
		return errors.Join(err, r.put(tx, now, rel), r.tellOf(tx, now, rel))
	})
}

// sayAlone says that all but this device and those that it vouched for since are gone.
func (r *Relations) sayAlone(tx *store.Tx, now time.Time, rel *relation) error {
	rel.Alone = false
	mine := rel.Mine[:min(len(rel.Mine), session.MostDevices)]
	_, err := r.sayWord(tx, now, rel, word{Alone: true, Mine: mine}, false)
	rel.happens(Event{What: EventGave, Own: true, Device: rel.State.Self})
	return errors.Join(err, r.renewDoor(tx, now, rel))
}

// revokeIn says it to the device, too, before it is forgotten.
func (r *Relations) revokeIn(
	tx *store.Tx, now time.Time, rel *relation, d session.DeviceID,
) error {
	_, err := r.sayWord(tx, now, rel, word{Gone: []session.DeviceID{d}}, false)
	if err != nil {
		return err
	}
	rel.give(d)
	rel.happens(Event{What: EventGave, Own: true, Device: d})
	if err := r.renewDoor(tx, now, rel); err != nil {
		return err
	}
	return errors.Join(r.put(tx, now, rel), r.tellOf(tx, now, rel))
}

// renewDoor has a new door, a new stream, and no older door any more.
func (r *Relations) renewDoor(tx *store.Tx, now time.Time, rel *relation) error {
	door, start, err := r.newStream()
	if err != nil {
		return err
	}
	rel.Own = []ownDoor{{Writer: door, Start: *start, Made: now.Unix()}}
	_, err = r.sayWord(tx, now, rel, word{Door: start, Close: true}, true)
	rel.Moves = r.nextMove(now)
	return errors.Join(err, rel.read(now))
}

// Object says to everybody that this device is not gone, though another one said so.
func (r *Relations) Object(tx *store.Tx, now time.Time) error {
	return r.eachRelation(tx, func(rel *relation) error {
		rel.Over = false
		_, err := r.sayWord(tx, now, rel, word{Object: true}, false)
		return errors.Join(err, r.put(tx, now, rel))
	})
}

// Settle is what a person found by comparing words with one device of a contact: it is written to
// again, and those that it was in dispute with are forgotten.
func (r *Relations) Settle(
	tx *store.Tx, now time.Time, id ID, kept session.DeviceID,
) error {
	rel, err := get(tx, id)
	if err != nil {
		return err
	}
	before := rel.State
	rel.State, err = rel.State.Settle(kept)
	if errors.Is(err, session.ErrStranger) {
		return ErrNoDevice
	}
	for _, p := range before.Peers {
		if !rel.knows(p.Device) {
			rel.Gone = append(slices.Clip(rel.Gone), p.Device)
		}
	}
	return errors.Join(err, rel.read(now), r.flush(tx, now, rel), r.put(tx, now, rel))
}
