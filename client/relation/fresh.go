package relation

import (
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Fresh is one side of a relation before it begins: a door, a stream of this device, and its state.
// Whoever brings two people together keeps it until then.
type Fresh struct {
	State  session.State    `cbor:"1,keyasint"`
	Own    boxstream.Writer `cbor:"2,keyasint"`           // the door, at its start
	Stream boxstream.Writer `cbor:"3,keyasint"`           // of this device
	Reads  []beginning      `cbor:"4,keyasint,omitempty"` // the streams of the other side
}

// beginning is where a stream is read from, and the first day on which something may be there.
type beginning struct {
	_     struct{} `cbor:",toarray"`
	Start boxstream.Start
	Day   box.Day
}

// Fresh makes a door and a stream, for a relation that may begin.
func (r *Relations) Fresh(time.Time) (f Fresh, err error) {
	if r.size() < session.AnswerSize+linkSize {
		return f, errSmall
	}
	if f.Own, err = boxstream.NewWriter(r.cfg.Random); err != nil {
		return f, err
	}
	f.Stream, err = boxstream.NewWriter(r.cfg.Random)
	return f, err
}

// Door is what the other side may read of the own door. The zero Start stands for a Fresh that
// nobody made.
func (f Fresh) Door() boxstream.Start {
	start, _ := f.Own.Start()
	return start
}

// Knock is the first card of a newcomer.
func (r *Relations) Knock(f Fresh, now time.Time) (Fresh, []byte, error) {
	start, err := f.Stream.Start()
	if err != nil {
		return f, nil, err
	}
	next, card, err := f.State.Knock(r.cfg.Random, session.ReasonMeeting, start, now)
	if err == nil {
		f.State = next
	}
	return f, card, err
}

// Answer is how the inviter takes a newcomer's card. secret is what both sides know, and nobody
// else can make equal to that of another relation.
func (r *Relations) Answer(f Fresh, secret [32]byte, card []byte, now time.Time) (
	Fresh, []byte, error,
) {
	start, err := f.Stream.Start()
	if err != nil {
		return f, nil, err
	}
	f.State.Relation = secret
	next, answer, begun, err := f.State.Answer(r.cfg.Random, card, start, false, now)
	if err == nil {
		f.State = next
		f.Reads = append(f.Reads, r.begins(begun.Card.Start, r.cfg.Network.Today(now)))
	}
	return f, answer, err
}

// Answered is how the newcomer takes the answer.
func (r *Relations) Answered(f Fresh, secret [32]byte, answer []byte, now time.Time) (
	Fresh, error,
) {
	f.State.Relation = secret
	next, begun, err := f.State.Answered(answer, false, now)
	if err == nil {
		f.State = next
		f.Reads = append(f.Reads, r.begins(begun.Card.Start, r.cfg.Network.Calendar.Oldest(now)))
	}
	return f, err
}

// begins is where a stream is read from that was named on a day, at the earliest: its boxes may be
// sealed for the day before.
func (r *Relations) begins(s boxstream.Start, named box.Day) beginning {
	return beginning{Start: s, Day: max(named, 1) - 1}
}

// Begin is the relation, at both sides: from now on it can be spoken in.
func (r *Relations) Begin(
	tx *store.Tx, now time.Time, f Fresh, secret [32]byte, theirs boxstream.Start,
) (ID, error) {
	id := IDOf(secret)
	if known, err := tx.Has(bucketDoors, id.name()); err != nil || known {
		return id, firstOf(err, errKnown)
	}
	if _, err := boxstream.NewDoor(theirs); err != nil {
		return id, err
	}
	rel := &relation{id: id}
	rel.Secret = secret
	rel.Own = []ownDoor{{Writer: f.Own, Start: f.Door(), Made: now.Unix()}}
	rel.Their = []theirDoor{{theirs, now.Unix()}}
	rel.State, rel.Writer, rel.Epoch = f.State, f.Stream, 1
	rel.State.Relation = secret
	rel.Moves, rel.Began = r.nextMove(now), now.Unix()
	if err := rel.read(now, f.Reads...); err != nil {
		return id, err
	}
	if err := r.put(tx, now, rel); err != nil {
		return id, err
	}
	return id, r.tellOf(tx, now, rel)
}

func firstOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// nextMove draws when a stream moves: in a month, or up to three days before.
func (r *Relations) nextMove(now time.Time) int64 {
	return now.Add(month - time.Duration(r.rng.Int64N(int64(3*oneDay)))).Unix()
}
