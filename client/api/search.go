package api

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"murmuration/client/parts"
)

// Hit is something that a search found.
type Hit struct {
	// Ref says what it is, by kind and id: "post/…" or "message/…".
	Ref string `json:"ref"`
	// Number is greater the later it came; the next page is before the last one's.
	Number uint64 `json:"number"`
	Post   *Post  `json:"post,omitempty"`

	Message *Message `json:"message,omitempty"`
}

func (s *server) search() []route {
	return []route{answering("GET", "/v1/search", "what has all words of a query (`q`), of which "+
		"the last may be a beginning: the last `n` (1 to 1000, else 20), `before` a number",
		s.find)}
}

func (s *server) find(r *http.Request) ([]Hit, error) {
	n, err := count(r)
	if err != nil {
		return nil, err
	}
	before, err := number(r, "before", 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	found := []Hit{}
	err = s.client.View(func(now time.Time, p *parts.Person) error {
		hits, err := p.Search(now, r.URL.Query().Get("q"), before, n)
		for _, h := range hits {
			hit := Hit{Ref: h.Ref, Number: h.Number}
			if h.Post != nil {
				hit.Post = &postsOf([]parts.Post{*h.Post})[0]
			}
			if m := h.Message; m != nil {
				k, _ := p.Contacts.Of(m.Relation)
				shown := messageOf(now, p, k, *m)
				hit.Message = &shown
			}
			found = append(found, hit)
		}
		return err
	})
	return found, err
}

// Search is the last n things that have all words of a query, before one of a number (zero: all).
func (c *Client) Search(
	ctx context.Context, query string, before uint64, n int,
) (found []Hit, err error) {
	v := url.Values{"q": {query}, "n": {strconv.Itoa(n)}}
	if before > 0 {
		v.Set("before", strconv.FormatUint(before, 10))
	}
	return found, c.call(ctx, "GET", "/v1/search?"+v.Encode(), nil, &found)
}
