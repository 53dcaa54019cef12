package circle

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/outbox"
	"murmuration/client/photo"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// wanted asks the author for a photo whose boxes are not kept any more.
type wanted struct {
	Circle content.Source `cbor:"1,keyasint"`
	Post   string         `cbor:"2,keyasint"`
	Index  int            `cbor:"3,keyasint"` // of its photos, from 0 on
}

// again says where the boxes of such a photo are, in a stream of its own.
type again struct {
	Circle content.Source  `cbor:"1,keyasint"`
	Post   string          `cbor:"2,keyasint"`
	Index  int             `cbor:"3,keyasint"`
	Start  boxstream.Start `cbor:"4,keyasint"`
	Day    box.Day         `cbor:"5,keyasint"`
}

// Limits of asking for photos.
const (
	maxWanted = 16 // photos of a circle that a member waits for
	maxAgains = 4  // of one member in a day: each is up to sixteen boxes
)

// errOwnPhoto says that a photo needs nobody to be asked for it.
var errOwnPhoto = fault.New(
	fault.User, "the photo is one of yours, or is here already", "`murmur photo get ID` writes it.",
)

// Albums keeps photos: *photo.Photos does.
type Albums interface {
	Kept(tx *store.Tx, post string, index int) (jpeg []byte, err error)
	Expect(tx *store.Tx, of photo.Of) error
}

func checkPhoto(post string, index int) error {
	if index < 0 || index >= content.MaxPhotos {
		return errPost
	}
	return checkPost(post)
}

func (a again) check() error {
	_, _, err := a.Start.Open()
	return errors.Join(err, checkPhoto(a.Post, a.Index))
}

// AskPhoto asks the author of a post for a photo that is not here, counted from 0.
func (c *Circles) AskPhoto(now time.Time, id string, index int) error {
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		w, err := c.where(tx, id)
		if err != nil {
			return err
		}
		if index < 0 || index >= len(w.post.Photos) {
			return photo.ErrNone
		}
		here, err := c.cfg.Photos.Kept(tx, w.entry.ID, index)
		if err != nil {
			return err
		}
		if w.own != nil || here != nil {
			return errOwnPhoto
		}
		want := wanted{w.of.ID, w.entry.ID, index}
		if !slices.Contains(w.of.Wants, want) {
			w.of.Wants = append(w.of.Wants, want)
			w.of.Wants = w.of.Wants[max(0, len(w.of.Wants)-maxWanted):]
		}
		return errors.Join(w.of.put(tx),
			c.say(tx, now, w.of.Relation, item{Photo: &want}, relation.Saying{}))
	})
}

// heardPhoto writes a photo again that a member asks for, if it is here, for them alone.
func (c *Circles) heardPhoto(
	tx *store.Tx, now time.Time, o *circle, m *member, want wanted,
) error {
	if today := now.Unix() / 86400; today != m.PhotoDay {
		m.PhotoDay, m.Photos = today, 0
	}
	if m.Photos++; m.Photos > maxAgains {
		c.refuse(tx)
		return o.put(tx)
	}
	jpeg, err := c.cfg.Photos.Kept(tx, want.Post, want.Index)
	if err != nil || jpeg == nil {
		return errors.Join(err, o.put(tx))
	}
	w, err := boxstream.NewWriter(c.cfg.Random)
	if err != nil {
		return err
	}
	start, err := w.Start()
	if err != nil {
		return err
	}
	root, _ := start.Before()
	name := fmt.Sprintf("%s/%x", packs, root[:8])
	_, err = c.cfg.Writing.Say(tx, now, post.Stream{Name: name, Source: o.ID}, &w, outbox.Draft{
		Name: name, Author: packs, Hidden: true,
	}, c.cfg.Network.Format.Split(content.KindPhoto, jpeg)...)
	if err != nil {
		return err
	}
	said := item{Again: &again{
		o.ID, want.Post, want.Index, start, max(c.cfg.Network.Today(now), 1) - 1,
	}}
	return errors.Join(o.put(tx),
		unlessEnded(c.say(tx, now, m.Relation, said, relation.Saying{})))
}

// heardAgain reads a photo that was asked for.
func (c *Circles) heardAgain(
	tx *store.Tx, now time.Time, h relation.Heard, a again,
) error {
	var j joined
	err := tx.Get(bucketJoined, nameOf(a.Circle), &j)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	i := slices.Index(j.Wants, wanted{a.Circle, a.Post, a.Index})
	if err != nil || i < 0 || j.Relation != h.Relation {
		c.refuse(tx)
		return nil
	}
	w, err := c.where(tx, a.Post)
	if err != nil || a.Index >= len(w.post.Photos) {
		c.refuse(tx) // it is gone meanwhile
		return nil
	}
	j.Wants = slices.Delete(slices.Clone(j.Wants), i, i+1)
	return errors.Join(j.put(tx), c.readAgain(tx, now, a), c.cfg.Photos.Expect(tx, photo.Of{
		Post: w.entry.ID, Index: a.Index, Source: a.Circle, Day: c.cfg.Network.Today(now),
		About: w.post.Photos[a.Index],
	}))
}

// readAgain reads the stream of a photo for as long as its boxes are kept.
func (c *Circles) readAgain(tx *store.Tx, now time.Time, a again) error {
	all, err := getSeats(tx, a.Circle)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s seat) bool { return s.Device == session.DeviceID{} })
	if i < 0 {
		i, all = len(all), append(all, seat{})
	}
	root, _ := a.Start.Before()
	name := fmt.Sprintf("%s/%x/again/%x", kind, a.Circle[:], root[:8])
	all[i].Streams = append(all[i].Streams, leaving{Name: name, At: now.Add(c.kept()).Unix()})
	return errors.Join(all.put(tx, a.Circle), c.cfg.Reading.Start(
		tx, now, post.Stream{Name: name, Source: a.Circle}, a.Start, a.Day,
	))
}
