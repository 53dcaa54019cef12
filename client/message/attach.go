package message

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// attached is the stream of a photo that is being read.
type attached struct {
	Until int64 `cbor:"1,keyasint"` // Unix seconds; boxes of its day are not kept any more
}

// stream is where the boxes of a message's photo are.
func (l letter) stream(id ID) post.Stream {
	root, _ := l.Boxes.Start.Before()
	return post.Stream{Name: "message/" + id.String(), Source: content.SourceOf(root)}
}

// of is the photo of a message, whose record came in a box of a day.
func (l letter) of(id ID, day box.Day) photo.Of {
	return photo.Of{Post: id.String(), Source: l.stream(id).Source, Day: day, About: *l.Photo}
}

// describe says what a picture is, and where its boxes will be.
func (m *Messages) describe(
	now time.Time, l *letter, p picture.Picture, alt string,
) (w boxstream.Writer, parts []box.Record, err error) {
	parts = m.cfg.Network.Format.Split(content.KindPhoto, p.JPEG)
	if len(parts) > content.MaxPhotoBoxes {
		return w, nil, errLarge.With("it takes %d boxes of this network", len(parts))
	}
	if w, err = boxstream.NewWriter(m.cfg.Random); err != nil {
		return w, nil, err
	}
	start, err := w.Start()
	l.Photo = &content.Photo{
		Hash: parts[0].Hash, Size: len(p.JPEG), Width: p.Width, Height: p.Height,
		Alt: content.Normalize(alt), Thumb: p.Thumb,
	}
	// What is written now may be sealed for the day before.
	l.Boxes = &boxes{Start: start, Day: max(m.cfg.Network.Today(now), 1) - 1}
	return w, parts, err
}

// attach writes the boxes of a photo, and keeps the photo with its message.
func (m *Messages) attach(
	tx *store.Tx, now time.Time, id ID, l letter, w boxstream.Writer, parts []box.Record,
	jpeg []byte,
) error {
	_, err := m.cfg.Writing.Say(tx, now, l.stream(id), &w, outbox.Draft{
		Name: id.String() + "-photo", What: "photo", Says: firstWords(l.Photo.Alt),
		Author: "message",
	}, parts...)
	return errors.Join(err, m.cfg.Photos.Keep(tx, id.String(), 0, jpeg, l.Photo.Thumb))
}

// expect reads the photo of a message that came.
func (m *Messages) expect(tx *store.Tx, now time.Time, id ID, l letter, day box.Day) error {
	until := now.AddDate(0, 0, m.cfg.Network.Calendar.Retention+1)
	return errors.Join(
		m.cfg.Reading.Start(tx, now, l.stream(id), l.Boxes.Start, l.Boxes.Day),
		m.cfg.Photos.Expect(tx, l.of(id, day)),
		tx.Put(bucketAttached, id.String(), attached{until.Unix()}),
	)
}

// leave ends the reading of photos that are here, or do not come any more.
func (m *Messages) leave(tx *store.Tx, now time.Time) error {
	return store.Each(tx, bucketAttached, func(name string, a attached) error {
		e, err := getEntry(tx, name)
		if err == nil && e.Letter.Photo != nil && a.Until > now.Unix() {
			s, err := m.cfg.Photos.State(tx, now, e.Letter.of(e.ID, e.Day))
			if err != nil || s.Where == photo.Coming {
				return err
			}
		}
		if err != nil && !errors.Is(err, ErrNoMessage) {
			return err
		}
		return errors.Join(
			m.cfg.Reading.Stop(tx, "message/"+name), tx.Delete(bucketAttached, name),
		)
	})
}

// State says how far the photo of a message is, by its id.
func (m *Messages) State(now time.Time, id string) (s photo.State, err error) {
	err = m.cfg.Store.View(func(tx *store.Tx) error {
		e, err := getEntry(tx, id)
		if err == nil && e.Letter.Photo == nil {
			err = errNoPhoto
		}
		if err == nil {
			s, err = m.cfg.Photos.State(tx, now, e.Letter.of(e.ID, e.Day))
		}
		return err
	})
	if err != nil {
		return s, fmt.Errorf("looking for the photo of a message: %w", err)
	}
	return s, nil
}
