package contact_test

import (
	"slices"
	"testing"
	"time"

	"murmuration/client/contact"
)

// TestTwoPeopleMeet: a ticket, and both know each other, speak, and see the same words.
func TestTwoPeopleMeet(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.join("Ada"), w.join("Ben")
	i := ada.invite(contact.Making{Alias: "benny"})
	if i.State != contact.Open || i.Stored {
		t.Errorf("%+v", i)
	}
	seen := ben.look(i.URI())
	if seen.State != contact.Looking || seen.Known {
		t.Errorf("%+v", seen)
	}
	w.wait(6 * time.Minute)
	mine, _ := ada.Invitation(w.now, i.ID)
	if seen, _ = ben.Invitation(w.now, seen.ID); seen.State != contact.Shown ||
		seen.Claimed.Name != "Ada" || !mine.Kept {
		t.Errorf("%+v; hers: %+v", seen, mine)
	}
	if ada.names()+ben.names() != "" {
		t.Error("they know each other before he said yes")
	}
	if _, err := ben.Accept(w.now, seen.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.wait(10 * time.Minute)
	if ada.names() != "benny" || ben.names() != "“Ada”" ||
		ada.state(i.ID) != contact.Met || ben.state(seen.ID) != contact.Met {
		t.Fatalf("Ada knows %s, Ben %s; %s, %s", ada.names(), ben.names(), ada.state(i.ID),
			ben.state(seen.ID))
	}
	ada.say("benny", "hello")
	ben.say("ada", "good day")
	w.wait(5 * time.Minute)
	if !slices.Equal(ben.heard, []string{"“Ada”: hello"}) ||
		!slices.Equal(ada.heard, []string{"benny: good day"}) {
		t.Errorf("Ben heard %q, Ada %q", ben.heard, ada.heard)
	}
	if a, b := ada.words("benny"), ben.words("Ada"); a != b || len(a) < 15 {
		t.Errorf("%q and %q", a, b)
	}
}
