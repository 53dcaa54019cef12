package feed

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// bucketOwn has one record, the stream that the own feed writes now. It is in no backup: a home
// that is made of one writes another.
const bucketOwn = "feed"

// own is what the disk has of it.
type own struct {
	Writer boxstream.Writer `cbor:"1,keyasint"`
	Epoch  int              `cbor:"2,keyasint"` // counts from 1, and on when a stream was closed
	// Unsaid: it replaced another, or another home writes the feed, and its person has not asked
	// for the link since.
	Unsaid bool `cbor:"3,keyasint"`
	// Anew is where it began then, on a day: what was said before goes on in it, for the readers
	// that there were.
	Anew *mark `cbor:"4,keyasint,omitempty"`
	// Source is the feed, whatever its stream is.
	Source post.Source `cbor:"5,keyasint"`
	// Marks are where the stream stood before the first box of each day of which boxes are kept.
	Marks []mark `cbor:"6,keyasint,omitempty"`
}

// mark is where a stream stood on a day.
type mark struct {
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
	Put(tx *store.Tx, now time.Time, d outbox.Draft) error
}

// Cover is told of what a person writes: so many boxes of cover less are needed.
type Cover interface {
	Wrote(tx *store.Tx, boxes int) error
}

// Config says whose feed it is, and where its posts go. All fields are required.
type Config struct {
	Store   *store.Store
	Network boxstream.Network
	// Random makes the keys of streams.
	Random  io.Reader
	Outbox  Outbox
	Cover   Cover
	Writing *post.Writing
}

// Own is the one open feed that a person writes. All of it is on the disk.
type Own struct {
	cfg    Config
	access *person.Access
	doors  doors
}

// NewOwn is the feed of a person.
func NewOwn(p *person.Person, cfg Config) *Own {
	f := &Own{cfg: cfg, doors: doors{}}
	f.access = p.Join(f)
	cfg.Outbox.Serve(author, f)
	return f
}

// Publish makes the feed, if there is none yet, or begins it again if it was ended, and returns the
// link for readers.
func (f *Own) Publish(now time.Time) (l Link, err error) {
	err = f.cfg.Store.View(func(tx *store.Tx) (err error) {
		o, h, err := f.get(tx)
		if err == nil && !o.Unsaid && !h.Ended && !h.due(now, f.cfg.Network, o) {
			l, err = f.link(now, o, h)
		}
		return err
	})
	if err == nil && l.Head.Known() || err != nil && !errors.Is(err, errNoFeed) {
		return l, err
	}
	err = f.cfg.Store.Update(func(tx *store.Tx) (err error) {
		o, h, err := f.get(tx)
		if errors.Is(err, errNoFeed) {
			o, h, err = f.begin(h, f.cfg.Network.Today(now))
		}
		if err == nil {
			err = f.adopt(now, &o, &h)
		}
		if err != nil {
			return err
		}
		o.Unsaid, h.Ended = false, false
		if h.due(now, f.cfg.Network, o) {
			err = f.writeHead(tx, now, &o, &h)
		}
		if err = errors.Join(err, o.put(tx), h.put(tx)); err == nil {
			l, err = f.link(now, o, h)
		}
		return err
	})
	return l, err
}

// link is for readers who begin now; or where a feed began anew, for as long as boxes are kept.
func (f *Own) link(now time.Time, o own, h ownHead) (l Link, err error) {
	l = Link{
		Network: NetworkOf(f.cfg.Network.ID), FirstDay: h.Wrote.Day,
		Head: h.Head.at(weekOf(h.Wrote.Day)),
	}
	if o.Anew != nil && f.cfg.Network.Calendar.Kept(now, o.Anew.Day) {
		l.Stream = o.Anew.Start
		return l, nil
	}
	l.Stream, err = o.Writer.Start()
	return l, err
}

// begin is a stream of a feed: of a new one, or the next one of h.
func (f *Own) begin(h ownHead, today box.Day) (own, ownHead, error) {
	var err error
	if !h.Head.Known() {
		if h, err = newOwnHead(f.cfg.Random, weekOf(today)); err != nil {
			return own{}, h, err
		}
	}
	h.Epoch++
	o := own{Epoch: h.Epoch, Source: h.Head.Source()}
	if o.Writer, err = boxstream.NewWriter(f.cfg.Random); err != nil {
		return own{}, h, err
	}
	start, err := o.Writer.Start()
	o.Marks = []mark{{start, today}}
	h.remember(start)
	return o, h, err
}

// get is the feed, and its head, which one that was made before there were heads has not.
func (f *Own) get(tx *store.Tx) (o own, h ownHead, err error) {
	if h, err = getHead(tx); err == nil {
		o, err = getOwn(tx)
	}
	return o, h, err
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

// writes says whether a link is one of the own feed.
func (f *Own) writes(tx *store.Tx, l Link) (bool, error) {
	o, h, err := f.get(tx)
	if errors.Is(err, errNoFeed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := o.Writer.Start(); err != nil {
		return false, err
	}
	root, _ := l.Stream.Before()
	same := l.Head.Known() && l.Head.Root == h.Head.Root
	return same || slices.Contains(h.Roots, root), nil
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
// and seals into it what waited. Its readers find it by the head.
func (f *Own) Renew(
	tx *store.Tx, _ time.Time, day box.Day, waited [][]byte,
) (name string, all []boxstream.Sealed, err error) {
	before, h, err := f.get(tx)
	if err != nil {
		return "", nil, err
	}
	h.Epoch = max(h.Epoch, before.Epoch)
	o, h, err := f.begin(h, day)
	if err != nil {
		return "", nil, err
	}
	o.Unsaid, o.Anew = true, &o.Marks[0]
	if all, err = o.Writer.SealBytes(f.cfg.Network, day, waited...); err != nil {
		return "", nil, err
	}
	return o.stream().Name, all, errors.Join(o.put(tx), h.put(tx))
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
		h, err := getHead(tx)
		if err != nil {
			return err
		}
		if h.Ended {
			return ErrEnded
		}
		if err := o.mark(f.cfg.Network, now); err != nil {
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

// mark notes where the stream stands today, and forgets the days of which nothing is kept.
func (o *own) mark(n boxstream.Network, now time.Time) error {
	today := n.Today(now)
	if k := len(o.Marks); k > 0 && o.Marks[k-1].Day >= today {
		return nil
	}
	start, err := o.Writer.Start()
	if err != nil {
		return err
	}
	o.Marks = append(o.Marks, mark{start, today})
	o.Marks = slices.DeleteFunc(o.Marks, func(m mark) bool {
		return m.Day < n.Calendar.Oldest(now)
	})
	return nil
}
