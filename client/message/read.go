package message

import (
	"cmp"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"murmuration/client/content"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// Message is one as it is shown. Time is the author's claim.
type Message struct {
	ID       string
	Relation relation.ID
	Own      bool
	Time     time.Time
	Received time.Time // or written
	Text     string
	Photo    *content.Photo
	Expires  time.Time // zero: never
	Late     bool      // it came after others that it stands before
	Unread   bool
	Gone     bool // taken back
}

func (e entry) show() Message {
	shown := Message{
		ID: e.ID.String(), Relation: e.Relation, Own: e.Own, Text: e.Letter.Text,
		Time: time.Unix(e.Letter.Time, 0).UTC(), Received: time.UnixMilli(e.Received).UTC(),
		Photo: e.Letter.Photo, Late: e.Late, Unread: e.Unread, Gone: e.Gone,
	}
	if e.Letter.Expires != 0 {
		shown.Expires = time.Unix(e.Letter.Expires, 0).UTC()
	}
	return shown
}

// Last is the last n messages with a contact, the oldest first, and more if more are unread.
// Nothing changes by it.
func (m *Messages) Last(of relation.ID, n int) (all []Message, err error) {
	err = m.cfg.Store.View(func(tx *store.Tx) error {
		c, err := getConversation(tx, of)
		if err != nil {
			return err
		}
		unread := c.Unread
		return back(tx, of, c, func(e entry) (bool, error) {
			if len(all) >= n && unread == 0 {
				return false, nil
			}
			if e.Unread {
				unread--
			}
			all = append(all, e.show())
			return true, nil
		})
	})
	slices.Reverse(all)
	return all, err
}

// Before is the n messages before one of a contact, the oldest first.
func (m *Messages) Before(of relation.ID, id string, n int) (all []Message, err error) {
	err = m.cfg.Store.View(func(tx *store.Tx) error {
		c, err := getConversation(tx, of)
		if err != nil {
			return err
		}
		last, err := getEntry(tx, id)
		if err == nil && last.Relation != of {
			err = ErrNoMessage.With("%q", id)
		}
		if err != nil {
			return err
		}
		c.Newest = last.mark()
		return back(tx, of, c, func(e entry) (bool, error) {
			if e.line().compare(last.line()) < 0 {
				all = append(all, e.show())
			}
			return len(all) < n, nil
		})
	})
	slices.Reverse(all)
	return all, err
}

// Read notes that the person has seen messages. Nobody learns of it but their own other devices.
func (m *Messages) Read(now time.Time, of relation.ID, ids []string) error {
	marked := map[string]bool{}
	for _, id := range ids {
		marked[id] = true
	}
	return m.cfg.Store.Update(func(tx *store.Tx) error {
		c, err := getConversation(tx, of)
		if err != nil {
			return err
		}
		last := uint64(0)
		err = read(tx, of, c, func(e entry) bool {
			is := marked[e.ID.String()]
			if is {
				last = max(last, e.Number)
			}
			return is
		})
		if err != nil || last == 0 {
			return err
		}
		b, err := content.Encode(item{Seen: &seen{of, last}})
		return errors.Join(err, m.cfg.Relations.Tell(tx, now, relation.KindMessage, b))
	})
}

// Conversation is a line of the inbox.
type Conversation struct {
	Relation relation.ID
	Unread   int
	Changed  time.Time // when a message came or was written last
	Last     *Message  // nil if it has expired
}

// Inbox is all conversations, the one that changed last first.
func (m *Messages) Inbox() (all []Conversation, err error) {
	err = m.cfg.Store.View(func(tx *store.Tx) error {
		return store.Each(tx, bucketConversations, func(name string, c conversation) error {
			shown := Conversation{Unread: c.Unread, Changed: time.UnixMilli(c.Changed).UTC()}
			id, err := hex.DecodeString(name)
			if err != nil || copy(shown.Relation[:], id) != len(shown.Relation) {
				return store.ErrForeign.With("a conversation of %q", name)
			}
			err = back(tx, shown.Relation, c, func(e entry) (bool, error) {
				last := e.show()
				shown.Last = &last
				return false, nil
			})
			all = append(all, shown)
			return err
		})
	})
	slices.SortStableFunc(all, func(a, b Conversation) int { return b.Changed.Compare(a.Changed) })
	return all, err
}

// Message is the one whose id begins so.
func (m *Messages) Message(prefix string) (shown Message, err error) {
	err = m.cfg.Store.View(func(tx *store.Tx) error {
		e, err := find(tx, prefix)
		shown = e.show()
		return err
	})
	return shown, err
}

// shortest is how much of an id names a message.
const shortest = 6

func find(tx *store.Tx, prefix string) (found entry, err error) {
	prefix = strings.ToLower(prefix)
	if e, err := getEntry(tx, prefix); !errors.Is(err, ErrNoMessage) {
		return e, err
	}
	if len(prefix) < shortest {
		return found, ErrNoMessage.With("%q: give at least %d characters", prefix, shortest)
	}
	n := 0
	err = store.Each(tx, bucketMessages, func(id string, e entry) error {
		if strings.HasPrefix(id, prefix) {
			found, n = e, n+1
		}
		return nil
	})
	switch {
	case err != nil:
		return entry{}, err
	case n > 1:
		return entry{}, errAmbiguous.With("%q", prefix)
	}
	return found, cmp.Or(err, none(n == 0, prefix))
}

func none(is bool, prefix string) error {
	if is {
		return ErrNoMessage.With("%q", prefix)
	}
	return nil
}
