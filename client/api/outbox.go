package api

import (
	"context"
	"net/http"
	"time"

	"murmuration/client"
	"murmuration/client/sender"
)

// Entry is one line of the outbox.
type Entry struct {
	Number uint64    `json:"number"`
	Post   string    `json:"post"`
	State  string    `json:"state"` // "queued", "handed over", "stored", "kept" or "expired"
	Boxes  int       `json:"boxes"`
	Handed int       `json:"handed"` // in a packet at least once, those stored included
	Stored int       `json:"stored"` // a holder says that it has them, those kept included
	Kept   int       `json:"kept"`   // listed by all of their holders
	Queued time.Time `json:"queued"`
	Done   time.Time `json:"done,omitzero"`
	Reason string    `json:"reason,omitempty"`   // why it expired
	Soon   string    `json:"expected,omitempty"` // to be stored: "in 40s to 1m30s"
}

func entriesOf(waiting []client.Waiting) []Entry {
	shown := []Entry{}
	for _, w := range waiting {
		e := Entry{
			Number: w.Number, Post: w.Name, State: string(w.State), Boxes: w.Boxes,
			Handed: w.Handed, Stored: w.Stored, Kept: w.Kept,
			Queued: w.Queued, Done: w.Done, Reason: w.Reason,
		}
		if w.Window != (sender.Window{}) {
			e.Soon = w.Window.String()
		}
		shown = append(shown, e)
	}
	return shown
}

func (s *server) outbox() []route {
	return []route{
		answering("GET", "/v1/outbox", "what was queued, and how far it is, the newest first",
			func(*http.Request) ([]Entry, error) { return entriesOf(s.client.Outbox()), nil }),
	}
}

// Outbox lists what was queued, the newest first.
func (c *Client) Outbox(ctx context.Context) (entries []Entry, err error) {
	return entries, c.call(ctx, "GET", "/v1/outbox", nil, &entries)
}
