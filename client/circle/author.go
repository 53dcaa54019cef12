package circle

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

// author is who writes a circle, for the outbox.
type author struct {
	c  *Circles
	id content.Source
}

// Stream is the one of the present epoch.
func (a author) Stream(tx *store.Tx) (name string, w boxstream.Writer, err error) {
	var e epoch
	err = tx.Get(bucketEpochs, nameOf(a.id), &e)
	if errors.Is(err, store.ErrNotFound) {
		return "", w, nil
	}
	return circle{ID: a.id}.stream(e).Name, e.Writer, err
}

// Renew begins another epoch, since a copy of this home writes in this one, and seals into it what
// waited.
func (a author) Renew(
	tx *store.Tx, now time.Time, day box.Day, waited [][]byte,
) (name string, all []boxstream.Sealed, err error) {
	o, err := get(tx, a.id)
	if err != nil {
		return "", nil, err
	}
	var e epoch
	if err = tx.Get(bucketEpochs, nameOf(a.id), &e); err != nil {
		return "", nil, err
	}
	if e, err = a.c.begin(tx, now, &o, e); err != nil {
		return "", nil, err
	}
	all, err = e.Writer.SealBytes(a.c.cfg.Network, day, waited...)
	return o.stream(e).Name, all, errors.Join(err, o.putEpoch(tx, e))
}

// pack seals the last posts, as they are, into a stream of their own.
func (c *Circles) pack(tx *store.Tx, now time.Time, o circle) (*pack, error) {
	var records []box.Record
	var p pack
	for _, id := range o.Posts {
		e, err := c.cfg.Timeline.Entry(tx, id)
		if err != nil {
			continue // deleted, or expired
		}
		records = append(records, c.cfg.Network.Format.Split(content.KindPost, e.Content)...)
		p.add(e)
	}
	if len(records) == 0 {
		return nil, nil
	}
	w, err := boxstream.NewWriter(c.cfg.Random)
	if err != nil {
		return nil, err
	}
	if p.Start, err = w.Start(); err != nil {
		return nil, err
	}
	root, _ := p.Start.Before()
	name := fmt.Sprintf("pack/%x", root[:8])
	_, err = c.cfg.Writing.Say(tx, now, post.Stream{Name: name, Source: o.ID}, &w, outbox.Draft{
		Name: name, Author: packs, Hidden: true,
	}, records...)
	return &p, err
}

// add says where a post of the pack was published.
func (p *pack) add(e timeline.Entry) {
	var epoch uint32
	if e.Epoch%2 == 0 {
		epoch = uint32(e.Epoch / 2)
	}
	p.Posts++
	p.Epochs, p.Indices = append(p.Epochs, epoch), append(p.Indices, e.Number)
}

// places is where the posts of a pack stand.
func (p pack) places() []post.Place {
	all := make([]post.Place, p.Posts)
	for i, epoch := range p.Epochs {
		if epoch != 0 {
			all[i] = post.Place{Epoch: order(epoch), Number: p.Indices[i]}
		}
	}
	return all
}

// packs is the outbox's name for who writes what newcomers get: nobody goes on with such a stream.
const packs = "pack"
