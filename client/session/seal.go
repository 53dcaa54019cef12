package session

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"slices"

	"murmuration/client/boxstream"
	"murmuration/client/kem"
)

// Room is how many bytes of content a record of some size has room for. Turns go into what a
// content leaves.
func (s State) Room(size int) int {
	return size - recordFixed - len(s.targets())*wrapSize
}

// Seal writes a record of at most size bytes for a place in this device's stream: to all devices of
// the relation that are written to, wherever they read. next, if there is one, is where its readers
// go on: nothing may follow in the old stream. Up to three sessions turn if there is room.
//
// What comes back must be kept, with the record, before that leaves; it is never made again.
func (s State) Seal(random io.Reader, at Place, size int, content []byte, next *boxstream.Start) (
	State, []byte, error,
) {
	s = s.clone()
	to := s.targets()
	if len(to) == 0 {
		return s, nil, ErrNobody
	}
	if at.Root != s.Stream || !after(at.Index, s.Index) {
		return s, nil, ErrPlace
	}
	key, err := draw(random, 32)
	if err != nil {
		return s, nil, err
	}
	s.Number++
	s.Index = at.Index
	r := record{number: s.Number, commitment: commit(key), wraps: make([]wrap, len(to))}
	if next != nil {
		r.flags, content = flagMoved, append(next[:], content...)
		s.Stream, s.Index = next.Before()
	}
	left := size - recordFixed - len(to)*wrapSize - len(content)
	if left < 0 {
		return s, nil, ErrTooLong
	}
	for _, i := range due(to, min(left/turnSize, mostTurns)) {
		t, err := to[i].session.turn(random, s.Number)
		if err != nil {
			return s, nil, err
		}
		r.turns = append(r.turns, t)
		r.wraps[i].part = byte(len(r.turns))
	}
	r.ciphertext = cover(key, content)
	body := r.body()
	for i := range to {
		to[i].wrap(&r.wraps[i], at, body, s.Self, key)
	}
	return s, r.marshal(), nil
}

// target is a session that a record is wrapped for.
type target struct {
	device  DeviceID
	session *Session
	turns   bool // it is the one of its device in which turns are made
}

// targets are the sessions to write in: with each device that which is confirmed and preferred, and
// those that are preferred to it.
func (s *State) targets() (all []target) {
	for i := range s.Peers {
		p := &s.Peers[i]
		last := p.confirmed()
		for j := range p.Sessions[:last+1] {
			if p.Standing == Live {
				all = append(all, target{p.Device, &p.Sessions[j], j == last})
			}
		}
	}
	return all
}

// due chooses who turns: of those whose turn it is, who did so longest ago.
func due(to []target, most int) (chosen []int) {
	for i, t := range to {
		if t.turns && t.session.Their != nil {
			chosen = append(chosen, i)
		}
	}
	slices.SortStableFunc(chosen, func(a, b int) int {
		return cmp.Compare(to[a].session.Turned, to[b].session.Turned)
	})
	return chosen[:min(len(chosen), most)]
}

// turn makes the next key of this side and a secret with the other side's last one, both new.
func (x *Session) turn(random io.Reader, number uint32) (t [turnSize]byte, err error) {
	drawn, err := draw(random, 32+drawSize)
	if err != nil {
		return t, err
	}
	shared, ciphertext, err := kem.Encapsulate(x.Their, drawn[32:])
	if err != nil {
		return t, ErrForged // a key that was checked when it came
	}
	copy(t[:], ciphertext)
	copy(t[cipherSize:], kem.Public(drawn[:32]))
	x.Sending = x.advance(shared, t)
	x.Seed, x.Their = bytes.Clone(drawn[:32]), nil
	x.Turned, x.Owed = number, 0
	return t, nil
}

// advance mixes the secret of a turn into the root, and begins the chain of that turn.
func (x *Session) advance(shared []byte, t [turnSize]byte) Chain {
	x.Turn++
	hash := sha256.Sum256(t[:])
	info := binary.BigEndian.AppendUint32(hash[:], x.Turn)
	keys := derive(shared, x.Root[:], "turn", info, 64)
	x.Root = [32]byte(keys)
	return Chain{Turn: x.Turn, Key: [32]byte(keys[32:])}
}

func (t target) wrap(w *wrap, at Place, body [32]byte, from DeviceID, key []byte) {
	x := t.session
	w.hint, w.turn, w.counter = x.hint(at), x.Sending.Turn, x.Sending.Counter
	bound := w.bound(at, body, from, t.device)
	message := mac(x.Sending.next(), "wrap", bound)
	secret := binary.BigEndian.AppendUint32(bytes.Clone(key), x.Seen)
	once(message[:]).Seal(w.sealed[:0], zeroNonce, secret, nil)
}
