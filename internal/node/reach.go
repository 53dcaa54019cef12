package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/link"
)

// reachTimeout bounds a question to be dialled, with the dialling.
const reachTimeout = callTimeout + 5*time.Second

// askReach has another node dial this one, once an epoch at a random time of its second half, and
// tells when it was not found. It ends with ctx.
func (n *Node) askReach(ctx context.Context) error {
	schedule := n.Home.Genesis.Schedule()
	for {
		e, err := schedule.Epoch(time.Now())
		if err != nil {
			return nil // the documents say what is wrong
		}
		half := schedule.Length / 2
		at := schedule.StartOf(e).Add(half + rand.N(half))
		if !sleepUntil(ctx, at) {
			return nil
		}
		if n.inDocument() {
			n.noteReach(n.reachBy(ctx))
		}
		if !sleepUntil(ctx, schedule.StartOf(e+1)) {
			return nil
		}
	}
}

// reachBy asks one entry after the other, in random order, until one has dialled.
func (n *Node) reachBy(ctx context.Context) (r query.Reach, by string) {
	entries := n.Home.Genesis.Entries
	for _, i := range rand.Perm(len(entries)) {
		if entries[i].ID == n.Home.Identity.ID() {
			continue
		}
		r, err := n.reachFrom(ctx, entries[i])
		if err == nil && r != query.ReachLater && r != query.Unlisted {
			return r, entries[i].Name
		}
	}
	return query.ReachLater, ""
}

func (n *Node) reachFrom(ctx context.Context, entry directory.Authority) (query.Reach, error) {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	conn, err := n.transport.Dial(ctx, link.Peer{Addr: entry.Addr, Key: link.PublicKey(entry.ID)},
		link.Directory)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	r, err := query.AskReach(conn)
	return r, errors.Join(err, ctx.Err())
}

// noteReach tells what came of it when it is news.
func (n *Node) noteReach(r query.Reach, by string) {
	if by == "" {
		return
	}
	lost := r != query.Reached
	switch was := n.unreached.Swap(lost); {
	case lost && !was:
		n.cfg.Log.Error("others do not reach this node, and what they send to it is lost: open "+
			"the port, forward it in the router, and compare `address` in the configuration",
			"by", by, "came of it", r)
	case !lost && was:
		n.cfg.Log.Info("others reach this node again", "by", by)
	}
	text := by + " has dialled this node and found it"
	if lost {
		text = by + " has dialled this node: " + r.String()
	}
	n.reach.Store(&text)
}
