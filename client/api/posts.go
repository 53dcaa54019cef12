package api

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"murmuration/client"
	"murmuration/client/parts"
	"murmuration/client/photo"
	"murmuration/client/sender"
)

// Draft is the body of POST /v1/posts.
type Draft struct {
	Text  string `json:"text"`
	Photo []byte `json:"photo,omitempty"` // a picture file; base64 in JSON
	Alt   string `json:"alt,omitempty"`
	Quick bool   `json:"quick,omitempty"` // travels as fast as what is read
}

// Window is when something is expected to be done: half of the time by Typical, nearly always by
// Late.
type Window struct {
	Typical time.Duration `json:"typical_ns"`
	Late    time.Duration `json:"late_ns"`
}

func (w Window) String() string { return sender.Window(w).String() }

// Receipt answers it.
type Receipt struct {
	Post     string `json:"post"`
	Boxes    int    `json:"boxes"`
	Window   Window `json:"window"`
	Expected string `json:"expected"` // the window for people
}

// Post is an entry of the timeline. Author, Claimed and Time are claims of whoever wrote it; a
// petname is this person's own.
type Post struct {
	ID       string    `json:"id"`
	Own      bool      `json:"own,omitempty"`
	Author   string    `json:"author"`  // petname, or the claimed name in quotes
	Claimed  string    `json:"claimed"` // what the author calls themselves
	Time     time.Time `json:"time"`    // claimed
	Received time.Time `json:"received"`
	Text     string    `json:"text,omitempty"`
	Photo    *Picture  `json:"photo,omitempty"`
}

// Picture is what a timeline knows about a post's photo.
type Picture struct {
	State  photo.Where `json:"state"`
	Got    int         `json:"got"` // boxes
	Of     int         `json:"of"`
	Bytes  int         `json:"bytes"`
	Width  int         `json:"width"`
	Height int         `json:"height"`
	Alt    string      `json:"alt,omitempty"`
	SHA256 string      `json:"sha256"`
	Thumb  []byte      `json:"thumb,omitempty"` // JPEG
}

func postsOf(posts []parts.Post) []Post {
	shown := []Post{}
	for _, p := range posts {
		s := Post{
			ID: p.ID, Own: p.Own, Author: p.Author(), Claimed: p.Claimed,
			Time: p.Time, Received: p.Received, Text: p.Text,
		}
		if len(p.Photos) > 0 {
			first := p.Photos[0]
			s.Photo = &Picture{
				State: first.State.Where, Got: first.State.Got, Of: first.State.Of,
				Bytes: first.Size, Width: first.Width, Height: first.Height, Alt: first.Alt,
				SHA256: hex.EncodeToString(first.Hash[:]), Thumb: first.Thumb,
			}
		}
		shown = append(shown, s)
	}
	return shown
}

func (s *server) posts() []route {
	return []route{
		taking("POST", "/v1/posts", "queues a post: checked, sealed and on the disk when it "+
			"answers", maxDraft, s.post),
		answering("GET", "/v1/posts", "the last `n` posts (1 to 1000, else 20), the newest first",
			s.timeline),
	}
}

func (s *server) post(_ *http.Request, d Draft) (Receipt, error) {
	r, err := s.client.Post(client.Draft{Text: d.Text, Photo: d.Photo, Alt: d.Alt, Quick: d.Quick})
	return Receipt{r.Post, r.Boxes, Window(r.Window), r.Outlook.String()}, err
}

// MaxTimeline bounds one answer; each post may carry a thumbnail.
const MaxTimeline = 1000

func (s *server) timeline(r *http.Request) ([]Post, error) {
	n := 20
	if given := r.URL.Query().Get("n"); given != "" {
		var err error
		if n, err = strconv.Atoi(given); err != nil || n < 1 || n > MaxTimeline {
			return nil, errRequest.With("n=%q: want 1 to %d", given, MaxTimeline)
		}
	}
	posts, err := s.client.Timeline(n)
	return postsOf(posts), err
}

// Post queues a draft.
func (c *Client) Post(ctx context.Context, d Draft) (r Receipt, err error) {
	return r, c.call(ctx, "POST", "/v1/posts", d, &r)
}

// Timeline is the last n posts, the newest first.
func (c *Client) Timeline(ctx context.Context, n int) (posts []Post, err error) {
	return posts, c.call(ctx, "GET", "/v1/posts?n="+strconv.Itoa(n), nil, &posts)
}
