package crowd

import (
	"errors"
	"fmt"
	"io"
	"time"

	"murmuration/client/board"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

const bucket = "crowd"

// state is what outlasts a program.
type state struct {
	// Key is a secret of the home, made once: it decides which boxes are fetched.
	Key [32]byte `cbor:"1,keyasint"`
	// Mark is the first slot of which something may not have been fetched yet.
	Mark box.Slot `cbor:"2,keyasint"`
}

// Load takes up what the last Crowd of this home kept. A home that is new gets its key.
func (c *Crowd) Load(tx *store.Tx) error {
	err := tx.Get(bucket, "", &c.state)
	if errors.Is(err, store.ErrNotFound) {
		if _, err := io.ReadFull(c.cfg.Secret, c.state.Key[:]); err != nil {
			return fmt.Errorf("drawing the key of a crowd: %w", err)
		}
		return nil
	}
	c.kept, c.began = c.state, true
	return err
}

// Resume fetches what was listed since the mark, fetched before or not: the coins are
// the same, so that whoever answers sees the same boxes asked for twice, and does not learn which
// were read in between, as it would from a memory of single boxes or from coins that are thrown
// anew. Who is new fetches nothing that was listed before.
func (c *Crowd) Resume(now time.Time) error {
	slot := c.slot(now)
	c.seen = now
	if !c.began {
		c.state.Mark = slot - min(slot, YoungSlots)
		c.began, c.beginning = true, true
		return nil
	}
	for roll := bulletin.RollNumber(c.state.Mark); roll <= bulletin.RollNumber(slot); roll++ {
		pairs, err := c.cfg.Board.History(roll)
		if err != nil {
			return fmt.Errorf("reading what was listed: %w", err)
		}
		for _, p := range pairs {
			if p.Slot >= c.state.Mark && !c.coming(p) {
				p.Missed = p.Slot+YoungSlots < slot
				c.Listed(now, p)
			}
		}
	}
	return nil
}

// Keep writes down how far this client has come: to be called every slot or so.
func (c *Crowd) Keep() error {
	c.state.Mark = c.mark()
	if c.state == c.kept {
		return nil
	}
	err := c.cfg.Store.Update(func(tx *store.Tx) error { return tx.Put(bucket, "", c.state) })
	if err != nil {
		return fmt.Errorf("noting which slots are over: %w", err)
	}
	c.kept = c.state
	return nil
}

// mark is the first slot of which something is still to be fetched for the first time. It stays
// while old slots are still to come: what is listed before it counts as old.
func (c *Crowd) mark() box.Slot {
	if !c.cfg.Board.Settled() {
		return c.state.Mark
	}
	m := max(c.state.Mark, c.newest-min(c.newest, settled))
	hold := func(p board.Pair) { m = min(m, p.Slot) }
	for _, pairs := range [][]board.Pair{c.early, c.missed} {
		for _, p := range pairs {
			hold(p)
		}
	}
	for _, q := range []queue{c.live, c.catch} {
		for _, f := range q {
			if !f.decoy {
				hold(f.pair)
			}
		}
	}
	for _, t := range c.open {
		if f := t.fetch; f != nil && !t.over && !f.done && !f.decoy && !f.old() {
			hold(f.pair)
		}
	}
	return max(c.state.Mark, m)
}
