package node

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/provider"
)

// intake is the links over which other holders send boxes. Each is held to the network's rate, so
// that one cannot fill the disks of all.
type intake struct {
	node    *node.Node
	service *provider.Service
	inForce *inForce
	trouble *complaints
	budgets
}

func newIntake(n *node.Node, service *provider.Service, f *inForce, trouble *complaints) *intake {
	return &intake{node: n, service: service, inForce: f, trouble: trouble}
}

// budgets hold each other provider to a rate. Links come and go; a budget stays.
type budgets struct {
	mu sync.Mutex // guards of
	of map[link.PublicKey]*rate.Limiter
}

// allow is false when a provider has sent too much, of which one comes every so often.
func (b *budgets) allow(peer link.PublicKey, every time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = map[link.PublicKey]*rate.Limiter{}
	}
	if b.of[peer] == nil {
		b.of[peer] = provider.NewBudget(every)
	}
	provider.Retune(b.of[peer], every)
	return b.of[peer].AllowN(time.Now(), 1)
}

// isProvider says whether a peer is one by the document in force, or missed that.
func (f *inForce) isProvider(peer link.PublicKey) bool {
	doc := f.document.Load()
	if doc == nil {
		return false
	}
	if n, ok := doc.Node(directory.NodeID(peer)); ok {
		return n.Role == directory.RoleProvider
	}
	return slices.ContainsFunc(*f.missed.Load(),
		func(n directory.Node) bool { return n.ID == directory.NodeID(peer) })
}

// Admits lets providers in.
func (i *intake) Admits(peer link.PublicKey) bool { return i.inForce.isProvider(peer) }

// Serve takes boxes of another holder in; each frame is answered at once with what became of the
// one before.
func (i *intake) Serve(_ context.Context, conn link.Conn) error {
	frame := make([]byte, i.service.Format.RequestSize())
	var merging sync.WaitGroup
	defer merging.Wait()
	before := make(chan box.Reply, 1)
	before <- box.Reply{Status: box.StatusFull} // nothing was asked yet
	for {
		if err := conn.Receive(frame); err != nil {
			return err
		}
		request, err := box.ParseRequest(i.service.Format, bytes.Clone(frame))
		if err != nil {
			return err
		}
		reply, idle := box.Reply{Status: box.StatusFull}, true
		select {
		case reply = <-before:
		default: // the disk is slow: that one is still at work, and this one must come again
			idle = false
		}
		if err := conn.Send(reply.Marshal(i.service.Format)); err != nil {
			return err
		}
		switch {
		case !idle:
		case i.allow(conn.Peer(), i.inForce.document.Load().ReplicateEvery()):
			merging.Go(func() { before <- i.merge(request) }) // ends when the store answers
		default:
			i.node.Counts.Drop(provider.OverRate)
			before <- box.Reply{Status: box.StatusFull}
		}
	}
}

// merge says what became of a box that another holder sent; full when it must come again.
func (i *intake) merge(request box.Request) box.Reply {
	again := box.Reply{Status: box.StatusFull, Day: request.Day, Box: box.Box{ID: request.Box.ID}}
	if request.Verify() != nil {
		i.node.Counts.Drop(provider.BadRequest)
		return again
	}
	reply, err := i.service.Merge(time.Now(), request)
	if err != nil {
		i.trouble.tell("a box of another holder could not be stored and will come again: is the "+
			"disk sound?", err)
		return again
	}
	return reply
}
