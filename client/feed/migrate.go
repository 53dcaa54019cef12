package feed

import (
	"errors"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/post"
	"murmuration/client/store"
)

// third is a followed feed as homes of version 3 kept it, by its number.
type third struct {
	Number  uint64           `cbor:"1,keyasint"`
	Petname string           `cbor:"2,keyasint"`
	Claimed string           `cbor:"3,keyasint"`
	Posts   int              `cbor:"4,keyasint"`
	Reader  boxstream.Reader `cbor:"5,keyasint"`
	Newest  uint64           `cbor:"6,keyasint"`
}

func (g third) source() post.Source { return content.SourceOf(g.Reader.Root()) }

// Thirds is the sources of the feeds that a home of version 3 follows, by their numbers.
func (f *Following) Thirds(tx *store.Tx) (map[uint64]post.Source, error) {
	sources := map[uint64]post.Source{}
	err := store.Each(tx, bucketFollows, func(_ string, g third) error {
		if err := g.Reader.Load(); err != nil {
			return store.ErrForeign.With("a followed feed: %w", err)
		}
		sources[g.Number] = g.source()
		return nil
	})
	return sources, err
}

// RenewThirds takes over the feeds that a home of version 3 follows, from where it reads.
func (f *Following) RenewThirds(tx *store.Tx) error {
	var all []third
	err := store.Each(tx, bucketFollows, func(name string, g third) error {
		all = append(all, g)
		return errors.Join(g.Reader.Load(), tx.Delete(bucketFollows, name))
	})
	if err != nil {
		return store.ErrForeign.With("a followed feed: %w", err)
	}
	for _, g := range all {
		if err := f.renew(tx, g); err != nil {
			return err
		}
	}
	return nil
}

func (f *Following) renew(tx *store.Tx, g third) error {
	start, err := g.Reader.Start()
	if err != nil {
		return err
	}
	fresh := follow{
		Source: g.source(), Since: g.Reader.Since, Epoch: 1, Start: start, First: g.Reader.From,
	}
	stream := fresh.stream(start, fresh.Epoch)
	fresh.Streams = []string{stream.Name}
	about := post.About{
		Source: fresh.Source, Number: g.Number, Petname: g.Petname, Claimed: g.Claimed, Read: true,
		Posts: g.Posts, Last: g.Reader.Since, Epoch: 1, Newest: g.Newest,
	}
	return errors.Join(
		f.sources.Put(tx, about), fresh.put(tx), f.reading.Adopt(tx, stream, g.Reader),
	)
}

// Third is the source of the own feed, if there is one: a home of version 3 did not note it.
func (f *Own) Third(tx *store.Tx) (post.Source, error) {
	o, err := getOwn(tx)
	if errors.Is(err, errNoFeed) {
		return post.Source{}, nil
	}
	if err != nil {
		return post.Source{}, err
	}
	start, err := o.Writer.Start()
	root, _ := start.Before()
	return content.SourceOf(root), err
}

// RenewThird notes the source of the own feed.
func (f *Own) RenewThird(tx *store.Tx) error {
	o, err := getOwn(tx)
	if errors.Is(err, errNoFeed) {
		return nil
	}
	if err == nil {
		o.Source, err = f.Third(tx)
	}
	return errors.Join(err, o.put(tx))
}
