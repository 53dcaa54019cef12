package client

import (
	"context"
	"time"

	"murmuration/client/news"
)

// tell passes on what there is to tell. The caller holds mu.
func (c *Client) tell() {
	for _, n := range c.person.Notices() {
		c.log.Warn(n.What, "do", n.Do)
	}
	events := c.person.Events()
	if len(events) == 0 {
		return
	}
	now := time.Now()
	for _, e := range events {
		c.news.Add(now, e)
	}
	close(c.happened)
	c.happened = make(chan struct{})
}

// Latest is the number of the last event; Await tells what comes after it.
func (c *Client) Latest() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.news.Last()
}

// Await returns what happened after the event of a number as soon as there is something, and how
// many events of then are forgotten (news.Max are remembered). Nobody waits for whoever looks on.
func (c *Client) Await(ctx context.Context, after uint64) ([]news.Item, uint64, error) {
	for {
		items, missed, more := c.after(after)
		if len(items) > 0 {
			return items, missed, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

func (c *Client) after(number uint64) ([]news.Item, uint64, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	items, missed := c.news.After(number)
	return items, missed, c.happened
}
