package parts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/contact"
	"murmuration/client/feed"
	"murmuration/client/store"
	"murmuration/internal/counted"
)

// TestKilledCopies: a copy of a home is started beside it, both are used, and both are killed at
// any moment. What either acknowledged is read, once; both are told.
//
// History: Two copies answered each other's cards with cards until the doors were full, and nothing
// that either said arrived any more.
func TestKilledCopies(t *testing.T) {
	for seed := range killSeeds(t) {
		killCopies(t, 2*seed)
	}
}

func killCopies(t *testing.T, seed uint64) {
	t.Helper()
	w, ada, ben := neighbours(t)
	one := newVictim(ada, seed)
	twin := newVictim(ada.Copy(), seed+1)
	twin.Name = "the copy" // for what it says
	toBen := func(v *victim) string { return "ben" }
	for _, a := range slices.Concat(sayings(toBen), sayings(toBen)) {
		one.through(t, w, a)
		twin.through(t, w, a)
		wait(w, 20*time.Minute, one, twin)
	}
	wait(w, 6*time.Hour, one, twin)
	w.Pass(50*time.Hour, 5*time.Minute)
	texts := said(ben, ada)
	one.check(t, texts, "dm", "post", "circle-post")
	twin.check(t, texts, "dm", "post", "circle-post")
	for _, v := range []*victim{one, twin} {
		if err := v.Feed.Trouble(); !errors.Is(err, feed.ErrCopied) {
			t.Errorf("%s was not told: %v", v.Name, err)
		}
		var lines []contact.Line
		v.Must(v.View(func(tx *store.Tx) (err error) {
			lines, err = v.Contacts.Lines(tx, ben.To(ada))
			return err
		}))
		if !slices.ContainsFunc(lines, func(l contact.Line) bool {
			return strings.Contains(l.What, "copy")
		}) {
			t.Errorf("%s was not told where they talk: %+v", v.Name, lines)
		}
	}
	if one.kills+twin.kills < 20 {
		t.Errorf("the control: %d and %d kills", one.kills, twin.kills)
	}
	counted.Say(t, "kills", "%d and %d kills of two copies of a home: all %d texts once", one.kills,
		twin.kills, len(texts))
}
