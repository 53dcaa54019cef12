package parts_test

import (
	"errors"
	"testing"
	"time"

	"murmuration/client/backup"
	"murmuration/client/feed"
	"murmuration/client/post"
	"murmuration/client/store"
)

// typed is a link as people pass it on: it has the head, and no stream.
func (h *holder) typed(l feed.Link) feed.Link {
	h.t.Helper()
	text := l.String()
	typed, err := feed.ParseLink(text)
	if err != nil || len(text) > 110 || typed.Stream == l.Stream || !typed.Head.Known() {
		h.t.Fatalf("%d characters, %v", len(text), err)
	}
	return typed
}

// restored is a home that was made of a backup of another: what is kept in one, and nothing else.
func (s *someone) restored(name string) *someone {
	s.h.t.Helper()
	again := &someone{h: s.h, name: s.name, store: store.Memory(), room: 1 << 30}
	copyHome(s.h.t, s.store, again.store)
	err := again.store.Update(func(tx *store.Tx) error {
		var errs []error
		for bucket, b := range backup.Buckets {
			if b.Kept {
				continue
			}
			errs = append(errs, store.Each(tx, bucket, func(name string, _ any) error {
				return tx.Delete(bucket, name)
			}))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		s.h.t.Fatal(err)
	}
	again.name = name // for its randomness
	again.start()
	err = again.store.Update(func(tx *store.Tx) error { return again.Restored(tx, s.h.now) })
	if err != nil {
		s.h.t.Fatal(err)
	}
	return again
}

// TestShortLink: who has it finds the feed by its head, on the day and a week later, and does not
// see what was before the week of the link.
func TestShortLink(t *testing.T) {
	h := newHolder(t)
	ada, bob, carl := h.join("Ada"), h.join("Bob"), h.join("Carl")
	bob.follow(h.typed(ada.publish()), "ada")
	h.wait(5*time.Minute, ada, bob)
	ada.say("one")
	h.wait(5*time.Minute, ada, bob)
	if bob.reads() != "ada: one\n" {
		t.Fatalf("Bob reads %q", bob.reads())
	}
	h.now = h.now.AddDate(0, 0, 7)
	h.wait(5*time.Minute, ada, bob)
	ada.say("two")
	h.wait(5*time.Minute, ada, bob)
	carl.follow(h.typed(ada.publish()), "ada")
	h.wait(10*time.Minute, ada, carl)
	ada.say("three")
	h.wait(5*time.Minute, ada, bob, carl)
	if bob.reads() != "ada: one\nada: two\nada: three\n" ||
		carl.reads() != "ada: two\nada: three\n" {
		t.Errorf("Bob reads %q, Carl %q", bob.reads(), carl.reads())
	}
}

// TestReaderIsAwayForMonths: what is still stored is found from the head on.
func TestReaderIsAwayForMonths(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(h.typed(ada.publish()), "ada")
	h.wait(5*time.Minute, ada, bob)
	for range 5 { // 40 boxes that Bob never sees
		for range 8 {
			ada.say("missed")
		}
		h.wait(10*time.Minute, ada)
		h.now = h.now.AddDate(0, 0, 1)
	}
	h.now = h.now.AddDate(0, 0, 60)
	h.wait(5*time.Minute, ada)
	ada.say("again")
	h.wait(5*time.Minute, ada)
	bob.start()
	h.wait(8*time.Minute, bob)
	if bob.reads() != "ada: again\n" {
		t.Errorf("Bob reads %.80q", bob.reads())
	}
}

// TestRestoredFeed: a home that is made of a backup writes another stream, which readers find by
// themselves; two of them both see that they are two, and all that they say is read.
func TestRestoredFeed(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(h.typed(ada.publish()), "ada")
	h.wait(5*time.Minute, ada, bob)
	ada.say("one")
	h.wait(5*time.Minute, ada, bob)
	first := ada.restored("first")
	h.wait(5*time.Minute, first, bob)
	first.say("two")
	h.wait(10*time.Minute, first, bob)
	if bob.reads() != "ada: one\nada: two\n" || first.Feed.Trouble() != nil {
		t.Fatalf("Bob reads %q, %v", bob.reads(), first.Feed.Trouble())
	}
	second := ada.restored("second")
	h.wait(5*time.Minute, first, second, bob)
	second.say("three")
	first.say("four")
	h.wait(10*time.Minute, first, second, bob)
	for _, s := range []*someone{first, second} {
		if err := s.Feed.Trouble(); !errors.Is(err, feed.ErrCopied) {
			t.Errorf("%s is not told: %v", s.name, err)
		}
	}
	if n := len(bob.posts()); n != 4 {
		t.Errorf("Bob reads %q", bob.reads())
	}
}

// TestFeedEnds: its readers are told, nothing is posted any more, and it may begin again.
func TestFeedEnds(t *testing.T) {
	h := newHolder(t)
	ada, bob, carl := h.join("Ada"), h.join("Bob"), h.join("Carl")
	link := ada.publish()
	bob.follow(h.typed(link), "ada")
	old := link
	old.Head = feed.Head{}
	carl.follow(old, "ada") // by a link of the first version, without a head
	ada.say("one")
	h.wait(10*time.Minute, ada, bob, carl)
	for range 2 {
		if err := ada.Feed.End(h.now); err != nil {
			t.Fatal(err)
		}
	}
	_, err := ada.Feed.Post(h.now, post.Draft{Text: "and more"})
	if !errors.Is(err, feed.ErrEnded) {
		t.Errorf("posted after the end: %v", err)
	}
	h.wait(10*time.Minute, ada, bob, carl)
	for _, s := range []*someone{bob, carl} {
		if f := s.follows(); !f[0].Ended || len(s.Notices()) != 1 || s.reads() != "ada: one\n" {
			t.Errorf("%s: %+v", s.name, f)
		}
	}
	ada.publish()
	ada.say("two")
	h.wait(10*time.Minute, ada, bob)
	if f := bob.follows(); f[0].Ended || bob.reads() != "ada: one\nada: two\n" {
		t.Errorf("begun again: %+v, %q", f, bob.reads())
	}
}

// TestSilentFeed is said to be so after a month in which all was read, and not before.
func TestSilentFeed(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	for day, silent := range map[int]bool{29: false, 31: true} {
		now := h.now.AddDate(0, 0, day)
		bob.Whole(h.network.Today(now))
		l, err := bob.Following.List(now)
		if err != nil || l[0].Silent != silent {
			t.Errorf("after %d days: %+v, %v", day, l, err)
		}
	}
	carl := h.join("Carl")
	carl.follow(ada.publish(), "ada")
	l, err := carl.Following.List(h.now.AddDate(0, 0, 31))
	if err != nil || l[0].Silent {
		t.Errorf("where not all was read: %+v, %v", l, err)
	}
}
