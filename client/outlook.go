package client

import (
	"time"

	"murmuration/client/outbox"
	"murmuration/client/parts"
	"murmuration/client/sender"
)

// Outlook is when something that waits is expected to be stored, and what has to come before that.
type Outlook struct {
	Window  sender.Window // from then on
	Offline bool          // there is no connection
	Unpaid  bool          // today's write tokens are spent
}

func (o Outlook) String() string {
	switch {
	case o.Offline:
		return "when there is a connection again: then " + o.Window.String()
	case o.Unpaid:
		return "when there are write tokens again, after midnight (UTC): then " + o.Window.String()
	}
	return o.Window.String()
}

// Outlook is that of so many boxes that no holder has yet, the last of which is slow or not. It is
// to be called within Do or View.
func (c *Client) Outlook(now time.Time, ahead int, slow bool) Outlook {
	conn := c.connection.Status()
	o := Outlook{Window: sender.Expect(c.genesis.Parameters, ahead), Offline: !conn.Connected}
	if slow {
		o.Window = sender.ExpectSlow(c.genesis.Parameters, ahead)
	}
	if conn.Begun && conn.Document != nil && conn.Document.Parameters.WriteTokens > 0 {
		left, of := c.purse.Left(now)
		o.Unpaid = left == 0 && of > 0
	}
	return o
}

// Waiting is an entry of the outbox, and when the last of its boxes is expected to be stored.
type Waiting struct {
	outbox.Entry
	Outlook // zero when all are
}

func (c *Client) waiting(now time.Time, e outbox.Entry) Waiting {
	w := Waiting{Entry: e}
	if e.Ahead == 0 {
		return w
	}
	w.Outlook = c.Outlook(now, e.Ahead, e.Slow)
	if pause := e.Again.Sub(now); pause > 0 { // it was tried, and is tried again then
		w.Window.Typical, w.Window.Late = w.Window.Typical+pause, w.Window.Late+pause
	}
	return w
}

// Outbox lists what was queued, the newest first.
func (c *Client) Outbox() (all []Waiting) {
	c.View(func(now time.Time, p *parts.Person) error { // a look that cannot fail
		for _, e := range p.Outbox.Entries() {
			all = append(all, c.waiting(now, e))
		}
		return nil
	})
	return all
}

// Find is the entry of the outbox of a name or a number.
func (c *Client) Find(name string) (w Waiting, err error) {
	err = c.View(func(now time.Time, p *parts.Person) error {
		e, err := p.Outbox.Find(name)
		w = c.waiting(now, e)
		return err
	})
	return w, err
}

// Cancel takes back what is in the outbox under a name or a number, if nothing of it was handed
// over, and is its entry from then on.
func (c *Client) Cancel(name string) (Waiting, error) {
	err := c.Do(func(now time.Time, p *parts.Person) error { return p.Outbox.Cancel(now, name) })
	if err != nil {
		return Waiting{}, err
	}
	return c.Find(name)
}
