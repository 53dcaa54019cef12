package session

import (
	"slices"
	"time"
)

// Standing is what other devices of the same person have said of a device.
type Standing uint8

// The standings. Keys cannot tell an owner from a thief who has everything: where two devices say
// that the other one is gone, nothing is sent to either until people have compared words.
const (
	Live     Standing = iota
	Revoked           // another one said that it is gone: it is heard for its objection alone
	Disputed          // and it objected, or said the same of the other
)

// Revoke takes the word of a device that another one of its person is gone. The word of one that is
// not live itself is its objection, and no more.
func (s State) Revoke(gone, by DeviceID, now time.Time) (State, error) {
	s = s.clone()
	p, speaker := s.peer(gone), s.peer(by)
	if p == nil || speaker == nil || gone == by || p.Own != speaker.Own {
		return s, ErrStranger
	}
	if speaker.Standing != Live {
		return s.Object(by, now)
	}
	if !slices.Contains(p.By, by) {
		p.By = append(slices.Clip(p.By), by)
	}
	switch p.Standing {
	case Live:
		p.Standing, p.Changed = Revoked, now.Unix()
	case Disputed: // it has said that it is not gone: the new word is in doubt like the first
		speaker.Standing, speaker.Changed = Disputed, now.Unix()
	}
	return s, nil
}

// Object takes the word of a revoked device that it is not gone: it and all that said so are in
// doubt.
func (s State) Object(d DeviceID, now time.Time) (State, error) {
	s = s.clone()
	p := s.peer(d)
	if p == nil || len(p.By) == 0 {
		return s, ErrStranger
	}
	p.Standing, p.Changed = Disputed, now.Unix()
	for i := range s.Peers {
		if o := &s.Peers[i]; slices.Contains(p.By, o.Device) {
			o.Standing, o.Changed = Disputed, now.Unix()
		}
	}
	return s, nil
}

// Settle is what a person found by comparing words with one device: that one is written to again,
// those that it was in dispute with are erased, and whoever was in doubt by their word alone is
// not any more.
func (s State) Settle(kept DeviceID) (State, error) {
	s = s.clone()
	p := s.peer(kept)
	if p == nil {
		return s, ErrStranger
	}
	against := p.By
	p.Standing, p.By, p.Changed = Live, nil, 0
	s.Peers = slices.DeleteFunc(s.Peers, func(o Peer) bool {
		return o.Standing != Live &&
			(slices.Contains(o.By, kept) || slices.Contains(against, o.Device))
	})
	for i := range s.Peers {
		o := &s.Peers[i]
		accuses := slices.ContainsFunc(s.Peers, func(q Peer) bool {
			return slices.Contains(q.By, o.Device)
		})
		if o.Standing == Disputed && len(o.By) == 0 && !accuses {
			o.Standing = Live
		}
	}
	return s, nil
}
