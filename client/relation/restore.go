package relation

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/session"
	"murmuration/client/store"
)

// Restored makes a new device of this one, in the transaction that puts a backup back: of a
// relation that holds its doors alone. It knocks everywhere, a few at a time.
func (r *Relations) Restored(tx *store.Tx, now time.Time) error {
	return r.restore(tx, now, session.ReasonRestored, nil)
}

// Linked is Restored for the second device of a person: the first one vouches for who has the key
// that its Link gave. To be called after Restored, if that was.
func (r *Relations) Linked(tx *store.Tx, now time.Time, key Key) error {
	return r.restore(tx, now, session.ReasonSecond, &key)
}

func (r *Relations) restore(
	tx *store.Tx, now time.Time, reason session.Reason, key *Key,
) error {
	var all []*relation
	err := store.Each(tx, bucketDoors, func(_ string, l lasting) error {
		all = append(all, &relation{id: IDOf(l.Secret), lasting: l})
		return nil
	})
	if err != nil {
		return err
	}
	for _, rel := range all {
		if before, err := get(tx, rel.id); err == nil {
			rel.Epoch, rel.Posted = before.Epoch, before.Posted
		}
		if err := r.start(now, rel, reason, key); err != nil {
			return err
		}
		if err := r.put(tx, now, rel); err != nil {
			return err
		}
	}
	if key == nil {
		return nil
	}
	for _, rel := range all {
		err = errors.Join(err, r.tellOf(tx, now, rel))
	}
	return err
}

// start begins a device in a relation of which it has the doors alone.
func (r *Relations) start(
	now time.Time, rel *relation, reason session.Reason, key *Key,
) (err error) {
	rel.State = session.State{Relation: rel.Secret}
	if rel.Writer, _, err = r.newStream(); err != nil {
		return err
	}
	rel.Epoch++
	rel.Moves, rel.Began = r.nextMove(now), now.Unix()
	if err := r.makeCard(now, rel, reason); err != nil {
		return err
	}
	if key != nil && rel.Self {
		p := &rel.Posts[len(rel.Posts)-1]
		p.Proof = linkProof(*key, rel.id, p.hash())
	}
	return rel.read(now)
}

// again names a hidden entry of the outbox.
func (rel *relation) again() string {
	return fmt.Sprintf("%s/again/%d", rel.id.author(), rel.Posted)
}
