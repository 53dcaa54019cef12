package feed

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/person"
	"murmuration/client/store"
)

// Turn looks out for the heads of the feeds that are read.
func (f *Following) Turn(now time.Time) error {
	return f.store.View(func(tx *store.Tx) error {
		all, err := f.all(tx)
		for _, g := range all {
			f.look(now, g.follow, g.about.Number)
		}
		return err
	})
}

// look has the heads of a feed looked out for that may come, from the latest one on.
func (f *Following) look(now time.Time, g follow, number uint64) {
	if !g.Head.Known() {
		return
	}
	first := max(g.First, g.Latest.Day, f.network.Calendar.Oldest(now))
	f.access.Want(number, f.doors.ids(f.network, g.Head, first, f.network.Today(now)), true)
}

// Answered takes a head that came.
func (f *Following) Answered(now time.Time, a person.Answer) error {
	if a.Kind != person.Found {
		return nil
	}
	var all []followed
	err := f.store.View(func(tx *store.Tx) (err error) { all, err = f.all(tx); return err })
	i := slices.IndexFunc(all, func(g followed) bool { return g.about.Number == a.Number })
	if err != nil || i < 0 {
		return err
	}
	g := all[i].follow
	p, at, ok := f.doors.open(f.network, g.Head, a)
	if !ok || !g.Latest.before(at) {
		return nil
	}
	g.Latest = at
	err = f.store.Update(func(tx *store.Tx) error {
		tx.After(func() { f.look(now, g, a.Number) })
		err := f.move(tx, now, &g, p)
		return errors.Join(err, g.put(tx))
	})
	if err != nil {
		return fmt.Errorf("noting the head of a feed: %w", err)
	}
	return nil
}

// move reads the stream that a head says: a new one beside those before it, or the same one from
// the first box on that is still stored.
func (f *Following) move(tx *store.Tx, now time.Time, g *follow, p position) error {
	g.Epoch = max(g.Epoch, p.Epoch)
	g.Head = g.Head.at(weekOf(g.Latest.Day))
	if p.Ended != g.Ended {
		if err := f.end(tx, g); err != nil {
			return err
		}
		g.Ended = p.Ended
	}
	s := g.stream(p.Start, p.Epoch)
	if slices.Contains(g.Streams, s.Name) {
		return f.reading.Skip(tx, now, s, p.Start, p.Oldest)
	}
	if _, elsewhere := f.reading.Reads(kind, p.Start); elsewhere {
		return nil // by an old link of the same feed
	}
	g.Streams = append(g.Streams, s.Name)
	err := f.reading.Start(tx, now, s, p.Start, p.Since)
	for len(g.Streams) > maxStreams && err == nil {
		err = f.reading.Stop(tx, g.Streams[0])
		g.Streams = g.Streams[1:]
	}
	return err
}

// end tells that a feed has ended, once.
func (f *Following) end(tx *store.Tx, g *follow) error {
	if g.Ended {
		return nil
	}
	g.Ended = true
	about, err := f.sources.Get(tx, g.Source)
	tx.After(func() {
		f.access.Tell(about.Name()+" has ended their feed: nothing more comes of it", "")
	})
	return err
}
