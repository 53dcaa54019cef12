package sender

import (
	"time"

	"murmuration/internal/box"
	"murmuration/internal/exchange"
	"murmuration/internal/protocol"
)

// Tokens pays for writes (docs/token.md), and asks for what it pays with. Like Fetches it is asked
// while the packet of a slot is built.
type Tokens interface {
	// Token lets a box be written at a holder on a day, the same one each time for one box; ok is
	// false if there is none now.
	Token(day box.Day, holder [32]byte, id box.ID) (t box.Token, ok bool)
	// Hopeless says that there is none for a holder and day, and that none is likely to come: all
	// are given, or it was asked for them many times in vain.
	Hopeless(day box.Day, holder [32]byte) bool
	// Question is what a slot asks the own provider for; ok is false if nothing is due.
	Question(at time.Time) (q exchange.Question, ok bool)
	// Asked says that what Question gave last has left.
	Asked(at time.Time)
}

// payment is a token, and who takes it.
type payment struct {
	holder *node
	token  box.Token
}

// pay finds a holder at which a request can be paid for: the one whose turn it is, else another one
// that may be asked; the own provider, if it is a holder, also where all others are hopeless, as it
// is asked after tries elsewhere. What costs nothing needs no payment, which is then nil.
func (s *Sender) pay(q Request, r router) (paid *payment, ok bool) {
	if q.Op != box.OpWrite || s.tokens == nil || r.view.net.WriteTokens == 0 {
		return nil, true
	}
	holders := r.view.takers(q, s.packets.own)
	hopeless := true
	for i := range holders {
		n := holders[(q.Try+i)%len(holders)]
		if t, ok := s.tokens.Token(q.Day, n.id, q.Box.ID); ok {
			return &payment{n, t}, true
		}
		hopeless = hopeless && s.tokens.Hopeless(q.Day, n.id)
	}
	if hopeless && q.Try < ownAfter {
		q.Try = ownAfter
		return s.pay(q, r)
	}
	return nil, len(holders) == 0 // nobody stores boxes of that day: that is found out elsewhere
}

// ask puts a question for tokens in the place of the packet of a drop slot, if one is due: a frame
// of the same size at the same moment, which goes no further than the own provider.
func (s *Sender) ask(p *packet, r router) bool {
	if s.tokens == nil || r.view.net.WriteTokens == 0 || r.home == nil {
		return false
	}
	q, ok := s.tokens.Question(p.at)
	if !ok {
		return false
	}
	const head = protocol.ExchangeOverhead
	frame := make([]byte, head+s.packets.params.PacketSize())
	up := exchange.Up{Kind: exchange.Tokens, Packet: make([]byte, len(frame)-head)}
	if q.Marshal(up.Packet) != nil || up.Marshal(frame) != nil {
		return false
	}
	p.frame, p.question = frame, true
	return true
}
