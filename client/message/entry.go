package message

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/person"
	"murmuration/client/relation"
	"murmuration/client/search"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// entry is a message as kept.
type entry struct {
	ID       ID               `cbor:"1,keyasint"`
	Relation relation.ID      `cbor:"2,keyasint"`
	Device   session.DeviceID `cbor:"3,keyasint"`
	Number   uint64           `cbor:"4,keyasint"` // with which it counts
	Own      bool             `cbor:"5,keyasint,omitempty"`
	Letter   letter           `cbor:"6,keyasint"`
	Received int64            `cbor:"7,keyasint"` // or written; Unix milliseconds
	Late     bool             `cbor:"8,keyasint,omitempty"`
	Unread   bool             `cbor:"9,keyasint,omitempty"`
	Gone     bool             `cbor:"10,keyasint,omitempty"` // taken back; the letter is empty
	Day      box.Day          `cbor:"11,keyasint"`           // of its box
}

func (e entry) mark() session.Mark { return session.Mark{Number: e.Number, Device: e.Device} }

func (e entry) put(tx *store.Tx) error { return tx.Put(bucketMessages, e.ID.String(), e) }

// conversation is all messages of a relation, counted.
type conversation struct {
	Highest uint64       `cbor:"1,keyasint"` // number of a message, that was taken back included
	Newest  session.Mark `cbor:"2,keyasint"` // the last message in their order
	Last    ID           `cbor:"3,keyasint"` // its id
	Unread  int          `cbor:"4,keyasint"`
	Changed int64        `cbor:"5,keyasint"` // when the last one came or was written; Unix ms
	Count   int          `cbor:"6,keyasint"` // of messages that have not expired
}

func nameOf(r relation.ID) string { return hex.EncodeToString(r[:]) }

func (c conversation) put(tx *store.Tx, r relation.ID) error {
	return tx.Put(bucketConversations, nameOf(r), c)
}

// getConversation is an empty one if nothing was said yet.
func getConversation(tx *store.Tx, r relation.ID) (c conversation, err error) {
	return c, unlessNone(tx.Get(bucketConversations, nameOf(r), &c))
}

func unlessNone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// A page is the messages whose numbers are 64 after each other, in order: to show the last few, no
// more is read.
const (
	pageNumbers = 64
	maxLines    = 1024 // of a page: of each device up to one a number
)

type line struct {
	_      struct{} `cbor:",toarray"`
	Number uint64
	Device session.DeviceID
	ID     ID
}

func (a line) compare(b line) int {
	return cmp.Or(
		cmp.Compare(a.Number, b.Number), bytes.Compare(a.Device[:], b.Device[:]),
		bytes.Compare(a.ID[:], b.ID[:]),
	)
}

func (e entry) line() line { return line{Number: e.Number, Device: e.Device, ID: e.ID} }

func pageName(r relation.ID, page uint64) string { return fmt.Sprintf("%s/%020d", nameOf(r), page) }

func getPage(tx *store.Tx, r relation.ID, page uint64) (all []line, err error) {
	return all, unlessNone(tx.Get(bucketLines, pageName(r, page), &all))
}

// list puts a message into its page, unless that is full.
func (e entry) list(tx *store.Tx) (bool, error) {
	page := e.Number / pageNumbers
	all, err := getPage(tx, e.Relation, page)
	if err != nil || len(all) >= maxLines && !e.Own { // what one says oneself is always there
		return false, err
	}
	i, found := slices.BinarySearchFunc(all, e.line(), line.compare)
	if found {
		return false, nil
	}
	all = slices.Insert(all, i, e.line())
	return true, tx.Put(bucketLines, pageName(e.Relation, page), all)
}

// unlist takes a message out of its page.
func (e entry) unlist(tx *store.Tx) error {
	page := e.Number / pageNumbers
	all, err := getPage(tx, e.Relation, page)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(l line) bool { return l.ID == e.ID })
	if len(all) == 0 {
		return tx.Delete(bucketLines, pageName(e.Relation, page))
	}
	return tx.Put(bucketLines, pageName(e.Relation, page), all)
}

// back goes through the messages of a relation, the last ones first, until do says that it is
// enough.
func back(
	tx *store.Tx, r relation.ID, c conversation, do func(entry) (more bool, err error),
) error {
	left := c.Count
	for page := c.Newest.Number/pageNumbers + 1; page > 0 && left > 0; page-- {
		lines, err := getPage(tx, r, page-1)
		if err != nil {
			return err
		}
		for _, l := range slices.Backward(lines) {
			e, err := getEntry(tx, l.ID.String())
			if err != nil {
				return err
			}
			left--
			if more, err := do(e); err != nil || !more {
				return err
			}
		}
	}
	return nil
}

func getEntry(tx *store.Tx, id string) (e entry, err error) {
	err = tx.Get(bucketMessages, id, &e)
	if errors.Is(err, store.ErrNotFound) {
		return e, ErrNoMessage.With("%q", id)
	}
	return e, err
}

// Ref is what search calls the message of an id.
func Ref(id string) string { return "message/" + id }

// words are those by which a message is found.
func (e entry) words() string {
	if e.Letter.Photo == nil {
		return e.Letter.Text
	}
	return e.Letter.Text + "\n" + e.Letter.Photo.Alt
}

// keep writes a message that is new, and counts it.
func keep(tx *store.Tx, e entry) (kept bool, err error) {
	c, err := getConversation(tx, e.Relation)
	if err != nil {
		return false, err
	}
	e.Number = session.Clamp(c.Highest, e.Number)
	e.Late = !e.Own && e.mark().Compare(c.Newest) < 0
	if kept, err = e.list(tx); err != nil || !kept {
		return false, err
	}
	c.Highest, c.Changed = max(c.Highest, e.Number), e.Received
	if e.mark().Compare(c.Newest) > 0 {
		c.Newest, c.Last = e.mark(), e.ID
	}
	if c.Count++; e.Unread {
		c.Unread++
	}
	errs := []error{
		e.put(tx), c.put(tx, e.Relation), search.Add(tx, Ref(e.ID.String()), e.words()),
	}
	if e.Letter.Expires != 0 {
		errs = append(errs, tx.Put(bucketExpiring, expiring(e), e.ID))
	}
	return true, errors.Join(errs...)
}

func expiring(e entry) string { return fmt.Sprintf("%020d/%s", e.Letter.Expires, e.ID) }

// erase takes the words of a message away. One that was taken back leaves its place, one that
// expired nothing.
func (m *Messages) erase(tx *store.Tx, e entry, expired bool) error {
	c, err := getConversation(tx, e.Relation)
	if err != nil {
		return err
	}
	if e.Unread {
		c.Unread--
	}
	if expired {
		c.Count--
	}
	errs := []error{c.put(tx, e.Relation), search.Remove(tx, Ref(e.ID.String()))}
	if e.Letter.Expires != 0 {
		errs = append(errs, tx.Delete(bucketExpiring, expiring(e)))
	}
	if e.Letter.Photo != nil {
		errs = append(errs, m.cfg.Photos.Forget(tx, e.ID.String(), 0))
	}
	if expired {
		errs = append(errs, e.unlist(tx), tx.Delete(bucketMessages, e.ID.String()))
		return errors.Join(errs...)
	}
	e.Letter = letter{Number: e.Letter.Number, Time: e.Letter.Time}
	e.Unread, e.Gone = false, true
	return errors.Join(append(errs, e.put(tx))...)
}

// Load takes up nothing: all is on the disk.
func (m *Messages) Load(*store.Tx) error { return nil }

// Supply does nothing: the relation writes.
func (m *Messages) Supply(time.Time) error { return nil }

// Turn erases, once an hour, what has expired.
func (m *Messages) Turn(now time.Time) error {
	if hour := now.Unix() / 3600; hour != m.swept {
		err := m.cfg.Store.Update(func(tx *store.Tx) error { return m.sweep(tx, now) })
		if err != nil {
			return fmt.Errorf("erasing messages that expired: %w", err)
		}
		m.swept = hour
	}
	return nil
}

func (m *Messages) sweep(tx *store.Tx, now time.Time) error {
	err := store.Each(tx, bucketExpiring, func(_ string, id ID) error {
		e, err := getEntry(tx, id.String())
		if err != nil || e.Letter.Expires > now.Unix() {
			return err
		}
		return m.erase(tx, e, true)
	})
	return errors.Join(err, m.leave(tx, now))
}

// Answered takes nothing: the relation reads.
func (m *Messages) Answered(time.Time, person.Answer) error { return nil }
