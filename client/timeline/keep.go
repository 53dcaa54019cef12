package timeline

import (
	"errors"
	"strings"
	"time"

	"murmuration/client/search"
	"murmuration/client/store"
)

// The names of lists; those of sources are longer.
const (
	listAll    = "all"    // as they were received, but for those that came too late
	listUnread = "unread" // those of them that were not shown before
)

// late is after how long a post is not taken to come as it was written.
const late = 3 * time.Hour

func (e Entry) item() item {
	behind := time.UnixMilli(e.Received).Sub(time.Unix(e.Written(), 0))
	return item{e.ID, e.Epoch, e.Number, e.Source, e.Written(), behind > late}
}

// words is what a post is found by, and what it takes: its own bytes, and those of its photos.
func (e Entry) words() (text string, bytes int64) {
	bytes = int64(len(e.Content))
	p, err := e.Post()
	if err != nil {
		return "", bytes // it is kept, and said to be foreign where it is shown
	}
	said := []string{p.Text, p.Warning}
	for _, photo := range p.Photos {
		said, bytes = append(said, photo.Alt), bytes+int64(photo.Size)
	}
	return strings.Join(said, "\n"), bytes
}

// Ref is what search calls the post of an id.
func Ref(id string) string { return "post/" + id }

// Keep writes an entry, and puts it behind all that are there; one of a source that comes after
// later ones of it is put before the first of these. Of an entry that is there, the content is
// replaced.
func (t *Timeline) Keep(tx *store.Tx, e Entry) error {
	text, bytes := e.words()
	before, err := t.Entry(tx, e.ID)
	if err != nil && !errors.Is(err, ErrNoPost) {
		return err
	}
	all, err2 := openList(tx, listAll)
	if err2 != nil {
		return err2
	}
	all.Bytes += bytes
	e.When = e.Written()
	if err == nil {
		_, old := before.words()
		all.Bytes -= old
		e.Received, e.When = before.Received, before.When
		return errors.Join(all.put(), t.write(tx, e, text))
	}
	return errors.Join(t.list(tx, all, e), addPrefix(tx, e.ID), t.write(tx, e, text))
}

func (t *Timeline) write(tx *store.Tx, e Entry, text string) error {
	return errors.Join(search.Add(tx, Ref(e.ID), text), tx.Put(bucket, e.ID, e))
}

// list puts a post into its lists.
func (t *Timeline) list(tx *store.Tx, all *list, e Entry) error {
	source, err := openList(tx, sourceList(e.Source))
	if err != nil {
		return err
	}
	later, err := source.insertOrdered(e.item())
	if err == nil {
		err = all.insertBefore(later, e.item())
	}
	errs := []error{err, all.put(), source.put()}
	if !e.Own {
		unread, err := openList(tx, listUnread)
		if err == nil {
			err = unread.insertBefore(later, e.item())
		}
		errs = append(errs, err, unread.put())
	}
	return errors.Join(errs...)
}

// Shown notes that a person has seen posts.
func (t *Timeline) Shown(tx *store.Tx, ids ...string) error {
	unread, err := openList(tx, listUnread)
	if err != nil {
		return err
	}
	before := unread.Count
	for _, id := range ids {
		if err := unread.remove(id); err != nil {
			return err
		}
	}
	if unread.Count == before {
		return nil
	}
	return unread.put()
}

// Drop forgets a post, and every word of it.
func (t *Timeline) Drop(tx *store.Tx, id string) error {
	e, err := t.Entry(tx, id)
	if err != nil {
		return err
	}
	_, bytes := e.words()
	errs := []error{search.Remove(tx, Ref(id)), dropPrefix(tx, id), tx.Delete(bucket, id)}
	for _, name := range []string{listAll, listUnread, sourceList(e.Source)} {
		l, err := openList(tx, name)
		if err == nil {
			err = l.remove(id)
		}
		if name == listAll {
			l.Bytes -= bytes
		}
		errs = append(errs, err, l.put())
	}
	return errors.Join(errs...)
}

// Erase is Drop of a post that is there or comes later, and remembers that it was: it is not kept
// again.
func (t *Timeline) Erase(tx *store.Tx, id string) error {
	if err := t.Drop(tx, id); err != nil && !errors.Is(err, ErrNoPost) {
		return err
	}
	return tx.Put(bucketErased, id, true)
}

// Bytes is what a post takes: its own bytes, and those that its photos say that they have.
func (e Entry) Bytes() int64 { _, bytes := e.words(); return bytes }
