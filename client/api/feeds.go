package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"murmuration/client/feed"
	"murmuration/client/parts"
)

// Link is the answer to POST /v1/feed and the body of POST /v1/follows.
type Link struct {
	Link string `json:"link"`
	Name string `json:"name,omitempty"` // petname
}

// Followed is a feed that this person reads.
type Followed struct {
	Token   uint64    `json:"token"` // its number
	Name    string    `json:"name"`
	Claimed string    `json:"claimed,omitempty"`
	Posts   int       `json:"posts"`
	Since   time.Time `json:"since"` // of waiting for the next post
	Ended   bool      `json:"ended,omitempty"`
	Silent  bool      `json:"silent,omitempty"` // for a month, though all that is listed was read
}

func followsOf(follows []feed.Followed) []Followed {
	shown := []Followed{}
	for _, f := range follows {
		shown = append(shown, Followed{
			f.Number, f.Name(), f.Claimed, f.Posts, f.Since, f.Ended, f.Silent,
		})
	}
	return shown
}

func (s *server) feeds() []route {
	return []route{
		answering("POST", "/v1/feed", "the link of the own open feed, for readers who begin now; "+
			"makes the feed, if there is none", s.publish),
		answering("DELETE", "/v1/feed", "says that nothing more comes of the own feed", s.endFeed),
		answering("GET", "/v1/follows", "the feeds that are read", s.follows),
		taking("POST", "/v1/follows", "reads a feed from its link", maxSmall, s.follow),
		answering("DELETE", "/v1/follows/{feed}", "forgets a feed, by its number; its posts stay",
			s.unfollow),
	}
}

func (s *server) publish(*http.Request) (Link, error) {
	l, err := s.client.Publish()
	if err != nil {
		return Link{}, err
	}
	return Link{Link: l.String()}, nil
}

func (s *server) endFeed(*http.Request) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		return p.Feed.End(now)
	})
}

func (s *server) follows(*http.Request) ([]Followed, error) {
	all, err := s.client.Follows()
	return followsOf(all), err
}

func (s *server) follow(_ *http.Request, l Link) (nothing, error) {
	return nothing{}, s.client.Follow(l.Link, l.Name)
}

func (s *server) unfollow(r *http.Request) (nothing, error) {
	token, err := strconv.ParseUint(r.PathValue("feed"), 10, 63)
	if err != nil {
		return nothing{}, errValue.With("feed %q", r.PathValue("feed"))
	}
	return nothing{}, s.client.Unfollow(token)
}

// Publish makes the open feed, if there is none, and returns its link for readers who begin now.
func (c *Client) Publish(ctx context.Context) (string, error) {
	var l Link
	err := c.call(ctx, "POST", "/v1/feed", nil, &l)
	return l.Link, err
}

// EndFeed says that nothing more comes of the own feed.
func (c *Client) EndFeed(ctx context.Context) error {
	return c.call(ctx, "DELETE", "/v1/feed", nil, nil)
}

// Follow reads the feed of a link; petname may be empty.
func (c *Client) Follow(ctx context.Context, link, petname string) error {
	return c.call(ctx, "POST", "/v1/follows", Link{link, petname}, nil)
}

// Unfollow forgets a feed, by its token.
func (c *Client) Unfollow(ctx context.Context, token uint64) error {
	return c.call(ctx, "DELETE", "/v1/follows/"+strconv.FormatUint(token, 10), nil, nil)
}

// Follows lists the feeds that are read.
func (c *Client) Follows(ctx context.Context) (list []Followed, err error) {
	return list, c.call(ctx, "GET", "/v1/follows", nil, &list)
}
