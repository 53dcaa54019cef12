package provider

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
)

// ErrNoAnswer says that a request deserves none: it does not parse, or nobody could read the
// answer.
var ErrNoAnswer = errors.New("request without an answer")

// Service executes box requests on a store. It blocks for as long as the store does, may be used by
// many goroutines, and reads no clock.
type Service struct {
	Self     directory.NodeID
	Params   *sphinx.Params
	Format   box.Format
	Calendar box.Calendar
	Store    box.Store
	// Digest tells the digest of an epoch's network document, zero if it is not here.
	Digest func(e directory.Epoch) directory.Digest

	document  atomic.Pointer[directory.Document] // in force
	conflicts atomic.Uint64                      // boxes of which another holder had other contents
}

// SetDocument switches to the document of a new epoch.
func (s *Service) SetDocument(doc *directory.Document) { s.document.Store(doc) }

// Conflicts counts the boxes of which another holder had other contents.
func (s *Service) Conflicts() uint64 { return s.conflicts.Load() }

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
	nothing := box.Reply{Status: box.StatusNotFound, Day: r.Day, Box: box.Box{ID: r.Box.ID}}
	if r.Op == box.OpDigest {
		return s.digest(r.Epoch), nil
	}
	others, mine := s.holders(r.Day, r.Box.ID)
	switch {
	case !mine, r.Op == box.OpRead && !s.Calendar.Kept(now, r.Day), r.Op != box.OpRead &&
		!s.Calendar.Writable(now, r.Day):
		return nothing, nil
	case r.Op == box.OpRead:
		found, status, err := s.Store.Read(r.Day, r.Box.ID)
		if err != nil || status == box.StatusNotFound {
			return nothing, s.unlessExpired(err)
		}
		return box.Reply{Status: status, Day: r.Day, Box: found}, nil
	}
	o, err := s.Store.Write(r.Day, r.Box, others...)
	if err != nil {
		return nothing, s.unlessExpired(err)
	}
	nothing.Status = o.Status
	return nothing, nil
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
	o, err := s.Store.Merge(r.Day, r.Box)
	if err != nil {
		return reply, s.unlessExpired(err)
	}
	if o.Status == box.StatusConflict {
		s.conflicts.Add(1)
	}
	if reply.Status = o.Status; o.Status == box.StatusTombstoned {
		reply.Status = box.StatusConflict // the tombstone itself travels in its own frame
	}
	return reply, nil
}
