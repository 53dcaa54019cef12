package api

import (
	"context"
	"net/http"
	"time"

	"murmuration/client/parts"
	"murmuration/client/quota"
)

// Quota is how much there is, and how much there may be.
type Quota struct {
	Bytes  int64      `json:"bytes"` // that posts and photos may take
	Days   int        `json:"days"`  // for which they are kept; 0: as long as there is room
	Used   int64      `json:"used"`  // bytes
	Posts  int        `json:"posts"`
	Pinned int        `json:"pinned"`
	Going  *time.Time `json:"going,omitempty"` // from when on the oldest go
}

// Limits is the body of POST /v1/quota.
type Limits struct {
	Bytes int64 `json:"bytes"`
	Days  int   `json:"days"`
}

// Pin is the body of POST /v1/pins.
type Pin struct {
	Post   string `json:"post"` // its id, or six or more characters of it
	Pinned bool   `json:"pinned"`
}

func (s *server) quota() []route {
	return []route{
		answering("GET", "/v1/quota", "how much there is, and how much there may be", s.showQuota),
		taking("POST", "/v1/quota", "changes how much there may be", maxSmall, s.setQuota),
		taking("POST", "/v1/pins", "lets a post stay whatever its age, or not", maxSmall, s.pin),
	}
}

func (s *server) showQuota(*http.Request) (shown Quota, err error) {
	err = s.client.View(func(_ time.Time, p *parts.Person) error {
		q, err := p.Quota.Status()
		shown = Quota{q.Bytes, q.Days, q.Used, q.Posts, q.Pinned, nil}
		if !q.Going.IsZero() {
			shown.Going = &q.Going
		}
		return err
	})
	return shown, err
}

func (s *server) setQuota(_ *http.Request, l Limits) (nothing, error) {
	return nothing{}, s.client.Do(func(_ time.Time, p *parts.Person) error {
		return p.Quota.Set(quota.Settings{Bytes: l.Bytes, Days: l.Days})
	})
}

func (s *server) pin(_ *http.Request, pin Pin) (nothing, error) {
	return nothing{}, s.client.Do(func(_ time.Time, p *parts.Person) error {
		id, err := p.Find(pin.Post)
		if err != nil {
			return err
		}
		return p.Quota.Pin(id, pin.Pinned)
	})
}

// Quota says how much there is, and how much there may be.
func (c *Client) Quota(ctx context.Context) (q Quota, err error) {
	return q, c.call(ctx, "GET", "/v1/quota", nil, &q)
}

// SetQuota changes how much there may be.
func (c *Client) SetQuota(ctx context.Context, l Limits) error {
	return c.call(ctx, "POST", "/v1/quota", l, nil)
}

// Pin lets a post stay whatever its age, or not any more.
func (c *Client) Pin(ctx context.Context, p Pin) error {
	return c.call(ctx, "POST", "/v1/pins", p, nil)
}
