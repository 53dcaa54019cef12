package message

import (
	"errors"
	"slices"
	"time"

	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// Heard takes what a device of a contact, or an own other one, said.
func (m *Messages) Heard(tx *store.Tx, now time.Time, h relation.Heard) error {
	i, err := parse(h.Content)
	switch {
	case err != nil || m.cfg.People.Blocked(h.Relation):
		m.refuse(tx)
		return nil
	case i.Letter != nil:
		return m.heardLetter(tx, now, h, *i.Letter)
	case i.Seen != nil && h.Own:
		return readBefore(tx, i.Seen.Relation, i.Seen.Number+1)
	case i.Seen != nil:
		m.refuse(tx)
		return nil
	}
	return m.heardDelete(tx, h, i.Delete)
}

func (m *Messages) heardLetter(
	tx *store.Tx, now time.Time, h relation.Heard, l letter,
) error {
	id, err := l.id(h.Relation)
	if err != nil {
		return err
	}
	known, err := tx.Has(bucketMessages, id.String())
	if err != nil {
		return err
	}
	gone, err := withdrawn(tx, h.Relation, id)
	if err != nil || known || gone || l.Expires != 0 && l.Expires <= now.Unix() {
		m.refuse(tx)
		return err
	}
	kept, err := keep(tx, entry{
		ID: id, Relation: h.Relation, Device: h.Device, Number: l.Number, Own: h.Own, Letter: l,
		Received: now.UnixMilli(), Unread: !h.Own, Day: h.Day,
	})
	if err != nil || !kept {
		m.refuse(tx)
		return err
	}
	if l.Photo != nil {
		if err := m.expect(tx, now, id, l, h.Day); err != nil {
			return err
		}
	}
	if h.Own {
		return readBefore(tx, h.Relation, l.Number)
	}
	if !m.cfg.People.Muted(h.Relation) {
		tx.After(func() {
			m.access.Show(person.Event{
				Kind: person.EventMessage, ID: id.String(), From: m.cfg.People.Name(h.Relation),
				Text: firstWords(l.Text),
			})
		})
	}
	return nil
}

func (l letter) id(r relation.ID) (ID, error) {
	b, err := content.Encode(l)
	return idOf(r, b), err
}

// readBefore takes what came before a message that the person wrote elsewhere as read there.
func readBefore(tx *store.Tx, r relation.ID, number uint64) error {
	c, err := getConversation(tx, r)
	if err != nil {
		return err
	}
	return read(tx, r, c, func(e entry) bool { return e.Number < number })
}

// read marks messages as read, if they are.
func read(tx *store.Tx, r relation.ID, c conversation, is func(entry) bool) error {
	left := c.Unread
	if left == 0 {
		return nil
	}
	err := back(tx, r, c, func(e entry) (bool, error) {
		if !e.Unread {
			return left > 0, nil
		}
		left--
		if !is(e) {
			return left > 0, nil
		}
		c.Unread--
		e.Unread = false
		return left > 0, e.put(tx)
	})
	return errors.Join(err, c.put(tx, r))
}

// heardDelete erases what its author takes back: nobody takes back what the other side wrote.
func (m *Messages) heardDelete(tx *store.Tx, h relation.Heard, ids []ID) error {
	for _, id := range ids {
		e, err := getEntry(tx, id.String())
		switch {
		case errors.Is(err, ErrNoMessage):
			err = withdraw(tx, h.Relation, id)
		case err == nil && (e.Relation != h.Relation || e.Own != h.Own):
			m.refuse(tx)
		case err == nil && !e.Gone:
			err = m.erase(tx, e, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withdraw remembers a message that was taken back before it came: devices of one person are heard
// in any order.
func withdraw(tx *store.Tx, r relation.ID, id ID) error {
	var all []ID
	if err := unlessNone(tx.Get(bucketWithdrawn, nameOf(r), &all)); err != nil {
		return err
	}
	if slices.Contains(all, id) {
		return nil
	}
	all = append(all, id)
	return tx.Put(bucketWithdrawn, nameOf(r), all[max(0, len(all)-maxWithdrawn):])
}

func withdrawn(tx *store.Tx, r relation.ID, id ID) (bool, error) {
	var all []ID
	err := unlessNone(tx.Get(bucketWithdrawn, nameOf(r), &all))
	return slices.Contains(all, id), err
}
