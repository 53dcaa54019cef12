package client

import (
	"time"

	"murmuration/client/sender"
)

// Decoys are those of the sender in use.
func (c *Client) Decoys() []sender.Decoy {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sender.Decoys()
}

// FailedFor has the guard in use have failed for so long: to try it for a day would take a test seconds.
func (c *Client) FailedFor(d time.Duration) error {
	c.state.Lock()
	defer c.state.Unlock()
	c.guards.Failing = d
	return c.store.Update(c.guards.put)
}
