package pgstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// waiting is a box that is to be listed, and when it came. Memory has all of them; the same are in
// the databases.
type waiting struct {
	id box.ID
	at box.Place
}

// list is a change of what is to be listed.
type list struct {
	name string
	box  waiting
	gone bool
}

// list does a change in memory. The caller holds mu.
func (sh *shard) list(of box.Day, l list) {
	if l.gone {
		delete(sh.lists[of], l.name)
		delete(sh.held[of], l.name)
		return
	}
	if sh.lists[of] == nil {
		sh.lists[of] = make(map[string]waiting)
	}
	sh.lists[of][l.name] = l.box
}

// list puts a box on the list of what is to be listed.
func (b *batch) list(d *day, name []byte, id box.ID) {
	at := b.place()
	b.set(d, dayform.UnlistedKey(name), dayform.AppendPlace(nil, at))
	s := b.sheets[d]
	s.lists = append(s.lists, list{name: string(name), box: waiting{id, at}})
}

// unlist takes a box from it.
func (b *batch) unlist(d *day, name []byte) {
	b.remove(d, dayform.UnlistedKey(name))
	s := b.sheets[d]
	s.lists = append(s.lists, list{name: string(name), gone: true})
}

// unlist is that boxes of a day were listed by a bulletin of another day or shard, as a change.
type unlist struct{ names [][]byte }

func (unlist) keys() [][]byte { return nil }

func (u unlist) settle(b *batch, r *request) {
	if b.room == box.NoRoom {
		r.outcome.Status = box.StatusFull
		return
	}
	r.outcome.Status = box.StatusStored
	for _, name := range u.names {
		b.unlist(r.day, name)
	}
}

// owe takes boxes from the list in memory and notes that they stay on the database's.
func (sh *shard) owe(d *day, names [][]byte) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, name := range names {
		sh.list(d.number, list{name: string(name), gone: true})
	}
	sh.owed[d.number] = append(sh.owed[d.number], names...)
}

// pay takes from the database's list what is owed. What it does not take now it takes later.
func (s *Store) pay(sh *shard, d *day) {
	sh.mu.Lock()
	names := slices.Clone(sh.owed[d.number])
	sh.mu.Unlock()
	if len(names) == 0 || !sh.holds(d) {
		return
	}
	o, err := s.ask(sh, d, unlist{names})
	if err != nil || o.Status != box.StatusStored {
		s.opts.Logger.Warn("what was listed stays on the list of a database until it takes it off",
			"database", sh.name, "error", err)
		return
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if rest := sh.owed[d.number]; len(rest) >= len(names) { // others may owe more by now
		sh.owed[d.number] = rest[len(names):]
	}
}

// doubt is a bulletin of which the database did not say whether it is there, and what it lists.
type doubt struct {
	slot  box.Slot
	at    where
	lists map[part][][]byte
}

// hold takes boxes from the list, or else puts them back that are still held.
func (sh *shard) hold(d *day, names [][]byte, back bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	from, to := sh.lists, sh.held
	if back {
		from, to = to, from
	}
	for _, name := range names {
		if w, ok := from[d.number][string(name)]; ok {
			delete(from[d.number], string(name))
			if to[d.number] == nil {
				to[d.number] = make(map[string]waiting)
			}
			to[d.number][string(name)] = w
		}
	}
}

// settle finds out about bulletins that are in doubt, as soon as their databases can be asked. The
// caller holds publishing.
func (s *Store) settle() {
	s.doubts = slices.DeleteFunc(s.doubts, func(u doubt) bool {
		d := s.day(u.at.day)
		if d == nil {
			return true
		}
		key := dayform.BulletinKey(u.slot)
		have, err := s.get(s.numbered(u.at.shard), d, key)
		if err != nil {
			return false
		}
		if have[string(key)] != nil {
			s.unlistAll(u.lists)
			return true
		}
		for p, names := range u.lists {
			p.shard.hold(p.day, names, true)
		}
		return true
	})
}

// readUnlisted reads from the database what is to be listed, but for what is owed or held. One that
// does not open is passed over: nobody could fetch it.
func (sh *shard) readUnlisted(ctx context.Context, d *day) error {
	q := &query{sql: fmt.Sprintf(`SELECT u.k, u.v, b.v FROM %[1]s.unlisted u
		JOIN %[1]s.box b ON b.k = '\x62'::bytea || substr(u.k, 2)
		WHERE u.k > $1::bytea ORDER BY u.k LIMIT %[2]d`,
		d.schema(), page), most: page}
	boxes, from := make(map[string]waiting), []byte{dayform.UnlistedPrefix}
	for {
		q.args = [][]byte{from}
		if err := sh.conn.run(ctx, q); err != nil {
			return err
		}
		for _, row := range q.rows {
			if len(row) != 3 || len(row[0]) != 1+dayform.NameSize {
				return errWire
			}
			from = row[0]
			b, err := d.form.OpenBox(row[2], row[0][1:])
			if err != nil || len(row[1]) != dayform.PlaceSize {
				sh.store.opts.Logger.Error("a box that is to be listed is passed over",
					"database", sh.name, "day", d.number, "error", dayform.ErrDamaged)
				continue
			}
			boxes[string(row[0][1:])] = waiting{b.ID, dayform.ParsePlace(row[1])}
		}
		if len(q.rows) < page {
			break
		}
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, name := range sh.owed[d.number] {
		delete(boxes, string(name))
	}
	for name := range sh.held[d.number] {
		delete(boxes, name)
	}
	sh.lists[d.number] = boxes
	return nil
}

// page is how many rows are read at a time where there may be many: of boxes, some 2 MiB.
const page = 256

// sweepListed takes from the lists what bulletins list already: a crash may come between a bulletin
// and the lists of other days and shards. Nobody uses the store yet.
func (s *Store) sweepListed(ctx context.Context) error {
	oldest, some := s.oldestUnlisted()
	if !some {
		return nil
	}
	return s.eachBulletin(ctx, oldest, func(b dayform.Bulletin) {
		for _, l := range b.Listed {
			d := s.days[l.Day]
			if d == nil {
				continue
			}
			name := d.form.Name(l.ID[:])
			sh := s.at(d, name)
			if _, waits := sh.lists[l.Day][string(name)]; waits {
				sh.owe(d, [][]byte{name})
			}
		}
	})
}

// oldestUnlisted is the first day that has something to list.
func (s *Store) oldestUnlisted() (oldest box.Day, some bool) {
	for _, sh := range s.shards {
		for n, boxes := range sh.lists {
			if len(boxes) > 0 && (!some || n < oldest) {
				oldest, some = n, true
			}
		}
	}
	return oldest, some
}

// Unlisted implements box.Lister. Those of a shard that is away are among it.
func (s *Store) Unlisted() ([]box.Listing, error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	var found []box.Listing
	for _, d := range s.sorted(0) {
		var all []waiting
		for _, n := range d.shards {
			sh := s.numbered(n)
			sh.mu.Lock()
			all = slices.AppendSeq(all, maps.Values(sh.lists[d.number]))
			sh.mu.Unlock()
		}
		slices.SortFunc(all, func(a, b waiting) int { return comparePlaces(a.at, b.at) })
		for _, w := range all {
			found = append(found, box.Listing{Day: d.number, ID: w.id})
		}
	}
	return found, nil
}

func comparePlaces(a, b box.Place) int {
	return cmp.Or(cmp.Compare(a.Commit, b.Commit), cmp.Compare(a.Index, b.Index))
}

// Waiting implements box.Lister.
func (s *Store) Waiting() (n int) {
	for _, sh := range s.shards {
		sh.mu.Lock()
		for _, boxes := range sh.lists {
			n += len(boxes)
		}
		sh.mu.Unlock()
	}
	return n
}
