package message

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/picture"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Draft is what a person wants to say to one other.
type Draft struct {
	Text string
	// Expire is after how long both sides erase it; zero: never.
	Expire  time.Duration
	Picture *picture.Picture // or nil
	Alt     string           // what the picture shows, in words
}

// letter is what a draft says, but for its number.
func (m *Messages) letter(now time.Time, d Draft) (letter, error) {
	l := letter{Time: content.Hour(now), Text: content.Normalize(d.Text)}
	if d.Expire != 0 {
		if d.Expire < time.Hour || d.Expire > maxExpiry {
			return l, errExpiry.With("not %s", d.Expire)
		}
		l.Expires = content.Hour(now.Add(d.Expire + time.Hour - 1))
	}
	if _, err := io.ReadFull(m.cfg.Random, l.Nonce[:]); err != nil {
		return l, fmt.Errorf("drawing the nonce of a message: %w", err)
	}
	return l, nil
}

// Receipt is what somebody gets for a draft.
type Receipt struct {
	ID    ID // at both sides
	Boxes int
}

// Send queues a message: when it returns it is on the disk, sealed. While devices of the contact
// contradict each other nobody would read it: relation.ErrDisputed.
func (m *Messages) Send(now time.Time, to relation.ID, d Draft) (r Receipt, err error) {
	l, err := m.letter(now, d)
	if err != nil {
		return r, err
	}
	var w boxstream.Writer
	var parts []box.Record
	if d.Picture != nil {
		if w, parts, err = m.describe(now, &l, *d.Picture, d.Alt); err != nil {
			return r, err
		}
	}
	if err := l.sayable(); err != nil {
		return r, err
	}
	err = m.cfg.Store.Update(func(tx *store.Tx) error {
		if err := m.cfg.Relations.Decided(tx, to); err != nil {
			return err
		}
		id, kept, err := m.send(tx, now, to, l)
		r = Receipt{id, 1 + len(parts)}
		if err == nil && d.Picture != nil {
			err = m.attach(tx, now, id, kept, w, parts, d.Picture.JPEG)
		}
		return err
	})
	if err != nil {
		return r, fmt.Errorf("queueing a message: %w", err)
	}
	return r, nil
}

// send says a letter under the next number, without the thumbnail if there is no room for it.
func (m *Messages) send(
	tx *store.Tx, now time.Time, to relation.ID, l letter,
) (ID, letter, error) {
	c, err := getConversation(tx, to)
	if err != nil {
		return ID{}, l, err
	}
	l.Number = c.Highest + 1
	if l, err = m.fit(tx, to, l); err != nil {
		return ID{}, l, err
	}
	id, err := l.id(to)
	if err != nil {
		return ID{}, l, err
	}
	said, err := m.say(tx, now, to, item{Letter: &l}, relation.Saying{
		Name: id.String(), What: "message", Says: firstWords(l.Text), Quick: true,
	})
	if err != nil {
		return ID{}, l, err
	}
	_, err = keep(tx, entry{
		ID: id, Relation: to, Device: said.Device, Number: l.Number, Own: true, Letter: l,
		Received: now.UnixMilli(), Day: m.cfg.Network.Today(now),
	})
	return id, l, err
}

// fit leaves the thumbnail out if a record has no room for it.
func (m *Messages) fit(tx *store.Tx, to relation.ID, l letter) (letter, error) {
	room, err := m.cfg.Relations.Room(tx, to)
	if err != nil || l.Photo == nil {
		return l, err
	}
	b, err := content.Encode(item{Letter: &l})
	if err == nil && len(b) > room {
		bare := *l.Photo
		bare.Thumb = nil
		l.Photo = &bare
	}
	return l, err
}

// say writes a record to a relation, if it has the room.
func (m *Messages) say(
	tx *store.Tx, now time.Time, to relation.ID, i item, s relation.Saying,
) (relation.Said, error) {
	room, err := m.cfg.Relations.Room(tx, to)
	if err != nil {
		return relation.Said{}, err
	}
	s.Kind = relation.KindMessage
	if s.Content, err = content.Encode(i); err != nil {
		return relation.Said{}, err
	}
	if len(s.Content) > room {
		return relation.Said{}, errRoom.With("%d bytes, where %d fit", len(s.Content), room)
	}
	return m.cfg.Relations.Say(tx, now, to, s)
}

// firstWords are those of an entry of the outbox.
func firstWords(text string) string {
	words := []rune(strings.Join(strings.Fields(text), " "))
	if len(words) > 40 {
		return string(words[:40]) + "…"
	}
	return string(words)
}

// Delete erases a message here. An own one is taken back: the other side's programs are asked to
// erase it as well, and nobody can make sure that they do.
func (m *Messages) Delete(now time.Time, prefix string) error {
	err := m.cfg.Store.Update(func(tx *store.Tx) error {
		e, err := find(tx, prefix)
		if err != nil || e.Gone {
			return err
		}
		errs := []error{m.erase(tx, e, false)}
		if e.Own {
			// What nobody could hear yet is not said; whether anybody heard it before this
			// home was put back from a copy is not known, so that it is taken back as well.
			errs = append(errs, m.cfg.Relations.Unsay(tx, now, e.Relation, e.ID.String()))
			i := item{Delete: []ID{e.ID}}
			_, err = m.say(tx, now, e.Relation, i, relation.Saying{
				Name: e.ID.String() + "-", What: "deletion", Says: "taking a message back",
			})
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("deleting a message: %w", err)
	}
	return nil
}
