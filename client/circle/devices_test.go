package circle_test

import (
	"strings"
	"testing"
	"time"

	"murmuration/client/parts/partstest"
	"murmuration/client/post"
	"murmuration/client/store"
)

// TestSecondDevice writes to the same circles as the first one, and reads what that writes and what
// both are given to read; a removal at one of them holds at the other.
func TestSecondDevice(t *testing.T) {
	w := partstest.New(t)
	ada, ben := w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	ada.Must(ada.Circles.New("hills"))
	add(ada, ben)
	ben.Must(ben.Circles.New("hills"))
	add(ben, ada)
	say(ada, post.Draft{Text: "before"})
	w.Wait(6 * time.Minute)
	second := ada.Restore(true)
	say(ada, post.Draft{Text: "before it is known"})
	w.Wait(40 * time.Minute)
	say(second, post.Draft{Text: "from my telephone"})
	id := say(ada, post.Draft{Text: "from my desk"})
	say(ben, post.Draft{Text: "to both of you"})
	w.Wait(20 * time.Minute)
	want := []string{"before it is known", "from my telephone", "from my desk", "to both of you"}
	for _, h := range []*partstest.Home{ada, second, ben} {
		for _, text := range want {
			if n := strings.Count(reads(h), text); n != 1 {
				t.Errorf("%s reads %q %d times: %q", h.Name, text, n, reads(h))
			}
		}
	}
	if _, err := ben.Circles.Reply(w.Now, id, "which desk?"); err != nil {
		t.Fatal(err)
	}
	w.Wait(10 * time.Minute)
	for _, h := range []*partstest.Home{ada, second, ben} {
		if n := strings.Count(reads(h), "which desk?"); n != 1 {
			t.Errorf("%s reads the reply %d times", h.Name, n)
		}
	}
	ada.Must(ada.Circles.Remove(w.Now, "hills", ada.To(ben)))
	w.Wait(10 * time.Minute)
	say(second, post.Draft{Text: "between us"})
	w.Wait(10 * time.Minute)
	if strings.Contains(reads(ben), "between us") || !strings.Contains(reads(ada), "between us") {
		t.Errorf("at the end Ben reads %q, Ada %q", reads(ben), reads(ada))
	}
	say(ada, post.Draft{Text: "before it was lost"})
	w.Wait(10 * time.Minute)
	ada.Must(ada.Store.Update(func(tx *store.Tx) error {
		own, err := ada.Relations.Devices(tx)
		ada.Must(err)
		return ada.Relations.Revoke(tx, w.Now, own[1].ID)
	}))
	w.Wait(10 * time.Minute)
	say(ada, post.Draft{Text: "without it"})
	w.Wait(20 * time.Minute)
	if got := reads(second); !strings.HasSuffix(got, "before it was lost") {
		t.Errorf("a device that was revoked reads %q", got)
	}
}

// TestRestored: what is written and read in circles goes on from a backup.
func TestRestored(t *testing.T) {
	w := partstest.New(t)
	ada, ben := w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	ada.Must(ada.Circles.New("hills"))
	add(ada, ben)
	ben.Must(ben.Circles.New("hills"))
	add(ben, ada)
	say(ada, post.Draft{Text: "one"})
	say(ben, post.Draft{Text: "two"})
	w.Wait(6 * time.Minute)
	again := ada.Restore(false)
	ada.Off = true
	w.Wait(40 * time.Minute)
	say(again, post.Draft{Text: "three"})
	say(ben, post.Draft{Text: "four"})
	w.Wait(30 * time.Minute)
	for _, h := range []*partstest.Home{again, ben} {
		for _, text := range []string{"one", "two", "three", "four"} {
			if n := strings.Count(reads(h), text); n != 1 {
				t.Errorf("%s reads %q %d times: %q", h.Name, text, n, reads(h))
			}
		}
	}
}
