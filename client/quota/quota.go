// Package quota keeps what a person has within what they want it to take: the oldest posts go, with
// their photos, when it is more than so many bytes, or when they are older than so many days.
// Pinned posts stay.
//
// Nothing goes unannounced: the person is told when nine tenths are full, or when something will be
// too old within a week, and a week passes between that and the first post that goes.
//
// It is pure, and a person's Part for the sake of the clock. It must not know what is in a post.
package quota

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/fault"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

// The buckets of quota.
const (
	bucketQuota = "quota" // one record: settings
	bucketPins  = "pins"  // true, by the id of a post
)

// Limits, and what holds as long as nothing else is said.
const (
	standard = 1 << 30 // bytes
	least    = 10 << 20
	most     = 1 << 50
	maxDays  = 100 * 365
	notice   = 7 * 24 * time.Hour // between telling and the first post that goes
	batch    = 20                 // posts that go in one transaction
	maxPins  = 10_000
)

// Faults of quotas.
var (
	errBytes = fault.New(
		fault.User, "not a size that a home can have", "Give 10 MiB or more, as in 500MiB or 2GiB.",
	)
	errDays = fault.New(
		fault.User, "not a time for which posts can be kept",
		"Give a number of days, or 0 for as long as there is room.",
	)
	errPins = fault.New(fault.Quota, "too many posts are pinned", "Let one go: `murmur unpin ID`.")
)

// Settings is what a person wants.
type Settings struct {
	Bytes int64 `cbor:"1,keyasint"` // that posts and photos may take
	Days  int   `cbor:"2,keyasint"` // for which they are kept; zero: as long as there is room
}

// state is the settings, and since when the person knows that something will go.
type state struct {
	Settings
	Told int64 `cbor:"3,keyasint"` // Unix seconds; zero: nothing will
}

// Config says whose quota it is. All fields are required.
type Config struct {
	Store    *store.Store
	Timeline *timeline.Timeline
	// Erase forgets a post with its photos, for good.
	Erase func(tx *store.Tx, id string) error
}

// Quota is a person's quota. All of it is on the disk.
type Quota struct {
	cfg    Config
	access *person.Access
	looked int64 // hour
}

// New is the quota of a person.
func New(p *person.Person, cfg Config) *Quota {
	q := &Quota{cfg: cfg}
	q.access = p.Join(q)
	return q
}

func get(tx *store.Tx) (s state, err error) {
	err = tx.Get(bucketQuota, "", &s)
	if errors.Is(err, store.ErrNotFound) {
		return state{Settings: Settings{Bytes: standard}}, nil
	}
	return s, err
}

// Set changes what the person wants; the week begins anew.
func (q *Quota) Set(s Settings) error {
	switch {
	case s.Bytes < least || s.Bytes > most:
		return errBytes.With("%d bytes", s.Bytes)
	case s.Days < 0 || s.Days > maxDays:
		return errDays.With("%d days", s.Days)
	}
	q.looked = 0
	return q.cfg.Store.Update(
		func(tx *store.Tx) error { return tx.Put(bucketQuota, "", state{Settings: s}) },
	)
}

// Pin lets a post stay, whatever its age; or not any more.
func (q *Quota) Pin(id string, pinned bool) error {
	return q.cfg.Store.Update(func(tx *store.Tx) error {
		if !pinned {
			return tx.Delete(bucketPins, id)
		}
		if _, err := q.cfg.Timeline.Entry(tx, id); err != nil {
			return err
		}
		n := 0
		err := tx.Walk(bucketPins, func(string, []byte) error { n++; return nil })
		if err == nil && n >= maxPins {
			err = errPins
		}
		return errors.Join(err, tx.Put(bucketPins, id, true))
	})
}

// Status says how things are.
type Status struct {
	Settings
	Used   int64 // bytes
	Posts  int
	Pinned int
	Going  time.Time // from when on the oldest go; zero: nothing will
}

// Status says how things are.
func (q *Quota) Status() (s Status, err error) {
	err = q.cfg.Store.View(func(tx *store.Tx) error {
		kept, err := get(tx)
		u, err2 := q.cfg.Timeline.Usage(tx)
		s.Settings, s.Used, s.Posts = kept.Settings, u.Bytes, u.Posts
		if kept.Told != 0 {
			s.Going = time.Unix(kept.Told, 0).Add(notice).UTC()
		}
		return errors.Join(err, err2, tx.Walk(bucketPins, func(string, []byte) error {
			s.Pinned++
			return nil
		}))
	})
	return s, err
}

// Load does nothing: all is on the disk.
func (q *Quota) Load(*store.Tx) error { return nil }

// Supply asks for nothing.
func (q *Quota) Supply(time.Time) error { return nil }

// Answered hears nothing.
func (q *Quota) Answered(time.Time, person.Answer) error { return nil }

// Turn looks once an hour whether something is to be told, or to go.
func (q *Quota) Turn(now time.Time) error {
	hour := now.Unix() / 3600
	if hour == q.looked {
		return nil
	}
	if err := q.look(now); err != nil {
		return fmt.Errorf("keeping within the quota: %w", err)
	}
	q.looked = hour
	return nil
}

func (q *Quota) look(now time.Time) error {
	goes := false
	err := q.cfg.Store.Update(func(tx *store.Tx) error {
		s, err := get(tx)
		if err != nil {
			return err
		}
		near, err := q.near(tx, s.Settings, now)
		switch {
		case err != nil || !near && s.Told == 0:
			return err
		case !near:
			s.Told = 0
			return tx.Put(bucketQuota, "", s)
		case s.Told == 0:
			s.Told = now.Unix()
			tx.After(q.tell)
			return tx.Put(bucketQuota, "", s)
		}
		goes = !now.Before(time.Unix(s.Told, 0).Add(notice))
		return nil
	})
	for more := goes; more && err == nil; {
		err = q.cfg.Store.Update(func(tx *store.Tx) (err error) {
			more, err = q.let(tx, now)
			return err
		})
	}
	return err
}

func (q *Quota) tell() {
	q.access.Tell(
		"from next week on the oldest posts and their photos go, to keep within the quota",
		"`murmur quota` shows and changes it; `murmur pin ID` keeps a post.",
	)
}

// near says whether something goes soon: nine tenths are full, or the oldest that may go will be
// too old within the time of notice.
func (q *Quota) near(tx *store.Tx, s Settings, now time.Time) (bool, error) {
	u, err := q.cfg.Timeline.Usage(tx)
	if err != nil || u.Bytes >= s.Bytes/10*9 || s.Days == 0 {
		return u.Bytes >= s.Bytes/10*9, err
	}
	old := false
	err = q.oldest(tx, func(e timeline.Entry) bool {
		old = now.Add(notice).Sub(time.UnixMilli(e.Received)) > time.Duration(s.Days)*24*time.Hour
		return true
	})
	return old, err
}

// oldest gives the posts that are not pinned, the oldest first, until do has enough.
func (q *Quota) oldest(tx *store.Tx, do func(timeline.Entry) (enough bool)) error {
	return q.cfg.Timeline.Oldest(tx, func(e timeline.Entry) (bool, error) {
		pinned, err := tx.Has(bucketPins, e.ID)
		return err == nil && !pinned && do(e), err
	})
}

// let lets some of the oldest go, and says whether there may be more.
func (q *Quota) let(tx *store.Tx, now time.Time) (more bool, err error) {
	s, err := get(tx)
	if err != nil {
		return false, err
	}
	u, err := q.cfg.Timeline.Usage(tx)
	if err != nil {
		return false, err
	}
	var gone []string
	err = q.oldest(tx, func(e timeline.Entry) bool {
		age := now.Sub(time.UnixMilli(e.Received))
		old := s.Days > 0 && age > time.Duration(s.Days)*24*time.Hour
		if u.Bytes <= s.Bytes && !old {
			return true
		}
		gone, u.Bytes = append(gone, e.ID), u.Bytes-e.Bytes()
		return len(gone) == batch
	})
	errs := []error{err}
	for _, id := range gone {
		errs = append(errs, q.cfg.Erase(tx, id))
	}
	return len(gone) == batch, errors.Join(errs...)
}
