package client

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"murmuration/client/feed"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Implementation constants of fetching.
const (
	// fetchTokens is the first token of reads; see auditTokens for those below.
	fetchTokens = uint64(1) << 62
	// eager is how often a part is asked for before it gets pauses: a photo whose post has just come
	// may be written while it is read.
	eager = 8
	// pauseFirst is doubled from then on, up to pauseLast.
	pauseFirst = 30 * time.Second
	pauseLast  = 30 * time.Minute
)

// fetch is a photo on its way: bucket "fetches", by post. Its parts are in bucket "parts" as they come,
// so that it goes on after a restart.
type fetch struct {
	Post string `cbor:"1,keyasint"`

	photo   *feed.Photo
	reading *box.ReadCap
	parts   []part
	got     int
}

// part is one box of a photo.
type part struct {
	index box.Index
	got   bool
	asked bool // in the sender
	tries int  // that found nothing
	next  time.Time
}

// ask is a read in the sender, for a part of a fetch.
type ask struct {
	post string
	part int
}

func partName(post string, i int) string { return fmt.Sprintf("%s/%05d", post, i) }

func (c *Client) loadFetches(tx *store.Tx) error {
	return store.Each(tx, "fetches", func(_ string, f fetch) error {
		var e entry
		if err := tx.Get("posts", f.Post, &e); err != nil {
			return err
		}
		loaded, err := c.newFetch(tx, e)
		c.fetches[f.Post] = loaded
		return err
	})
}

// newFetch cuts a photo into its parts and sees which are here.
func (c *Client) newFetch(tx *store.Tx, e entry) (*fetch, error) {
	p, err := feed.ParsePost(e.Content)
	if err != nil || p.Photo == nil {
		return nil, errors.Join(ErrNoPhoto, err)
	}
	reading, index, err := p.Photo.Stream.Open()
	if err != nil {
		return nil, err
	}
	f := &fetch{Post: e.ID, photo: p.Photo, reading: reading}
	size := c.format.ContentSize()
	for i := range (p.Photo.Size + size - 1) / size {
		got, err := tx.Has("parts", partName(e.ID, i))
		if err != nil {
			return nil, err
		}
		f.parts = append(f.parts, part{index: index, got: got})
		if got {
			f.got++
		}
		index = index.Next()
	}
	return f, nil
}

// PhotoState is how far a photo is.
type PhotoState struct {
	Post  string
	Here  bool
	Got   int // boxes
	Of    int
	Bytes int
}

// FetchPhoto begins to fetch a post's photo, unless it is here or on its way, and says how far it is.
func (c *Client) FetchPhoto(post string) (PhotoState, error) {
	c.state.Lock()
	defer c.state.Unlock()
	state, err := c.photoState(post)
	if err != nil || state.Here || c.fetches[post] != nil {
		return state, err
	}
	var f *fetch
	err = c.store.Update(func(tx *store.Tx) error {
		var e entry
		if err := tx.Get("posts", post, &e); err != nil {
			return err
		}
		if e.BadPhoto {
			return ErrPhotoBad
		}
		if f, err = c.newFetch(tx, e); err != nil {
			return err
		}
		return tx.Put("fetches", post, *f)
	})
	if err != nil {
		return PhotoState{}, err
	}
	if c.expired(f, time.Now()) {
		return PhotoState{}, errors.Join(ErrPhotoGone, c.endFetch(f, nil))
	}
	c.fetches[post] = f
	c.wake()
	return c.photoState(post)
}

// photoState is what is known about a photo. The caller holds c.state.
func (c *Client) photoState(post string) (s PhotoState, err error) {
	err = c.store.View(func(tx *store.Tx) error {
		var e entry
		if err := tx.Get("posts", post, &e); errors.Is(err, store.ErrNotFound) {
			return ErrNoPost.With("%q", post)
		} else if err != nil {
			return err
		}
		p, err := feed.ParsePost(e.Content)
		if err != nil || p.Photo == nil {
			return errors.Join(ErrNoPhoto, err)
		}
		size := c.format.ContentSize()
		s = PhotoState{Post: post, Of: (p.Photo.Size + size - 1) / size, Bytes: p.Photo.Size}
		s.Here, err = tx.Has("photos", post)
		return err
	})
	if s.Here {
		s.Got = s.Of
	} else if f := c.fetches[post]; f != nil {
		s.Got = f.got
	}
	return s, err
}

// Photo is the JPEG file of a post, byte for byte as its author has it.
func (c *Client) Photo(post string) ([]byte, error) {
	var picture []byte
	err := c.store.View(func(tx *store.Tx) error { return tx.Get("photos", post, &picture) })
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoPhoto.With("it is not here: fetch it first")
	}
	return picture, err
}

// expired says that no holder keeps the photo's boxes any more.
func (c *Client) expired(f *fetch, now time.Time) bool { return f.photo.Day < c.calendar.Oldest(now) }

// supplyFetches asks for missing parts. Several are in the sender at once, behind what was there
// before, and come one in each slot of the work lane. The caller holds c.state.
func (c *Client) supplyFetches(now time.Time) error {
	for _, f := range c.fetches {
		if c.expired(f, now) {
			if err := c.endFetch(f, nil); err != nil {
				return err
			}
			continue
		}
		if f.got == len(f.parts) { // a full disk or a kill came between the last part and the whole
			if err := c.assemble(f); err != nil {
				return err
			}
			continue
		}
		for i := range f.parts {
			if p := &f.parts[i]; !p.got && !p.asked && !p.next.After(now) {
				if err := c.askFor(f, i, now); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (c *Client) askFor(f *fetch, i int, now time.Time) error {
	p := &f.parts[i]
	day := c.partDay(f, p, now)
	c.tokens++
	r := sender.Request{
		Token: fetchTokens + c.tokens, Op: box.OpRead, Day: day, Try: p.tries,
		Box: box.Box{ID: f.reading.ID(p.index, c.network, day)},
	}
	c.mu.Lock()
	err := c.sender.Enqueue(now, r)
	c.mu.Unlock()
	if errors.Is(err, sender.ErrQueueFull) || errors.Is(err, sender.ErrDay) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking for a part of a photo: %w", err)
	}
	p.asked = true
	c.asked[r.Token] = ask{f.Post, i}
	return nil
}

// partDay is the photo's own day twice, at either holder, then the days after it, on which its author
// may have had to seal again, and so on in turn.
func (c *Client) partDay(f *fetch, p *part, now time.Time) box.Day {
	days := int(c.today()) - int(f.photo.Day) + 1
	return f.photo.Day + box.Day(p.tries/2%max(days, 1))
}

// forgetAsked notes that a new sender knows of no reads yet. The caller holds c.state.
func (c *Client) forgetAsked() {
	clear(c.asked)
	for _, f := range c.fetches {
		for i := range f.parts {
			f.parts[i].asked = false
		}
	}
}

// answered takes the answer to a read of a part. The caller holds c.state.
func (c *Client) answered(e sender.Event, now time.Time) error {
	a, ok := c.asked[e.Token]
	delete(c.asked, e.Token)
	f := c.fetches[a.post]
	if !ok || f == nil {
		return nil
	}
	p := &f.parts[a.part]
	p.asked = false
	content, ok := c.openPart(f, a.part, e)
	if !ok {
		p.tries++
		if p.tries > eager {
			p.next = now.Add(min(pauseFirst<<min(p.tries-eager-1, 10), pauseLast))
		}
		return nil
	}
	return c.gotPart(f, a.part, content)
}

// openPart is the content of a part, if the answer has it.
func (c *Client) openPart(f *fetch, i int, e sender.Event) ([]byte, bool) {
	if e.Reply.Status != box.StatusFound {
		return nil, false
	}
	plaintext, err := f.reading.Open(f.parts[i].index, c.network, e.Day, e.Reply.Box)
	if err != nil {
		return nil, false
	}
	r, err := box.ParseRecord(c.format, plaintext)
	if err != nil || r.Kind != feed.KindPhoto || int(r.Part) != i || int(r.Parts) != len(f.parts) || r.Hash != f.photo.Hash {
		return nil, false
	}
	return r.Content, true
}

func (c *Client) gotPart(f *fetch, i int, content []byte) error {
	err := c.store.Update(func(tx *store.Tx) error { return tx.Put("parts", partName(f.Post, i), content) })
	if err != nil {
		return fmt.Errorf("keeping a part of a photo: %w", err)
	}
	f.parts[i].got = true
	f.got++
	if f.got < len(f.parts) {
		return nil
	}
	return c.assemble(f)
}

// assemble puts the parts together. What is not what the post says is thrown away.
func (c *Client) assemble(f *fetch) error {
	var picture []byte
	err := c.store.View(func(tx *store.Tx) error {
		for i := range f.parts {
			var content []byte
			if err := tx.Get("parts", partName(f.Post, i), &content); err != nil {
				return err
			}
			picture = append(picture, content...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("putting a photo together: %w", err)
	}
	if len(picture) != f.photo.Size || sha256.Sum256(picture) != f.photo.Hash {
		c.log.Warn("a photo is not what its post describes")
		return c.endFetch(f, nil, markBad)
	}
	return c.endFetch(f, picture)
}

// markBad notes on a post that its photo must not be fetched again.
func markBad(tx *store.Tx, post string) error {
	var e entry
	if err := tx.Get("posts", post, &e); err != nil {
		return err
	}
	e.BadPhoto = true
	return tx.Put("posts", post, e)
}

// endFetch keeps the picture, if there is one, and forgets the parts.
func (c *Client) endFetch(f *fetch, picture []byte, besides ...func(*store.Tx, string) error) error {
	err := c.store.Update(func(tx *store.Tx) error {
		errs := []error{tx.Delete("fetches", f.Post)}
		for _, do := range besides {
			errs = append(errs, do(tx, f.Post))
		}
		if picture != nil {
			errs = append(errs, tx.Put("photos", f.Post, picture))
		}
		for i := range f.parts {
			errs = append(errs, tx.Delete("parts", partName(f.Post, i)))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("keeping a photo: %w", err)
	}
	delete(c.fetches, f.Post)
	return nil
}
