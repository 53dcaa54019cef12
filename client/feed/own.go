package feed

import (
	"errors"
	"fmt"
	"io"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/post"
	"murmuration/client/store"
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
	// Source is the feed, whatever its stream is.
	Source post.Source `cbor:"5,keyasint"`
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

// stream is the one of an epoch, by the outbox's name for it.
func (o own) stream() post.Stream {
	return post.Stream{
		Name: fmt.Sprintf("%s/%d", author, o.Epoch), Source: o.Source, Epoch: o.Epoch,
	}
}

// Outbox has what is written wait until it is kept: *outbox.Outbox is one.
type Outbox interface {
	Serve(name string, a outbox.Author)
}

// Config says whose feed it is, and where its posts go. All fields are required.
type Config struct {
	Store   *store.Store
	Network boxstream.Network
	// Random makes the keys of streams.
	Random  io.Reader
	Outbox  Outbox
	Writing *post.Writing
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
		o, err = newOwn(f.cfg.Random)
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

func newOwn(random io.Reader) (o own, err error) {
	o.Epoch = 1
	if o.Writer, err = boxstream.NewWriter(random); err != nil {
		return own{}, err
	}
	start, err := o.Writer.Start()
	root, _ := start.Before()
	o.Source = content.SourceOf(root)
	return o, err
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

// writes says whether a start is one of the own feed.
func (f *Own) writes(tx *store.Tx, start boxstream.Start) (bool, error) {
	o, err := getOwn(tx)
	if errors.Is(err, errNoFeed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	mine, err := o.Writer.Start()
	if err != nil {
		return false, err
	}
	root, _ := start.Before()
	own, _ := mine.Before()
	return root == own, nil
}

// Stream is the feed, for the outbox.
func (f *Own) Stream(tx *store.Tx) (name string, w boxstream.Writer, err error) {
	o, err := getOwn(tx)
	if errors.Is(err, errNoFeed) {
		return "", w, nil
	}
	return o.stream().Name, o.Writer, err
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
	return o.stream().Name, all, o.put(tx)
}

// Post queues a draft: everything is checked and sealed, and on the disk, when it returns. Nothing
// is queued when it fails.
func (f *Own) Post(now time.Time, d post.Draft) (r post.Receipt, err error) {
	if err := f.cfg.Writing.Check(now, d); err != nil {
		return post.Receipt{}, err
	}
	err = f.cfg.Store.Update(func(tx *store.Tx) error {
		o, err := getOwn(tx)
		if err != nil {
			return err
		}
		r, err = f.cfg.Writing.Post(tx, now, o.stream(), author, &o.Writer, d)
		return errors.Join(err, o.put(tx))
	})
	if err != nil {
		return post.Receipt{}, fmt.Errorf("queueing a post: %w", err)
	}
	return r, nil
}

// Cancel takes a post back of which nothing was handed over.
func (f *Own) Cancel(tx *store.Tx, _ time.Time, entry string) ([]byte, error) {
	return f.cfg.Writing.Cancel(tx, entry)
}
