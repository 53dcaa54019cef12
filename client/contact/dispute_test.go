package contact_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"murmuration/client/contact"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// disputed is the devices of a contact that contradict each other, and what is compared of each.
func (h *home) disputed(of string) (all []contact.Disputed) {
	h.w.t.Helper()
	k, err := h.Find(of)
	h.check(err)
	h.check(h.store.View(func(tx *store.Tx) error {
		all, err = h.Disputed(tx, k)
		return err
	}))
	return all
}

// alone is the words of this device.
func (h *home) alone(of string) [4]string {
	h.w.t.Helper()
	k, err := h.Find(of)
	h.check(err)
	var what contact.Compared
	h.check(h.store.View(func(tx *store.Tx) error {
		what, err = h.Alone(tx, k)
		return err
	}))
	return what.Words()
}

// TestWordsInADispute: a thief restored a stolen backup, its owner called the thief's device gone,
// and the thief objects. A contact sees words of each of the two devices, of which one is what the
// owner reads and the other what the thief does; no mark comes before one of them was kept, and the
// words of all are the same at both then.
func TestWordsInADispute(t *testing.T) {
	w := newWorld(t)
	dave, eve := w.join("Dave"), w.join("Eve")
	w.meet(dave, eve)
	dave.check(dave.Verify(w.now, "eve", true))
	thief := eve.restore(nil)
	w.wait(20 * time.Minute)
	eve.check(eve.store.Update(func(tx *store.Tx) error {
		return eve.rel.RevokeStrangers(tx, w.now)
	}))
	w.wait(20 * time.Minute)
	if k, err := dave.Find("eve"); err != nil || k.Verified == 0 {
		t.Fatalf("the control: no mark before the objection, %v", err)
	}
	if all := dave.disputed("eve"); len(all) != 0 {
		t.Fatalf("the control: %d devices are in dispute before the objection", len(all))
	}
	thief.check(thief.store.Update(func(tx *store.Tx) error {
		return thief.rel.Object(tx, w.now)
	}))
	w.wait(20 * time.Minute)
	all := dave.disputed("eve")
	if len(all) != 2 {
		t.Fatalf("%d devices are in dispute", len(all))
	}
	hers, theirs := eve.alone("dave"), thief.alone("dave")
	found := map[[4]string]contact.Disputed{}
	for _, d := range all {
		found[d.What.Words()] = d
	}
	mine, ok := found[hers]
	other, ok2 := found[theirs]
	if !ok || !ok2 || hers == theirs || !mine.Since.Before(other.Since) {
		t.Fatalf("Eve reads %q, the thief %q; Dave has %+v", hers, theirs, found)
	}
	if l := dave.lines("eve"); !strings.Contains(l, "contradict each other: nothing goes to") {
		t.Errorf("Dave is told %s", l)
	}
	if err := dave.Verify(w.now, "eve", true); !errors.Is(err, relation.ErrDisputed) {
		t.Errorf("a mark in a dispute: %v", err)
	}
	k, err := dave.Find("eve")
	dave.check(err)
	if k.Verified != 0 {
		t.Error("the mark outlives a dispute")
	}
	dave.check(dave.store.Update(func(tx *store.Tx) error {
		return dave.rel.Settle(tx, w.now, k.Relation, mine.ID)
	}))
	if a, b := dave.words("eve"), eve.words("dave"); a != b || len(dave.disputed("eve")) != 0 {
		t.Errorf("after the choice: %q and %q", a, b)
	}
	dave.check(dave.Verify(w.now, "eve", true))
	dave.say("eve", "it is you")
	w.wait(10 * time.Minute)
	if len(eve.heard) != 1 || len(thief.heard) != 0 {
		t.Errorf("Eve heard %q, the thief %q", eve.heard, thief.heard)
	}
}
