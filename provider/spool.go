package provider

import (
	"time"

	"golang.org/x/time/rate"

	"murmuration/internal/sphinx"
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
}

type spooled struct {
	sequence uint64
	id       sphinx.SURBID
	body     []byte
	since    time.Time
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
