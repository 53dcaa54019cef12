package relation

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// place is an index of a stream of a relation.
type place struct {
	Relation ID
	Root     [32]byte
	Index    uint64
}

func (p place) name() string {
	return fmt.Sprintf("%s/%s/%020d", p.Relation.name(), hex.EncodeToString(p.Root[:]), p.Index)
}

// held is a record that came before another one.
type held struct {
	Relation  ID       `cbor:"1,keyasint"`
	Root      [32]byte `cbor:"2,keyasint"`
	Index     uint64   `cbor:"3,keyasint"`
	Day       box.Day  `cbor:"4,keyasint"`
	Plaintext []byte   `cbor:"5,keyasint"`
}

func (h held) key() place { return place{h.Relation, h.Root, h.Index} }

// found keeps that a box of a stream came. Records are opened in the order of their indices: one
// that came too early is held until those before it came, or cannot come any more.
func (r *Relations) found(now time.Time, l *live, s *stream, o boxstream.Opened) error {
	next := s.Found(now, o.Number, o.Day)
	at := place{l.id, next.Root(), o.Number}
	early := o.Number >= next.First() || slices.ContainsFunc(l.held, func(h place) bool {
		return h.Root == at.Root && h.Index < at.Index
	})
	err := r.update(l.id, func(tx *store.Tx, rel *relation) error {
		if !rel.advance(next) {
			return nil
		}
		if early {
			tx.After(func() { l.held = append(l.held, at) })
			return errors.Join(r.put(tx, now, rel), tx.Put(bucketHeld, at.name(), held{
				Relation: at.Relation, Root: at.Root, Index: at.Index, Day: o.Day,
				Plaintext: o.Plaintext,
			}))
		}
		return r.open(tx, now, rel, at, o.Day, o.Plaintext)
	})
	if err != nil {
		return err
	}
	return r.drain(now, l)
}

// advance puts a reader in the place of the one that reads the same stream.
func (rel *relation) advance(next boxstream.Reader) bool {
	for i, reader := range rel.Reads {
		if reader.Root() == next.Root() {
			rel.Reads[i] = next
			return true
		}
	}
	return false
}

// close gives up the days of a stream of which nothing new comes.
func (r *Relations) close(now time.Time, l *live) error {
	for _, s := range slices.Clone(l.streams) {
		if s.turn(now); !s.is(now) || !r.access.Looked(s.number) {
			continue
		}
		after, changed := s.Close(r.cfg.Network, now, r.access.Whole())
		if !changed {
			continue
		}
		err := r.update(l.id, func(tx *store.Tx, rel *relation) error {
			if !rel.advance(after) {
				return nil
			}
			return r.put(tx, now, rel)
		})
		if err != nil {
			return err
		}
	}
	return r.drain(now, l)
}

// drain opens what was held and waits for nothing any more, each in a transaction of its own.
func (r *Relations) drain(now time.Time, l *live) error {
	for {
		at, known, ok := l.ready()
		if !ok {
			return nil
		}
		err := r.update(l.id, func(tx *store.Tx, rel *relation) error {
			var h held
			err := tx.Get(bucketHeld, at.name(), &h)
			if err == nil {
				err = tx.Delete(bucketHeld, at.name())
			}
			tx.After(func() {
				l.held = slices.DeleteFunc(l.held, func(p place) bool { return p == at })
			})
			if err != nil || !known {
				return err
			}
			return r.open(tx, now, rel, at, h.Day, h.Plaintext)
		})
		if err != nil {
			return err
		}
	}
}

// ready is the held record that is due: of a stream the one with the smallest index, if nothing
// before it can come. Those of a stream that is not read any more are due as well, unknown.
func (l *live) ready() (at place, known, ok bool) {
	slices.SortFunc(l.held, func(a, b place) int {
		return cmp.Or(slices.Compare(a.Root[:], b.Root[:]), cmp.Compare(a.Index, b.Index))
	})
	for _, h := range l.held {
		i := slices.IndexFunc(l.streams, func(s *stream) bool { return s.Root() == h.Root })
		if i < 0 {
			return h, false, true
		}
		if h.Index < l.streams[i].First() {
			return h, true, true
		}
	}
	return place{}, false, false
}

// open opens a record, and gives what it says to the room that it is for.
func (r *Relations) open(
	tx *store.Tx, now time.Time, rel *relation, at place, on box.Day, plaintext []byte,
) error {
	record, err := box.ParseRecord(r.cfg.Network.Format, plaintext)
	if err != nil || record.Kind != content.KindSession || record.Parts != 1 {
		if plaintext != nil {
			r.odd++
		}
		return r.put(tx, now, rel)
	}
	state, o, err := rel.State.Open(session.Place{Root: at.Root, Index: at.Index}, record.Content,
		now)
	if errors.Is(err, session.ErrOld) || errors.Is(err, session.ErrStranger) {
		return r.put(tx, now, rel)
	}
	rel.State = state
	if err != nil {
		return r.unopened(tx, now, rel, at, err)
	}
	var begun []beginning
	if o.Next != nil {
		begun = append(begun, r.begins(*o.Next, min(on, rel.openFrom(at.Root))))
	}
	if err := errors.Join(rel.read(now, begun...), r.acknowledged(tx, now, rel)); err != nil {
		return err
	}
	f, ok := parseFrame(o.Content)
	if !ok || !rel.first(o.Device, f.number) {
		if len(o.Content) > 0 && !ok {
			r.odd++
		}
		return r.put(tx, now, rel)
	}
	if err := r.put(tx, now, rel); err != nil {
		return err
	}
	return r.deliver(tx, now, rel, o, f, on)
}

// unopened is a record that gives nothing. After one that was lost the way on is a knock, at most
// once a day.
func (r *Relations) unopened(
	tx *store.Tx, now time.Time, rel *relation, at place, why error,
) error {
	switch {
	case errors.Is(why, session.ErrLost):
		if now.Sub(time.Unix(rel.Reset, 0)) >= resetGap {
			rel.Reset = now.Unix()
			if err := r.knock(tx, now, rel, session.ReasonReset); err != nil {
				return err
			}
		}
	case !errors.Is(why, session.ErrNotForUs):
		r.odd++
	}
	return r.put(tx, now, rel)
}

func (r *Relations) deliver(
	tx *store.Tx, now time.Time, rel *relation, o session.Opened, f frame, on box.Day,
) error {
	own := rel.own(o.Device)
	if f.kind == KindDevice {
		return r.word(tx, now, rel, o, f.content)
	}
	h := r.hearers[f.kind]
	if h == nil || o.Standing != session.Live {
		r.odd++
		return nil
	}
	return h.Heard(tx, now, Heard{
		Relation: rel.id, Device: o.Device, Number: f.number, Own: own, Content: f.content, Day: on,
	})
}

// openFrom is the first day of a stream of which something new may come.
func (rel *relation) openFrom(root [32]byte) box.Day {
	for _, reader := range rel.Reads {
		if reader.Root() == root {
			return reader.From
		}
	}
	return 0
}

// own says whether a device is one of this person.
func (rel *relation) own(d session.DeviceID) bool {
	for _, p := range rel.State.Peers {
		if p.Device == d {
			return p.Own
		}
	}
	return d == rel.State.Self
}

// frame is what a record says: a saying, with its number among those of its device. It is said
// anew under the same number.
//
//	kind 1 ‖ number 4 ‖ content
type frame struct {
	kind    Kind
	number  uint32
	content []byte
}

func (f frame) marshal() []byte {
	return append(binary.BigEndian.AppendUint32([]byte{byte(f.kind)}, f.number), f.content...)
}

func parseFrame(b []byte) (f frame, ok bool) {
	if len(b) < frameSize || b[0] == 0 {
		return f, false
	}
	f = frame{Kind(b[0]), binary.BigEndian.Uint32(b[1:]), b[frameSize:]}
	return f, f.number != 0
}

// mostSpans is how many gaps are remembered in what a device said: then the oldest is closed.
const mostSpans = 256

// first notes a saying, and says whether it had not come before.
func (rel *relation) first(d session.DeviceID, number uint32) bool {
	i := slices.IndexFunc(rel.Heard, func(h heard) bool { return h.Device == d })
	if i < 0 {
		rel.Heard = append(rel.Heard, heard{Device: d})
		i = len(rel.Heard) - 1
	}
	spans, isNew := add(rel.Heard[i].Spans, number)
	rel.Heard[i].Spans = spans
	return isNew
}

// add puts a number into spans that are in order and do not touch.
func add(spans [][2]uint32, n uint32) ([][2]uint32, bool) {
	i, _ := slices.BinarySearchFunc(spans, n, func(s [2]uint32, n uint32) int {
		return cmp.Compare(s[1], n)
	})
	if i < len(spans) && spans[i][0] <= n {
		return spans, false
	}
	spans = slices.Insert(slices.Clone(spans), i, [2]uint32{n, n})
	if i+1 < len(spans) && spans[i+1][0] == n+1 {
		spans[i][1] = spans[i+1][1]
		spans = slices.Delete(spans, i+1, i+2)
	}
	if i > 0 && spans[i-1][1]+1 == n {
		spans[i-1][1] = spans[i][1]
		spans = slices.Delete(spans, i, i+1)
	}
	if len(spans) > mostSpans {
		spans[1][0] = spans[0][0]
		spans = spans[1:]
	}
	return spans, true
}
