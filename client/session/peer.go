package session

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// Of several sessions with one device both sides write in the same one: that of the knock with the
// higher generation, which was made by somebody who knew of the other; of knocks that crossed, that
// of the smaller card hash.
func preferred(a, b Session) int {
	return cmp.Or(cmp.Compare(b.Generation, a.Generation), bytes.Compare(a.Card[:], b.Card[:]))
}

// add puts a session among those with its device. There are few: of those that are not confirmed
// the least preferred go.
func (p *Peer) add(x Session) {
	p.Sessions = append(p.Sessions, x)
	p.Proven = p.Proven || x.Confirmed
	slices.SortStableFunc(p.Sessions, preferred)
	for i := len(p.Sessions) - 1; i >= 0 && len(p.Sessions) > mostSessions; i-- {
		if i != p.confirmed() || !p.Sessions[i].Confirmed {
			p.drop(i)
		}
	}
}

// drop erases a session. Its secret stays for a while: the other side may know no newer one.
func (p *Peer) drop(i int) {
	p.Secrets = slices.Insert(p.Secrets, 0, p.Sessions[i].Secret)
	p.Secrets = p.Secrets[:min(len(p.Secrets), mostSecrets)]
	p.Sessions = slices.Delete(p.Sessions, i, i+1)
}

// secrets are all by which the device may prove to be the same.
func (p *Peer) secrets() (all [][32]byte) {
	for _, x := range p.Sessions {
		all = append(all, x.Secret)
	}
	return append(all, p.Secrets...)
}

// confirmed is the index of the most preferred session that the device is known to have, or that of
// the last one.
func (p *Peer) confirmed() int {
	for i, x := range p.Sessions {
		if x.Confirmed {
			return i
		}
	}
	return len(p.Sessions) - 1
}

// writing is the session that acknowledges and turns: the most preferred confirmed one, if any is.
func (p *Peer) writing() (Session, bool) {
	if i := p.confirmed(); i >= 0 {
		return p.Sessions[i], true
	}
	return Session{}, false
}

// settle is what a record that opened does: both sides have its session, and those that are less
// preferred are over.
func (p *Peer) settle(i int) {
	p.Sessions[i].Confirmed, p.Proven = true, true
	for len(p.Sessions) > i+1 {
		p.drop(i + 1)
	}
}

// Reading is where the streams of other devices are to be read on: each behind this place. Where
// sessions with one device stand apart, it is that of the earliest: what another one has taken is
// read again.
func (s State) Reading() (all []Place) {
	for _, p := range s.Peers {
		for _, x := range p.Sessions {
			i := slices.IndexFunc(all, func(at Place) bool { return at.Root == x.Stream })
			if i < 0 {
				all = append(all, Place{x.Stream, x.Last})
			} else if after(all[i].Index, x.Last) {
				all[i].Index = x.Last
			}
		}
	}
	return all
}

// Acknowledged is the number up to which every device that is written to has said to have read:
// what is above it is sealed again.
func (s State) Acknowledged() uint32 {
	least := s.Number
	for i := range s.Peers {
		if x, ok := s.Peers[i].writing(); ok && s.Peers[i].Standing == Live {
			least = min(least, x.Acked)
		}
	}
	return least
}

// AnswerBy is until when a record is to be written, an empty one if there is nothing to say, since
// a turn waits for its answer: a week after it came. The caller draws a time before.
func (s State) AnswerBy() (by time.Time, ok bool) {
	for i := range s.Peers {
		x, has := s.Peers[i].writing()
		if !has || s.Peers[i].Standing != Live || x.Owed == 0 || x.Their == nil {
			continue
		}
		if t := time.Unix(x.Owed, 0).Add(answerWithin); !ok || t.Before(by) {
			by, ok = t, true
		}
	}
	return by, ok
}

// Expire erases what is over: knocks that have waited, devices that were silent or revoked, and
// sessions that nobody confirmed, each for ninety days.
func (s State) Expire(now time.Time) (next State, gone []DeviceID) {
	over := func(since int64) bool { return now.Sub(time.Unix(since, 0)) >= Patience }
	next = s.clone()
	next.Knocks = slices.DeleteFunc(next.Knocks, func(k Knock) bool { return over(k.Made) })
	next.Peers = slices.DeleteFunc(next.Peers, func(p Peer) bool {
		out := over(p.Heard) || p.Standing == Revoked && over(p.Changed)
		if out && p.Standing != Disputed {
			gone = append(gone, p.Device)
			return true
		}
		return false
	})
	for i := range next.Peers {
		p := &next.Peers[i]
		p.Sessions = slices.DeleteFunc(p.Sessions, func(x Session) bool {
			return !x.Confirmed && over(x.Begun)
		})
	}
	return next, gone
}

// Forget erases all that this device holds of another one: one's own that was given away, a
// contact's that its person says is gone.
func (s State) Forget(d DeviceID) State {
	s = s.clone()
	s.Peers = slices.DeleteFunc(s.Peers, func(p Peer) bool { return p.Device == d })
	return s
}
