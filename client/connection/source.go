package connection

import (
	"context"
	"slices"

	"murmuration/client/guard"
	"murmuration/internal/directory"
	"murmuration/internal/directory/follow"
	"murmuration/internal/documents"
)

// source is where this client's documents come from: the guard in use, which knows its address
// anyway, and nobody else as long as it gives them. While that of the epoch is late, the other
// guard is asked in turn with it: it may know that the one in use has moved. Who has no guard
// yet asks those whom the genesis names, one after the other; and so does, in turn with its
// guards, who has but one that is late, who gave up both, and who has no document any more that
// serves.
type source struct {
	c     *Connection
	links documents.Links
	order []int // of the entries of the genesis
}

func (c *Connection) source() source {
	return source{c, c.links.stranger, c.rng.Perm(len(c.cfg.Genesis.Entries))}
}

// Fetch asks for the document of an epoch; the follower counts all that can be asked as one entry.
func (s source) Fetch(ctx context.Context, _ directory.Authority, e directory.Epoch) (
	*directory.Document, error) {
	return s.links.Fetch(ctx, s.next(), e)
}

// next is who is asked now.
func (s source) next() directory.Authority {
	c := s.c
	trouble := c.documents.Trouble().Kind
	c.state.Lock()
	defer c.state.Unlock()
	if !c.guards.Chosen() {
		return s.entry()
	}
	none := trouble == follow.Missing || trouble == follow.StoodStill
	if trouble != follow.Late && !none && !c.guards.Lost() {
		c.turn = 0
		return asked(c.guards.List[0])
	}
	c.turn++ // the first one in turn has just been asked
	all := len(c.guards.List)
	if none || all == 1 || c.guards.Lost() {
		all++
	}
	if i := c.turn % all; i < len(c.guards.List) {
		return asked(c.guards.List[i])
	}
	return s.entry()
}

func asked(one guard.Guard) directory.Authority {
	return directory.Authority{Name: one.Name, ID: one.Node, Addr: one.Addr}
}

// entry is the next of those whom the genesis names, where the documents say that it is. The caller
// holds state.
func (s source) entry() directory.Authority {
	c := s.c
	entries := c.cfg.Genesis.Entries
	entry := entries[s.order[c.asked%len(entries)]]
	named := func(a directory.Authority) bool { return a.Name == c.cfg.Guard }
	if i := slices.IndexFunc(entries, named); i >= 0 && !c.guards.Chosen() {
		entry = entries[i]
	}
	c.asked, c.served = c.asked+1, entry.ID
	if latest := c.documents.Latest(); latest != nil {
		entry.Addr = latest.AddressOf(entry)
	}
	return entry
}
