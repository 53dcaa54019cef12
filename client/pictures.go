package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"murmuration/client/content"
	"murmuration/client/decoder"
	"murmuration/client/parts"
	"murmuration/client/person"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/client/post"
	"murmuration/client/store"
)

// prepare makes pictures fit to be sent in one post, which share its boxes evenly; each is decoded
// in a process of its own.
func (c *Client) prepare(photos []Photo) (fit []post.Picture, notes []string, err error) {
	if len(photos) == 0 {
		return nil, nil, nil
	}
	if len(photos) > content.MaxPhotos {
		return nil, nil, content.ErrPhotos.With("%d", len(photos))
	}
	for i, p := range photos {
		made, err := c.fit(p.File, len(photos))
		if err != nil && len(photos) > 1 {
			err = fmt.Errorf("picture %d of %d: %w", i+1, len(photos), err)
		}
		if err != nil {
			return nil, nil, err
		}
		for _, n := range made.Notes {
			notes = append(notes, n.String())
		}
		fit = append(fit, post.Picture{Picture: made, Alt: p.Alt})
	}
	return fit, notes, nil
}

// Fit makes a picture file fit to be sent in this network; it takes a while.
func (c *Client) Fit(file []byte) (picture.Picture, error) { return c.fit(file, 1) }

// fit makes it fit to be one of so many.
func (c *Client) fit(file []byte, of int) (picture.Picture, error) {
	boxes := content.MaxPhotoBoxes / of
	most := min(content.MaxPhoto, boxes*parts.In(c.genesis).Network.Format.ContentSize())
	return decoder.Prepare(context.Background(), file, most, content.MaxThumb/of)
}

// lookAtPictures has pictures that came decoded, one after the other, in a process of its own each,
// before anybody sees them, until ctx ends.
func (c *Client) lookAtPictures(ctx context.Context) error {
	again := time.NewTicker(person.TurnEvery)
	defer again.Stop()
	for {
		for more := true; more; {
			var err error
			if more, err = c.lookAtOne(ctx); err != nil {
				return err
			}
		}
		select {
		case <-c.unchecked:
		case <-again.C: // what could not be done is tried again
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lookAtOne says whether there may be more to do now.
func (c *Client) lookAtOne(ctx context.Context) (more bool, err error) {
	var u photo.Unchecked
	err = c.View(func(_ time.Time, p *parts.Person) error {
		u, more, err = p.Photos.Unchecked()
		return err
	})
	if err != nil || !more {
		return false, err
	}
	jpeg, err := renew(ctx, u)
	if errors.Is(err, decoder.ErrCrashed) { // which a computer short of memory does too
		jpeg, err = renew(ctx, u)
	}
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case decoder.Blames(err):
		jpeg = nil
	case err != nil:
		c.log.Warn("pictures that came cannot be looked at, and wait", "error", err)
		return false, nil
	}
	err = c.do(func(time.Time) error { return c.person.Photos.Checked(u, jpeg) })
	if errors.Is(err, store.ErrFull) {
		return false, nil
	}
	return err == nil, err
}

func renew(ctx context.Context, u photo.Unchecked) ([]byte, error) {
	if u.Thumb {
		return decoder.RenewThumb(ctx, u.File)
	}
	return decoder.Renew(ctx, u.File, u.Width, u.Height)
}

// PhotoState says how far a photo of a post is, of which the first has index 0; its boxes come with
// those of its source. One that will never be here is an error.
func (c *Client) PhotoState(id string, index int) (s photo.State, err error) {
	err = c.View(func(now time.Time, p *parts.Person) error {
		s, err = p.Photo(now, id, index)
		return err
	})
	switch {
	case err != nil:
		return photo.State{}, err
	case s.Where == photo.Bad:
		return photo.State{}, photo.ErrBad
	case s.Where == photo.Expired:
		return photo.State{}, photo.ErrGone
	}
	return s, nil
}

// Photo is the JPEG file of a photo of a post: one's own, byte for byte as others get it, and
// another's as it was encoded anew here.
func (c *Client) Photo(id string, index int) ([]byte, error) {
	s, err := c.PhotoState(id, index) // which also knows ids by their beginnings
	if err != nil {
		return nil, err
	}
	file, err := c.person.Photos.File(s.Post, index)
	if err != nil {
		return nil, err
	}
	if _, _, err := picture.Plain(file); err != nil { // kept by an earlier version, as it came
		return nil, photo.ErrBad.With("%w", err)
	}
	return file, nil
}
