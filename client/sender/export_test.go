package sender

// SetBare turns cover off, which no configuration can: the control of the tests on traces. A bare
// sender speaks only when its work lane has something to say.
func (s *Sender) SetBare() { s.bare = true }

// Awaited is the number of requests under way.
func (s *Sender) Awaited() int { return len(s.replies.open) }

// Names that only the tests of this package use.
var ErrFrame = errFrame
var ErrReply = errReply
var ErrSequence = errSequence
var ErrUnknown = errUnknown

// Prepared is the packet of the coming slot, nil if there is none.
func (s *Sender) Prepared() *packet { return s.packet }
