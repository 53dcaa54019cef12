package contact

import (
	"errors"
	"fmt"
	"time"

	"murmuration/client/person"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// mostLines is how many are kept of one contact.
const mostLines = 200

// Line is one thing that happened with a contact and that their person should see. It holds no word
// of the contact's, but for claims in quotes.
type Line struct {
	Number uint64 `cbor:"1,keyasint"` // from 1, of this contact
	At     int64  `cbor:"2,keyasint"` // Unix seconds
	What   string `cbor:"3,keyasint"`
}

func lineName(id relation.ID, number uint64) string {
	return fmt.Sprintf("%s/%010d", nameOf(id), number)
}

// tell adds a line to a contact, and writes the contact.
func (c *Contacts) tell(tx *store.Tx, now time.Time, k *Contact, format string, args ...any) error {
	k.Lines++
	l := Line{k.Lines, now.Unix(), fmt.Sprintf(format, args...)}
	errs := []error{tx.Put(bucketLines, lineName(k.Relation, l.Number), l), c.put(tx, *k)}
	if k.Lines > mostLines {
		errs = append(errs, tx.Delete(bucketLines, lineName(k.Relation, k.Lines-mostLines)))
	}
	shown := person.Event{
		Kind: person.EventContact, ID: k.Alias, From: k.Name(), Text: l.What,
	}
	id, quiet := k.Relation, k.Muted || k.Blocked
	tx.After(func() {
		if !quiet {
			c.access.Show(shown)
		}
		for _, do := range c.told {
			do(id, l)
		}
	})
	return errors.Join(errs...)
}

// Restored has a line at every contact say so; each of them is told by a knock.
func (c *Contacts) Restored(tx *store.Tx, now time.Time) error {
	var all []Contact
	err := store.Each(tx, bucketContacts, func(_ string, k Contact) error {
		if k.Gone == 0 {
			all = append(all, k)
		}
		return nil
	})
	for i := range all {
		err = errors.Join(err, c.tell(tx, now, &all[i],
			"this home was made of a backup on %s", now.UTC().Format(time.DateOnly)))
	}
	return err
}

// Lines is what happened with a contact, the oldest first.
func (c *Contacts) Lines(tx *store.Tx, id relation.ID) (all []Line, err error) {
	k, ok, err := getContact(tx, id)
	if err != nil || !ok {
		return nil, err
	}
	first := uint64(1)
	if k.Lines > mostLines {
		first = k.Lines - mostLines + 1
	}
	for n := first; n <= k.Lines; n++ {
		var l Line
		err := tx.Get(bucketLines, lineName(id, n), &l)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}
