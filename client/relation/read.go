package relation

import (
	"errors"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// idsATurn is how many ids are worked out at most when a person has their turn, 40 µs each.
const idsATurn = 4000

// live is what memory has of a relation: what is looked out for.
type live struct {
	id      ID
	streams []*stream
	doors   []*doorway
	held    []place
	stale   bool      // what is looked out for may be other than it was
	due     time.Time // when the clock may ask for something
}

// stream is a reader with the number under which its boxes are wanted.
type stream struct {
	boxstream.Reader
	number uint64
	settled
}

// settled is whether what is looked for was looked for long enough to believe that there is no
// more: bulletins that were read before are gone through once more for it.
type settled struct {
	since time.Time
	turns int
}

func (s *settled) turn(now time.Time) {
	if s.turns++; s.turns == 1 {
		s.since = now
	}
}

func (s *settled) is(now time.Time) bool { return s.turns > 2 && now.Sub(s.since) >= lookEvery }

// reading is how far a door is read: of the days before From nothing new comes.
type reading struct {
	Root [32]byte `cbor:"1,keyasint"`
	From box.Day  `cbor:"2,keyasint"`
	Seen []seen   `cbor:"3,keyasint,omitempty"`
}

// seen is an index of a door whose box came.
type seen struct {
	_     struct{} `cbor:",toarray"`
	Day   box.Day
	Index uint8
}

// doorway is a door that is read, one's own as well.
type doorway struct {
	reading
	door   *boxstream.Door
	own    bool
	number uint64
	listed map[seen]bool // announced, and did not come yet
	taken  map[seen]bool // indices of which boxes were announced
	settled
	from  box.Day // what is looked out for now
	today box.Day
	count int
}

// wanted is what a number stands for.
type wanted struct {
	id   ID
	root [32]byte
	door bool
}

func (r *Relations) want(w wanted) uint64 {
	r.last++
	r.wanted[r.last] = w
	return r.last
}

func (r *Relations) unwant(number uint64) {
	r.access.Unwant(number)
	delete(r.wanted, number)
}

// take makes a relation that came from the store ready.
func (r *Relations) take(rel *relation) error {
	for i := range rel.Reads {
		if err := rel.Reads[i].Load(); err != nil {
			return store.ErrForeign.With("a stream of a contact: %w", err)
		}
	}
	for _, d := range rel.Their {
		if _, err := boxstream.NewDoor(d.Start); err != nil {
			return store.ErrForeign.With("a door of a contact: %w", err)
		}
	}
	r.follow(rel)
	return nil
}

// follow has memory be as the disk is.
func (r *Relations) follow(rel *relation) {
	l := r.live[rel.id]
	if l == nil {
		l = &live{id: rel.id}
		r.live[rel.id] = l
		r.cfg.Outbox.Serve(rel.id.author(), author{r, rel.id})
	}
	l.stale, l.due = true, time.Time{}
	l.streams = r.followStreams(l, rel)
	l.doors = r.followDoors(l, rel)
}

func (r *Relations) followStreams(l *live, rel *relation) (streams []*stream) {
	before := l.streams
	for _, reader := range rel.Reads {
		i := slices.IndexFunc(before, func(s *stream) bool { return s.Root() == reader.Root() })
		s := &stream{}
		if i >= 0 {
			s = before[i]
			before = slices.Delete(slices.Clone(before), i, i+1)
		} else {
			s.number = r.want(wanted{id: rel.id, root: reader.Root()})
		}
		if reader.Loaded() {
			if i >= 0 && reader.First() < s.First() {
				s.settled = settled{} // it is read again
			}
			s.Reader = reader
		} else if i < 0 && reader.Load() == nil {
			s.Reader = reader
		}
		streams = append(streams, s)
	}
	for _, s := range before {
		r.unwant(s.number)
	}
	return streams
}

func (r *Relations) followDoors(l *live, rel *relation) (ways []*doorway) {
	before := l.doors
	for _, at := range rel.Doors {
		start, own, ok := rel.door(at.Root)
		if !ok {
			continue
		}
		i := slices.IndexFunc(before, func(d *doorway) bool { return d.Root == at.Root })
		if i >= 0 {
			before[i].reading = at
			ways = append(ways, before[i])
			before = slices.Delete(slices.Clone(before), i, i+1)
			continue
		}
		door, err := boxstream.NewDoor(start)
		if err != nil {
			continue // it was checked before it was kept
		}
		ways = append(ways, &doorway{
			reading: at, door: door, own: own,
			number: r.want(wanted{rel.id, at.Root, true}),
			listed: map[seen]bool{}, taken: map[seen]bool{},
		})
	}
	for _, d := range before {
		r.unwant(d.number)
	}
	return ways
}

// door finds one by its root key.
func (rel *relation) door(root [32]byte) (start boxstream.Start, own, ok bool) {
	for _, d := range rel.Own {
		if rootOf(d.Start) == root {
			return d.Start, true, true
		}
	}
	for _, d := range rel.Their {
		if rootOf(d.Start) == root {
			return d.Start, false, true
		}
	}
	return start, false, false
}

func rootOf(s boxstream.Start) [32]byte {
	root, _ := s.Before()
	return root
}

// drop forgets a relation that ended.
func (r *Relations) drop(id ID) {
	l := r.live[id]
	if l == nil {
		return
	}
	for _, s := range l.streams {
		r.unwant(s.number)
	}
	for _, d := range l.doors {
		r.unwant(d.number)
	}
	delete(r.live, id)
}

// read has exactly those streams read that the sessions name, and the doors that there are.
func (rel *relation) read(now time.Time, begun ...beginning) error {
	var reads []boxstream.Reader
	for _, at := range rel.State.Reading() {
		i := slices.IndexFunc(rel.Reads, func(r boxstream.Reader) bool {
			return r.Root() == at.Root
		})
		if i >= 0 {
			reads = append(reads, rel.Reads[i])
		}
		for _, b := range begun {
			root, before := b.Start.Before()
			if root != at.Root || i >= 0 && !rel.behind(rel.Reads[i], before) {
				continue
			}
			reader, err := boxstream.NewReader(b.Start, b.Day, now)
			if err != nil {
				return err
			}
			if i >= 0 { // a session stands before what others have read: that is read again
				reads = reads[:len(reads)-1]
			}
			reads, i = append(reads, reader), -1
			break
		}
	}
	rel.Reads = reads
	rel.readDoors()
	return nil
}

// behind says whether a reader is behind the first index that is read from a start.
func (rel *relation) behind(reader boxstream.Reader, before uint64) bool {
	if !reader.Loaded() && reader.Load() != nil {
		return true
	}
	return int64(reader.First()-(before+1)) > 0
}

func (rel *relation) readDoors() {
	var doors []reading
	add := func(start boxstream.Start) {
		root := rootOf(start)
		i := slices.IndexFunc(rel.Doors, func(d reading) bool { return d.Root == root })
		if i >= 0 {
			doors = append(doors, rel.Doors[i])
		} else {
			doors = append(doors, reading{Root: root})
		}
	}
	for _, d := range rel.Own {
		add(d.Start)
	}
	for _, d := range rel.Their {
		add(d.Start)
	}
	rel.Doors = doors
}

// look has the boxes of a relation looked out for.
func (r *Relations) look(l *live, now time.Time, room *int) {
	n := r.cfg.Network
	for _, s := range l.streams {
		places, others := s.IDs(n, now, room)
		if !others {
			continue
		}
		ids := make([]person.ID, len(places))
		for i, p := range places {
			ids[i] = person.ID(p)
		}
		r.access.Want(s.number, ids, true)
	}
	for _, d := range l.doors {
		from, today := max(d.From, n.Calendar.Oldest(now)), n.Today(now)
		if d.count == len(d.Seen)+1 && d.from == from && d.today == today || *room <= 0 {
			continue
		}
		*room -= boxstream.DoorSize
		d.from, d.today, d.count = from, today, len(d.Seen)+1
		d.door.Forget(from)
		var ids []person.ID
		for at := from; at <= today; at++ {
			for i, id := range d.door.IDs(n, at) {
				if !slices.Contains(d.Seen, seen{Day: at, Index: uint8(i)}) {
					ids = append(ids, person.ID{Day: at, ID: id})
				}
			}
		}
		r.access.Want(d.number, ids, true)
	}
	l.stale = false
}

// came takes a box that was listed, or found.
func (r *Relations) came(now time.Time, a person.Answer) error {
	w, ok := r.wanted[a.Number]
	l := r.live[w.id]
	if !ok || l == nil {
		return nil
	}
	at := boxstream.Place{Day: a.Day, ID: a.ID}
	if w.door {
		i := slices.IndexFunc(l.doors, func(d *doorway) bool { return d.Root == w.root })
		if i < 0 {
			return nil
		}
		return r.atDoor(now, l, l.doors[i], at, a)
	}
	i := slices.IndexFunc(l.streams, func(s *stream) bool { return s.Root() == w.root })
	if i < 0 {
		return nil
	}
	s := l.streams[i]
	if a.Kind == person.Listed {
		s.Listed(at)
	}
	if a.Kind != person.Found {
		return nil
	}
	opened, err := s.Open(r.cfg.Network, a.Day, a.Reply.Box)
	if err != nil && !errors.Is(err, box.ErrTombstone) || s.Has(opened.Number) {
		return nil
	}
	return r.found(now, l, s, opened)
}
