package provider

import (
	"bytes"
	"context"
	"sync"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// intake holds every other provider to the network's rate, so that one cannot fill the disks of all.
type intake struct {
	mu      sync.Mutex // guards buckets
	buckets map[link.PublicKey]*bucket
}

// take is false when a provider has sent too much. Links come and go; its bucket stays.
func (i *intake) take(peer link.PublicKey, now time.Time, doc *directory.Document) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	b := i.buckets[peer]
	if b == nil {
		b = new(bucket)
		i.buckets[peer] = b
	}
	return b.take(now, doc.Parameters.ReplicateEvery)
}

// replicaIntake is the links over which other holders send boxes.
type replicaIntake struct{ *Server }

// Admits lets providers in.
func (s replicaIntake) Admits(peer link.PublicKey) bool {
	doc := s.document.Load()
	if doc == nil {
		return false
	}
	n, ok := doc.Node(directory.NodeID(peer))
	return ok && n.Role == directory.RoleProvider
}

// Serve is the other side: boxes of another holder come in, and each frame is answered at once
// with what became of the one before.
func (s replicaIntake) Serve(_ context.Context, conn link.Conn) error {
	frame := make([]byte, s.keeper.Format.RequestSize())
	var merging sync.WaitGroup
	defer merging.Wait()
	before := make(chan box.Reply, 1)
	before <- box.Reply{Status: box.StatusFull} // nothing was asked yet
	for {
		if err := conn.Receive(frame); err != nil {
			return err
		}
		request, err := box.ParseRequest(s.keeper.Format, bytes.Clone(frame))
		if err != nil {
			return err
		}
		reply, idle := box.Reply{Status: box.StatusFull}, true
		select {
		case reply = <-before:
		default: // the disk is slow: that one is still at work, and this one must come again
			idle = false
		}
		if err := conn.Send(reply.Marshal(s.keeper.Format)); err != nil {
			return err
		}
		switch {
		case !idle:
		case s.intake.take(conn.Peer(), time.Now(), s.document.Load()):
			merging.Go(func() { before <- s.merge(request) }) // ends when the store answers
		default:
			s.chassis.Counts.Drop(OverRate)
			before <- box.Reply{Status: box.StatusFull}
		}
	}
}

// merge says what became of a box that another holder sent; full when it must come again.
func (s *Server) merge(request box.Request) box.Reply {
	again := box.Reply{Status: box.StatusFull, Day: request.Day, Box: box.Box{ID: request.Box.ID}}
	if request.Verify() != nil {
		s.chassis.Counts.Drop(BadRequest)
		return again
	}
	reply, err := s.keeper.Merge(time.Now(), request)
	if err != nil {
		s.complain("a box of another holder could not be stored", err)
		return again
	}
	return reply
}
