package sender

import (
	"errors"
	"fmt"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// Reasons for which a down frame is dropped, and counted.
var (
	errFrame    = errors.New("malformed down frame")
	errSequence = errors.New("sequence number went back")
	errUnknown  = errors.New("reply to no request of ours")
	errReply    = errors.New("reply does not open or does not answer")
)

// EventKind says what a down frame brought.
type EventKind uint8

// Kinds of events.
const (
	Nothing  EventKind = iota // a dummy, or a reply that nobody waits for
	Answered                  // the answer to a request of the queue, which is done
	Fetched                   // the answer to what Fetches gave
)

// Event is what the caller learns from a down frame. Reply and Stream point into the frame. One
// with an error may have a Stream, too: what that says has nothing to do with the reply. Who
// fetches nothing gets none.
type Event struct {
	Kind   EventKind
	Token  uint64
	Op     box.Op
	Day    box.Day
	ID     box.ID
	Holder directory.NodeID // who answers
	Reply  box.Reply
	Sent   time.Time // when the answered try was sent
	Stream []byte    // of bulletins: the bytes of this frame
}

// Stats counts what the sender did. Nothing in it tells people or boxes apart.
type Stats struct {
	Sent    [streamCount]uint64 // frames by stream
	Silent  uint64              // slots without a serving document
	Resent  uint64              // further tries of requests
	Replies uint64              // that opened
	Dummies uint64
	Skipped uint64 // sequence numbers that never came
	Refused struct{ Frame, Sequence, Unknown, Reply uint64 }
}

// Stats returns the counts so far.
func (s *Sender) Stats() Stats { return s.stats }

// Loops is the share of the last n loops that returned; zero of none.
func (s *Sender) Loops() (share float64, n int) { return s.replies.loops.ratio() }

// Receive takes one down frame. Every byte of it is the provider's or a stranger's: what does not
// fit is counted and dropped, with the reason as error.
func (s *Sender) Receive(now time.Time, frame []byte) (Event, error) {
	s.tell()
	if len(frame) != protocol.ExchangeOverhead+s.packets.params.PacketSize() {
		s.stats.Refused.Frame++
		return Event{}, errFrame
	}
	down, err := exchange.ParseDown(frame, s.packets.params.BodySize())
	if err != nil {
		s.stats.Refused.Frame++
		return Event{}, fmt.Errorf("%w: %w", errFrame, err)
	}
	e, err := s.take(down)
	if s.fetches != nil {
		e.Stream = down.Stream
	}
	return e, err
}

func (s *Sender) take(down exchange.Down) (Event, error) {
	if down.Sequence == 0 {
		s.stats.Dummies++
		return Event{}, nil
	}
	if !s.follow(down.Sequence) {
		s.stats.Refused.Sequence++
		return Event{}, errSequence
	}
	return s.open(down)
}

// follow moves the acknowledgement on. The link keeps the order, so a gap is what the provider
// discarded; the first number on a connection may be any, since a restarted provider counts anew.
func (s *Sender) follow(sequence uint64) bool {
	switch {
	case s.fresh:
		s.received = sequence - 1
	case sequence <= s.received:
		return false
	}
	s.stats.Skipped += sequence - s.received - 1
	s.received, s.fresh = sequence, false
	return true
}

func (s *Sender) open(down exchange.Down) (Event, error) {
	id := sphinx.SURBID(down.SURBID)
	a := s.replies.open[id]
	if a == nil {
		s.stats.Refused.Unknown++
		return Event{}, errUnknown
	}
	reply, err := s.packets.open(a, down.Body)
	if err != nil {
		s.stats.Refused.Reply++
		return Event{}, fmt.Errorf("%w: %w", errReply, err)
	}
	s.stats.Replies++
	s.replies.arrived(id)
	return s.event(a, reply), nil
}

func (s *Sender) event(a *awaited, reply box.Reply) Event {
	e := Event{
		Op: a.asked.Op, Day: a.asked.Day, ID: a.asked.Box.ID, Holder: a.holder, Reply: reply,
		Sent: a.sent,
	}
	switch {
	case a.work != nil && a.work.done: // answered by another try, or cancelled
	case a.work != nil:
		s.queue.remove(a.work)
		e.Kind, e.Token = Answered, a.work.Token
	case a.fetch != nil:
		e.Kind, e.Token = Fetched, a.fetch.Token
	}
	return e
}
