// Package persontest answers a person's requests from boxes in memory, at once and in order: for
// the tests of parts, which need no network to go wrong in.
package persontest

import (
	"time"

	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/internal/box"
)

// Holder holds the boxes of everybody in a test.
type Holder struct {
	Calendar box.Calendar
	Twist    func(*box.Reply) // what a dishonest holder makes of its replies; nil: honest
	boxes    map[box.ID]box.Box
}

// NewHolder has no boxes.
func NewHolder(c box.Calendar) *Holder { return &Holder{Calendar: c, boxes: map[box.ID]box.Box{}} }

// Put is a box that nobody was asked to write.
func (h *Holder) Put(b box.Box) { h.boxes[b.ID] = b }

func (h *Holder) perform(now time.Time, op box.Op, day box.Day, b box.Box) box.Reply {
	r := box.Reply{Status: box.StatusNotFound, Day: day, Box: box.Box{ID: b.ID}}
	have, ok := h.boxes[b.ID]
	switch {
	case op == box.OpWrite && !h.Calendar.Writable(now, day), !h.Calendar.Kept(now, day):
	case op == box.OpWrite && ok && !have.Equal(b):
		r.Status = box.StatusConflict
	case op == box.OpWrite:
		h.boxes[b.ID] = b
		r.Status = box.StatusStored
	case ok && have.Tombstone():
		r.Status, r.Box = box.StatusTombstoned, have
	case ok:
		r.Status, r.Box = box.StatusFound, have
	}
	if h.Twist != nil {
		h.Twist(&r)
	}
	return r
}

// Sender is one person's way to a holder: what it is given waits until Step.
type Sender struct {
	Requests []sender.Request
	Watched  []sender.Target
	Lossy    bool // nothing is answered any more
	holder   *Holder
	handed   map[uint64]bool
}

// Sender is a fresh one.
func (h *Holder) Sender() *Sender { return &Sender{holder: h, handed: map[uint64]bool{}} }

// Enqueue takes every request of a day that is kept.
func (s *Sender) Enqueue(now time.Time, r sender.Request) error {
	if !s.holder.Calendar.Kept(now, r.Day) {
		return sender.ErrDay
	}
	s.Requests = append(s.Requests, r)
	return nil
}

// Cancel takes a request back.
func (s *Sender) Cancel(token uint64) {
	for i, r := range s.Requests {
		if r.Token == token {
			s.Requests = append(s.Requests[:i:i], s.Requests[i+1:]...)
			return
		}
	}
}

// Watch has a box polled at each Step.
func (s *Sender) Watch(t sender.Target) {
	s.Unwatch(t.Token)
	s.Watched = append(s.Watched, t)
}

// Unwatch ends that.
func (s *Sender) Unwatch(token uint64) {
	for i, t := range s.Watched {
		if t.Token == token {
			s.Watched = append(s.Watched[:i:i], s.Watched[i+1:]...)
			return
		}
	}
}

// Handed are the requests that a Step has seen.
func (s *Sender) Handed() (tokens []uint64) {
	for _, r := range s.Requests {
		if s.handed[r.Token] {
			tokens = append(tokens, r.Token)
		}
	}
	return tokens
}

// Step has a turn of the person, then polls every watched box once and answers what waits, each
// request once: what the answers give rise to waits for the next Step.
func (s *Sender) Step(now time.Time, p *person.Person) error {
	if err := p.Turn(now); err != nil {
		return err
	}
	if err := p.Supply(now); err != nil {
		return err
	}
	for _, r := range s.Requests {
		s.handed[r.Token] = true
	}
	if s.Lossy {
		return nil
	}
	for _, t := range append([]sender.Target(nil), s.Watched...) {
		e := sender.Event{Kind: sender.Polled, Token: t.Token, Op: box.OpRead, Day: t.Day, ID: t.ID}
		if err := s.answer(now, p, e, box.Box{ID: t.ID}); err != nil {
			return err
		}
	}
	for _, r := range append([]sender.Request(nil), s.Requests...) {
		s.Cancel(r.Token)
		e := sender.Event{Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day, ID: r.Box.ID}
		if err := s.answer(now, p, e, r.Box); err != nil {
			return err
		}
	}
	return nil
}

// answer has the holder do what e is about.
func (s *Sender) answer(now time.Time, p *person.Person, e sender.Event, b box.Box) error {
	e.Reply, e.Sent = s.holder.perform(now, e.Op, e.Day, b), now
	return p.Answered(now, e)
}
