package session

import (
	"bytes"
	"encoding/binary"
	"time"

	"murmuration/client/boxstream"
)

// Opened is what a record says, and who wrote it.
type Opened struct {
	Device   DeviceID
	Standing Standing // of the device: what is not live has nothing to say but its objection
	Number   uint32   // of the record among those of its device: the same for all readers
	Content  []byte
	Next     *boxstream.Start // where the device goes on; nil: in this stream
}

// Open reads the record at a place in another device's stream. Records of a stream are given in the
// order of their indices, from where Reading says: what lies before one that was opened is over.
//
// The state that comes back is to be kept whatever the error is, but ErrOld and ErrStranger: the
// place was taken. After ErrLost nothing more can be read before a new card is answered.
func (s State) Open(at Place, b []byte, now time.Time) (State, Opened, error) {
	before := s
	s = s.clone()
	known, taken := s.take(at)
	if !known {
		return before, Opened{}, ErrStranger
	}
	if !taken {
		return before, Opened{}, ErrOld
	}
	r, err := parseRecord(b)
	if err != nil {
		return s, Opened{}, err
	}
	err = ErrNotForUs
	for i := range s.Peers {
		o, e := s.openBy(&s.Peers[i], before.Peers[i].Sessions, r, at, now)
		if e == nil {
			return s, o, nil
		}
		if e != ErrNotForUs {
			err = e
		}
	}
	return s, Opened{}, err
}

// openBy tries the sessions with one device, which stood elsewhere before. Several may name one
// stream: whose it is shows in the record that opens.
func (s *State) openBy(p *Peer, before []Session, r record, at Place, now time.Time) (Opened,
	error) {
	err := ErrNotForUs
	for j, x := range p.Sessions {
		if x.Stream != at.Root || !after(at.Index, before[j].Last) {
			continue
		}
		next, o, e := x.open(r, at, p.Device, s.Self, now)
		if e == nil {
			next.Acked = min(next.Acked, s.Number)
			p.read(j, next, at, o, now)
			o.Device, o.Standing = p.Device, p.Standing
			return o, nil
		}
		if e != ErrNotForUs {
			err = e
		}
	}
	return Opened{}, err
}

// take moves all sessions of a stream behind a place, if there are any before it.
func (s *State) take(at Place) (known, taken bool) {
	for i := range s.Peers {
		for j := range s.Peers[i].Sessions {
			x := &s.Peers[i].Sessions[j]
			if x.Stream != at.Root {
				continue
			}
			known = true
			if after(at.Index, x.Last) {
				x.Last, taken = at.Index, true
			}
		}
	}
	return known, taken
}

// read keeps what a record that opened has changed.
func (p *Peer) read(j int, next Session, at Place, o Opened, now time.Time) {
	p.Sessions[j] = next
	p.Heard = now.Unix()
	if o.Next != nil {
		root, before := o.Next.Before()
		for k := range p.Sessions {
			if x := &p.Sessions[k]; x.Stream == at.Root {
				x.Stream, x.Last = root, before
			}
		}
	}
	p.settle(j)
}

// open tries the wraps of a record that are this session's by their hint.
func (x Session) open(r record, at Place, from, to DeviceID, now time.Time) (Session, Opened,
	error) {
	err, hint, body := ErrNotForUs, x.hint(at), r.body()
	for _, w := range r.wraps {
		if w.hint != hint {
			continue
		}
		next, message, e := x.keyOf(w, r)
		if e != nil {
			err = e
			continue
		}
		message = mac(message, "wrap", w.bound(at, body, from, to))
		secret, e := once(message[:]).Open(nil, zeroNonce, w.sealed[:], nil)
		if e != nil || commit(secret[:32]) != r.commitment || r.number <= x.Seen {
			err = ErrForged
			continue
		}
		return next.opened(r, secret, now)
	}
	return x, Opened{}, err
}

// keyOf is the key of a wrap, and the session after it.
func (x Session) keyOf(w wrap, r record) (Session, [32]byte, error) {
	if w.turn == x.Turn+1 && x.Seed != nil {
		if w.part == 0 {
			return x, [32]byte{}, ErrLost
		}
		if err := x.turned(r.turns[w.part-1]); err != nil {
			return x, [32]byte{}, err
		}
	} else if w.part != 0 {
		return x, [32]byte{}, ErrForged
	}
	if w.turn != x.Receiving.Turn {
		return x, [32]byte{}, ErrForged
	}
	key, err := x.Receiving.at(w.counter)
	return x, key, err
}

// turned takes the other side's turn: its key was made new, and ours is used and gone.
func (x *Session) turned(t [turnSize]byte) error {
	key := t[cipherSize:]
	if err := checkKey(key); err != nil {
		return err
	}
	shared, err := decapsulate(x.Seed, t[:cipherSize])
	if err != nil {
		return err
	}
	x.Receiving = x.advance(shared, t)
	x.Seed, x.Their = nil, bytes.Clone(key)
	return nil
}

// opened reads what a wrap and the content say.
func (x Session) opened(r record, secret []byte, now time.Time) (Session, Opened, error) {
	content := cover(secret[:32], r.ciphertext)
	o := Opened{Number: r.number, Content: content}
	if r.flags&flagMoved != 0 {
		next := boxstream.Start(content)
		o.Content = content[boxstream.StartSize:]
		if _, _, err := next.Open(); err != nil {
			return x, Opened{}, ErrForged
		}
		o.Next = &next
	}
	if says := len(o.Content) > 0 || o.Next != nil; says && x.Their != nil && x.Owed == 0 {
		x.Owed = now.Unix()
	}
	x.Seen = r.number
	x.Acked = max(x.Acked, binary.BigEndian.Uint32(secret[32:]))
	return x, o, nil
}
