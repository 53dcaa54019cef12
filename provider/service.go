package provider

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/internal/token"
	"murmuration/internal/transit"
)

// ErrNoAnswer says that a request deserves none: it does not parse, or nobody could read the
// answer.
var ErrNoAnswer = errors.New("request without an answer")

// BoxStore is what the service asks for boxes, by their ids and by where they were listed.
type BoxStore interface {
	box.Store
	Listed(slot box.Slot, e box.Entry, n int) (box.Day, box.Box, box.Status, error)
}

// Announcer is what the service asks about bulletins. Its methods may be called from many
// goroutines: Bulletins is one for a single goroutine.
type Announcer interface {
	Full(now time.Time) bool
	Hold(l box.Listing, until time.Time)
	Head(now time.Time) [32]byte
	Answer(q box.Question) (whole []byte, ok bool)
	Accuse(f bulletin.Fraud) error
}

// Service executes box requests on a store. It blocks for as long as the store does, may be used by
// many goroutines, and reads no clock.
type Service struct {
	Self     directory.NodeID
	Params   *sphinx.Params
	Format   box.Format
	Calendar box.Calendar
	Store    BoxStore
	// Bulletins are those of this provider, or a driver's hold on them; nil lists nothing.
	Bulletins Announcer
	// Tokens are those that this holder takes, where the network asks for them.
	Tokens *token.Keys
	// Digest tells the digest of an epoch's network document, zero if it is not here.
	Digest func(e directory.Epoch) directory.Digest

	document  atomic.Pointer[directory.Document] // in force
	conflicts atomic.Uint64                      // boxes of which another holder had other contents
	unpaid    atomic.Uint64                      // writes that nothing was stored of
}

// SetDocument switches to the document of a new epoch.
func (s *Service) SetDocument(doc *directory.Document) { s.document.Store(doc) }

// Conflicts counts the boxes of which another holder had other contents.
func (s *Service) Conflicts() uint64 { return s.conflicts.Load() }

// Unpaid counts the writes whose token was none, or spent on another box.
func (s *Service) Unpaid() uint64 { return s.unpaid.Load() }

// Answer executes the request in a delivered payload and seals the reply into the packet that its
// SURB describes. The error is ErrNoAnswer for a request that means nothing, or the store's.
func (s *Service) Answer(now time.Time, payload []byte) (transit.Departure, error) {
	surb, user, err := s.Params.ParsePayload(payload)
	if err != nil || surb == nil {
		return transit.Departure{}, ErrNoAnswer
	}
	request, err := box.ParseRequest(s.Format, user)
	if err != nil {
		return transit.Departure{}, ErrNoAnswer
	}
	if err := request.Verify(); err != nil {
		return transit.Departure{}, ErrNoAnswer
	}
	reply, err := s.Execute(now, request)
	if err != nil {
		return transit.Departure{}, err
	}
	// A reply has the size of a packet's whole payload; the client finds it where a request would
	// be.
	back := make([]byte, s.Params.PayloadSize())
	copy(back[len(back)-s.Format.ReplySize():], reply.Marshal(s.Format))
	packet, first, err := s.Params.FromSURB(surb, back)
	if err != nil {
		return transit.Departure{}, ErrNoAnswer
	}
	return transit.Departure{To: directory.NodeID(first), Packet: packet}, nil
}

// Execute does what a request that verifies asks for.
func (s *Service) Execute(now time.Time, r box.Request) (box.Reply, error) {
	reply, err := s.execute(now, r)
	if s.Bulletins != nil {
		reply.Head = s.Bulletins.Head(now)
	}
	return reply, err
}

func (s *Service) execute(now time.Time, r box.Request) (box.Reply, error) {
	switch r.Op {
	case box.OpDigest:
		return s.digest(r.Epoch), nil
	case box.OpFetch:
		return s.fetch(now, r)
	case box.OpBulletin:
		return s.piece(r), nil
	}
	nothing := r.Refusal(box.StatusNotFound)
	others, mine := s.holders(r.Day, r.Box.ID)
	if !mine || !s.Calendar.Writable(now, r.Day) {
		return nothing, nil
	}
	pay, paid, err := s.payment(r)
	if err != nil {
		return nothing, s.unlessExpired(err)
	}
	o := box.Outcome{Status: box.StatusUnpaid}
	if paid {
		o, err = s.put(now, r, func() (box.Outcome, error) {
			return s.Store.Write(r.Day, r.Box, pay, others...)
		})
	}
	if o.Status == box.StatusUnpaid {
		s.unpaid.Add(1)
	}
	switch {
	case err != nil:
		return nothing, s.unlessExpired(err)
	case o.Status == box.StatusConflict, o.Status == box.StatusTombstoned:
		return box.Reply{Status: o.Status, Day: r.Day, Box: o.Stands}, nil
	}
	return r.Refusal(o.Status), nil
}

// payment is the token that a write spends; zero where there is nothing to pay: the network asks
// for none, or the box is here. A tombstone is free: it is signed with the box's key, and only
// shrinks what is here.
func (s *Service) payment(r box.Request) (pay box.Token, paid bool, err error) {
	doc := s.document.Load()
	if r.Op != box.OpWrite || doc == nil || doc.Parameters.WriteTokens == 0 {
		return pay, true, nil
	}
	key, err := s.Tokens.Of(uint32(r.Day))
	if err != nil {
		return pay, false, err
	}
	if key.Good(token.Token(r.Token)) {
		return r.Token, true, nil
	}
	_, status, err := s.Store.Read(r.Day, r.Box.ID)
	return pay, err == nil && status != box.StatusNotFound, err
}

// put stores a box, not to be listed before its hold is over, unless so much waits to be listed
// that only what is here already is taken.
func (s *Service) put(now time.Time, r box.Request,
	store func() (box.Outcome, error)) (box.Outcome, error) {
	if s.Bulletins == nil || r.Op != box.OpWrite {
		return store()
	}
	if s.Bulletins.Full(now) {
		_, status, err := s.Store.Read(r.Day, r.Box.ID)
		if err != nil || status == box.StatusNotFound {
			return box.Outcome{Status: box.StatusFull}, err
		}
	}
	hold := time.Duration(r.Hold) * holdUnit
	if doc := s.document.Load(); doc != nil {
		hold = min(hold, protocol.HoldCap*doc.Parameters.Hold)
	}
	s.Bulletins.Hold(box.Listing{Day: r.Day, ID: r.Box.ID}, now.Add(hold))
	return store()
}

// fetch gives the box that was listed in a slot, at once.
func (s *Service) fetch(now time.Time, r box.Request) (box.Reply, error) {
	day, found, status, err := s.Store.Listed(r.Fetch.Slot, r.Fetch.Entry, int(r.Fetch.N))
	if err != nil || status == box.StatusNotFound || !s.Calendar.Kept(now, day) {
		return r.Refusal(box.StatusNotFound), s.unlessExpired(err)
	}
	return box.Reply{Status: status, Day: day, Box: found}, nil
}

// piece gives a piece of what there is to say to a question about bulletins.
func (s *Service) piece(r box.Request) box.Reply {
	if s.Bulletins == nil {
		return r.Refusal(box.StatusNotFound)
	}
	if r.Ask.Kind == bulletin.HandProof {
		return s.accuse(r)
	}
	size := s.Format.PieceSize()
	whole, ok := s.Bulletins.Answer(r.Ask)
	data, some := bulletin.Piece(whole, size, int(r.Ask.Piece))
	if !ok || !some {
		return r.Refusal(box.StatusNotFound)
	}
	pieces := uint16(min(bulletin.Pieces(whole, size), math.MaxUint16))
	return box.Reply{Status: box.StatusBulletin, Ask: r.Ask, Pieces: pieces, Data: data}
}

// accuse takes a proof of fraud, from nobody knows whom. There is an answer if it is one.
func (s *Service) accuse(r box.Request) box.Reply {
	f, err := bulletin.ParseFraud(r.Proof)
	if err != nil || r.Ask != (box.Question{Kind: bulletin.HandProof}) ||
		s.Bulletins.Accuse(f) != nil {
		return r.Refusal(box.StatusNotFound)
	}
	return box.Reply{Status: box.StatusBulletin, Ask: r.Ask, Pieces: 1}
}

// unlessExpired lets a day that is gone look like a box that never was.
func (s *Service) unlessExpired(err error) error {
	if err == nil || errors.Is(err, box.ErrExpired) {
		return nil
	}
	return fmt.Errorf("asking the box store: %w", err)
}

// digest tells which document this provider has for an epoch, so that a client can compare.
func (s *Service) digest(epoch uint64) box.Reply {
	return box.Reply{Status: box.StatusDigest, Epoch: epoch,
		Digest: [32]byte(s.Digest(directory.Epoch(epoch)))}
}

// holders are the other providers that keep a box, and whether this one does.
func (s *Service) holders(day box.Day, id box.ID) (others []box.Holder, mine bool) {
	doc := s.document.Load()
	if doc == nil {
		return nil, false
	}
	storing := doc.StoringOn(uint16(day))
	all := make([]box.Holder, len(storing))
	for i, node := range storing {
		all[i] = box.Holder(node)
	}
	self := box.Holder(s.Self)
	held := box.Placement(day, id, all, doc.Parameters.Replicas)
	mine = slices.Contains(held, self)
	return slices.DeleteFunc(held, func(h box.Holder) bool { return h == self }), mine
}

// Merge takes a box from another holder of it, or a frame that is none, and says what became of it.
func (s *Service) Merge(now time.Time, r box.Request) (box.Reply, error) {
	reply := box.Reply{Status: box.StatusNotFound, Day: r.Day, Box: box.Box{ID: r.Box.ID}}
	if r.Op != box.OpWrite && r.Op != box.OpTombstone || !s.Calendar.Kept(now, r.Day) {
		return reply, nil
	}
	if _, mine := s.holders(r.Day, r.Box.ID); !mine {
		return reply, nil
	}
	o, err := s.put(now, r, func() (box.Outcome, error) { return s.Store.Merge(r.Day, r.Box) })
	if err != nil {
		return reply, s.unlessExpired(err)
	}
	if o.Status == box.StatusConflict {
		s.conflicts.Add(1)
	}
	// Settled: whichever content stands here now, this one need not come again.
	reply.Status = box.StatusStored
	if o.Status == box.StatusFull {
		reply.Status = box.StatusFull
	}
	return reply, nil
}
