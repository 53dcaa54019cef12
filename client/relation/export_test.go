package relation

import (
	"time"

	"murmuration/client/session"
	"murmuration/client/store"
)

// Kept is how much there is of a relation: doors of both sides, moves, sayings, streams read.
func (r *Relations) Kept(id ID) (own, their int, epoch uint64, open, reads int) {
	err := r.cfg.Store.View(func(tx *store.Tx) error {
		rel, err := get(tx, id)
		if err == nil {
			own, their, epoch = len(rel.Own), len(rel.Their), rel.Epoch
			open, reads = len(rel.Open), len(rel.Reads)
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	return own, their, epoch, open, reads
}

// Lose writes a record that nobody ever gets.
func (r *Relations) Lose(tx *store.Tx, now time.Time, id ID) error {
	rel, err := get(tx, id)
	if err != nil {
		return err
	}
	state, _, err := r.record(now, rel, nil, nil)
	if err != nil {
		return err
	}
	rel.State = state
	return r.put(tx, now, rel)
}

// Other is the device of the contact that is not this one.
func (r *Relations) Other(id ID, d session.DeviceID) (other session.DeviceID) {
	err := r.cfg.Store.View(func(tx *store.Tx) error {
		rel, err := get(tx, id)
		if err != nil {
			return err
		}
		for _, p := range rel.State.Peers {
			if p.Device != d && !p.Own {
				other = p.Device
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return other
}
