package api

import (
	"context"
	"net/http"
	"time"

	"murmuration/client"
)

// Finding is something about the network documents that should not be.
type Finding struct {
	Seen  time.Time `json:"seen"`
	Epoch uint64    `json:"epoch"`
	What  string    `json:"what"`
	// two signed documents; without them, it proves nothing
	Evidence []byte `json:"evidence,omitempty"`
}

func findingsOf(all []client.Finding) []Finding {
	shown := []Finding{}
	for _, f := range all {
		shown = append(shown, Finding(f))
	}
	return shown
}

func (s *server) findings() []route {
	return []route{
		answering("GET", "/v1/findings", "what should not be about network documents and "+
			"bulletins, the oldest first", func(*http.Request) ([]Finding, error) {
			return findingsOf(s.client.Findings()), nil
		}),
		answering("DELETE", "/v1/findings", "forgets them: somebody has judged them",
			func(*http.Request) (nothing, error) { return nothing{}, s.client.Judge() }),
	}
}

// Findings are what should not be about the network documents, and was not judged yet.
func (c *Client) Findings(ctx context.Context) (list []Finding, err error) {
	return list, c.call(ctx, "GET", "/v1/findings", nil, &list)
}

// Judge forgets the findings.
func (c *Client) Judge(ctx context.Context) error {
	return c.call(ctx, "DELETE", "/v1/findings", nil, nil)
}
