package message_test

import (
	"errors"
	"testing"
	"time"

	"murmuration/client/message"
	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
)

// TestNothingIsQueuedForNobody: while two devices of a contact contradict each other, a message is
// refused with what to do; before, and when one was kept, it comes.
func TestNothingIsQueuedForNobody(t *testing.T) {
	w, dave, eve := two(t)
	thief := eve.Restore(false)
	w.Wait(20 * time.Minute)
	eve.Must(eve.Store.Update(func(tx *store.Tx) error {
		return eve.Relations.RevokeStrangers(tx, w.Now)
	}))
	w.Wait(20 * time.Minute)
	say(dave, eve, "before")
	w.Wait(6 * time.Minute)
	expect(t, eve, dave, "< before new")
	thief.Must(thief.Store.Update(func(tx *store.Tx) error {
		return thief.Relations.Object(tx, w.Now)
	}))
	w.Wait(20 * time.Minute)
	_, err := dave.Messages.Send(w.Now, dave.To(eve), message.Draft{Text: "who are you?"})
	if !errors.Is(err, relation.ErrDisputed) {
		t.Fatalf("a message for nobody: %v", err)
	}
	expect(t, dave, eve, "> before")
	dave.Must(dave.Store.Update(func(tx *store.Tx) error {
		all, err := dave.Relations.Others(tx, dave.To(eve))
		dave.Must(err)
		var first relation.Other // the one that was met
		for _, o := range all {
			if o.Standing != session.Disputed {
				t.Errorf("%+v", o)
			}
			if first.Since.IsZero() || o.Since.Before(first.Since) {
				first = o
			}
		}
		return dave.Relations.Settle(tx, w.Now, dave.To(eve), first.ID)
	}))
	say(dave, eve, "it is you")
	w.Wait(6 * time.Minute)
	expect(t, eve, dave, "< before new; < it is you new")
}
