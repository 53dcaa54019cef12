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
	// Anew is where it began then, on a day: what was said before goes on in it, for the readers
	// that there were.
	Anew *anew `cbor:"4,keyasint,omitempty"`
}

type anew struct {
	Start boxstream.Start `cbor:"1,keyasint"`
	Day   box.Day         `cbor:"2,keyasint"`
}

func (o own) put(tx *store.Tx) error { return tx.Put(bucketOwn, "", o) }

func getOwn(tx *store.Tx) (o own, err error) {
	err = tx.Get(bucketOwn, "", &o)
	if errors.Is(err, store.ErrNotFound) {
		err = errNoFeed
	}
	return o, err
}

// author is the outbox's name for who writes the own feed.
const author = "feed"

// stream is the outbox's name for the feed of an epoch.
func (o own) stream() string { return fmt.Sprintf("feed/%d", o.Epoch) }

// Outbox is where posts wait until they are kept: an *outbox.Outbox.
type Outbox interface {
	Serve(name string, a outbox.Author)
	Put(tx *store.Tx, now time.Time, d outbox.Draft) error
}

// Cover is told of what a person writes: so many boxes of cover less are needed.
type Cover interface {
	Wrote(tx *store.Tx, boxes int) error
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
	Cover    Cover
}

// Own is the one open feed that a person writes. It keeps nothing in memory.
type Own struct{ cfg Config }

// NewOwn is the feed of a person.
func NewOwn(cfg Config) *Own {
	f := &Own{cfg}
	cfg.Outbox.Serve(author, f)
	return f
}

// Publish makes the feed, if there is none yet, and returns the link for readers who begin now; or
// where a feed began anew, for as long as boxes are kept.
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
	l := Link{Network: NetworkOf(f.cfg.Network.ID), FirstDay: f.cfg.Network.Today(now)}
	if o.Anew != nil && f.cfg.Network.Calendar.Kept(now, o.Anew.Day) {
		l.FirstDay, l.Stream = o.Anew.Day, o.Anew.Start
		return l, nil
	}
	l.Stream, err = o.Writer.Start()
	return l, err
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

// Stream is the feed, for the outbox.
func (f *Own) Stream(tx *store.Tx) (name string, w boxstream.Writer, err error) {
	o, err := getOwn(tx)
	if errors.Is(err, errNoFeed) {
		return "", w, nil
	}
	return o.stream(), o.Writer, err
}

// Renew begins a new epoch of the feed under new keys, since a copy of this home writes to the old,
// and seals into it what waited.
func (f *Own) Renew(
	tx *store.Tx, day box.Day, waited [][]byte,
) (name string, all []boxstream.Sealed, err error) {
	o, err := getOwn(tx)
	if err != nil {
		return "", nil, err
	}
	o.Epoch, o.Unsaid = o.Epoch+1, true
	if o.Writer, err = boxstream.NewWriter(f.cfg.Random); err != nil {
		return "", nil, err
	}
	start, err := o.Writer.Start()
	if err != nil {
		return "", nil, err
	}
	o.Anew = &anew{start, day}
	if all, err = o.Writer.SealBytes(f.cfg.Network, day, waited...); err != nil {
		return "", nil, err
	}
	return o.stream(), all, o.put(tx)
}

// Draft is what a person wants to say.
type Draft struct {
	Text    string
	Picture *picture.Picture // or nil
	Alt     string           // what the picture shows, in words
	// Quick boxes travel as fast as what is read: readers have them sooner, and who watches much of
	// the network and follows the feed needs fewer of them to find its author.
	Quick bool
}

func (f *Own) post(now time.Time, d Draft) content.Post {
	p := content.Post{Name: f.cfg.Name, Time: content.Hour(now), Text: d.Text}
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
	if err := post.Check(); err != nil {
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
	day, err := f.day(now)
	if err != nil {
		return Receipt{}, err
	}
	draft := outbox.Draft{Name: id, Author: author, Stream: o.stream(), Slow: !d.Quick}
	kept := timeline.Entry{ID: id, Own: true, Received: now.UnixMilli(), Day: day}
	draft.Boxes, kept.Content, err = f.seal(&o.Writer, day, post, d.Picture)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{id, len(draft.Boxes)}, f.queue(now, o, draft, kept, d.Picture)
}

// day is that for which a post's boxes are sealed.
func (f *Own) day(now time.Time) (box.Day, error) {
	after, err := boxstream.SwitchAfter(f.cfg.Random)
	return f.cfg.Network.WritingDay(now, after), err
}

// seal makes the boxes of a post: its own first, then those of its picture.
func (f *Own) seal(
	w *boxstream.Writer, day box.Day, post content.Post, p *picture.Picture,
) (all []boxstream.Sealed, said []byte, err error) {
	format := f.cfg.Network.Format
	var parts []box.Record
	if p != nil {
		if parts = format.Split(content.KindPhoto, p.JPEG); len(parts) > content.MaxPhotoBoxes {
			return nil, nil, errLarge.With("it takes %d boxes of this network", len(parts))
		}
		post.Photo.Hash = parts[0].Hash
	}
	if said, err = post.Marshal(format.ContentSize()); err != nil {
		return nil, nil, err
	}
	records := append(format.Split(content.KindPost, said), parts...)
	all, err = w.Seal(f.cfg.Network, day, records...)
	return all, said, err
}

// queue puts everything on the disk in one transaction: the sealed bytes, the advanced capability,
// the post, the author's own copy of the picture, and the outbox's entry.
func (f *Own) queue(
	now time.Time, o own, d outbox.Draft, kept timeline.Entry, p *picture.Picture,
) error {
	err := f.cfg.Store.Update(func(tx *store.Tx) (err error) {
		if err := f.cfg.Outbox.Put(tx, now, d); err != nil {
			return err
		}
		if p != nil {
			err = f.cfg.Photos.Keep(tx, kept.ID, p.JPEG)
		}
		return errors.Join(err, o.put(tx), f.cfg.Timeline.Keep(tx, kept),
			f.cfg.Cover.Wrote(tx, len(d.Boxes)))
	})
	if err != nil {
		return fmt.Errorf("queueing a post: %w", err)
	}
	return nil
}
