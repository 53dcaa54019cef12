package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"murmuration/client/content"
	"murmuration/client/decoder"
	"murmuration/client/fault"
	"murmuration/client/parts"
	"murmuration/client/photo"
)

// photoLook is how often a waiting command looks how far a photo is.
const photoLook = 200 * time.Millisecond

// Photo is how far a photo is: the answer to POST /v1/photos/{id}.
type Photo struct {
	Post  string      `json:"post"`
	Here  bool        `json:"here"`
	State photo.Where `json:"state"`
	Got   int         `json:"got"` // boxes
	Of    int         `json:"of"`
	Bytes int         `json:"bytes"` // that its author announced
}

func photoOf(s photo.State) Photo {
	return Photo{s.Post, s.Where == photo.Here, s.Where, s.Got, s.Of, s.Bytes}
}

func (s *server) photos() []route {
	return []route{
		answering("POST", "/v1/photos/{post}", "how far a photo of a post is, the `n`th (else the "+
			"first)", s.photoState),
		answering("POST", "/v1/photos/{post}/again", "asks the author of a post in a circle to "+
			"send a photo again that has expired, the `n`th (else the first)", s.askPhoto),
		{
			Method: "GET", Path: "/v1/photos/{post}", Summary: "a photo of a post, the " +
				"`n`th (else the first), as a JPEG file that was encoded on this computer",
			handle: s.photo,
		},
	}
}

// nth is which photo of a post is meant, counted from 0.
func nth(r *http.Request) (int, error) {
	given := r.URL.Query().Get("n")
	if given == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 || n > content.MaxPhotos {
		return 0, errValue.With("n=%q: want 1 to %d", given, content.MaxPhotos)
	}
	return n - 1, nil
}

func (s *server) askPhoto(r *http.Request) (nothing, error) {
	index, err := nth(r)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		id, err := p.Find(r.PathValue("post"))
		if err != nil {
			return err
		}
		return p.Circles.AskPhoto(now, id, index)
	})
}

// AskPhoto asks the author of a post for the nth photo again, counted from 1.
func (c *Client) AskPhoto(ctx context.Context, post string, n int) error {
	path := "/v1/photos/" + segment(post) + "/again?n=" + strconv.Itoa(n)
	return c.call(ctx, "POST", path, nil, nil)
}

func (s *server) photoState(r *http.Request) (Photo, error) {
	index, err := nth(r)
	if err != nil {
		return Photo{}, err
	}
	p, err := s.client.PhotoState(r.PathValue("post"), index)
	return photoOf(p), err
}

func (s *server) photo(w http.ResponseWriter, r *http.Request) error {
	index, err := nth(r)
	if err != nil {
		return err
	}
	picture, err := s.client.Photo(r.PathValue("post"), index)
	if err != nil {
		return err
	}
	giveJPEG(w, picture)
	return nil
}

// errNoFace says that a contact has no picture.
var errNoFace = fault.New(
	fault.NotFound, "they show no picture of themselves", "`murmur contact show` says who does.",
)

// contactPicture shows what a contact has sent, decoded and encoded anew in a process of its own
// each time: it is a small file, and few ask for it.
func (s *server) contactPicture(w http.ResponseWriter, r *http.Request) error {
	var file []byte
	err := s.client.View(func(_ time.Time, p *parts.Person) error {
		k, err := p.Contacts.FindEver(r.PathValue("alias"))
		file = k.Claimed.Picture
		return err
	})
	if err == nil {
		file, err = anew(r.Context(), file)
	}
	if err != nil {
		return err
	}
	giveJPEG(w, file)
	return nil
}

// anew is a small picture as it was encoded on this computer.
func anew(ctx context.Context, file []byte) ([]byte, error) {
	if len(file) == 0 {
		return nil, errNoFace
	}
	jpeg, err := decoder.RenewThumb(ctx, file)
	if errors.Is(err, decoder.ErrCrashed) { // which a computer short of memory does too
		jpeg, err = decoder.RenewThumb(ctx, file)
	}
	if decoder.Blames(err) {
		err = errFace.With("%w", err)
	}
	return jpeg, err
}

// errFace says that what a contact shows is no picture.
var errFace = fault.New(
	fault.Trust, "what they show of themselves is no picture", "Ask them.",
)

func giveJPEG(w http.ResponseWriter, file []byte) {
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(file) // a command that has gone away needs no answer
}

// ContactPicture is the picture of a contact, a JPEG file that the daemon has encoded.
func (c *Client) ContactPicture(ctx context.Context, alias string) ([]byte, error) {
	return c.raw(ctx, "GET", contactPath(alias)+"/picture", nil)
}

// photoPath is where the nth photo of a post is, counted from 1.
func photoPath(post string, n int) string {
	return "/v1/photos/" + segment(post) + "?n=" + strconv.Itoa(n)
}

// Photo waits until the nth photo of a post is here, counted from 1, and returns the JPEG file.
// progress, if not nil, hears how far it is. It comes to the daemon all the same when ctx ends.
func (c *Client) Photo(
	ctx context.Context, post string, n int, progress func(Photo),
) ([]byte, error) {
	path := photoPath(post, n)
	tick := time.NewTicker(photoLook)
	defer tick.Stop()
	for {
		var p Photo
		if err := c.call(ctx, "POST", path, nil, &p); err != nil {
			return nil, err
		}
		if progress != nil {
			progress(p)
		}
		if p.Here {
			return c.raw(ctx, "GET", path, nil)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
