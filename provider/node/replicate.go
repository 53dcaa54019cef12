package node

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/link"
)

// replicas keep the boxes of this provider at their other holders. To each other provider one frame
// of a fixed size goes out as often as the document says, whatever happens: a box that waits, or a
// request for a digest that nobody needs. It is answered at once with what became of the frame
// before, so that no fsync can be heard in the answers either. A watcher of links does not learn
// which requests were writes.
type replicas struct {
	*others
	transport link.Transport
	store     Store
	format    box.Format
	bulletins *bulletins
	log       *slog.Logger
}

// run ends with ctx.
func (r *replicas) run(ctx context.Context) error { return r.others.run(ctx, r.keep) }

// keep holds one link to a provider for as long as ctx lasts, connecting again when it breaks.
func (r *replicas) keep(ctx context.Context, f feed) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for trouble := ""; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C: // the backoff, too: a dial takes no more of the wire than a few frames
		}
		err := r.connect(ctx, f, tick.C)
		if ctx.Err() == nil && err != nil && err.Error() != trouble { // each trouble once
			trouble = err.Error()
			r.log.Info("boxes for another holder wait, and go out when it can be reached", "node",
				f.peer.Addr, "error", err)
		}
	}
}

func (r *replicas) connect(ctx context.Context, f feed, tick <-chan time.Time) error {
	conn, end, err := dial(ctx, r.transport, f.peer, link.Replica)
	if err != nil {
		return err
	}
	defer end()
	return r.talk(ctx, conn, box.Holder(f.peer.Key), f.every, tick)
}

// head is how long before its tick a frame is made, where ticks lie so far apart: a disk that takes
// no longer is not seen, and a box waits for one tick, not for two.
const head = 500 * time.Millisecond

// rest returns after d, if that is to come, and says whether ctx goes on.
func rest(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// mostAwaited is for how many frames a box may be on its way to another holder without an answer: a
// disk there that takes longer than a tick answers some frames later. Then it is sent again.
const mostAwaited = 4

// talk sends one frame at each tick, one every so often, until the link breaks. The frame is made
// before the tick: nothing but the sending lies between the two.
func (r *replicas) talk(ctx context.Context, conn link.Conn, peer box.Holder, every time.Duration,
	tick <-chan time.Time) error {
	var next time.Time // that a frame is made
	answer := make([]byte, r.format.RequestSize())
	var awaited []*box.Queued // of the last frames; nil for a dummy, and for what was answered
	// that went out: the queue goes round, so that nothing holds up what comes behind it
	var last box.Queued
	for {
		if !rest(ctx, time.Until(next)) {
			return nil
		}
		entry, err := r.pick(peer, last, awaited)
		if err != nil {
			return err
		}
		if entry != nil {
			last = *entry
		}
		frame := r.frame(entry)
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		}
		next = time.Now().Add(every - head)
		if err := conn.Send(frame); err != nil {
			return err
		}
		if err := conn.Receive(answer); err != nil {
			return err
		}
		if err := r.acknowledged(peer, awaited, answer); err != nil {
			return err
		}
		awaited = append(awaited, entry)
		awaited = awaited[max(0, len(awaited)-mostAwaited):]
	}
}

// pick is the next entry for a peer after the last one, or else the oldest, that is not on its way;
// nil when there is none.
func (r *replicas) pick(
	peer box.Holder, last box.Queued, awaited []*box.Queued,
) (*box.Queued, error) {
	for _, after := range []box.Queued{last, {}} {
		entries, err := r.store.Pending(peer, after, len(awaited)+1)
		if err != nil {
			return nil, fmt.Errorf("reading what waits for replication: %w", err)
		}
		for i := range entries {
			if find(awaited, entries[i].Day, entries[i].Box.ID) < 0 {
				return &entries[i], nil
			}
		}
	}
	return nil, nil
}

func (r *replicas) frame(e *box.Queued) []byte {
	if e == nil {
		return box.Request{Op: box.OpDigest}.Marshal(r.format)
	}
	op := box.OpWrite
	if e.Box.Tombstone() {
		op = box.OpTombstone
	}
	return box.Request{Op: op, Day: e.Day, Box: e.Box, Hold: r.hold(e)}.Marshal(r.format)
}

// hold is how long the other holder shall not list the box either, in half seconds.
func (r *replicas) hold(e *box.Queued) uint8 {
	if e.Box.Tombstone() {
		return 0
	}
	return r.bulletins.left(time.Now(), box.Listing{Day: e.Day, ID: e.Box.ID})
}

// find is the place of a box among those on their way, or -1.
func find(awaited []*box.Queued, day box.Day, id box.ID) int {
	return slices.IndexFunc(awaited,
		func(e *box.Queued) bool { return e != nil && e.Day == day && e.Box.ID == id })
}

// acknowledged forgets a box that the other holder has, or will never take. One for which there is
// no room stays in the queue, and comes again when the others had their turn.
func (r *replicas) acknowledged(peer box.Holder, awaited []*box.Queued, answer []byte) error {
	reply, err := box.ParseReply(r.format, answer)
	if err != nil || reply.Status == box.StatusFull {
		return err
	}
	at := find(awaited, reply.Day, reply.Box.ID)
	if at < 0 {
		return nil
	}
	if err := r.store.Done(peer, *awaited[at]); err != nil {
		return fmt.Errorf("forgetting what was replicated: %w", err)
	}
	awaited[at] = nil
	return nil
}
