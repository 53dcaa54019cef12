package feed

import (
	"errors"
	"fmt"
	"io"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/picture"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

// bucketOwn has one record, the own feed.
const bucketOwn = "feed"

// own is what the disk has of the own feed.
type own struct {
	Writer boxstream.Writer `cbor:"1,keyasint"`
	Epoch  int              `cbor:"2,keyasint"` // counts from 1, and on when a stream was closed
	// Unsaid: it replaced another, and its person has not asked for the link yet.
	Unsaid bool `cbor:"3,keyasint"`
}

func (o own) put(tx *store.Tx) error { return tx.Put(bucketOwn, "", o) }

func getOwn(tx *store.Tx) (o own, err error) {
	err = tx.Get(bucketOwn, "", &o)
	if errors.Is(err, store.ErrNotFound) {
		err = errNoFeed
	}
	return o, err
}

// stream is the outbox's name for the own feed.
const stream = "feed"

// conflict is what a person is told when a copy of their home has posted.
const conflict = "another copy of this home has written to the same feed: a new epoch begins, " +
	"give your readers the new link"

// Outbox is where posts wait until they are stored: an *outbox.Outbox.
type Outbox interface {
	Serve(name string, a outbox.Author)
	Put(tx *store.Tx, now time.Time, d outbox.Draft) (outbox.Taken, error)
	Take(t outbox.Taken)
}

// Photos keeps the pictures of own posts: *photo.Photos does.
type Photos interface {
	Keep(tx *store.Tx, post string, jpeg []byte) error
}

// Config says whose feed it is, and where its posts go. All fields are required.
type Config struct {
	// Name is what the person calls themselves in posts.
	Name    string
	Store   *store.Store
	Network boxstream.Network
	// Random makes the keys of streams.
	Random   io.Reader
	Outbox   Outbox
	Timeline *timeline.Timeline
	Photos   Photos
}

// Own is the one open feed that a person writes. It keeps nothing in memory.
type Own struct{ cfg Config }

// NewOwn is the feed of a person.
func NewOwn(cfg Config) *Own {
	f := &Own{cfg}
	cfg.Outbox.Serve(stream, f)
	return f
}

// Publish makes the feed, if there is none yet, and returns the link for readers who begin now.
func (f *Own) Publish(now time.Time) (Link, error) {
	var o own
	err := f.cfg.Store.View(func(tx *store.Tx) (err error) { o, err = getOwn(tx); return err })
	fresh := errors.Is(err, errNoFeed)
	if fresh {
		o.Epoch = 1
		o.Writer, err = boxstream.NewWriter(f.cfg.Random)
	}
	if err == nil && (fresh || o.Unsaid) {
		o.Unsaid = false
		err = f.cfg.Store.Update(o.put)
	}
	if err != nil {
		return Link{}, err
	}
	start, err := o.Writer.Start()
	return Link{
		Network: NetworkOf(f.cfg.Network.ID), FirstDay: f.cfg.Network.Today(now), Stream: start,
	}, err
}

// Trouble is ErrCopied until the link of a feed that began anew was asked for.
func (f *Own) Trouble() error {
	return f.cfg.Store.View(func(tx *store.Tx) error {
		o, err := getOwn(tx)
		if err == nil && o.Unsaid {
			return ErrCopied
		}
		return nil
	})
}

// writes says whether the own feed is what r reads.
func (f *Own) writes(r boxstream.Reader) (bool, error) {
	var o own
	err := f.cfg.Store.View(func(tx *store.Tx) (err error) { o, err = getOwn(tx); return err })
	if errors.Is(err, errNoFeed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	start, err := o.Writer.Start()
	if err != nil {
		return false, err
	}
	mine, err := boxstream.NewReader(start, 0, time.Time{})
	return mine.Same(r), err
}

// Conflict begins a new epoch of the feed under new keys, since a copy of this home writes to the
// old.
func (f *Own) Conflict(tx *store.Tx, _ time.Time) (why string, err error) {
	o, err := getOwn(tx)
	if err != nil {
		return "", err
	}
	o.Epoch, o.Unsaid = o.Epoch+1, true
	if o.Writer, err = boxstream.NewWriter(f.cfg.Random); err != nil {
		return "", err
	}
	return conflict, o.put(tx)
}

// Draft is what a person wants to say.
type Draft struct {
	Text    string
	Picture *picture.Picture // or nil
	Alt     string           // what the picture shows, in words
}

func (f *Own) post(now time.Time, d Draft) content.Post {
	p := content.Post{Name: f.cfg.Name, Time: now.Unix(), Text: d.Text}
	if d.Picture != nil {
		p.Photo = &content.Photo{
			Size: len(d.Picture.JPEG), Width: d.Picture.Width, Height: d.Picture.Height,
			Alt: d.Alt, Thumb: d.Picture.Thumb,
		}
	}
	return p
}

// Receipt is what somebody gets for a draft.
type Receipt struct {
	Post  string // its id in the timeline and in the outbox
	Boxes int
}

// Post queues a draft: everything is checked and sealed, and on the disk, when it returns. Nothing
// is queued when it fails.
func (f *Own) Post(now time.Time, d Draft) (Receipt, error) {
	post := f.post(now, d)
	if err := post.Check(); err != nil && d.Picture == nil {
		return Receipt{}, err
	}
	var o own
	err := f.cfg.Store.View(func(tx *store.Tx) (err error) { o, err = getOwn(tx); return err })
	if err != nil {
		return Receipt{}, err
	}
	id, err := f.cfg.Timeline.NewID()
	if err != nil {
		return Receipt{}, err
	}
	day := f.cfg.Network.Today(now)
	kept := timeline.Entry{ID: id, Own: true, Received: now.UnixMilli(), Day: day}
	draft := outbox.Draft{Name: id, Author: stream}
	if draft.Batches, kept.Content, err = f.seal(&o.Writer, id, day, post, d.Picture); err != nil {
		return Receipt{}, err
	}
	return Receipt{id, draft.Size()}, f.queue(now, o, draft, kept, d.Picture)
}

// seal makes the boxes of a post: its own first, then those of its picture, which it points at.
func (f *Own) seal(
	w *boxstream.Writer, id string, day box.Day, post content.Post, p *picture.Picture,
) (all []outbox.Batch, said []byte, err error) {
	var parts []boxstream.Sealed
	if p != nil {
		if parts, err = f.sealPhoto(post.Photo, p.JPEG, day); err != nil {
			return nil, nil, err
		}
	}
	if said, err = post.Marshal(f.cfg.Network.Format.ContentSize()); err != nil {
		return nil, nil, err
	}
	records := f.cfg.Network.Format.Split(content.KindPost, said)
	boxes, err := w.Seal(f.cfg.Network, day, records...)
	all = []outbox.Batch{{Stream: stream, InOrder: true, Boxes: boxes}}
	if p != nil {
		all = append(all, outbox.Batch{Stream: id, Boxes: parts})
	}
	return all, said, err
}

// sealPhoto cuts a picture into boxes of a stream of its own, and tells the post where they are.
func (f *Own) sealPhoto(p *content.Photo, jpeg []byte, day box.Day) ([]boxstream.Sealed, error) {
	w, err := boxstream.NewWriter(f.cfg.Random)
	if err != nil {
		return nil, err
	}
	if p.Stream, err = w.Start(); err != nil {
		return nil, err
	}
	records := f.cfg.Network.Format.Split(content.KindPhoto, jpeg)
	p.Hash, p.Day = records[0].Hash, day
	return w.Seal(f.cfg.Network, day, records...)
}

// queue puts everything on the disk in one transaction: the sealed bytes, the advanced capability,
// the post, the author's own copy of the picture, and the outbox's entry.
func (f *Own) queue(
	now time.Time, o own, d outbox.Draft, kept timeline.Entry, p *picture.Picture,
) error {
	var taken outbox.Taken
	err := f.cfg.Store.Update(func(tx *store.Tx) (err error) {
		if taken, err = f.cfg.Outbox.Put(tx, now, d); err != nil {
			return err
		}
		if p != nil {
			err = f.cfg.Photos.Keep(tx, kept.ID, p.JPEG)
		}
		return errors.Join(err, o.put(tx), f.cfg.Timeline.Keep(tx, kept))
	})
	if err != nil {
		return fmt.Errorf("queueing a post: %w", err)
	}
	f.cfg.Outbox.Take(taken)
	return nil
}
