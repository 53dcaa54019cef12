package client

import (
	"math/rand/v2"
	"time"

	"murmuration/internal/directory"
)

const (
	// guardPatience is how long the guard in use may fail before the second one takes over, counted while
	// this client tries: not while it is off or asleep.
	guardPatience = 24 * time.Hour
	// tryGap is more than lies between two tries of a client that is awake.
	tryGap = 2 * redialLast
	// noteEvery is how much of a failure a crash may make it forget.
	noteEvery = 10 * time.Minute
)

// chooseGuards draws two providers when there are none yet, the one of the configuration first.
// They are kept: a client that draws anew at each connection meets every provider in the end.
func (c *Client) chooseGuards(doc *directory.Document) error {
	if len(c.guards.Nodes) > 0 {
		return nil
	}
	providers := doc.Providers()
	rand.Shuffle(len(providers), func(i, j int) { providers[i], providers[j] = providers[j], providers[i] })
	if c.cfg.Guard != "" && !toFront(providers, c.cfg.Guard) {
		return ErrGuard.With("%q", c.cfg.Guard)
	}
	for _, p := range providers[:min(2, len(providers))] {
		c.guards.Nodes = append(c.guards.Nodes, p.ID)
	}
	return c.store.Update(c.guards.put)
}

func toFront(nodes []directory.Node, name string) bool {
	for i, n := range nodes {
		if n.Name == name {
			nodes[0], nodes[i] = nodes[i], nodes[0]
			return true
		}
	}
	return false
}

// reached notes that the guard answered.
func (c *Client) reached() error {
	c.state.Lock()
	defer c.state.Unlock()
	c.tried = time.Time{}
	if c.guards.Failing == 0 {
		return nil
	}
	c.guards.Failing = 0
	return unlessFull(c.store.Update(c.guards.put))
}

// unreached notes that the guard did not answer at now. It says whether the other one takes over.
func (c *Client) unreached(now time.Time) (changed bool, err error) {
	c.state.Lock()
	defer c.state.Unlock()
	since := now.Sub(c.tried)
	c.tried = now
	if since < 0 || since > tryGap {
		return false, nil // the first try, the computer slept, or its clock was set
	}
	before := c.guards.Failing
	c.guards.Failing += since
	switch {
	case c.guards.Failing >= guardPatience && len(c.guards.Nodes) > 1:
		c.guards.Nodes[0], c.guards.Nodes[1] = c.guards.Nodes[1], c.guards.Nodes[0]
		c.guards.Seeds[0], c.guards.Seeds[1] = c.guards.Seeds[1], c.guards.Seeds[0]
		c.guards.Failing = 0
		changed = true
	case before/noteEvery == c.guards.Failing/noteEvery:
		return false, nil
	}
	return changed, unlessFull(c.store.Update(c.guards.put))
}
