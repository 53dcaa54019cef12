package connection

import (
	"context"
	"slices"

	"murmuration/internal/directory"
	"murmuration/internal/documents"
)

// source is where this client's documents come from: the guard in use, which knows its address
// anyway, and nobody else. Only who has no guard yet, or none that serves, asks those whom the
// genesis names, one after the other.
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
	c.state.Lock()
	defer c.state.Unlock()
	c.lost = !c.lost && c.guards.Lost()
	if c.guards.Chosen() && !c.lost {
		one := c.guards.List[0]
		return directory.Authority{Name: one.Name, ID: one.Node, Addr: one.Addr}
	}
	entries := c.cfg.Genesis.Entries
	entry := entries[s.order[c.asked%len(entries)]]
	named := func(a directory.Authority) bool { return a.Name == c.cfg.Guard }
	if i := slices.IndexFunc(entries, named); i >= 0 && !c.guards.Chosen() {
		entry = entries[i]
	}
	c.asked, c.served = c.asked+1, entry.ID
	return entry
}
