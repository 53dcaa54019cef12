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
	Number  uint64    `json:"number"`
	Post    string    `json:"post"`           // its name: of a post, the id
	What    string    `json:"what"`           // "post", "message"
	Says    string    `json:"says,omitempty"` // its first words
	State   string    `json:"state"`          // "queued", "handed over", "stored", "kept", …
	Boxes   int       `json:"boxes"`
	Handed  int       `json:"handed"` // in a packet at least once, those stored included
	Stored  int       `json:"stored"` // a holder says that it has them, those kept included
	Kept    int       `json:"kept"`   // listed by all of their holders
	Queued  time.Time `json:"queued"`
	Done    time.Time `json:"done,omitzero"`
	Reason  string    `json:"reason,omitempty"`   // why it expired
	Soon    string    `json:"expected,omitempty"` // to be stored: "in 40s to 1m30s"
	Window  Window    `json:"window,omitzero"`
	Offline bool      `json:"offline,omitempty"` // the window begins when there is a connection
	Unpaid  bool      `json:"unpaid,omitempty"`  // or when there are write tokens
}

func entryOf(w client.Waiting) Entry {
	e := Entry{
		Number: w.Number, Post: w.Name, What: w.What, Says: w.Says, State: string(w.State),
		Boxes: w.Boxes, Handed: w.Handed, Stored: w.Stored, Kept: w.Kept,
		Queued: w.Queued, Done: w.Done, Reason: w.Reason,
	}
	if w.Outlook.Window != (sender.Window{}) {
		e.Soon, e.Window = w.Outlook.String(), Window(w.Outlook.Window)
		e.Offline, e.Unpaid = w.Offline, w.Unpaid
	}
	return e
}

func entriesOf(waiting []client.Waiting) []Entry {
	shown := []Entry{}
	for _, w := range waiting {
		shown = append(shown, entryOf(w))
	}
	return shown
}

func (s *server) outbox() []route {
	return []route{
		answering("GET", "/v1/outbox", "what was queued, and how far it is, the newest first",
			func(*http.Request) ([]Entry, error) { return entriesOf(s.client.Outbox()), nil }),
		answering("GET", "/v1/outbox/{name}", "how far one thing is, by its name or number",
			func(r *http.Request) (Entry, error) {
				w, err := s.client.Find(r.PathValue("name"))
				return entryOf(w), err
			}),
		answering("DELETE", "/v1/outbox/{name}", "takes it back, if nothing of it was handed over",
			func(r *http.Request) (Entry, error) {
				w, err := s.client.Cancel(r.PathValue("name"))
				return entryOf(w), err
			}),
	}
}

// Outbox lists what was queued, the newest first.
func (c *Client) Outbox(ctx context.Context) (entries []Entry, err error) {
	return entries, c.call(ctx, "GET", "/v1/outbox", nil, &entries)
}

// Waiting is how far one thing is, by its name or number.
func (c *Client) Waiting(ctx context.Context, name string) (e Entry, err error) {
	return e, c.call(ctx, "GET", "/v1/outbox/"+segment(name), nil, &e)
}

// Cancel takes it back.
func (c *Client) Cancel(ctx context.Context, name string) (e Entry, err error) {
	return e, c.call(ctx, "DELETE", "/v1/outbox/"+segment(name), nil, &e)
}
