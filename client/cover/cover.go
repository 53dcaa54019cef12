// Package cover is boxes that say nothing, in a stream that nobody follows: since every client
// writes some all the time, nobody sees when somebody writes something. It empties some of them,
// so that nobody sees when somebody has a reason to empty a box.
//
// A box of cover is sealed, stored, repeated and read again by the very code that does it for
// posts, so that none but its author can tell. It is pure, and a person's Part. It must not have a
// way of its own to the network, and must not be seen by the person, but in numbers.
package cover

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Implementation constants.
const (
	author = "cover" // the outbox's name for who writes it
	// asleep is how long after its time a run still begins: one that the computer slept through
	// does not.
	asleep = 5 * time.Minute
	// most is how many boxes may wait for the network, beyond which nothing is added to them.
	most = 256
)

// bucket has one record.
const bucket = "cover"

// state is what the disk has of it.
type state struct {
	Writer boxstream.Writer `cbor:"1,keyasint"`
	Epoch  int              `cbor:"2,keyasint"` // counts from 1, and on when a stream was given up
	Runs   uint64           `cbor:"3,keyasint"` // that ever began
	// Spared is how many boxes the person has written in place of those that would come.
	Spared int `cbor:"4,keyasint"`
	// Stones is the number of the last tombstone that was made.
	Stones uint64 `cbor:"5,keyasint,omitempty"`
}

func (s state) stream() string { return fmt.Sprintf("%s/%d", author, s.Epoch) }

func (s state) put(tx *store.Tx) error { return tx.Put(bucket, "", s) }

// get is the zero state if there is none yet.
func get(tx *store.Tx) (s state, err error) {
	if err = tx.Get(bucket, "", &s); errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return s, err
}

// Outbox is where cover goes, as posts do: an *outbox.Outbox.
type Outbox interface {
	Serve(name string, a outbox.Author)
	Put(tx *store.Tx, now time.Time, d outbox.Draft) error
	Waiting() int
	Writes(id box.ID) bool
}

// Config says how much of it there is. All fields but PerDay are required.
type Config struct {
	Store   *store.Store
	Network boxstream.Network
	// Random makes the keys of the stream, and seeds what is drawn.
	Random io.Reader
	Outbox Outbox
	// PerDay is how many boxes of cover a client writes on average; zero: none.
	PerDay int
}

// Cover writes runs of boxes, and empties some.
type Cover struct {
	cfg    Config
	access *person.Access
	rng    *rand.Rand // of runs
	runs   process
	// dice are of what is emptied: nothing that a person writes draws from them.
	dice     *rand.Rand
	emptying process
	going    map[uint64]*numbered // stones that are under way
}

// New is the cover of a person.
func New(p *person.Person, cfg Config) (*Cover, error) {
	var seeds [2][32]byte
	for i := range seeds {
		if _, err := io.ReadFull(cfg.Random, seeds[i][:]); err != nil {
			return nil, fmt.Errorf("seeding the cover of writes: %w", err)
		}
	}
	c := &Cover{
		cfg: cfg, rng: rand.New(rand.NewChaCha8(seeds[0])),
		dice: rand.New(rand.NewChaCha8(seeds[1])), going: map[uint64]*numbered{},
	}
	if cfg.PerDay > 0 {
		mean := 24 * time.Hour / time.Duration(cfg.PerDay)
		c.runs = process{rng: c.rng, mean: time.Duration(meanRun * float64(mean))}
		c.emptying = process{rng: c.dice, mean: perEmptied * mean}
	}
	c.access = p.Join(c)
	cfg.Outbox.Serve(author, c)
	return c, nil
}

// Load takes up what is under way.
func (c *Cover) Load(tx *store.Tx) error { return c.loadStones(tx) }

// lengths are those of runs, as posts have them, each half as likely as the one before; the
// last two are equally likely. Their mean is 3.125.
var lengths = []int{1, 2, 4, 9, 17}

const meanRun = 3.125

// length draws one.
func (c *Cover) length() int {
	i := 0
	for i < len(lengths)-1 && c.rng.IntN(2) == 0 {
		i++
	}
	return lengths[i]
}

// Turn begins the runs whose time has come, and has boxes emptied. Both come as Poisson processes
// while there is a connection.
func (c *Cover) Turn(now time.Time) error {
	if err := c.giveUp(now); err != nil {
		return err
	}
	if c.cfg.PerDay == 0 || !c.access.Online() {
		c.runs.next, c.emptying.next = time.Time{}, time.Time{}
		return nil
	}
	for range c.runs.due(now) {
		if err := c.begin(now); err != nil {
			return err
		}
	}
	for range c.emptying.due(now) {
		if err := c.choose(now); err != nil {
			return err
		}
	}
	return nil
}

// begin writes a run, unless the person has written in its place.
func (c *Cover) begin(now time.Time) error {
	n, slow := c.length(), c.rng.IntN(2) == 0
	if c.cfg.Outbox.Waiting() > most {
		return nil
	}
	after, err := boxstream.SwitchAfter(c.cfg.Random)
	if err != nil {
		return err
	}
	err = c.cfg.Store.Update(func(tx *store.Tx) error {
		s, err := get(tx)
		if err != nil {
			return err
		}
		idle, _, err := c.stones(tx, now)
		if err != nil {
			return err
		}
		// Of who writes much there must be boxes to empty as well: the first run of a day is.
		if drawn := c.rng.IntN(n); len(idle) > 0 && s.spare(n, drawn) {
			return s.put(tx)
		}
		err = c.run(tx, now, &s, c.cfg.Network.WritingDay(now, after), n, slow)
		return errors.Join(err, s.put(tx))
	})
	if err != nil {
		return fmt.Errorf("writing cover: %w", err)
	}
	return nil
}

// spare says, by a number drawn below n, whether a run of n boxes is left out, since the person has
// written. One that is longer than what they wrote is left out as seldom as it is too long, and
// nothing is owed then: however somebody writes, a message now and then or many photos, they write
// as many boxes as who does not, in runs of the same lengths.
func (s *state) spare(n, drawn int) bool {
	owed := min(s.Spared, n)
	s.Spared -= owed
	return drawn < owed
}

// run seals so many boxes that say nothing, and leaves them to the outbox.
func (c *Cover) run(
	tx *store.Tx, now time.Time, s *state, day box.Day, n int, slow bool,
) (err error) {
	if s.Epoch == 0 {
		s.Epoch = 1
		if s.Writer, err = boxstream.NewWriter(c.cfg.Random); err != nil {
			return err
		}
	}
	s.Runs++
	records := make([]box.Record, n)
	for i := range records {
		records[i] = box.Record{Kind: content.KindCover, Parts: 1}
	}
	boxes, err := s.Writer.Seal(c.cfg.Network, day, records...)
	if err != nil {
		return err
	}
	stones, err := stonesOf(c.cfg.Network, boxes)
	if err != nil {
		return err
	}
	return errors.Join(c.add(tx, s, stones...), c.cfg.Outbox.Put(tx, now, outbox.Draft{
		Name: fmt.Sprintf("%s/%d", author, s.Runs), Author: author, Stream: s.stream(),
		Slow: slow, Hidden: true, Boxes: boxes,
	}))
}

// Wrote notes, in the transaction that queues it, what the person writes: as many boxes of cover
// are left out, at most a day's.
func (c *Cover) Wrote(tx *store.Tx, boxes int) error {
	s, err := get(tx)
	if err != nil {
		return err
	}
	s.Spared = min(s.Spared+boxes, c.cfg.PerDay)
	return s.put(tx)
}

// Stream is the one that cover goes to, for the outbox.
func (c *Cover) Stream(tx *store.Tx) (name string, w boxstream.Writer, err error) {
	s, err := get(tx)
	if err != nil || s.Epoch == 0 {
		return "", w, err
	}
	return s.stream(), s.Writer, nil
}

// Renew begins another stream, as for posts: a copy of this home writes to this one as well.
func (c *Cover) Renew(
	tx *store.Tx, _ time.Time, day box.Day, waited [][]byte,
) (name string, all []boxstream.Sealed, err error) {
	s, err := get(tx)
	if err != nil {
		return "", nil, err
	}
	s.Epoch++
	if s.Writer, err = boxstream.NewWriter(c.cfg.Random); err != nil {
		return "", nil, err
	}
	if all, err = s.Writer.SealBytes(c.cfg.Network, day, waited...); err != nil {
		return "", nil, err
	}
	return s.stream(), all, s.put(tx)
}
