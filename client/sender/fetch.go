package sender

import (
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Fetch is what a work slot asks for when it carries no request of the queue: a listed box
// (box.OpFetch, by Key) or a part of a bulletin (box.OpBulletin, by Ask), of one provider.
type Fetch struct {
	Token  uint64 // that of Fetches, which comes back with the answer
	Op     box.Op
	Holder directory.NodeID // who is asked
	Key    box.FetchKey
	Ask    box.Question
	Proof  []byte // handed over with Ask; of no more than box.Format.ProofSize bytes
	Slow   bool   // as in Request
}

// Fetches says what work slots fetch: what is to be read, and what hides that. It is asked while
// the packet of a slot is built, which is before the slot.
type Fetches interface {
	// Live says whether something is due at a slot that does not come after what is written: a coin
	// then decides between the two.
	Live(at time.Time) bool
	// Take is what a slot carries: something live, or whatever there is else. It stays there until
	// Sent says that it left: a packet that is not sent was never taken. Without anything, ok is
	// false.
	Take(at time.Time, live bool) (f Fetch, ok bool)
	// Sent says that what was taken last left at a time, or could not be carried; no answer until
	// again means that it is lost, though it may come yet.
	Sent(token uint64, at, again time.Time)
}

// gone is a fetch that has left.
type gone struct {
	token     uint64
	at, again time.Time
	untold    bool
}

// tell says which fetch has left. It is not done in the slot itself, where nothing is waited for.
func (s *Sender) tell() {
	if s.gone.untold {
		s.gone.untold = false
		s.fetches.Sent(s.gone.token, s.gone.at, s.gone.again)
	}
}

// choose is what a work slot carries: of a request that is ready and of a live fetch the one that a
// coin chooses, and whatever Fetches has else where there is neither. While loops do not come back,
// half of the slots carry nothing that somebody waits for.
func (s *Sender) choose(at time.Time, r router) slotRequest {
	coin := func() bool { return s.packets.route.IntN(2) == 0 }
	it, paid := s.queue.head(at, s.views.slow(r.view, r.epoch, at),
		func(it *queued) (*payment, bool) { return s.pay(it.request(at), r) })
	live := s.fetches != nil && s.fetches.Live(at)
	if s.replies.loops.low() && coin() {
		it, live = nil, false
	}
	if it != nil && (!live || coin()) {
		return slotRequest{Request: it.request(at), work: it, paid: paid}
	}
	if s.fetches != nil {
		if f, ok := s.fetches.Take(at, live); ok {
			return slotRequest{fetch: &f}
		}
	}
	return s.anything(r)
}

// anything is a request that nobody waits for: the digest of a document, of any provider, as
// everybody asks for now and then.
func (s *Sender) anything(r router) slotRequest {
	return slotRequest{Request: Request{
		Op: box.OpDigest, Epoch: r.view.epoch, Try: s.packets.route.IntN(1 << 10),
	}}
}
