// Package persontest answers a person's requests from boxes in memory, at once and in order, and
// tells of those that were written: for the tests of parts, which need no network to go wrong in.
package persontest

import (
	"slices"
	"time"

	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Holders is everybody who holds boxes in a test: of two at every box each has what the other has.
type Holders struct {
	Calendar box.Calendar
	Twist    func(sender.Request, *box.Reply) // what a dishonest holder makes of its replies
	Silent   int                              // how many of the two list nothing
	boxes    map[box.ID]box.Box
	listed   []person.ID // in the order of writing
}

// NewHolders has no boxes.
func NewHolders(c box.Calendar) *Holders {
	return &Holders{Calendar: c, boxes: map[box.ID]box.Box{}}
}

// Put is a box that nobody was asked to write.
func (h *Holders) Put(day box.Day, b box.Box) {
	h.boxes[b.ID] = b
	h.listed = append(h.listed, person.ID{Day: day, ID: b.ID})
}

// Forget takes a box away, as if it had never been written.
func (h *Holders) Forget(id box.ID) {
	delete(h.boxes, id)
	h.listed = slices.DeleteFunc(h.listed, func(l person.ID) bool { return l.ID == id })
}

// Has says whether there is a box of an id.
func (h *Holders) Has(id box.ID) bool { _, ok := h.boxes[id]; return ok }

// Box is that of an id, as everybody reads it.
func (h *Holders) Box(id box.ID) box.Box { return h.boxes[id] }

func (h *Holders) perform(now time.Time, r sender.Request) box.Reply {
	reply := box.Reply{Status: box.StatusNotFound, Day: r.Day, Box: box.Box{ID: r.Box.ID}}
	have, ok := h.boxes[r.Box.ID]
	switch {
	case r.Op == box.OpTombstone && h.Calendar.Writable(now, r.Day) && r.Box.Verify() == nil:
		h.boxes[r.Box.ID] = r.Box
		reply.Status = box.StatusStored
	case r.Op != box.OpWrite || !h.Calendar.Writable(now, r.Day):
	case ok && !have.Equal(r.Box):
		reply.Status, reply.Box = box.StatusConflict, have
	case ok:
		reply.Status = box.StatusStored
	default:
		h.Put(r.Day, r.Box)
		reply.Status = box.StatusStored
	}
	if h.Twist != nil {
		h.Twist(r, &reply)
	}
	return reply
}

// Sender is one person's way to the holders: what it is given waits until Step.
type Sender struct {
	Requests []sender.Request
	Lossy    bool // nothing is answered, and nothing heard of, any more
	Deaf     bool // no box is fetched, until it is not deaf any more
	holders  *Holders
	handed   map[uint64]bool
	read     int           // of the listed boxes
	missed   []person.Want // while it was deaf
}

// Sender is a fresh one, which has heard of everything that was listed so far.
func (h *Holders) Sender() *Sender { return &Sender{holders: h, handed: map[uint64]bool{}} }

// Enqueue takes every request of a day that is kept.
func (s *Sender) Enqueue(now time.Time, r sender.Request) error {
	if !s.holders.Calendar.Kept(now, r.Day) {
		return sender.ErrDay
	}
	s.Requests = append(s.Requests, r)
	return nil
}

// Cancel takes a request back, and says whether a Step has seen it.
func (s *Sender) Cancel(token uint64) bool {
	for i, r := range s.Requests {
		if r.Token == token {
			s.Requests = append(s.Requests[:i:i], s.Requests[i+1:]...)
			return s.handed[token]
		}
	}
	return false
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

// Step has a turn of the person, tells what was listed since the last one, and answers what waits,
// each request once: what the answers give rise to waits for the next Step.
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
	if err := s.tell(now, p); err != nil {
		return err
	}
	for _, r := range append([]sender.Request(nil), s.Requests...) {
		s.Cancel(r.Token)
		err := p.Answered(now, sender.Event{
			Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day, ID: r.Box.ID, Sent: now,
			Reply: s.holders.perform(now, r),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tell is what bulletins say, and what is fetched by them: of what is new for everybody, and of
// what is wanted since the last time all that there ever was.
func (s *Sender) tell(now time.Time, p *person.Person) error {
	if !s.Deaf {
		missed := s.missed
		s.missed = nil
		for _, w := range missed {
			if err := s.show(now, p, w); err != nil {
				return err
			}
		}
	}
	fresh := map[person.Want]bool{}
	for _, w := range p.Fresh() {
		fresh[w] = true
	}
	for i, l := range append([]person.ID(nil), s.holders.listed...) {
		for _, w := range append([]person.Want(nil), p.Wanted(box.EntryOf(l.ID))...) {
			if w.ID != l.ID || w.Day != l.Day || i < s.read && !fresh[w] {
				continue
			}
			if err := s.show(now, p, w); err != nil {
				return err
			}
		}
	}
	s.read = len(s.holders.listed)
	return nil
}

// show is one listed box, of which everybody knows that it is.
func (s *Sender) show(now time.Time, p *person.Person, w person.Want) error {
	if !s.holders.Calendar.Kept(now, w.Day) {
		return nil
	}
	for i := range byte(2 - s.holders.Silent) {
		err := p.Listed(now, w, person.Listing{Maker: directory.NodeID{i + 1}, Holders: 2})
		if err != nil {
			return err
		}
	}
	if s.Deaf {
		s.missed = append(s.missed, w)
	}
	if !w.Read || s.holders.Silent == 2 || s.Deaf {
		return nil
	}
	return p.Found(now, w, directory.NodeID{1}, s.holders.boxes[w.ID])
}
