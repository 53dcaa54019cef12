package relation

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Saying is something for all devices of the contact, and one's own others.
type Saying struct {
	Kind    Kind
	Content []byte
	Name    string // of its entry in the outbox; empty: hidden
	What    string // it is, and
	Says    string // first words, for the person's eyes
	Quick   bool   // travels as fast as what is read
}

// Said names what was said, the same at every reader.
type Said struct {
	Device session.DeviceID
	Number uint32
}

// saying is what the disk has of one until every device has acknowledged it.
type saying struct {
	Kind    Kind             `cbor:"1,keyasint"` // 0: a record that says nothing
	Content []byte           `cbor:"2,keyasint"`
	Name    string           `cbor:"3,keyasint,omitempty"`
	Says    string           `cbor:"4,keyasint,omitempty"`
	Quick   bool             `cbor:"5,keyasint,omitempty"`
	Moves   bool             `cbor:"6,keyasint,omitempty"`
	Stream  string           `cbor:"7,keyasint,omitempty"` // in which its record is
	Sealed  boxstream.Sealed `cbor:"8,keyasint"`           // with its record, to be sealed again
	What    string           `cbor:"9,keyasint,omitempty"`
}

// Room is how many bytes of content a saying may have now.
func (r *Relations) Room(tx *store.Tx, to ID) (int, error) {
	rel, err := get(tx, to)
	if err != nil {
		return 0, err
	}
	return r.room(rel), nil
}

func (r *Relations) room(rel *relation) int {
	most := min(rel.State.Room(r.size()), r.size()-headSize-mostWraps*wrapSize)
	return most - frameSize - boxstream.StartSize
}

// Say keeps something to be said, and says it if anybody can hear it yet. It goes on until every
// device that is written to has acknowledged it, for ninety days.
func (r *Relations) Say(tx *store.Tx, now time.Time, to ID, s Saying) (Said, error) {
	rel, err := get(tx, to)
	if err != nil {
		return Said{}, err
	}
	if left := r.room(rel); len(s.Content) > left {
		return Said{}, ErrLong.With("%d bytes, and there is room for %d", len(s.Content), left)
	}
	said, err := r.say(tx, now, rel, saying{
		Kind: s.Kind, Content: s.Content, Name: s.Name, What: s.What, Says: s.Says, Quick: s.Quick,
	})
	if err != nil {
		return said, err
	}
	return said, r.put(tx, now, rel)
}

// Unsay forgets what was to be said under a name, as far as it is in no record yet: since nobody
// could hear it, or the outbox was full.
func (r *Relations) Unsay(tx *store.Tx, now time.Time, to ID, name string) error {
	rel, err := get(tx, to)
	if err != nil {
		return err
	}
	waits := map[uint32]bool{}
	for _, o := range rel.Open {
		var s saying
		if o.Record != 0 {
			continue
		}
		if err := tx.Get(bucketSaid, rel.id.saying(o.Serial), &s); err != nil {
			return err
		}
		waits[o.Serial] = s.Name == name
	}
	err = rel.forget(tx, func(o open) bool { return waits[o.Serial] })
	return errors.Join(err, r.put(tx, now, rel))
}

// say is Say within a transaction that puts the relation.
func (r *Relations) say(tx *store.Tx, now time.Time, rel *relation, s saying) (Said, error) {
	rel.Said += r.jump(tx, rel.id)
	if err := rel.add(tx, open{Number: rel.Said, Made: now.Unix()}, s); err != nil {
		return Said{}, err
	}
	return Said{rel.State.Self, rel.Said}, r.flush(tx, now, rel)
}

// furthest is how far the numbers of sayings jump when a home was opened, at most: after it was put
// back from a copy no number is given twice.
const furthest = 1 << 16

// jump is how far the next saying's number is from the last one's.
func (r *Relations) jump(tx *store.Tx, id ID) uint32 {
	if r.jumped[id] {
		return 1
	}
	tx.After(func() { r.jumped[id] = true })
	return 1 + uint32(r.rng.IntN(furthest))
}

// add keeps a saying that is in no record yet.
func (rel *relation) add(tx *store.Tx, o open, s saying) error {
	rel.Serial++
	o.Serial = rel.Serial
	rel.Open = append(rel.Open, o)
	return tx.Put(bucketSaid, rel.id.saying(o.Serial), s)
}

// flush seals what is not in a record yet, in order, if anybody reads it.
func (r *Relations) flush(tx *store.Tx, now time.Time, rel *relation) error {
	if rel.Unread || rel.Over || !rel.heardBy() {
		return nil
	}
	for i := range rel.Open {
		if rel.Open[i].Record != 0 {
			continue
		}
		err := r.seal(tx, now, rel, &rel.Open[i])
		if errors.Is(err, session.ErrNobody) || errors.Is(err, session.ErrTooLong) ||
			errors.Is(err, outbox.ErrFull) {
			return nil // it waits: for devices, for fewer sessions, or for room
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// heardBy says whether there is a device to write to: of the contact, or among own ones.
func (rel *relation) heardBy() bool {
	for _, p := range rel.State.Peers {
		if p.Standing == session.Live && (!p.Own || rel.Self) && len(p.Sessions) > 0 {
			return true
		}
	}
	return false
}

// seal makes the record of a saying, and leaves its box to the outbox.
func (r *Relations) seal(tx *store.Tx, now time.Time, rel *relation, o *open) error {
	var s saying
	if err := tx.Get(bucketSaid, rel.id.saying(o.Serial), &s); err != nil {
		return err
	}
	var said []byte
	if s.Kind != 0 {
		said = frame{s.Kind, o.Number, s.Content}.marshal()
	}
	var next *boxstream.Start
	var after boxstream.Writer
	if s.Moves {
		var err error
		if after, next, err = r.newStream(); err != nil {
			return err
		}
	}
	writer := rel.Writer
	state, sealed, err := r.record(now, rel, &writer, said, next)
	if err != nil {
		return err
	}
	d := outbox.Draft{
		Name: s.Name, What: s.What, Says: s.Says, Author: rel.id.author(), Stream: rel.stream(),
		Slow: !s.Quick, Boxes: []boxstream.Sealed{sealed},
	}
	if s.Name == "" || o.Record != 0 || s.Stream != "" {
		d.Name, d.Hidden = fmt.Sprintf("%s/%d", rel.id.author(), state.Number), true
	}
	if err := r.cfg.Outbox.Put(tx, now, d); err != nil {
		return err
	}
	s.Stream, s.Sealed = rel.stream(), sealed
	s.Sealed.Ciphertext = nil
	rel.State, rel.Writer = state, writer
	o.Record, o.Day = state.Number, sealed.Day
	if next != nil {
		rel.Writer, rel.Epoch = after, rel.Epoch+1
	}
	return errors.Join(
		tx.Put(bucketSaid, rel.id.saying(o.Serial), s), r.cfg.Cover.Wrote(tx, 1),
	)
}

func (r *Relations) newStream() (boxstream.Writer, *boxstream.Start, error) {
	w, err := boxstream.NewWriter(r.cfg.Random)
	if err != nil {
		return w, nil, err
	}
	start, err := w.Start()
	return w, &start, err
}

// record seals the next record of a stream and its box, and moves the writer on.
func (r *Relations) record(
	now time.Time, rel *relation, w *boxstream.Writer, said []byte, next *boxstream.Start,
) (state session.State, sealed boxstream.Sealed, err error) {
	start, err := w.Start()
	if err != nil {
		return state, sealed, err
	}
	root, before := start.Before()
	at := session.Place{Root: root, Index: before + 1}
	state, record, err := rel.State.Seal(r.cfg.Random, at, r.size(), said, next)
	if err != nil {
		return state, sealed, err
	}
	on, err := r.sealingDay(now)
	if err != nil {
		return state, sealed, err
	}
	parts := r.cfg.Network.Format.Split(content.KindSession, record)
	all, err := w.Seal(r.cfg.Network, on, parts...)
	if err != nil {
		return state, sealed, err
	}
	return state, all[0], nil
}

// acknowledged forgets what every device that is written to has read, but for what was said lately:
// a device may come that nobody could write to then.
func (r *Relations) acknowledged(tx *store.Tx, now time.Time, rel *relation) error {
	if !rel.heardBy() || !over(rel.Began, settles, now) {
		return nil
	}
	upTo := rel.State.Acknowledged()
	return rel.forget(tx, func(o open) bool {
		return o.Record != 0 && o.Record <= upTo && (o.Echo || over(o.Made, remembers, now))
	})
}

// forget takes sayings off.
func (rel *relation) forget(tx *store.Tx, which func(open) bool) (err error) {
	var left []open
	for _, o := range rel.Open {
		if which(o) {
			err = errors.Join(err, tx.Delete(bucketSaid, rel.id.saying(o.Serial)))
		} else {
			left = append(left, o)
		}
	}
	rel.Open = left
	return err
}

// anew has what is above a record said anew, in new records: to a device that had not read it. The
// old ones are sealed again all the same, if others read on behind them.
func (r *Relations) anew(tx *store.Tx, now time.Time, rel *relation, above uint32) error {
	return r.sayAnew(tx, now, rel, func(o open) bool { return o.Record > above })
}

// lately has said anew what others have read not long ago, up to a record: the last of it.
func (r *Relations) lately(tx *store.Tx, now time.Time, rel *relation, upTo uint32) error {
	had := func(o open) bool { return o.Record != 0 && o.Record <= upTo && !o.Echo }
	left := 0
	for _, o := range rel.Open {
		if had(o) {
			left++
		}
	}
	return r.sayAnew(tx, now, rel, func(o open) bool {
		if !had(o) {
			return false
		}
		left--
		return left < mostAnew
	})
}

func (r *Relations) sayAnew(
	tx *store.Tx, now time.Time, rel *relation, which func(open) bool,
) error {
	others := len(rel.State.Peers) > 1
	for i, o := range rel.Open {
		if o.Echo || !which(o) {
			continue
		}
		var s saying
		if err := tx.Get(bucketSaid, rel.id.saying(o.Serial), &s); err != nil {
			return err
		}
		if s.Kind == 0 {
			continue
		}
		rel.Open[i].Echo = true
		s.Moves, s.Sealed = false, boxstream.Sealed{}
		if err := rel.add(tx, open{Number: o.Number, Made: o.Made}, s); err != nil {
			return err
		}
	}
	if others {
		return nil
	}
	return rel.forget(tx, func(o open) bool { return o.Echo })
}

// author is whose stream a relation's is, for the outbox.
type author struct {
	r  *Relations
	id ID
}

// Stream is the one that this device writes now.
func (a author) Stream(tx *store.Tx) (string, boxstream.Writer, error) {
	rel, err := get(tx, a.id)
	if errors.Is(err, ErrNoRelation) {
		return "", boxstream.Writer{}, nil
	}
	if err != nil {
		return "", boxstream.Writer{}, err
	}
	return rel.stream(), rel.Writer, nil
}

// Renew begins another stream, since somebody with a copy of this device's state writes to the
// old: nothing of that goes on in it. The device knocks, and says all anew that was not
// acknowledged, once that is answered.
func (a author) Renew(tx *store.Tx, now time.Time, _ box.Day, _ [][]byte) (
	string, []boxstream.Sealed, error,
) {
	rel, err := get(tx, a.id)
	if err != nil {
		return "", nil, err
	}
	rel.happens(Event{What: EventCopied, Own: true, Device: rel.State.Self})
	if err := a.r.copied(tx, now, rel); err != nil {
		return "", nil, err
	}
	return rel.stream(), nil, a.r.put(tx, now, rel)
}
