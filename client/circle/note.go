package circle

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

// Limits of a note.
const (
	maxTallies = 8
	maxEmojis  = 16 // different ones on one post
	maxGone    = 16
	maxCount   = 1 << 20
)

// note is what an author says in their stream about posts of the circle, or about the stream.
type note struct {
	Tallies []tally  `cbor:"1,keyasint,omitempty"`
	Gone    []string `cbor:"2,keyasint,omitempty"` // ids of posts that are taken back
	Ended   bool     `cbor:"3,keyasint,omitempty"` // nothing follows in this stream
}

// tally is what members feel about a post, and how they voted, as its author counted.
type tally struct {
	Post   string   `cbor:"1,keyasint"`
	Emojis []string `cbor:"2,keyasint,omitempty"`
	Counts []int    `cbor:"3,keyasint,omitempty"` // of the emojis, in their order
	Votes  []int    `cbor:"4,keyasint,omitempty"` // of the options
	Final  bool     `cbor:"5,keyasint,omitempty"` // the poll has closed: the votes stay so
}

var errNote = errors.New("a note that says nothing, or too much")

func parseNote(b []byte) (n note, err error) {
	if err := content.Decode(b, &n); err != nil {
		return note{}, err
	}
	if len(n.Tallies) > maxTallies || len(n.Gone) > maxGone ||
		len(n.Tallies)+len(n.Gone) == 0 && !n.Ended {
		return note{}, errNote
	}
	for _, id := range n.Gone {
		err = errors.Join(err, checkPost(id))
	}
	for _, t := range n.Tallies {
		err = errors.Join(err, t.check())
	}
	return n, err
}

func (t tally) check() error {
	if len(t.Emojis) > maxEmojis || len(t.Emojis) != len(t.Counts) ||
		len(t.Votes) > content.MaxOptions {
		return errNote
	}
	for _, emoji := range t.Emojis {
		if emoji == "" || checkReaction(emoji) != nil {
			return errReaction
		}
	}
	for _, n := range append(t.Counts[:len(t.Counts):len(t.Counts)], t.Votes...) {
		if n < 0 || n > maxCount {
			return errNote
		}
	}
	return checkPost(t.Post)
}

// fitting is a note with as many of the first tallies as one box has room for, since readers take
// no other; of the first one without the rarest emojis, if it has too many.
func fitting(all []tally, room int) (n note, err error) {
	size := 0
	for _, t := range all {
		if n.Tallies = append(n.Tallies, t); err == nil {
			size, err = n.size()
		}
		if size > room && len(n.Tallies) > 1 {
			n.Tallies = n.Tallies[:len(n.Tallies)-1]
			break
		}
	}
	for first := &n.Tallies[0]; err == nil && len(first.Emojis) > 0; {
		if size, err = n.size(); size <= room {
			break
		}
		last := len(first.Emojis) - 1
		first.Emojis, first.Counts = first.Emojis[:last], first.Counts[:last]
	}
	return n, err
}

func (n note) size() (int, error) {
	b, err := content.Encode(n)
	return len(b), err
}

// note writes one into the stream of an epoch.
func (c *Circles) note(tx *store.Tx, now time.Time, o circle, e *epoch, n note) error {
	b, err := content.Encode(n)
	if err != nil {
		return err
	}
	before, err := e.Writer.Start()
	if err != nil {
		return err
	}
	_, number := before.Before()
	s := o.stream(*e)
	_, err = c.cfg.Writing.Say(tx, now, s, &e.Writer, outbox.Draft{
		Name: fmt.Sprintf("%s/%d", s.Name, number), Author: authorOf(o.ID), Hidden: true,
	}, c.cfg.Network.Format.Split(content.KindNote, b)...)
	return errors.Join(err, o.putEpoch(tx, *e))
}

// Said takes a note that came in a stream.
func (c *Circles) Said(
	tx *store.Tx, now time.Time, s post.Stream, number uint64, r box.Record,
) (understood bool, err error) {
	if r.Kind != content.KindNote || r.Parts != 1 {
		return r.Kind == content.KindCover, nil // in the place of what was cancelled
	}
	n, err := parseNote(r.Content)
	if err != nil {
		return false, nil
	}
	for _, t := range n.Tallies {
		if err := c.tallied(tx, s, number, t); err != nil {
			return true, err
		}
	}
	for _, id := range n.Gone {
		if err := c.gone(tx, s, id); err != nil {
			return true, err
		}
	}
	if n.Ended {
		err = c.ended(tx, now, s)
	}
	return true, err
}

// belongs says whether a post is of the circle that a stream is of: nobody speaks about others'.
func (c *Circles) belongs(tx *store.Tx, s content.Source, id string) (bool, error) {
	e, err := c.cfg.Timeline.Entry(tx, id)
	if errors.Is(err, timeline.ErrNoPost) {
		return false, nil
	}
	return e.Source == s, err
}

// tallied keeps the newest tally of a post.
func (c *Circles) tallied(tx *store.Tx, s post.Stream, number uint64, t tally) error {
	if ok, err := c.belongs(tx, s.Source, t.Post); err != nil || !ok {
		c.refuse(tx)
		return err
	}
	h, err := getThread(tx, t.Post)
	if err != nil || cmp.Or(cmp.Compare(h.Epoch, s.Epoch), cmp.Compare(h.At, number)) > 0 {
		return err
	}
	h.Epoch, h.At = s.Epoch, number
	h.Emojis, h.Counts, h.Votes, h.Final = t.Emojis, t.Counts, t.Votes, t.Final
	return h.put(tx, t.Post)
}

// gone erases a post that its author takes back.
func (c *Circles) gone(tx *store.Tx, s post.Stream, id string) error {
	known, err := c.cfg.Timeline.Has(tx, id)
	if err == nil && !known {
		return awaitGone(tx, s, id)
	}
	if ok, err := c.belongs(tx, s.Source, id); err != nil || !ok {
		c.refuse(tx)
		return err
	}
	return errors.Join(c.cfg.Reading.Erase(tx, id), tx.Delete(bucketThreads, id))
}

// maxAwaited is how many posts of a circle were taken back before they came.
const maxAwaited = 100

// awaitGone remembers that a post is not to be kept when it comes: boxes come in any order.
func awaitGone(tx *store.Tx, s post.Stream, id string) error {
	var j joined
	err := tx.Get(bucketJoined, nameOf(s.Source), &j)
	if errors.Is(err, store.ErrNotFound) || slices.Contains(j.Gone, id) {
		return nil
	}
	j.Gone = append(j.Gone, id)
	j.Gone = j.Gone[max(0, len(j.Gone)-maxAwaited):]
	return errors.Join(err, j.put(tx))
}
