package connection

import (
	"sync"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/directory"
)

// slots are the sender in use, behind the mutex that its slots need, and how its link to the guard
// is.
type slots struct {
	mu       sync.Mutex     // guards what follows; held for a packet's building at most
	sender   *sender.Sender // nil before the first document
	exchange Exchange

	bulletins Bulletins // set before Run; nil: nothing is read or fetched
	tokens    Tokens    // set before Run; nil: nothing is paid for
}

// Bulletins is who reads what comes beside the replies, and says what is fetched. No two of its
// calls come at one time, nor one within Exclusive.
type Bulletins interface {
	sender.Fetches
	// Begin is for a new sender, which speaks through a provider, and SetDocument for one that
	// goes by another document.
	Begin(doc *directory.Document, own directory.NodeID)
	SetDocument(doc *directory.Document)
	// Withholding is how many of today's bulletins the provider kept back, by the word of others,
	// of how many that it should have passed on.
	Withholding() (withheld, expected uint64)
	// Roll is what the first frame of a connection says about the rolls that are wanted.
	Roll(now time.Time) uint32
}

// Tokens is who pays for writes. No two of its calls come at one time, nor one within Exclusive.
type Tokens interface {
	sender.Tokens
	// Begin and SetDocument are those of Bulletins.
	Begin(doc *directory.Document, own directory.NodeID)
	SetDocument(doc *directory.Document)
	// Dry says that the provider was asked for tokens many times and brought none.
	Dry(now time.Time) bool
}

// Exchange is how the link to the guard is.
type Exchange struct {
	Connected bool
	Since     time.Time // of being connected, or not
	LastReply time.Time // that came back through the mixes and opened
	Fault     error     // of the last try; nil when connected
}

// begun says whether there is a sender.
func (s *slots) begun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sender != nil
}

// fetches and pays are what a sender asks; nil interfaces where nobody is.
func (s *slots) fetches() sender.Fetches {
	if s.bulletins == nil {
		return nil
	}
	return s.bulletins
}

func (s *slots) pays() sender.Tokens {
	if s.tokens == nil {
		return nil
	}
	return s.tokens
}

// begin is for a new sender, which speaks through a provider.
func (s *slots) begin(doc *directory.Document, own directory.NodeID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bulletins != nil {
		s.bulletins.Begin(doc, own)
	}
	if s.tokens != nil {
		s.tokens.Begin(doc, own)
	}
}

// replace puts a sender in the place of the one before; what came by that one is not of this one's
// guard.
func (s *slots) replace(made *sender.Sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sender, s.exchange.LastReply = made, time.Time{}
}

// replied notes that a reply came and opened, by the sender in use.
func (s *slots) replied(by *sender.Sender, now time.Time) {
	if by == s.sender {
		s.exchange.LastReply = now
	}
}

// setDocument has the sender use a document.
func (s *slots) setDocument(doc *directory.Document) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sender.SetDocument(doc)
}

// connect tells the sender that there is a link, and gives it to who speaks over it.
func (s *slots) connect(now time.Time) *sender.Sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	roll := uint32(0)
	if s.bulletins != nil {
		roll = s.bulletins.Roll(now)
	}
	s.sender.Connect(now, roll)
	return s.sender
}

// read has bulletins read, and tokens asked for, by a document.
func (s *slots) read(doc *directory.Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bulletins != nil {
		s.bulletins.SetDocument(doc)
	}
	if s.tokens != nil {
		s.tokens.SetDocument(doc)
	}
}

// exclusive does something while no slot asks what to fetch.
func (s *slots) exclusive(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// note keeps whether there is a link, and what is wrong if not.
func (s *slots) note(connected bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if connected != s.exchange.Connected {
		s.exchange.Since = time.Now()
	}
	s.exchange.Connected, s.exchange.Fault = connected, err
}

// tell fills in what the status says of the sender and its link.
func (s *slots) tell(to *Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to.Exchange = s.exchange
	if to.Fault != nil {
		to.Faults = append(to.Faults, to.Fault)
	}
	if s.sender != nil {
		to.Begun, to.Stats, to.Waiting = true, s.sender.Stats(), s.sender.Waiting()
		to.Loops, to.LoopsOf = s.sender.Loops()
	}
}
