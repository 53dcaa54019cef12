package circle

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"murmuration/client/content"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

// Post queues a draft for the members of a circle.
func (c *Circles) Post(now time.Time, name string, d post.Draft) (r post.Receipt, err error) {
	err = c.cfg.Store.Update(func(tx *store.Tx) error {
		o, err := byName(tx, name)
		if err == nil {
			r, err = c.post(tx, now, &o, d)
		}
		return err
	})
	if err != nil {
		return r, fmt.Errorf("queueing a post: %w", err)
	}
	return r, nil
}

// post writes in the present epoch.
func (c *Circles) post(
	tx *store.Tx, now time.Time, o *circle, d post.Draft,
) (r post.Receipt, err error) {
	e, err := c.open(tx, now, o)
	if err != nil {
		return r, err
	}
	r, err = c.cfg.Writing.Post(tx, now, o.stream(e), authorOf(o.ID), &e.Writer, d)
	if err != nil {
		return r, err
	}
	if d.Poll != nil && len(e.Polls) < maxChanged {
		e.Polls = append(e.Polls, closing{Post: r.Post, At: d.Poll.Closes})
	}
	if d.Reply == nil {
		o.wrote(r.Post)
	} else {
		err = answered(tx, d.Reply.To, r.Post)
	}
	return r, errors.Join(err, o.put(tx), o.putEpoch(tx, e))
}

// where is the circle that a post is of: an own one, or one that the person is in.
type where struct {
	entry timeline.Entry
	post  content.Post
	own   *circle
	of    joined
}

func (c *Circles) where(tx *store.Tx, id string) (w where, err error) {
	if w.entry, err = c.cfg.Timeline.Entry(tx, id); err != nil {
		return w, err
	}
	if w.post, err = w.entry.Post(); err != nil {
		return w, err
	}
	o, err := get(tx, w.entry.Source)
	if err == nil {
		w.own = &o
		return w, nil
	}
	if !errors.Is(err, ErrNoCircle) {
		return w, err
	}
	err = tx.Get(bucketJoined, nameOf(w.entry.Source), &w.of)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return w, ErrNotHere
	case err == nil && c.out(w.of):
		return w, errLeft
	}
	return w, err
}

// act does something about a post: in an own circle at once, else through its author.
func (c *Circles) act(
	now time.Time, id string, own func(*store.Tx, where) error,
	theirs func(where) (item, error), s relation.Saying, feel func(*thread),
) error {
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		w, err := c.where(tx, id)
		if err != nil {
			return err
		}
		if w.own != nil {
			return own(tx, w)
		}
		if err := c.cfg.Relations.Decided(tx, w.of.Relation); err != nil {
			return err
		}
		i, err := theirs(w)
		if err != nil {
			return err
		}
		if feel != nil {
			err = mine(tx, w.entry.ID, feel)
		}
		return errors.Join(err, c.say(tx, now, w.of.Relation, i, s))
	})
}

// Reply answers a post. What a member says goes to the author alone, whose program publishes it;
// the name is that of the outbox's entry.
func (c *Circles) Reply(now time.Time, id, text string) (name string, err error) {
	text = content.Normalize(text)
	r := reply{Post: id, Text: text}
	if err := content.CheckSaid(text); err != nil {
		return "", err
	}
	if _, err := io.ReadFull(c.cfg.Random, r.Nonce[:]); err != nil {
		return "", fmt.Errorf("drawing the nonce of a reply: %w", err)
	}
	name = "re" + hex.EncodeToString(r.Nonce[:])
	err = c.act(now, id, func(tx *store.Tx, w where) error {
		p, err := c.post(tx, now, w.own, post.Draft{
			Text: text, Quick: true, Reply: &content.Reply{To: w.entry.ID},
		})
		name = p.Post
		return err
	}, func(w where) (item, error) {
		r.Circle, r.Post = w.of.ID, w.entry.ID
		return item{Reply: &r}, nil
	}, relation.Saying{
		Name: name, What: "reply", Says: firstWords(text), Quick: true,
	}, nil)
	return name, err
}

func firstWords(text string) string {
	words := []rune(strings.Join(strings.Fields(text), " "))
	if len(words) > 40 {
		return string(words[:40]) + "…"
	}
	return string(words)
}

// React says what the person feels about a post, in place of what they felt; "" takes that back.
func (c *Circles) React(now time.Time, id, emoji string) error {
	if checkReaction(emoji) != nil {
		return errEmoji
	}
	feel := func(h *thread) { h.Mine = emoji }
	return c.act(now, id, func(tx *store.Tx, w where) error {
		return c.felt(tx, now, *w.own, w.entry.ID, w.post, func(h *thread) {
			feel(h)
			h.of(relation.ID{}).Emoji = emoji
		})
	}, func(w where) (item, error) {
		return item{React: &react{w.of.ID, w.entry.ID, emoji}}, nil
	}, relation.Saying{}, feel)
}

// Vote chooses an option of a poll, counted from 1.
func (c *Circles) Vote(now time.Time, id string, option int) error {
	feel := func(h *thread) { h.Choice = option }
	check := func(w where) error {
		if option < 1 || !open(w.post, now, option-1) {
			return errVote.With("%d", option)
		}
		return nil
	}
	return c.act(now, id, func(tx *store.Tx, w where) error {
		if err := check(w); err != nil {
			return err
		}
		return c.felt(tx, now, *w.own, w.entry.ID, w.post, func(h *thread) {
			feel(h)
			h.of(relation.ID{}).Choice = option
		})
	}, func(w where) (item, error) {
		return item{Vote: &vote{w.of.ID, w.entry.ID, option - 1}}, check(w)
	}, relation.Saying{}, feel)
}

// Delete takes an own post of a circle back: readers are asked to erase it, and nobody can make
// sure that they do.
func (c *Circles) Delete(now time.Time, id string) error {
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		w, err := c.where(tx, id)
		if err != nil {
			return err
		}
		if w.own == nil {
			return errNotOwn
		}
		e, err := c.open(tx, now, w.own)
		if err != nil {
			return err
		}
		w.own.Posts = slices.DeleteFunc(w.own.Posts, func(p string) bool { return p == w.entry.ID })
		return errors.Join(
			c.note(tx, now, *w.own, &e, note{Gone: []string{w.entry.ID}}), w.own.put(tx),
			c.cfg.Reading.Erase(tx, w.entry.ID), tx.Delete(bucketThreads, w.entry.ID),
		)
	})
}
