package relation

import (
	"io"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
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
	state, _, err := r.record(now, rel, &rel.Writer, nil, nil)
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

// Flood is what whoever can write a door may put into it on one day: fifteen cards of devices that
// nobody knows, and something else.
func (r *Relations) Flood(random io.Reader, now time.Time, id ID) (all []box.Box) {
	today := r.cfg.Network.Today(now)
	err := r.cfg.Store.View(func(tx *store.Tx) error {
		rel, err := get(tx, id)
		if err != nil {
			return err
		}
		for i := range boxstream.DoorSize {
			_, start, err := r.newStream()
			if err != nil {
				return err
			}
			_, card, err := session.State{}.Knock(random, session.ReasonRestored, *start, now)
			if err != nil {
				return err
			}
			record := box.Record{Kind: content.KindCard, Parts: 1, Content: card}
			if i == 3 {
				record.Kind, record.Content = content.KindSession, []byte("in a door")
			}
			door := rel.Own[len(rel.Own)-1].Writer
			s, err := door.SealAt(r.cfg.Network, today, i, record)
			if err != nil {
				return err
			}
			all = append(all, s.Box())
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return all
}
