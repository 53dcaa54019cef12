package relation

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/fault"
	"murmuration/client/session"
	"murmuration/client/store"
)

// Sizes behind a card, in bytes (docs/relation.md, "Links").
const (
	cardHead = 1358 // of a card: then the number of its proofs
	linkSize = 32
	linkLife = 3 * oneDay
)

// Faults of devices.
var (
	ErrNoDevice = fault.New(
		fault.NotFound, "there is no such device of yours", "`murmur device list` shows them.",
	)
)

// link is the key by which one device is known that is to be linked.
type link struct {
	Key   [32]byte `cbor:"1,keyasint"`
	Until int64    `cbor:"2,keyasint"`
}

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

// Link makes the key by which a second device is known within three days, and the place where own
// devices meet, if there is none yet. The key goes to the other device where nobody else sees it;
// a backup that was made after this goes with it.
func (r *Relations) Link(tx *store.Tx, now time.Time) (key [32]byte, err error) {
	if _, err := io.ReadFull(r.cfg.Random, key[:]); err != nil {
		return key, err
	}
	_, err = r.self(tx)
	if errors.Is(err, ErrNoRelation) {
		err = r.meet(tx, now)
	}
	if err != nil {
		return key, err
	}
	return key, tx.Put(bucketLinks, "", link{key, now.Add(linkLife).Unix()})
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
	b, err := encMode.Marshal(t)
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
			return r.End(tx, now, id)
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

// admit answers the card that an own device left before it was known as one.
func (r *Relations) admit(
	tx *store.Tx, now time.Time, rel *relation, d session.DeviceID,
) error {
	for i, w := range rel.Waits {
		b, _ := splitLink(w.Card)
		card, err := session.ParseCard(b)
		if err == nil && card.ID() == d {
			rel.Waits = slices.Delete(slices.Clone(rel.Waits), i, i+1)
			return r.card(tx, now, rel, true, w.Card)
		}
	}
	return nil
}

// waits is a card in the own door of which it is not known yet whose it is.
type waits struct {
	_    struct{} `cbor:",toarray"`
	Card []byte
	At   int64
	Said bool // that it is there
}

// mostWaits is how many of them are kept.
const mostWaits = 4

// welcome says whether a card in the own door is an own device's: one that is known, that another
// one vouched for, or that has the key of a link. Others wait for that, and the person is told.
func (r *Relations) welcome(
	tx *store.Tx, now time.Time, rel *relation, card session.Card, whole, proof []byte,
) (bool, error) {
	d := card.ID()
	if d == rel.State.Self || rel.knows(d) || slices.Contains(rel.Mine, d) {
		return true, nil // what it proves is seen by its session
	}
	linked, err := r.linked(tx, now, rel, card, proof)
	if err != nil {
		return false, err
	}
	if linked {
		return true, r.vouch(tx, now, rel, d)
	}
	if slices.ContainsFunc(rel.Waits, func(w waits) bool {
		return string(w.Card) == string(whole)
	}) {
		return false, nil
	}
	w := waits{Card: whole, At: now.Unix(), Said: card.Reason != session.ReasonSecond}
	rel.Waits = append(slices.Clip(rel.Waits), w)
	rel.Waits = rel.Waits[max(0, len(rel.Waits)-mostWaits):]
	if !w.Said {
		return false, nil // it is told of if nobody vouches for it
	}
	rel.happens(Event{What: EventRestored, Own: true, Device: d, Reason: card.Reason})
	return false, nil
}

// linked says whether a card comes with the proof of a key that Link gave.
func (r *Relations) linked(
	tx *store.Tx, now time.Time, rel *relation, card session.Card, proof []byte,
) (bool, error) {
	var l link
	err := tx.Get(bucketLinks, "", &l)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Unix() > l.Until {
		return false, nil
	}
	want := linkProof(l.Key, rel.id, card.Hash())
	return err == nil && hmac.Equal(proof, want), err
}

// linkProof stands behind the card of a device that is linked, among own devices alone.
func linkProof(key [32]byte, id ID, card session.CardHash) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("murmuration/relation/link/v1"))
	h.Write(id[:])
	h.Write(card[:])
	return h.Sum(nil)
}

// splitLink takes the proof of a link off a card.
func splitLink(b []byte) (card, proof []byte) {
	if len(b) <= cardHead {
		return b, nil
	}
	size := cardHead + 1 + 16*int(b[cardHead])
	if len(b) != size+linkSize {
		return b, nil
	}
	return b[:size], b[size:]
}

// Device is one of a person's own, as own devices call it.
type Device struct {
	ID    session.DeviceID
	This  bool
	Heard time.Time // zero for this one
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

// revokeIn says it to the device, too, before it is forgotten.
func (r *Relations) revokeIn(
	tx *store.Tx, now time.Time, rel *relation, d session.DeviceID,
) error {
	_, err := r.sayWord(tx, now, rel, word{Gone: []session.DeviceID{d}}, false)
	if err != nil {
		return err
	}
	rel.give(d)
	door, start, err := r.newStream()
	if err != nil {
		return err
	}
	rel.Own = []ownDoor{{Writer: door, Start: *start, Made: now.Unix()}}
	_, err = r.sayWord(tx, now, rel, word{Door: start, Close: true}, true)
	rel.Moves = r.nextMove(now)
	if err = errors.Join(err, rel.read(now)); err != nil {
		return err
	}
	return errors.Join(r.put(tx, now, rel), r.tellOf(tx, now, rel))
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
