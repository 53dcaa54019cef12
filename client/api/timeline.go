package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"murmuration/client/content"
	"murmuration/client/parts"
	"murmuration/client/timeline"
)

// MaxTimeline bounds one answer; each post may carry a thumbnail.
const MaxTimeline = 1000

// maxShown bounds the body of what names posts that were shown, in bytes.
const maxShown = 64 << 10

// Query says which posts are asked for.
type Query struct {
	N      int    // how many
	From   string // a petname; empty: of all
	Circle string // the name of one; empty: of all
	Unread bool   // that were not shown before
	Before string // the id of one of them: those before it
}

// values are the query as it is written behind a path.
func (q Query) values() url.Values {
	v := url.Values{"n": {strconv.Itoa(q.N)}}
	if q.From != "" {
		v.Set("from", q.From)
	}
	if q.Circle != "" {
		v.Set("circle", q.Circle)
	}
	if q.Before != "" {
		v.Set("before", q.Before)
	}
	if q.Unread {
		v.Set("unread", "true")
	}
	return v
}

// number reads a number of a request's query; 0 stands for none.
func number(r *http.Request, name string, otherwise, most uint64) (uint64, error) {
	given := r.URL.Query().Get(name)
	if given == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(given, 10, 63)
	if err != nil || n < 1 || n > most {
		return 0, errValue.With("%s=%q: want 1 to %d", name, given, most)
	}
	return n, nil
}

func (s *server) timeline(r *http.Request) (shown []Post, err error) {
	n, err := count(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	f := timeline.Filter{Unread: q.Get("unread") == "true", Before: q.Get("before")}
	err = s.client.View(func(now time.Time, p *parts.Person) error {
		if from := q.Get("from"); from != "" {
			if f.Sources, err = p.From(from); err != nil {
				return err
			}
		}
		if name := q.Get("circle"); name != "" {
			in, err := p.InCircle(name)
			if err != nil {
				return err
			}
			if f.Sources = among(f.Sources, in); len(f.Sources) == 0 {
				shown = []Post{} // nobody of this name writes there
				return nil
			}
		}
		posts, err := p.Page(now, f, n)
		shown = postsOf(posts)
		return err
	})
	return shown, err
}

// among is those of some sources that are asked for, where nil stands for all.
func among(asked, some []content.Source) []content.Source {
	if asked == nil {
		return some
	}
	return slices.DeleteFunc(asked, func(s content.Source) bool {
		return !slices.Contains(some, s)
	})
}

// Shown is the body of POST /v1/posts/shown.
type Shown struct {
	Posts []string `json:"posts"` // ids
}

func (s *server) shown(_ *http.Request, shown Shown) (nothing, error) {
	return nothing{}, s.client.Do(func(_ time.Time, p *parts.Person) error {
		return p.Shown(shown.Posts...)
	})
}

// Timeline is the last n posts, the newest first.
func (c *Client) Timeline(ctx context.Context, n int) ([]Post, error) {
	return c.Posts(ctx, Query{N: n})
}

// Posts are those of a query, the newest first.
func (c *Client) Posts(ctx context.Context, q Query) (posts []Post, err error) {
	return posts, c.call(ctx, "GET", "/v1/posts?"+q.values().Encode(), nil, &posts)
}

// Shown notes that the person has seen posts.
func (c *Client) Shown(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return c.call(ctx, "POST", "/v1/posts/shown", Shown{ids}, nil)
}
