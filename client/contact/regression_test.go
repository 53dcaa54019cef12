package contact_test

import (
	"testing"
	"time"

	"murmuration/client/contact"
)

// History: Whoever made an invitation looked for claims from the next turn on, up to 20 s later.
//
// TestInviterLooksAtOnce: what an invitation waits for is looked out for when it is made.
func TestInviterLooksAtOnce(t *testing.T) {
	w := newWorld(t)
	ada := w.join("Ada")
	w.wait(5 * time.Minute)
	if n := len(ada.person.Fresh()); n != 0 {
		t.Fatalf("the control: %d boxes before anything happened", n)
	}
	ada.invite(contact.Making{})
	if n := len(ada.person.Fresh()); n < 2 {
		t.Errorf("%d boxes are looked out for", n)
	}
}
