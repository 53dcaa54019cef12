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

// errNoAnswer says that a request deserves none: it does not parse, or nobody could read the answer.
var errNoAnswer = errors.New("request without an answer")

// Keeper executes box requests on a store. It blocks for as long as the store does, may be used by
// many goroutines, and reads no clock.
type Keeper struct {
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
func (k *Keeper) SetDocument(doc *directory.Document) { k.document.Store(doc) }

// Conflicts counts the boxes of which another holder had other contents.
func (k *Keeper) Conflicts() uint64 { return k.conflicts.Load() }

// Answer executes the request in a delivered payload and seals the reply into the packet that its SURB
// describes. The error is errNoAnswer for a request that means nothing, or the store's.
func (k *Keeper) Answer(now time.Time, payload []byte) (transit.Departure, error) {
	surb, user, err := k.Params.ParsePayload(payload)
	if err != nil || surb == nil {
		return transit.Departure{}, errNoAnswer
	}
	request, err := box.ParseRequest(k.Format, user)
	if err != nil {
		return transit.Departure{}, errNoAnswer
	}
	if err := request.Verify(); err != nil {
		return transit.Departure{}, errNoAnswer
	}
	reply, err := k.execute(now, request)
	if err != nil {
		return transit.Departure{}, err
	}
	// A reply has the size of a packet's whole payload; the client finds it where a request would be.
	back := make([]byte, k.Params.PayloadSize())
	copy(back[len(back)-k.Format.ReplySize():], reply.Marshal(k.Format))
	packet, first, err := k.Params.FromSURB(surb, back)
	if err != nil {
		return transit.Departure{}, errNoAnswer
	}
	return transit.Departure{To: directory.NodeID(first), Packet: packet}, nil
}

func (k *Keeper) execute(now time.Time, r box.Request) (box.Reply, error) {
	nothing := box.Reply{Status: box.StatusNotFound, Day: r.Day, Box: box.Box{ID: r.Box.ID}}
	if r.Op == box.OpDigest {
		return k.digest(r.Epoch), nil
	}
	others, mine := k.holders(r.Day, r.Box.ID)
	switch {
	case !mine, r.Op == box.OpRead && !k.Calendar.Kept(now, r.Day), r.Op != box.OpRead && !k.Calendar.Writable(now, r.Day):
		return nothing, nil
	case r.Op == box.OpRead:
		found, status, err := k.Store.Read(r.Day, r.Box.ID)
		if err != nil || status == box.StatusNotFound {
			return nothing, k.unlessExpired(err)
		}
		return box.Reply{Status: status, Day: r.Day, Box: found}, nil
	}
	status, err := k.Store.Write(r.Day, r.Box, others...)
	if err != nil {
		return nothing, k.unlessExpired(err)
	}
	nothing.Status = status
	return nothing, nil
}

// unlessExpired lets a day that is gone look like a box that never was.
func (k *Keeper) unlessExpired(err error) error {
	if err == nil || errors.Is(err, box.ErrExpired) {
		return nil
	}
	return fmt.Errorf("asking the box store: %w", err)
}

// digest tells which document this provider has for an epoch, so that a client can compare.
func (k *Keeper) digest(epoch uint64) box.Reply {
	return box.Reply{Status: box.StatusDigest, Epoch: epoch, Digest: [32]byte(k.Digest(directory.Epoch(epoch)))}
}

// holders are the other providers that keep a box, and whether this one does.
func (k *Keeper) holders(day box.Day, id box.ID) (others []box.Holder, mine bool) {
	doc := k.document.Load()
	if doc == nil {
		return nil, false
	}
	storing := doc.StoringOn(uint16(day))
	all := make([]box.Holder, len(storing))
	for i, node := range storing {
		all[i] = box.Holder(node)
	}
	self := box.Holder(k.Self)
	held := box.Placement(day, id, all, doc.Parameters.Replicas)
	mine = slices.Contains(held, self)
	return slices.DeleteFunc(held, func(h box.Holder) bool { return h == self }), mine
}

// Merge takes a box from another holder of it, or a frame that is none, and says what became of it.
func (k *Keeper) Merge(now time.Time, r box.Request) (box.Reply, error) {
	reply := box.Reply{Status: box.StatusNotFound, Day: r.Day, Box: box.Box{ID: r.Box.ID}}
	if r.Op != box.OpWrite && r.Op != box.OpTombstone || !k.Calendar.Kept(now, r.Day) {
		return reply, nil
	}
	if _, mine := k.holders(r.Day, r.Box.ID); !mine {
		return reply, nil
	}
	status, err := k.Store.Merge(r.Day, r.Box)
	if err != nil {
		return reply, k.unlessExpired(err)
	}
	if status == box.StatusConflict {
		k.conflicts.Add(1)
	}
	if reply.Status = status; status == box.StatusTombstoned {
		reply.Status = box.StatusConflict // the tombstone itself travels in its own frame
	}
	return reply, nil
}
