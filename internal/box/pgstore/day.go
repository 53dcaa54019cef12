package pgstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// day is one day of all shards. What it is never changes: a shard that comes later is of the days
// that begin later, so nothing moves.
type day struct {
	number box.Day
	salt   []byte
	shards []uint8 // numbers of those that it is spread over, in order
	form   *dayform.Form
}

func (s *Store) newDay(number box.Day, salt []byte, shards []uint8) (*day, error) {
	form, err := dayform.New(s.secret.dayKey(salt, number))
	return &day{number, salt, shards, form}, err
}

// schema is the name of the day's tables.
func (d *day) schema() string { return schemaOf(d.number) }

func schemaOf(d box.Day) string { return fmt.Sprintf("murmur_day_%05d", d) }

// score is the weight that a shard has for a key; keys are HMACs or sealed under the day's key, so
// nobody outside can have all of theirs fall on one shard.
func score(shard uint8, key []byte) uint64 {
	h := sha256.New()
	h.Write([]byte{shard})
	h.Write(key)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// order are the shards for a key, the one with the highest score first.
func order(shards []uint8, key []byte) []uint8 {
	sorted := slices.Clone(shards)
	slices.SortFunc(sorted, func(a, b uint8) int {
		if score(a, key) > score(b, key) {
			return -1
		}
		return 1
	})
	return sorted
}

// at is the shard that has a key of the day.
func (s *Store) at(d *day, key []byte) *shard {
	best, highest := d.shards[0], uint64(0)
	for _, n := range d.shards {
		if w := score(n, key); w >= highest {
			best, highest = n, w
		}
	}
	return s.numbered(best)
}

// numbered is the shard of a number; the days have no others.
func (s *Store) numbered(n uint8) *shard {
	for _, sh := range s.shards {
		if sh.number == n {
			return sh
		}
	}
	panic("pgstore: a day of a shard that is not there")
}

// day returns a day that there is, or nil.
func (s *Store) day(number box.Day) *day {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.days[number]
}

// dayFor returns a day that may be written. A new one is in memory alone until the first
// transaction of each shard, which brings its salt with it.
func (s *Store) dayFor(number box.Day) (*day, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < s.floor {
		return nil, errors.Join(box.ErrExpired, s.alive())
	}
	if d := s.days[number]; d != nil {
		return d, nil
	}
	salt := make([]byte, 32)
	rand.Read(salt)
	var all []uint8
	for _, sh := range s.shards {
		all = append(all, sh.number)
	}
	slices.Sort(all)
	d, err := s.newDay(number, salt, all)
	if err == nil {
		s.days[number] = d
	}
	return d, err
}

// sorted are the days from one on, in order.
func (s *Store) sorted(from box.Day) (days []*day) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, n := range slices.Sorted(maps.Keys(s.days)) {
		if n >= from {
			days = append(days, s.days[n])
		}
	}
	return days
}

// arrange takes over the days that the shards have, each the same on all of them.
func (s *Store) arrange(rows []shardRow) error {
	for i, sh := range s.shards {
		for _, other := range s.shards[:i] {
			if other.number == sh.number {
				return fmt.Errorf("%s and %s are both database %d of this store\n  one is a copy "+
					"of the other: name the one that was in use", other.name, sh.name, sh.number+1)
			}
		}
	}
	for i, row := range rows {
		for _, r := range row.days {
			if err := s.takeDay(r); err != nil {
				return fmt.Errorf("%s: day %d: %w", s.shards[i].name, r.number, err)
			}
		}
	}
	return nil
}

func (s *Store) takeDay(r dayRow) error {
	if old := s.days[r.number]; old != nil {
		if !bytes.Equal(old.salt, r.salt) || !slices.Equal(old.shards, r.shards) {
			return errors.New("the databases have different salts for it\n  one was put back " +
				"from a backup of another time")
		}
		return nil
	}
	for _, n := range r.shards {
		if !slices.ContainsFunc(s.shards, func(sh *shard) bool { return sh.number == n }) {
			return fmt.Errorf("it is spread over database %d, too, which is not named\n  name "+
				"all databases until the days are over that they have a part of", n+1)
		}
	}
	d, err := s.newDay(r.number, r.salt, r.shards)
	s.days[r.number] = d
	return err
}

// Drop implements box.Store. What a database that is away has goes with the next Drop after it came
// back, and until then nothing of it is read.
func (s *Store) Drop(before box.Day) error {
	if err := s.alive(); err != nil {
		return err
	}
	s.mu.Lock()
	s.floor = max(s.floor, before)
	maps.DeleteFunc(s.days, func(n box.Day, _ *day) bool { return n < s.floor })
	s.mu.Unlock()
	s.bulletins.forget(before)
	for _, sh := range s.shards {
		sh.forget(before)
		if err := sh.sweep(context.Background(), before); err != nil {
			s.opts.Logger.Warn("a day that is over stays in a database, and is dropped later",
				"database", sh.name, "error", err)
		}
	}
	return nil
}
