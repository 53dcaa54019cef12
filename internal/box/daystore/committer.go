package daystore

import (
	"errors"
	"fmt"
	"murmuration/internal/box"
	"runtime"
	"sync"

	"github.com/dgraph-io/badger/v4"
)

// maxBatch bounds a batch: 256 boxes of 8 KiB are 2 MiB. Beyond some hundred, one fsync more or
// less no longer shows.
const maxBatch = 256

// patience is how often in a row the committer finds nothing more, and lets others run, before it
// commits: some microseconds when nobody comes.
const patience = 8

// request is one change on its way through the committer.
type request struct {
	day      box.Day
	box      box.Box
	merge    bool
	replicas []box.Holder

	forget bool // a Done: remove the queue entry of peer at this place
	peer   box.Holder
	at     box.Place

	name   []byte // of the box under the day's key, and
	sealed []byte // its bytes for the disk; nil until sealFor

	outcome box.Outcome
	err     error
	answer  chan struct{} // closed by the committer when outcome and err stand
}

// sealFor does the request's cryptography. The askers do it side by side; the committer does it
// only for the first requests of a new day, whose key was not there yet.
func (r *request) sealFor(d *dayDB) {
	if r.name == nil && !r.forget {
		r.name = d.nameOf(r.box.ID[:])
		r.sealed = d.sealed(r.box, r.name)
	}
}

// buffers holds the two buffers of a sealing, each of a box's size and something.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// recycle gives the request's sealed bytes to the next one.
func (r *request) recycle() {
	if r.sealed != nil {
		b := r.sealed[:0]
		r.sealed = nil
		buffers.Put(&b)
	}
}

// commitAll is the committer: it takes what waits, makes one batch of it for each day, and answers
// when the batch is on the disk.
func (s *Store) commitAll() {
	defer close(s.done)
	for {
		batch := s.waiting()
		if len(batch) == 0 {
			s.rest()
			first, ok := <-s.requests
			if !ok {
				return
			}
			batch = append(s.waiting(), first)
		}
		for day, requests := range byDay(batch) {
			s.commit(day, requests)
		}
	}
}

// commit makes and writes the batch of one day and answers its requests.
func (s *Store) commit(day box.Day, requests []*request) {
	err := s.write(day, requests)
	for _, r := range requests {
		if err != nil {
			r.err = err
		}
		close(r.answer)
	}
}

// rest settles the marks of all days: nobody waits, so it costs nobody a moment.
func (s *Store) rest() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, d := range s.days {
		d.rest()
	}
}

// waiting returns what waits and what comes while others get to run: those who were just answered
// ask again at once, and a batch begun without them would cost them a whole fsync.
func (s *Store) waiting() (batch []*request) {
	for idle := 0; idle < patience && len(batch) < maxBatch; {
		select {
		case r, ok := <-s.requests:
			if !ok {
				return batch
			}
			batch, idle = append(batch, r), 0
		default:
			runtime.Gosched()
			idle++
		}
	}
	return batch
}

func byDay(batch []*request) map[box.Day][]*request {
	days := make(map[box.Day][]*request, 1)
	for _, r := range batch {
		days[r.day] = append(days[r.day], r)
	}
	return days
}

// write makes and writes the batch of one day.
func (s *Store) write(day box.Day, requests []*request) error {
	if err := s.look(); err != nil {
		return err
	}
	d, err := s.dayFor(day)
	if err != nil {
		return err
	}
	if d == nil {
		for _, r := range requests {
			r.outcome.Status = box.StatusFull
		}
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.days[day] != d {
		return box.ErrExpired // dropped since
	}
	return d.write(requests, s.room)
}

// dayFor returns the day, making and opening it if need be; nil if there is no room to make it.
// Only the committer calls it.
func (s *Store) dayFor(day box.Day) (*dayDB, error) {
	s.mu.RLock()
	d, floor := s.days[day], s.floor
	s.mu.RUnlock()
	if day < floor {
		return nil, box.ErrExpired
	}
	if d != nil || s.room == box.NoRoom {
		return d, nil
	}
	if err := createDay(s.dir, day); err != nil {
		return nil, err
	}
	d, err := openDay(s.dir, day, s.opts)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if day < s.floor { // Drop passed by meanwhile; its next call, or Open, finds the directory
		return nil, errors.Join(box.ErrExpired, d.close())
	}
	s.days[day] = d
	return d, nil
}

// batch collects the changes of one commit and sees those before in it.
type batch struct {
	day     *dayDB
	room    box.Room
	reads   *badger.Txn
	writes  *badger.WriteBatch
	boxes   map[string]*box.Box // by name, written in this batch
	changes uint32
	err     error // first failure; nothing of the batch is then committed
}

// write settles the requests in order and commits what they change.
func (d *dayDB) write(requests []*request, left box.Room) error {
	if d.broken != nil {
		return d.broken
	}
	b := &batch{day: d, room: left, reads: d.db.NewTransaction(false), writes: d.db.NewWriteBatch(),
		boxes: make(map[string]*box.Box)}
	defer b.reads.Discard()
	defer b.writes.Cancel()
	for _, r := range requests {
		if r.forget {
			b.forget(r)
		} else {
			b.settle(r)
		}
	}
	if b.err != nil {
		return b.err // no write was begun: the day is as it was
	}
	if b.changes == 0 {
		return nil
	}
	if err := b.flush(); err != nil {
		// What of the batch is on the disk is unknown. Reads go on.
		d.broken = fmt.Errorf("writing day %d of the box store: %w", d.day, err)
		return d.broken
	}
	d.commit++
	for _, r := range requests {
		r.recycle() // Badger has copied everything
	}
	return nil
}

// set adds a change. Only what outgrows a transaction reaches Badger before flush, and the number
// of requests bounds a batch far below that.
func (b *batch) set(key, value []byte) {
	if b.err == nil {
		b.err = b.writes.Set(key, value)
	}
	b.changes++
}

func (b *batch) forget(r *request) {
	if b.room == box.NoRoom {
		r.outcome.Status = box.StatusFull
		return
	}
	r.outcome.Status = box.StatusStored
	if b.err == nil {
		b.err = b.writes.Delete(appendPlace(b.day.queueKey(r.peer), r.at))
	}
	b.changes++
}

func (b *batch) settle(r *request) {
	r.sealFor(b.day)
	old := b.boxes[string(r.name)]
	if old == nil {
		old, r.err = b.day.load(b.reads, r.name)
	}
	if r.err != nil {
		return // one unreadable box is no reason to refuse the others
	}
	var replace bool
	r.outcome, replace = box.Arrival{Old: old, Next: r.box, Merge: r.merge, Room: b.room}.Settle()
	if !replace {
		return
	}
	b.boxes[string(r.name)] = &r.box
	b.set(boxKey(r.name), r.sealed)
	for _, peer := range r.replicas {
		at := box.Place{Commit: b.day.commit + 1, Index: b.changes}
		b.set(appendPlace(b.day.queueKey(peer), at), r.name)
	}
}

// flush commits with the number of the commit, the last thing of the batch, and notes outside
// Badger that it has begun, both at the same time.
func (b *batch) flush() error {
	next := b.day.commit + 1
	if err := b.writes.Set(commitKey, number(next)); err != nil {
		return err
	}
	noted := make(chan error, 1)
	go b.day.note(begun(next), noted) // ends with its one fsync
	err := errors.Join(b.writes.Flush(), <-noted)
	if err == nil && b.day.log.unsync.Load() {
		return errors.New("badger could not fsync its value log")
	}
	return err
}
