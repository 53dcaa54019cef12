package client

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
