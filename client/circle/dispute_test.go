package circle_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/parts/partstest"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// contradict has the devices of somebody contradict each other: theirs, and a thief's.
func contradict(w *partstest.World, h *partstest.Home) (thief *partstest.Home) {
	w.T.Helper()
	thief = h.Restore(false)
	w.Wait(20 * time.Minute)
	h.Must(h.Store.Update(func(tx *store.Tx) error {
		return h.Relations.RevokeStrangers(tx, w.Now)
	}))
	w.Wait(20 * time.Minute)
	thief.Must(thief.Store.Update(func(tx *store.Tx) error {
		return thief.Relations.Object(tx, w.Now)
	}))
	w.Wait(20 * time.Minute)
	return thief
}

// TestMemberInADispute: nothing of a circle goes to a member whose devices contradict each other,
// which its owner can know; the others read on, and the member does when one device was kept. A
// reply to such an author is refused, since nobody would read it.
func TestMemberInADispute(t *testing.T) {
	w, ada, ben, cem := three(t)
	ben.Must(ben.Circles.New("desk"))
	ben.Must(ben.Circles.Add(w.Now, "desk", ben.To(ada)))
	r, err := ben.Circles.Post(w.Now, "desk", post.Draft{Text: "from the desk", Quick: true})
	ben.Must(err)
	w.Wait(20 * time.Minute)
	if _, err := ada.Circles.Reply(w.Now, r.Post, "at once"); err != nil {
		t.Fatalf("the control: %v", err)
	}
	if all, err := ada.Circles.Unheard("hills"); err != nil || len(all) != 0 {
		t.Fatalf("the control: %v, %v", all, err)
	}
	thief := contradict(w, ben)
	all, err := ada.Circles.Unheard("hills")
	if err != nil || !slices.Equal(all, []relation.ID{ada.To(ben)}) {
		t.Fatalf("unheard: %v, %v", all, err)
	}
	if _, err := ada.Circles.Reply(w.Now, r.Post, "?"); !errors.Is(err, relation.ErrDisputed) {
		t.Errorf("a reply to nobody: %v", err)
	}
	say(ada, post.Draft{Text: "to whom is here"})
	w.Wait(20 * time.Minute)
	read := func(h *partstest.Home) bool { return strings.Contains(reads(h), "to whom is here") }
	if !read(cem) || read(ben) || read(thief) {
		t.Errorf("Cem: %t, Ben: %t, the thief: %t", read(cem), read(ben), read(thief))
	}
	ada.Must(ada.Store.Update(func(tx *store.Tx) error {
		others, err := ada.Relations.Others(tx, ada.To(ben))
		ada.Must(err)
		met := slices.MinFunc(others, func(a, b relation.Other) int {
			return a.Since.Compare(b.Since)
		})
		return ada.Relations.Settle(tx, w.Now, ada.To(ben), met.ID)
	}))
	w.Wait(40 * time.Minute)
	if !read(ben) || read(thief) {
		t.Errorf("after the choice Ben: %t, the thief: %t", read(ben), read(thief))
	}
}
