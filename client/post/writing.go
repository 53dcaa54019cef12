package post

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

// Outbox is where boxes wait until they are kept: *outbox.Outbox is one.
type Outbox interface {
	Put(tx *store.Tx, now time.Time, d outbox.Draft) error
}

// Cover is told of what a person writes: so many boxes of cover less are needed.
type Cover interface {
	Wrote(tx *store.Tx, boxes int) error
}

// Photos keeps the pictures of own posts: *photo.Photos does.
type Photos interface {
	Keep(tx *store.Tx, post string, index int, jpeg, thumb []byte) error
	Forget(tx *store.Tx, post string, index int) error
}

// WritingConfig says whose posts they are, and where they go. All fields are required.
type WritingConfig struct {
	// Name is what the person calls themselves in posts, as it is now.
	Name    func() string
	Network boxstream.Network
	// Random makes nonces of posts, and says when a box changes its day.
	Random   io.Reader
	Outbox   Outbox
	Timeline *timeline.Timeline
	Photos   Photos
	Cover    Cover
}

// Writing writes posts into streams. It keeps nothing in memory.
type Writing struct{ cfg WritingConfig }

// NewWriting is the posts of a person.
func NewWriting(cfg WritingConfig) *Writing { return &Writing{cfg} }

// Check says what is wrong with a draft, before anything is done about it.
func (w *Writing) Check(now time.Time, d Draft) error {
	if n := w.boxes(d); n > content.MaxPhotoBoxes {
		return errLarge.With("they take %d boxes of this network", n)
	}
	return w.post(now, d, nil).Check()
}

// boxes is how many the pictures of a draft take.
func (w *Writing) boxes(d Draft) (n int) {
	size := w.cfg.Network.Format.ContentSize()
	for _, p := range d.Pictures {
		n += (len(p.JPEG) + size - 1) / size
	}
	return n
}

// post is a draft as it is said; parts are those of its pictures.
func (w *Writing) post(now time.Time, d Draft, parts [][]box.Record) content.Post {
	p := content.Post{
		Name: w.cfg.Name(), Time: content.Hour(now), Text: content.Normalize(d.Text),
		Reply: d.Reply, Expires: d.Expires, Warning: strings.TrimSpace(d.Warning), Poll: d.Poll,
	}
	for i, q := range d.Pictures {
		about := content.Photo{
			Size: len(q.JPEG), Width: q.Width, Height: q.Height, Alt: content.Normalize(q.Alt),
			Thumb: q.Thumb,
		}
		if parts != nil {
			about.Hash = parts[i][0].Hash
		}
		p.Photos = append(p.Photos, about)
	}
	return p
}

// Post writes a draft into a stream, in the caller's transaction, which also keeps what becomes of
// s: the boxes of the post, then those of its pictures. It is in the timeline and in the outbox
// when the transaction has succeeded.
func (w *Writing) Post(
	tx *store.Tx, now time.Time, to Stream, author string, s *boxstream.Writer, d Draft,
) (Receipt, error) {
	if err := w.Check(now, d); err != nil {
		return Receipt{}, err
	}
	format := w.cfg.Network.Format
	var parts [][]box.Record
	var all []box.Record
	for _, p := range d.Pictures {
		parts = append(parts, format.Split(content.KindPhoto, p.JPEG))
		all = append(all, parts[len(parts)-1]...)
	}
	post := w.post(now, d, parts)
	if _, err := io.ReadFull(w.cfg.Random, post.Nonce[:]); err != nil {
		return Receipt{}, fmt.Errorf("drawing the nonce of a post: %w", err)
	}
	said, err := post.Marshal(format.ContentSize())
	if err != nil {
		return Receipt{}, err
	}
	id := content.ID(to.Source, said)
	sealed, err := w.Say(tx, now, to, s, outbox.Draft{
		Name: id, Says: FirstWords(post), Author: author, Slow: !d.Quick,
	}, append(format.Split(content.KindPost, said), all...)...)
	if err != nil {
		return Receipt{}, err
	}
	number, err := sealed[0].Number()
	errs := []error{err, w.cfg.Timeline.Keep(tx, timeline.Entry{
		ID: id, Own: true, Source: to.Source, Epoch: to.Epoch, Content: said,
		Received: now.UnixMilli(), Day: sealed[0].Day, Number: number,
	}), fade(tx, id, post)}
	for i, p := range d.Pictures {
		errs = append(errs, w.cfg.Photos.Keep(tx, id, i, p.JPEG, p.Thumb))
	}
	return Receipt{id, len(sealed)}, errors.Join(errs...)
}

// Cancel forgets a post that its person takes back before it was handed over, with its pictures,
// and gives the record that goes in the place of each of its boxes: readers pass it over.
func (w *Writing) Cancel(tx *store.Tx, id string) (nothing []byte, err error) {
	known, err := w.cfg.Timeline.Has(tx, id)
	if err != nil {
		return nil, err
	}
	if !known { // others wait for what it is
		return nil, outbox.ErrFast
	}
	empty := box.Record{Kind: content.KindCover, Parts: 1}
	return empty.Marshal(w.cfg.Network.Format), w.Erase(tx, id)
}

// Erase forgets a post with its pictures, for good.
func (w *Writing) Erase(tx *store.Tx, id string) error {
	errs := []error{w.cfg.Timeline.Erase(tx, id)}
	for i := range content.MaxPhotos {
		errs = append(errs, w.cfg.Photos.Forget(tx, id, i))
	}
	return errors.Join(errs...)
}

// Say writes records into a stream, in the caller's transaction, as the boxes of one entry of the
// outbox, whose other fields the caller gives.
func (w *Writing) Say(
	tx *store.Tx, now time.Time, to Stream, s *boxstream.Writer, d outbox.Draft,
	records ...box.Record,
) ([]boxstream.Sealed, error) {
	after, err := boxstream.SwitchAfter(w.cfg.Random)
	if err != nil {
		return nil, err
	}
	d.Stream = to.Name
	d.Boxes, err = s.Seal(w.cfg.Network, w.cfg.Network.WritingDay(now, after), records...)
	if err == nil {
		err = w.cfg.Outbox.Put(tx, now, d)
	}
	if err != nil {
		return nil, err
	}
	return d.Boxes, w.cfg.Cover.Wrote(tx, len(d.Boxes))
}

// maxWords is how many bytes of a post its entry in the outbox shows.
const maxWords = 60

// FirstWords is the beginning of a post, in one line.
func FirstWords(p content.Post) string {
	words := p.Text
	if words == "" && len(p.Photos) > 0 {
		words = p.Photos[0].Alt
	}
	words = strings.Join(strings.Fields(words), " ")
	if len(words) <= maxWords {
		return words
	}
	words = words[:maxWords]
	for !utf8.ValidString(words) {
		words = words[:len(words)-1]
	}
	return words + "…"
}
