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
// revoked itself is its objection.
func (s State) Revoke(gone, by DeviceID, now time.Time) (State, error) {
	s = s.clone()
	p, speaker := s.peer(gone), s.peer(by)
	if p == nil || speaker == nil || gone == by || p.Own != speaker.Own {
		return s, ErrStranger
	}
	if speaker.Standing != Live {
		return s.Object(by, now)
	}
	if p.Standing == Live {
		p.Standing, p.By, p.Changed = Revoked, by, now.Unix()
	}
	return s, nil
}

// Object takes the word of a revoked device that it is not gone.
func (s State) Object(d DeviceID, now time.Time) (State, error) {
	s = s.clone()
	p := s.peer(d)
	if p == nil || p.Standing == Live {
		return s, ErrStranger
	}
	p.Standing, p.Changed = Disputed, now.Unix()
	if by := s.peer(p.By); by != nil && by.Standing != Disputed {
		by.Standing, by.By, by.Changed = Disputed, d, now.Unix()
	}
	return s, nil
}

// Settle is what a person found by comparing words with one device: that one is written to again,
// and those that it was in dispute with are erased.
func (s State) Settle(kept DeviceID) (State, error) {
	s = s.clone()
	p := s.peer(kept)
	if p == nil {
		return s, ErrStranger
	}
	by := p.By
	p.Standing, p.By, p.Changed = Live, DeviceID{}, 0
	s.Peers = slices.DeleteFunc(s.Peers, func(o Peer) bool {
		return o.Device != kept && o.Standing != Live && (o.By == kept || o.Device == by)
	})
	return s, nil
}
