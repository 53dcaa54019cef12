package client

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"murmuration/client/feed"
	"murmuration/client/photo"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// maxLetters bounds the boxes that wait to be stored: some 70 MiB.
const maxLetters = 8192

// entry is a post in the timeline, one's own or somebody's: bucket "posts", by id.
type entry struct {
	ID       string  `cbor:"1,keyasint"`
	Own      bool    `cbor:"2,keyasint"`
	Follow   uint64  `cbor:"3,keyasint"` // the followed feed's token
	Content  []byte  `cbor:"4,keyasint"` // feed.Post
	Received int64   `cbor:"5,keyasint"` // or queued; Unix milliseconds
	Day      box.Day `cbor:"6,keyasint"`
	BadPhoto bool    `cbor:"7,keyasint"` // its boxes hold something else than the post says

	claimed string // the name in Content
}

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// newID names a post on this computer alone: other readers have other names for it.
func newID() string {
	var b [5]byte
	rand.Read(b[:]) // never fails
	return strings.ToLower(idEncoding.EncodeToString(b[:]))
}

// Draft is what a person wants to say.
type Draft struct {
	Text  string
	Photo []byte // a picture file as it is, or nil
	Alt   string // what the picture shows, in words
}

// Receipt is what somebody gets for a draft: its place in the outbox, and when it is expected to be
// stored.
type Receipt struct {
	Post   string
	Boxes  int
	Window sender.Window
}

// Publish makes the open feed, if there is none yet, and returns the link for readers who begin now.
func (c *Client) Publish() (feed.Link, error) {
	c.state.Lock()
	defer c.state.Unlock()
	own, err := c.ownFeed()
	fresh := errors.Is(err, ErrNoFeed)
	if fresh {
		own, err = newStream(1, c.today())
	}
	if err == nil && (fresh || own.Unsaid) {
		own.Unsaid = false
		err = c.store.Update(func(tx *store.Tx) error { return tx.Put("streams", feedStream, own) })
	}
	if err != nil {
		return feed.Link{}, err
	}
	reading, err := own.reading()
	return feed.Link{Network: feed.NetworkOf(c.network), FirstDay: c.today(), Stream: reading}, err
}

func (c *Client) ownFeed() (own stream, err error) {
	err = c.store.View(func(tx *store.Tx) error { return tx.Get("streams", feedStream, &own) })
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoFeed
	}
	return own, err
}

func (c *Client) today() box.Day { return box.DayOf(c.genesis.Start, time.Now()) }

// Post queues a draft: everything is checked and sealed, and on the disk, when it returns. Nothing is
// queued when it fails.
func (c *Client) Post(d Draft) (Receipt, error) {
	p, picture, err := c.prepare(d)
	if err != nil {
		return Receipt{}, err
	}
	c.state.Lock()
	defer c.state.Unlock()
	own, err := c.ownFeed()
	if err != nil {
		return Receipt{}, err
	}
	q := queued{c: c, id: newID(), day: c.today(), number: c.self.Letters}
	if picture != nil {
		if err := q.photo(&p, picture); err != nil {
			return Receipt{}, err
		}
	}
	if err := q.post(p, &own); err != nil {
		return Receipt{}, err
	}
	if len(c.mail.waiting)+len(q.letters) > maxLetters {
		return Receipt{}, ErrOutbox.With("%d boxes wait", len(c.mail.waiting))
	}
	if err := q.commit(own); err != nil {
		return Receipt{}, err
	}
	c.wake()
	return Receipt{q.id, len(q.letters), sender.Expect(c.genesis.Parameters, len(c.mail.waiting))}, nil
}

// prepare checks the words and makes the picture fit, before anything is touched.
func (c *Client) prepare(d Draft) (feed.Post, *photo.Picture, error) {
	p := feed.Post{Name: c.name(), Time: time.Now().Unix(), Text: d.Text}
	if d.Photo == nil {
		return p, nil, p.Check()
	}
	picture, err := photo.Prepare(d.Photo, feed.MaxPhoto, feed.MaxThumb)
	if err != nil {
		return feed.Post{}, nil, err
	}
	p.Photo = &feed.Photo{
		Size: len(picture.JPEG), Width: picture.Width, Height: picture.Height,
		Alt: d.Alt, Thumb: picture.Thumb,
	}
	return p, &picture, nil
}

func (c *Client) name() string {
	c.state.Lock()
	defer c.state.Unlock()
	return c.self.Name
}

// queued is a post in the making: its letters, the post's own first.
type queued struct {
	c       *Client
	id      string
	day     box.Day
	number  uint64
	content []byte
	letters []letter
	picture []byte
	stream  stream // of the photo
}

// photo cuts the picture into boxes of a stream of its own, and tells the post where they are.
func (q *queued) photo(p *feed.Post, picture *photo.Picture) (err error) {
	if q.stream, err = newStream(1, q.day); err != nil {
		return err
	}
	if p.Photo.Stream, err = q.stream.reading(); err != nil {
		return err
	}
	records := q.c.format.Split(feed.KindPhoto, picture.JPEG)
	p.Photo.Hash, p.Photo.Day, q.picture = records[0].Hash, q.day, picture.JPEG
	q.number++ // the post's own letter comes first
	return q.seal(&q.stream, q.id, records)
}

// post seals the post itself and advances the feed.
func (q *queued) post(p feed.Post, own *stream) (err error) {
	if q.content, err = p.Marshal(q.c.format.ContentSize()); err != nil {
		return err
	}
	photos := q.letters
	after := q.number
	q.letters, q.number = nil, q.c.self.Letters
	if err := q.seal(own, feedStream, q.c.format.Split(feed.KindPost, q.content)); err != nil {
		return err
	}
	q.letters, q.number = append(q.letters, photos...), max(after, q.number)
	return nil
}

func (q *queued) seal(s *stream, name string, records []box.Record) error {
	writer, index, err := s.open()
	if err != nil {
		return err
	}
	for i, r := range records {
		index = index.Next()
		q.number++
		l := letter{Number: q.number, Post: q.id, Stream: name, Index: index.Marshal(), Part: i}
		if err := l.seal(writer, q.c.network, q.day, r.Marshal(q.c.format)); err != nil {
			return err
		}
		q.letters = append(q.letters, l)
	}
	s.Before = index.Marshal()
	return nil
}

// commit puts everything on the disk in one transaction: the sealed bytes, the advanced
// capabilities, the post, the author's own copy of the picture, and the outbox's entry.
func (q *queued) commit(own stream) error {
	c, now := q.c, time.Now()
	me := c.self
	me.Letters = q.number
	a := action{Post: q.id, Number: q.letters[0].Number, Boxes: len(q.letters), Queued: now.UnixMilli()}
	e := entry{ID: q.id, Own: true, Content: q.content, Received: now.UnixMilli(), Day: q.day}
	err := c.store.Update(func(tx *store.Tx) error {
		errs := []error{me.put(tx), tx.Put("streams", feedStream, own), tx.Put("posts", q.id, e), a.put(tx)}
		if q.picture != nil {
			errs = append(errs, tx.Put("streams", q.id, q.stream), tx.Put("photos", q.id, q.picture))
		}
		for _, l := range q.letters {
			errs = append(errs, l.put(tx))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("queueing a post: %w", err)
	}
	c.self = me
	c.mail.add(a, q.letters)
	return nil
}
