package world

import (
	"errors"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/transit"
	"murmuration/provider"
)

// Request is one box operation that a holder executed: what it sees, and no more.
type Request struct {
	At     time.Time
	Op     box.Op
	Day    box.Day
	ID     box.ID
	Status box.Status // that it answered
	// Fetch is what a fetch named; day and id are those of the box, zero if it is not here.
	Fetch box.FetchKey
}

// Holder is the box service of a provider: the real one on boxes in memory, or a liar.
type Holder struct {
	n       *Node
	store   *disk
	service *provider.Service
	lie     func(r box.Request, honest func() box.Reply) box.Reply
	asked   int
}

func newHolder(n *Node) *Holder {
	w := n.w
	h := &Holder{n: n, store: &disk{MemStore: box.NewMemStore(0)}}
	h.service = &provider.Service{
		Self: n.ID(), Params: w.params,
		Format: box.Format{Plaintext: w.genesis.Parameters.BoxPlaintext}, Store: h.store,
		Tokens: n.identity.TokenKeys(w.genesis.ID()),
		Calendar: box.Calendar{
			Genesis: w.genesis.Start, Retention: w.genesis.Parameters.RetentionDays,
		},
		Digest: func(e directory.Epoch) (d directory.Digest) {
			if p := w.council.docs[e]; p != nil {
				d = p.doc.Digest()
			}
			return d
		},
	}
	return h
}

func (h *Holder) setDocument(doc *directory.Document) {
	h.service.SetDocument(doc)
	_ = h.store.Drop(h.service.Calendar.Oldest(h.n.now())) // a closed store has nothing to drop
}

// answer executes the request in a payload.
func (h *Holder) answer(now time.Time, payload []byte) (transit.Departure, error) {
	h.asked++
	if h.lie != nil {
		return h.deceive(now, payload)
	}
	reply, err := h.service.Answer(now, payload)
	h.replicate()
	return reply, err
}

// deceive answers with whatever the lie says.
func (h *Holder) deceive(now time.Time, payload []byte) (transit.Departure, error) {
	surb, user, err := h.service.Params.ParsePayload(payload)
	if err != nil || surb == nil {
		return transit.Departure{}, errors.New("a request without a reply")
	}
	request, err := box.ParseRequest(h.service.Format, user)
	if err != nil {
		return transit.Departure{}, err
	}
	honest := func() (reply box.Reply) {
		reply, err = h.service.Execute(now, request)
		h.replicate()
		return reply
	}
	said := h.lie(request, honest).Marshal(h.service.Format)
	if err != nil {
		return transit.Departure{}, err
	}
	back := make([]byte, h.service.Params.PayloadSize())
	copy(back[len(back)-h.service.Format.ReplySize():], said)
	packet, first, err := h.service.Params.FromSURB(surb, back)
	return transit.Departure{To: directory.NodeID(first), Packet: packet}, err
}

// replicate carries what waits for the other holders to them, a tick of the network's rate later.
func (h *Holder) replicate() {
	w := h.n.w
	tick := w.genesis.Parameters.ReplicateAmong(len(w.providers()))
	for _, other := range w.providers() {
		if other == h.n {
			continue
		}
		peer := box.Holder(other.ID())
		waiting, err := h.store.Pending(peer, box.Queued{}, 64)
		if err != nil {
			w.fail("reading what waits at %s: %w", h.n.Name, err)
		}
		if len(waiting) == 0 {
			continue
		}
		w.After(tick, func() { h.hand(other, waiting) })
	}
}

// hand gives boxes to another holder, and tries again until it has them.
func (h *Holder) hand(other *Node, entries []box.Queued) {
	w := h.n.w
	if !h.n.up || !other.up || w.Links.cut(h.n, other) {
		w.After(w.genesis.Parameters.EpochLength/16, func() { h.replicate() })
		return
	}
	for _, e := range entries {
		op, hold := box.OpTombstone, uint8(0)
		if !e.Box.Tombstone() {
			op = box.OpWrite
			hold = h.n.bulletins.Left(h.n.now(), box.Listing{Day: e.Day, ID: e.Box.ID})
		}
		reply, err := other.holder.service.Merge(other.now(),
			box.Request{Op: op, Day: e.Day, Box: e.Box, Hold: hold})
		if err != nil {
			w.fail("replicating to %s: %w", other.Name, err)
		}
		if reply.Status == box.StatusFull {
			w.After(w.genesis.Parameters.EpochLength/16, func() { h.replicate() })
			return
		}
	}
	if err := h.store.Done(box.Holder(other.ID()), entries...); err != nil {
		w.fail("replicating to %s: %w", other.Name, err)
	}
}

// disk is a box store in memory that may be full.
type disk struct {
	*box.MemStore
	full bool
	log  func(Request) // nil: nobody looks
}

func (d *disk) note(op box.Op, day box.Day, id box.ID, status box.Status) {
	if d.log != nil {
		d.log(Request{Op: op, Day: day, ID: id, Status: status})
	}
}

// Listed implements box.Lister.
func (d *disk) Listed(slot box.Slot, e box.Entry, n int) (box.Day, box.Box, box.Status, error) {
	day, b, status, err := d.MemStore.Listed(slot, e, n)
	if d.log != nil {
		d.log(Request{Op: box.OpFetch, Day: day, ID: b.ID, Status: status,
			Fetch: box.FetchKey{Slot: slot, Entry: e, N: uint8(n)}})
	}
	return day, b, status, err
}

// Write implements box.Store; a full disk takes tombstones alone.
func (d *disk) Write(day box.Day, b box.Box, pay box.Token,
	to ...box.Holder) (o box.Outcome, err error) {
	o.Status = box.StatusFull
	if !d.full || b.Tombstone() {
		o, err = d.MemStore.Write(day, b, pay, to...)
	}
	op := box.OpWrite
	if b.Tombstone() {
		op = box.OpTombstone
	}
	d.note(op, day, b.ID, o.Status)
	return o, err
}

// Merge implements box.Store.
func (d *disk) Merge(day box.Day, b box.Box) (box.Outcome, error) {
	if d.full && !b.Tombstone() {
		return box.Outcome{Status: box.StatusFull}, nil
	}
	return d.MemStore.Merge(day, b)
}

// Asked is how many box requests the holder has answered.
func (h *Holder) Asked() int { return h.asked }

// Fill makes the holder's disk full, or gives it room again.
func (h *Holder) Fill(full bool) { h.store.full = full }

// Lie has the holder answer every box request with what say gives, which may ask for the honest
// reply; nil makes it honest again.
func (h *Holder) Lie(say func(r box.Request, honest func() box.Reply) box.Reply) { h.lie = say }

// lieWith has the holder answer every box request with one status.
func (h *Holder) lieWith(status box.Status) {
	h.Lie(func(r box.Request, _ func() box.Reply) box.Reply {
		reply := box.Reply{Status: status, Day: r.Day, Box: box.Box{ID: r.Box.ID}}
		if status == box.StatusFound {
			reply.Box.Ciphertext = make([]byte, h.service.Format.CiphertextSize())
		}
		if status == box.StatusDigest {
			reply = box.Reply{Status: status, Epoch: r.Epoch, Digest: [32]byte{1}}
		}
		return reply
	})
}

// Watch shows what a provider does with boxes to somebody who runs it.
func (h *Holder) Watch(see func(Request)) {
	h.store.log = func(r Request) {
		r.At = h.n.now()
		see(r)
	}
}
