package daystore

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/box"
	"murmuration/internal/box/gather"
)

// request is one change on its way through the committer.
type request struct {
	day    box.Day
	change change

	outcome box.Outcome
	err     error
	answer  chan struct{} // closed by the committer when outcome and err stand
}

// change is what somebody asks the committer for.
type change interface {
	// seal does the cryptography. The askers do it side by side; the committer calls it again, and
	// that does something only for the first requests of a new day, whose key was not there yet.
	seal(d *dayDB)

	// settle adds to the batch what the change comes to, and says so in outcome and err of its
	// request.
	settle(b *batch, r *request)

	// recycle is called when Badger has copied everything.
	recycle()
}

// commitAll is the committer: it takes what waits, makes one batch of it for each day, and answers
// when the batch is on the disk.
func (s *Store) commitAll() {
	defer close(s.done)
	for {
		all := gather.Waiting(s.requests)
		if len(all) == 0 {
			s.rest()
			first, ok := <-s.requests
			if !ok {
				return
			}
			all = append(gather.Waiting(s.requests), first)
		}
		for day, requests := range byDay(all) {
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
	records map[string][]byte   // by key, likewise
	spent   map[string][]byte   // names of boxes by the key of the token, likewise
	lists   []list
	changes uint32
	err     error // first failure; nothing of the batch is then committed
}

// write settles the requests in order and commits what they change.
func (d *dayDB) write(requests []*request, left box.Room) error {
	if d.broken != nil {
		return d.broken
	}
	b := &batch{day: d, room: left, reads: d.db.NewTransaction(false), writes: d.db.NewWriteBatch(),
		boxes: make(map[string]*box.Box), records: make(map[string][]byte),
		spent: make(map[string][]byte)}
	defer b.reads.Discard()
	defer b.writes.Cancel()
	for _, r := range requests {
		r.change.seal(d)
		r.change.settle(b, r)
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
	d.unlisted.apply(b.lists)
	for _, r := range requests {
		r.change.recycle()
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

// remove is set for a key that shall not be there.
func (b *batch) remove(key []byte) {
	if b.err == nil {
		b.err = b.writes.Delete(key)
	}
	b.changes++
}

// place is that of the next change.
func (b *batch) place() box.Place {
	return box.Place{Commit: b.day.commit + 1, Index: b.changes}
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
