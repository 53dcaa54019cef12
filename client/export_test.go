package client

import "time"

// SetBare turns cover off, which no configuration can: the control of the tests on traces. A bare
// sender speaks only when its work lane has something to say.
func (s *Sender) SetBare() { s.bare = true }

// Flights is the number of requests under way.
func (s *Sender) Flights() int { return len(s.flights.open) }

// Decoys are those of the sender in use.
func (c *Client) Decoys() []Decoy {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sender.Decoys()
}

// FailedFor has the guard in use have failed for so long: to try it for a day would take a test seconds.
func (c *Client) FailedFor(d time.Duration) error {
	c.state.Lock()
	defer c.state.Unlock()
	c.self.Failing = d
	return c.store.Update(c.self.put)
}
