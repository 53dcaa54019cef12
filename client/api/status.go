package api

import (
	"context"
	"net/http"
	"time"

	"murmuration/client"
)

// Status is what a person wants to know when nothing seems to happen.
type Status struct {
	Name      string    `json:"name"`
	Network   string    `json:"network"` // id
	Label     string    `json:"label"`
	Now       time.Time `json:"now"` // this computer's clock
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since,omitzero"` // of being connected or not
	Provider  string    `json:"provider,omitempty"`
	Serves    bool      `json:"provider_serves"`           // something came back through it
	Failing   float64   `json:"provider_failing,omitzero"` // seconds for which it was tried in vain
	LastReply time.Time `json:"last_reply,omitzero"`       // that came back through the mixes
	Trouble   []Trouble `json:"trouble,omitempty"`

	Epoch    uint64    `json:"epoch"`          // by the clock
	Document uint64    `json:"document_epoch"` // newest network document
	Until    time.Time `json:"valid_until,omitzero"`

	Loops   float64 `json:"loop_return"` // share of the last loops that came back
	LoopsOf int     `json:"loops"`       // how many those are
	Waiting int     `json:"waiting"`     // boxes in the outbox
	Asking  int     `json:"asking"`      // requests in the work lane
	Follows int     `json:"follows"`

	Tokens   int  `json:"tokens"`    // to write with today
	TokensOf int  `json:"tokens_of"` // that came for today
	Free     bool `json:"no_tokens"` // writes need none in this network

	Sent    map[string]uint64 `json:"sent"` // packets by stream
	Silent  uint64            `json:"silent"`
	Resent  uint64            `json:"resent"`
	Replies uint64            `json:"replies"`
	Refused map[string]uint64 `json:"refused"` // down frames by reason
}

// Trouble is something that the person may have to do something about.
type Trouble struct {
	What string `json:"what"`
	Do   string `json:"do,omitempty"`
}

func statusOf(s client.Status) Status {
	shown := Status{
		Name: s.Name, Network: s.Network, Label: s.Label, Now: s.Now, Connected: s.Connected,
		Since:    s.Since,
		Provider: s.Provider, Serves: s.Serves, Failing: s.Failing.Seconds(),
		LastReply: s.LastReply, Epoch: s.Epoch, Document: s.Document, Until: s.Until,
		Loops: s.Loops, LoopsOf: s.LoopsOf, Waiting: s.Waiting, Asking: s.Asking,
		Follows: s.Follows, Tokens: s.Tokens, TokensOf: s.TokensOf, Free: s.Free,
		Sent: s.Sent, Silent: s.Silent, Resent: s.Resent, Replies: s.Replies, Refused: s.Refused,
	}
	for _, t := range s.Trouble {
		shown.Trouble = append(shown.Trouble, Trouble(t))
	}
	return shown
}

func (s *server) status() []route {
	return []route{
		answering("GET", "/v1/status", "connection, streams, loops, documents, and trouble with "+
			"what to do", func(*http.Request) (Status, error) {
			return statusOf(s.client.Status()), nil
		}),
	}
}

// Status says how things are.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.call(ctx, "GET", "/v1/status", nil, &s)
}
