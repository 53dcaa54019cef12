package cover

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Implementation constants of emptied boxes.
const (
	// perEmptied is how many boxes of cover there are for one that is emptied: with 24 a day six
	// are, so that who has a box to empty waits for four hours on average.
	perEmptied = 4
	// ofRun is how many boxes of a run may be emptied at most: some 12 a day.
	ofRun = 2
	// mostTries is how often a box is asked to be emptied: it is a favour, and nothing rests on it.
	mostTries = 6
	// replicas is how many holders are to have emptied it.
	replicas = 2
	// mostStones is how many may wait to go in the place of one of cover.
	mostStones = 256
)

// bucketStones has stone, by number.
const bucketStones = "stones"

// stone is what empties a box: its tombstone.
type stone struct {
	Day       box.Day       `cbor:"1,keyasint"`
	ID        box.ID        `cbor:"2,keyasint"`
	Signature box.Signature `cbor:"3,keyasint"`
	// Asked is one that the person has a reason for; others are of cover, which any may be emptied.
	Asked bool `cbor:"4,keyasint,omitempty"`
	Going bool `cbor:"5,keyasint,omitempty"` // its time has come
	Slow  bool `cbor:"6,keyasint,omitempty"`
	Tries int  `cbor:"7,keyasint,omitempty"`
	Done  int  `cbor:"8,keyasint,omitempty"` // holders that have emptied it
}

// numbered is a stone with its number.
type numbered struct {
	stone
	number uint64
	given  bool // to the sender
}

func stoneName(number uint64) string { return fmt.Sprintf("%020d", number) }

func (n numbered) put(tx *store.Tx) error {
	return tx.Put(bucketStones, stoneName(n.number), n.stone)
}

func eachStone(tx *store.Tx, do func(name string, n numbered) error) error {
	return store.Each(tx, bucketStones, func(name string, s stone) error {
		number, err := strconv.ParseUint(name, 10, 64)
		if err != nil {
			return store.ErrForeign.With("a tombstone's number: %w", err)
		}
		return do(name, numbered{stone: s, number: number})
	})
}

// Empty has a box emptied in the place of one of cover, so that nobody sees that there was a reason
// to; or at once where there is no cover. It is a favour of its holders, who take it on the day of
// the box alone: what finds no place by the end of that is not emptied.
func (c *Cover) Empty(tx *store.Tx, day box.Day, b box.Box) error {
	s, err := get(tx)
	if err != nil {
		return err
	}
	asked := 0
	err = store.Each(tx, bucketStones, func(_ string, s stone) error {
		if s.Asked {
			asked++
		}
		return nil
	})
	if err != nil || asked >= mostStones {
		return err
	}
	return c.add(tx, &s, stone{
		Day: day, ID: b.ID, Signature: b.Signature, Asked: true, Going: c.cfg.PerDay == 0,
	})
}

// add keeps stones, and the state with the number of the last one.
func (c *Cover) add(tx *store.Tx, s *state, stones ...stone) error {
	for _, one := range stones {
		s.Stones++
		n := numbered{stone: one, number: s.Stones}
		if err := n.put(tx); err != nil {
			return err
		}
		if one.Going {
			tx.After(func() { c.going[n.number] = &n })
		}
	}
	return s.put(tx)
}

// stonesOf empties boxes of a run, of which any may be chosen later.
func stonesOf(n boxstream.Network, boxes []boxstream.Sealed) (all []stone, err error) {
	for _, sealed := range boxes[:min(len(boxes), ofRun)] {
		b, err := sealed.Tombstone(n)
		if err != nil {
			return nil, err
		}
		all = append(all, stone{Day: sealed.Day, ID: b.ID, Signature: b.Signature})
	}
	return all, nil
}

// loadStones takes up those that are under way.
func (c *Cover) loadStones(tx *store.Tx) error {
	return eachStone(tx, func(_ string, n numbered) error {
		if n.Going {
			c.going[n.number] = &n
		}
		return nil
	})
}

// choose has one box emptied: a box of cover is drawn, and where the person has asked for another
// one, that goes in its place, in all else alike. Whether and when does not depend on what they
// asked.
func (c *Cover) choose(now time.Time) error {
	slow, drawn := c.dice.IntN(2) == 0, c.dice.Float64()
	err := c.cfg.Store.Update(func(tx *store.Tx) error {
		idle, asked, err := c.stones(tx, now)
		if err != nil || len(idle) == 0 {
			return err
		}
		one := idle[int(drawn*float64(len(idle)))]
		if len(asked) > 0 {
			if err := tx.Delete(bucketStones, stoneName(one.number)); err != nil {
				return err
			}
			one = asked[int(drawn*float64(len(asked)))]
		}
		one.Going, one.Slow = true, slow
		tx.After(func() { c.going[one.number] = &one })
		return one.put(tx)
	})
	if err != nil {
		return fmt.Errorf("choosing a box to be emptied: %w", err)
	}
	return nil
}

// stones are those whose boxes are kept as they were sealed, and may be emptied now; it forgets
// those that nobody can empty any more.
func (c *Cover) stones(tx *store.Tx, now time.Time) (idle, asked []numbered, err error) {
	today := c.cfg.Network.Today(now)
	err = eachStone(tx, func(name string, n numbered) error {
		switch {
		case n.Going:
		case n.Day < today: // it may have been sealed again for the day after
			return tx.Delete(bucketStones, name)
		case n.Day > today || c.cfg.Outbox.Writes(n.ID): // else it would be written again
		case n.Asked:
			asked = append(asked, n)
		default:
			idle = append(idle, n)
		}
		return nil
	})
	byNumber := func(a, b numbered) int { return cmp.Compare(a.number, b.number) }
	slices.SortFunc(idle, byNumber)
	slices.SortFunc(asked, byNumber)
	return idle, asked, err
}

// Supply has boxes emptied whose time has come.
func (c *Cover) Supply(now time.Time) error {
	for _, number := range slices.Sorted(maps.Keys(c.going)) {
		n := c.going[number]
		if n.given || !c.cfg.Network.Calendar.Writable(now, n.Day) {
			continue
		}
		err := c.access.Enqueue(now, number, person.Request{
			Op: box.OpTombstone, Day: n.Day, Box: box.Box{ID: n.ID, Signature: n.Signature},
			Try: n.Tries, Slow: n.Slow,
		})
		if errors.Is(err, person.ErrLater) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("emptying a box: %w", err)
		}
		n.given = true
	}
	return nil
}

// Answered takes what a holder says to a tombstone.
func (c *Cover) Answered(now time.Time, a person.Answer) error {
	n := c.going[a.Number]
	if n == nil || a.Kind != person.Done && a.Kind != person.Lost {
		return nil
	}
	n.given = false
	if a.Kind == person.Lost {
		return nil
	}
	next := *n
	next.Tries++
	if a.Reply.Status == box.StatusTombstoned || a.Reply.Status == box.StatusStored {
		next.Done++
	}
	return c.settle(next, next.Done >= replicas || next.Tries >= mostTries)
}

// settle keeps how far a stone is, or forgets it.
func (c *Cover) settle(n numbered, over bool) error {
	err := c.cfg.Store.Update(func(tx *store.Tx) error {
		if over {
			return tx.Delete(bucketStones, stoneName(n.number))
		}
		return n.put(tx)
	})
	if err != nil {
		return fmt.Errorf("noting an emptied box: %w", err)
	}
	if c.going[n.number] = &n; over {
		delete(c.going, n.number)
	}
	return nil
}

// giveUp forgets the stones that no holder takes any more.
func (c *Cover) giveUp(now time.Time) error {
	for _, number := range slices.Sorted(maps.Keys(c.going)) {
		n := *c.going[number]
		if n.given || c.cfg.Network.Calendar.Writable(now, n.Day) {
			continue
		}
		if err := c.settle(n, true); err != nil {
			return err
		}
	}
	return nil
}

// process is the moments of a Poisson process, while there is a connection: what was missed
// without one need not be made up for.
type process struct {
	rng  *rand.Rand
	mean time.Duration
	next time.Time // zero: not drawn
}

// due is how many of its moments have come.
func (p *process) due(now time.Time) (n int) {
	if p.next.IsZero() || now.Sub(p.next) > asleep {
		p.next = now.Add(p.gap())
	}
	for ; !p.next.After(now); n++ {
		p.next = p.next.Add(p.gap())
	}
	return n
}

func (p *process) gap() time.Duration {
	return time.Duration(p.rng.ExpFloat64() * float64(p.mean))
}
