package api

import (
	"context"
	"net/http"
	"time"

	"murmuration/client/photo"
	"murmuration/client/timeline"
)

// photoLook is how often a waiting command looks how far a photo is.
const photoLook = 200 * time.Millisecond

// Photo is how far a photo is: the answer to POST /v1/photos/{id}.
type Photo struct {
	Post  string `json:"post"`
	Here  bool   `json:"here"`
	Got   int    `json:"got"` // boxes
	Of    int    `json:"of"`
	Bytes int    `json:"bytes"`
}

func photoOf(s photo.State) Photo {
	return Photo{s.Post, s.Where == photo.Here, s.Got, s.Of, s.Bytes}
}

func (s *server) photos() []route {
	return []route{
		answering("POST", "/v1/photos/{post}", "how far the photo of a post is", s.photoState),
		{
			Method: "GET", Path: "/v1/photos/{post}", Summary: "the photo of a post, as a JPEG " +
				"file",
			handle: s.photo,
		},
	}
}

func (s *server) photoState(r *http.Request) (Photo, error) {
	p, err := s.client.PhotoState(r.PathValue("post"))
	return photoOf(p), err
}

func (s *server) photo(w http.ResponseWriter, r *http.Request) error {
	picture, err := s.client.Photo(r.PathValue("post"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(picture) // a command that has gone away needs no answer
	return nil
}

// photoState says how far a photo is.
func (c *Client) photoState(ctx context.Context, post string) (p Photo, err error) {
	if !validID(post) {
		return p, timeline.ErrNoPost.With("%q", post)
	}
	return p, c.call(ctx, "POST", "/v1/photos/"+post, nil, &p)
}

// Photo waits until a photo is here and returns the JPEG file. progress, if not nil, hears how far
// it is. It comes to the daemon all the same when ctx ends.
func (c *Client) Photo(ctx context.Context, post string, progress func(Photo)) ([]byte, error) {
	tick := time.NewTicker(photoLook)
	defer tick.Stop()
	for {
		p, err := c.photoState(ctx, post)
		if err != nil {
			return nil, err
		}
		if progress != nil {
			progress(p)
		}
		if p.Here {
			return c.raw(ctx, "GET", "/v1/photos/"+post, nil)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
