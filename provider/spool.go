package provider

import (
	"crypto/sha256"
	"time"

	"golang.org/x/time/rate"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
	"murmuration/provider/desk"
)

// A spool is what waits for one client: replies in the order in which they came, numbered from 1.
// It lives in memory alone; a lost reply is asked for again, and nothing about who fetched what is
// ever on a disk.
type spool struct {
	block       Block
	garbage     bool // what came last is no packet of this network
	coming      int  // replies that wait out their last delay
	waiting     []spooled
	last        uint64 // number of the newest reply
	sent        uint64 // highest number sent on this connection
	since       time.Time
	lastSeen    time.Time
	connections int // more than one while a new connection replaces an old one
	budget      *rate.Limiter
	asked       map[askedOf]*asked
	tokens      []bulletin.Tokens // that wait for the next exchange
}

type spooled struct {
	sequence uint64
	id       sphinx.SURBID
	body     []byte
	since    time.Time
}

// askedOf is a holder's day, of which each client gets one batch of tokens.
type askedOf struct {
	holder directory.NodeID
	day    box.Day
}

// asked is the question for a batch: the same bytes may come again, since an answer can be lost,
// and a client that starts again has none; and no others.
type asked struct {
	elements [32]byte         // hashed
	times    int              // that it came
	answer   *bulletin.Tokens // once there is one, it is given again
}

// mostRepeats is how often one question may come: who says nothing else holds a place for nothing.
// A client whose holder is down for two days asks some fifty times.
const mostRepeats = 64

// ask takes a question of the client: whether it may be asked, and whether it must be passed on.
func (s *spool) ask(today box.Day, a desk.Asking) (ok, pass bool) {
	for of := range s.asked {
		if of.day < today {
			delete(s.asked, of)
		}
	}
	of, hash := askedOf{a.Holder, a.Day}, sha256.Sum256(a.Elements)
	before := s.asked[of]
	if before == nil {
		if s.asked == nil {
			s.asked = map[askedOf]*asked{}
		}
		before = &asked{elements: hash}
		s.asked[of] = before
	}
	switch {
	case before.elements != hash, before.times >= mostRepeats:
		return false, false
	case before.answer != nil:
		s.say(*before.answer)
	}
	before.times++
	return true, before.answer == nil
}

// give keeps an answer for the client's next exchange, and for when it is asked for again. What the
// client did not ask for, or has got, is not kept.
func (s *spool) give(t bulletin.Tokens) {
	if a := s.asked[askedOf{t.Holder, box.Day(t.Day)}]; a != nil && a.answer == nil {
		a.answer = &t
		s.say(t)
	}
}

// say has an answer go with the next exchange, once.
func (s *spool) say(t bulletin.Tokens) {
	for _, waits := range s.tokens {
		if waits.Holder == t.Holder && waits.Day == t.Day {
			return
		}
	}
	s.tokens = append(s.tokens, t)
}

// add puts a reply in.
func (s *spool) add(now time.Time, id sphinx.SURBID, body []byte) {
	s.last++
	s.waiting = append(s.waiting, spooled{s.last, id, body, now})
}

// dropOldest loses the reply that has waited longest.
func (s *spool) dropOldest() {
	s.waiting[0] = spooled{}
	s.waiting = s.waiting[1:]
}

// acknowledge deletes what the client has. A number that was never given comes from an earlier life
// of this provider, whose spools are gone, and means nothing.
func (s *spool) acknowledge(received uint64) {
	if received > s.last {
		return
	}
	for len(s.waiting) > 0 && s.waiting[0].sequence <= received {
		s.waiting[0] = spooled{}
		s.waiting = s.waiting[1:]
	}
}

// next is the oldest reply not yet sent on this connection.
func (s *spool) next() (spooled, bool) {
	for _, w := range s.waiting {
		if w.sequence > s.sent {
			s.sent = w.sequence
			return w, true
		}
	}
	return spooled{}, false
}

// expire drops what has waited since before `before`.
func (s *spool) expire(before time.Time) (dropped int) {
	for len(s.waiting) > 0 && s.waiting[0].since.Before(before) {
		s.waiting[0] = spooled{}
		s.waiting = s.waiting[1:]
		dropped++
	}
	return dropped
}
