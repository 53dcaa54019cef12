package feed

import (
	"errors"
	"slices"
	"time"

	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

// note says that posts are taken back: the content of a record of kind 9 in a feed.
type note struct {
	Gone []string `cbor:"2,keyasint"` // ids
}

// Limits of notes.
const (
	maxGone    = 16  // posts of a note
	maxAwaited = 100 // of a feed, that were taken back before they came
)

var errNote = errors.New("a note about no post, or about too many")

func parseNote(b []byte) (n note, err error) {
	if err := content.Decode(b, &n); err != nil {
		return note{}, err
	}
	if len(n.Gone) == 0 || len(n.Gone) > maxGone ||
		slices.ContainsFunc(n.Gone, func(id string) bool { return !content.IsID(id) }) {
		return note{}, errNote
	}
	return n, nil
}

// Delete takes an own post of the feed back: readers' programs are asked to erase it, and nobody
// can make sure that they do.
func (f *Own) Delete(tx *store.Tx, now time.Time, e timeline.Entry) error {
	o, h, err := f.get(tx)
	if errors.Is(err, errNoFeed) || err == nil && (!e.Own || e.Source != h.Head.Source()) {
		return ErrNotOwn
	}
	if err != nil {
		return err
	}
	if err := f.cfg.Writing.Erase(tx, e.ID); err != nil || h.Ended {
		return err // nobody reads on
	}
	b, err := content.Encode(note{Gone: []string{e.ID}})
	if err != nil {
		return err
	}
	if err := o.mark(f.cfg.Network, now); err != nil {
		return err
	}
	_, err = f.cfg.Writing.Say(tx, now, o.stream(), &o.Writer, outbox.Draft{
		Name: "gone/" + e.ID, Author: author, Hidden: true,
	}, f.cfg.Network.Format.Split(content.KindNote, b)...)
	return errors.Join(err, o.put(tx))
}

// gone takes a note of a feed that is read. Nobody speaks about others' posts, and of those that
// are not here it is not known whose they are: they are not kept when they come from this feed.
func (f *Following) gone(tx *store.Tx, s post.Stream, r box.Record) (understood bool, err error) {
	n, err := parseNote(r.Content)
	if err != nil {
		return false, nil
	}
	var g follow
	if err := tx.Get(bucketFollows, followName(s.Source), &g); err != nil {
		return true, err
	}
	for _, id := range n.Gone {
		source, err := f.reading.Source(tx, id)
		switch {
		case errors.Is(err, timeline.ErrNoPost) && !slices.Contains(g.Gone, id):
			g.Gone = append(g.Gone, id)
		case errors.Is(err, timeline.ErrNoPost):
		case err != nil:
			return true, err
		case source == s.Source:
			if err := f.reading.Erase(tx, id); err != nil {
				return true, err
			}
		}
	}
	g.Gone = g.Gone[max(0, len(g.Gone)-maxAwaited):]
	return true, g.put(tx)
}

// wasGone erases a post that was taken back before it came, and says whether it was.
func (f *Following) wasGone(tx *store.Tx, e timeline.Entry) (bool, error) {
	var g follow
	err := tx.Get(bucketFollows, followName(e.Source), &g)
	if err != nil || !slices.Contains(g.Gone, e.ID) {
		return false, err
	}
	return true, f.reading.Erase(tx, e.ID)
}
