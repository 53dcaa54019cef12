package relation

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// The buckets of relations. The first one goes into backups: the others are this device's, and
// never may.
const (
	bucketDoors     = "doors"     // lasting, by relation
	bucketRelations = "relations" // running, by relation
	bucketSaid      = "said"      // saying, by relation and number
	bucketHeld      = "held"      // held, by relation, stream and index
	bucketLinks     = "links"     // link, the one key of a device that is to be linked
	bucketEnded     = "ended"     // true, by relation: what own devices say has ended
)

// lasting is what all devices of a person know of a relation, and its backup.
type lasting struct {
	Secret [32]byte    `cbor:"1,keyasint"`
	Self   bool        `cbor:"2,keyasint,omitempty"` // it has own devices alone
	Own    []ownDoor   `cbor:"3,keyasint"`           // the newest last
	Their  []theirDoor `cbor:"4,keyasint,omitempty"`
}

// ownDoor is one that this person's devices write.
type ownDoor struct {
	Writer boxstream.Writer `cbor:"1,keyasint"` // at its start
	Start  boxstream.Start  `cbor:"4,keyasint"` // what the other side reads
	Made   int64            `cbor:"2,keyasint"` // Unix seconds
	// Known is since when every device that is written to has known of a newer one.
	Known int64 `cbor:"3,keyasint,omitempty"`
}

// theirDoor is one that the contact's devices write.
type theirDoor struct {
	Start boxstream.Start `cbor:"1,keyasint"`
	Since int64           `cbor:"2,keyasint"` // when this person's devices read of it; Unix seconds
}

// running is what this device alone has of a relation.
type running struct {
	State  session.State      `cbor:"1,keyasint"`
	Writer boxstream.Writer   `cbor:"2,keyasint"`
	Epoch  uint64             `cbor:"3,keyasint"` // of the writer
	Reads  []boxstream.Reader `cbor:"4,keyasint,omitempty"`
	Doors  []reading          `cbor:"5,keyasint,omitempty"`
	Said   uint32             `cbor:"6,keyasint"` // sayings ever
	Open   []open             `cbor:"7,keyasint,omitempty"`
	Heard  []heard            `cbor:"8,keyasint,omitempty"`
	Posts  []post             `cbor:"9,keyasint,omitempty"`
	Took   []took             `cbor:"10,keyasint,omitempty"`
	Moves  int64              `cbor:"11,keyasint"`           // when the stream moves; Unix seconds
	Writes int64              `cbor:"12,keyasint,omitempty"` // when a turn is answered, if drawn
	Reset  int64              `cbor:"13,keyasint,omitempty"` // the last knock for something lost
	// Unread: nobody reads the stream before a card is answered, so that nothing goes into it.
	Unread bool               `cbor:"14,keyasint,omitempty"`
	Mine   []session.DeviceID `cbor:"15,keyasint,omitempty"` // own devices and those vouched for
	Gone   []session.DeviceID `cbor:"16,keyasint,omitempty"` // own devices that were given up
	Mates  []mate             `cbor:"17,keyasint,omitempty"`
	Posted uint64             `cbor:"18,keyasint,omitempty"` // boxes in doors, ever
	// Door is the saying that told of the newest own door.
	Door   uint32  `cbor:"19,keyasint,omitempty"`
	Over   bool    `cbor:"20,keyasint,omitempty"` // an own device said that this one is gone
	Serial uint32  `cbor:"21,keyasint,omitempty"` // of the last entry of Open
	Waits  []waits `cbor:"22,keyasint,omitempty"` // cards in the own doors, of whoever
	// Came is devices of the contact that came, and that none has vouched for.
	Came []session.DeviceID `cbor:"23,keyasint,omitempty"`
	// Alarm is when the person was told last of a card that is not answered: once a day.
	Alarm int64 `cbor:"24,keyasint,omitempty"`
	// Began is when this device began here; 0: before that was noted.
	Began int64 `cbor:"25,keyasint,omitempty"`
	// Alone: it is to be said that all own devices but this one are gone, once anybody hears it.
	Alone bool `cbor:"26,keyasint,omitempty"`
	// Rival is when this device knocks again, since somebody else uses its name; zero: nobody does.
	Rival int64 `cbor:"27,keyasint,omitempty"`
}

// open is a saying that not everybody has acknowledged, or that was said not long ago.
type open struct {
	_      struct{} `cbor:",toarray"`
	Serial uint32   // of the entry: what is said anew has another one
	Number uint32
	Record uint32  // that has it; 0: none yet
	Day    box.Day // for which that was sealed last
	Made   int64   // Unix seconds
	Echo   bool    // it was said anew, and is sealed again for those who read the old record
}

// heard is which sayings of a device came, as spans.
type heard struct {
	_      struct{} `cbor:",toarray"`
	Device session.DeviceID
	Spans  [][2]uint32
}

// took is a card that was answered, and when.
type took struct {
	_    struct{} `cbor:",toarray"`
	Card session.CardHash
	At   int64
}

// mate is what an own other device is called here, and among own devices.
type mate struct {
	_    struct{} `cbor:",toarray"`
	Here session.DeviceID
	Self session.DeviceID
}

// relation is one as a transaction has it.
type relation struct {
	id ID
	lasting
	running
	kept   *lasting // as it was read
	events []Event  // to be told when it was put
	tells  bool     // a device came among own ones: it is told of everything, then as well
}

func (id ID) name() string { return hex.EncodeToString(id[:]) }

// author is the outbox's name for who writes the relation's stream.
func (id ID) author() string { return "relation/" + id.name() }

func (rel *relation) stream() string { return fmt.Sprintf("%s/%d", rel.id.author(), rel.Epoch) }

func (id ID) saying(serial uint32) string { return fmt.Sprintf("%s/%010d", id.name(), serial) }

func get(tx *store.Tx, id ID) (*relation, error) {
	var v running
	err := tx.Get(bucketRelations, id.name(), &v)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoRelation
	}
	if err != nil {
		return nil, err
	}
	return parse(tx, id.name(), v)
}

func parse(tx *store.Tx, name string, v running) (*relation, error) {
	rel := &relation{running: v}
	id, err := hex.DecodeString(name)
	if err != nil || len(id) != len(rel.id) {
		return nil, store.ErrForeign.With("a relation without a name")
	}
	rel.id = ID(id)
	if err := tx.Get(bucketDoors, name, &rel.lasting); err != nil {
		return nil, err
	}
	if err := rel.State.Check(); err != nil {
		return nil, store.ErrForeign.With("a session: %w", err)
	}
	kept := rel.lasting
	kept.Own, kept.Their = slices.Clone(kept.Own), slices.Clone(kept.Their)
	rel.kept = &kept
	return rel, nil
}

// put writes the relation, has memory follow, and tells what happened: the last thing that is done
// with it, since whoever hears of it may say something there.
func (r *Relations) put(tx *store.Tx, now time.Time, rel *relation) error {
	err := tx.Put(bucketRelations, rel.id.name(), rel.running)
	if rel.kept == nil || !rel.kept.equal(rel.lasting) {
		err = errors.Join(err, tx.Put(bucketDoors, rel.id.name(), rel.lasting))
	}
	kept := rel.lasting
	kept.Own, kept.Their = slices.Clone(kept.Own), slices.Clone(kept.Their)
	rel.kept = &kept
	put := *rel
	put.Reads, put.Doors = slices.Clone(rel.Reads), slices.Clone(rel.Doors)
	put.Own, put.Their = kept.Own, kept.Their
	tx.After(func() { r.follow(&put) })
	events, tells := rel.events, rel.tells
	rel.events, rel.tells = nil, false
	err = errors.Join(err, r.announce(tx, now, events))
	if tells {
		err = errors.Join(err, r.eachRelation(tx, func(other *relation) error {
			return r.tellOf(tx, now, other)
		}))
	}
	return err
}

func (a lasting) equal(b lasting) bool {
	return slices.EqualFunc(a.Own, b.Own, func(a, b ownDoor) bool {
		return a.Made == b.Made && a.Known == b.Known &&
			string(a.Writer.Cap) == string(b.Writer.Cap)
	}) && slices.Equal(a.Their, b.Their)
}

// End erases a relation: its keys, and what waits to be said. Nothing more is read or written, on
// none of the own devices.
func (r *Relations) End(tx *store.Tx, now time.Time, id ID) error {
	rel, err := get(tx, id)
	if err != nil {
		return err
	}
	err = r.tellTold(tx, now, told{Secret: rel.Secret, Device: rel.State.Self, Ended: true})
	return errors.Join(err, r.end(tx, rel))
}

func (r *Relations) end(tx *store.Tx, rel *relation) error {
	id := rel.id
	errs := []error{
		tx.Delete(bucketRelations, id.name()), tx.Delete(bucketDoors, id.name()),
		tx.Put(bucketEnded, id.name(), true),
	}
	for _, o := range rel.Open {
		errs = append(errs, tx.Delete(bucketSaid, id.saying(o.Serial)))
	}
	if l := r.live[id]; l != nil {
		for _, k := range l.held {
			errs = append(errs, tx.Delete(bucketHeld, k.name()))
		}
	}
	tx.After(func() { r.drop(id) })
	return errors.Join(errs...)
}
