package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"murmuration/internal/directory/query"
	"murmuration/internal/link"
)

const (
	callEvery   = 10 * time.Second // one node, at most
	callTimeout = 5 * time.Second
	mostCalls   = 4 // at one time
)

// Calls dials nodes that ask whether they can be reached, each at its address in the network
// document and nowhere else, and not often: nobody is to be flooded by asking for it.
type Calls struct {
	transport link.Transport

	mu   sync.Mutex // guards all below
	last map[link.PublicKey]time.Time
	busy int
}

// NewCalls dials as the node whose transport it is.
func NewCalls(t link.Transport) *Calls {
	return &Calls{transport: t, last: map[link.PublicKey]time.Time{}}
}

// call dials a node and says what came of it.
func (c *Calls) call(ctx context.Context, now time.Time, to link.Peer) query.Reach {
	if !c.begin(now, to.Key) {
		return query.ReachLater
	}
	defer c.end()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := c.transport.Dial(ctx, to, link.Directory)
	if err == nil {
		conn.Close()
	}
	switch {
	case err == nil, errors.Is(err, link.ErrNotAdmitted):
		return query.Reached // a mix takes no such link, and closes when its key is proved
	case errors.Is(err, link.ErrOtherKey), errors.Is(err, link.ErrOtherNetwork),
		errors.Is(err, link.ErrNotMurmur):
		return query.OtherThere
	}
	return query.Unreached
}

// begin says whether a node may be dialled now.
func (c *Calls) begin(now time.Time, who link.PublicKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for old, at := range c.last { // there are no more than nodes
		if now.Sub(at) >= callEvery {
			delete(c.last, old)
		}
	}
	if _, soon := c.last[who]; soon || c.busy >= mostCalls {
		return false
	}
	c.last[who] = now
	c.busy++
	return true
}

func (c *Calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
}
