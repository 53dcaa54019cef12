package node

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/protocol"
)

// leavingFile in a node's home says that it is to leave the network: whoever finds it does not
// describe the node any more.
const leavingFile = "leaving"

// ErrLeaving says that a node was told to leave before.
var ErrLeaving = errors.New("this node is leaving already")

// Leave has the node of a home leave: the next document that is made is without it, and it serves
// out those that have it. It may be running, or be started later.
func Leave(home string) error {
	path := filepath.Join(home, leavingFile)
	if _, err := os.Stat(path); err == nil {
		return ErrLeaving
	}
	return durable.WriteFile(path, []byte("leaving\n"), 0o600)
}

// Stay takes Leave back.
func Stay(home string) error {
	err := os.Remove(filepath.Join(home, leavingFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Leaving says whether the node of a home is to leave.
func Leaving(home string) bool {
	_, err := os.Stat(filepath.Join(home, leavingFile))
	return err == nil
}

// leaveEvery is how often a node looks whether it is to leave.
const leaveEvery = 5 * time.Second

// leave looks whether the node is to leave, and ends it with ErrLeft when nothing needs it any
// more. It ends with ctx.
func (n *Node) leave(ctx context.Context) error {
	every := min(leaveEvery, max(time.Second, n.Home.Genesis.Schedule().Length/32))
	for {
		going := Leaving(n.Home.Dir)
		if was := n.leaving.Swap(going); going != was {
			n.sayLeaving(going)
		}
		if going && n.served(time.Now()) {
			n.cfg.Log.Info("this node has left the network: no document has it any more, and it " +
				"holds nothing")
			return ErrLeft
		}
		if !sleepUntil(ctx, time.Now().Add(every)) {
			return nil
		}
	}
}

// ErrLeft ends a node that has left: nothing is wrong.
var ErrLeft = errors.New("the node has left the network")

func (n *Node) sayLeaving(going bool) {
	if !going {
		n.cfg.Log.Info("this node stays, and hands in what it is again")
		return
	}
	if n.needed(time.Now()) {
		n.cfg.Log.Info("this node leaves: it takes no new boxes and no new people, gives those " +
			"boxes that it has until their time is over, and ends by itself then")
		return
	}
	n.cfg.Log.Info("this node leaves: it is not in the next network document that is made, serves "+
		"out those that have it, and ends by itself", "latest", n.listedUntil())
}

// listedUntil is when the last document at hand that has this node has ended, with the grace; zero
// if none has it.
func (n *Node) listedUntil() time.Time {
	latest := n.Documents.Latest()
	if latest == nil {
		return time.Time{}
	}
	schedule := n.Home.Genesis.Schedule()
	for back := directory.Epoch(0); back <= protocol.Validity && back <= latest.Epoch; back++ {
		e := latest.Epoch - back
		doc := n.Documents.Document(e)
		if doc == nil {
			continue
		}
		if _, ok := doc.Node(n.Home.Identity.ID()); ok {
			end := e + 1
			if back == 0 { // there may be no later one: it serves until it expires
				end = e + protocol.Validity
			}
			return schedule.StartOf(end).Add(n.Home.Genesis.Parameters.Grace)
		}
	}
	return time.Time{}
}

// served says that no document in which this node is serves any more, and that nothing is held.
func (n *Node) served(now time.Time) bool {
	if now.Before(n.listedUntil()) {
		return false
	}
	if doc := n.Documents.Current(); doc != nil {
		if _, ok := doc.Node(n.Home.Identity.ID()); ok {
			return false
		}
	}
	held := 0
	n.pipeline.do(func(time.Time) { held = n.role.Relay.Held() })
	return held == 0 && !n.needed(now)
}

// needed says that the network needs the node for more than packets.
func (n *Node) needed(now time.Time) bool { return n.role.Needed != nil && n.role.Needed(now) }

// Leaving says that the node was told to leave.
func (n *Node) Leaving() bool { return n.leaving.Load() }
