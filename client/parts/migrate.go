package parts

import (
	"encoding/binary"
	"errors"

	"murmuration/client/content"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

// batch is how many bytes of posts are taken over in one transaction; with their words and a photo
// they fit into one.
const batch = 8 << 10

// MigrateThird takes over the records of a home of version 3, before Load: posts in batches, of
// which each may be the last before a power cut, and the rest in the transaction that done ends.
func (p *Person) MigrateThird(done func(*store.Tx) error) error {
	var posts []timeline.Third
	var own content.Source
	var sources map[uint64]content.Source
	err := p.store.View(func(tx *store.Tx) (err error) {
		var err2, err3 error
		posts, err = p.timeline.Thirds(tx)
		own, err2 = p.Feed.Third(tx)
		sources, err3 = p.Following.Thirds(tx)
		return errors.Join(err, err2, err3)
	})
	if err != nil {
		return err
	}
	of := func(e timeline.Third) content.Source {
		if s, ok := sources[e.Follow]; ok && !e.Own {
			return s
		}
		if e.Own {
			return own
		}
		return unfollowed(e.Follow)
	}
	for len(posts) > 0 {
		n := 0
		for size := 0; n < len(posts) && size < batch; n++ {
			size += len(posts[n].Content)
			if said, err := content.Recall(posts[n].Content); err == nil && len(said.Photos) > 0 {
				size = batch
			}
		}
		err := p.store.Update(func(tx *store.Tx) error {
			for _, e := range posts[:n] {
				if err := p.renew(tx, e, of(e)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		posts = posts[n:]
	}
	return p.store.Update(func(tx *store.Tx) error {
		return errors.Join(p.Following.RenewThirds(tx), p.Feed.RenewThird(tx), done(tx))
	})
}

// unfollowed stands for a feed that was forgotten with its keys: nothing more comes of it.
func unfollowed(number uint64) content.Source {
	var root [32]byte
	binary.BigEndian.PutUint64(root[:], number)
	return content.SourceOf(root)
}

func (p *Person) renew(tx *store.Tx, old timeline.Third, s content.Source) error {
	e, err := p.timeline.Renew(tx, old, s)
	if err != nil {
		return err
	}
	said, err := e.Post()
	if err != nil || len(said.Photos) == 0 { // that version had one a post
		return err
	}
	return p.Photos.Renew(tx, old.ID, old.Follow, old.Own, of(e, 0, said.Photos[0]))
}
