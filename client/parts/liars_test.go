package parts_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"murmuration/client/backup"
	"murmuration/client/feed"
	"murmuration/client/outbox"
	"murmuration/client/photo"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/counted"
)

// row is what one holder may say to a write, without having stored anything.
type row struct {
	status box.Status
	name   string
	box    func(asked box.Box) box.Box // that stands in the reply
	lies   uint64                      // that are counted
}

// bare is the id alone.
func bare(b box.Box) box.Box { return box.Box{ID: b.ID} }

// rows are what liars say of each status that there is; a status that has no row fails the test.
func rows(t *testing.T, foreign box.Box) (all []row) {
	for status := range box.Status(255) {
		switch status {
		case box.StatusStored, box.StatusNotFound, box.StatusFull, box.StatusUnpaid:
			all = append(all, row{status, "", bare, 0})
		case box.StatusFound, box.StatusDigest, box.StatusBulletin:
			all = append(all, row{status, "", bare, 1})
		case box.StatusConflict, box.StatusTombstoned:
			all = append(all,
				row{status, " and nothing", bare, 1},
				row{status, " and our own bytes", func(b box.Box) box.Box { return b }, 1},
				row{status, " and bytes that nobody signed", func(b box.Box) box.Box {
					b.Ciphertext = append([]byte{b.Ciphertext[0] ^ 1}, b.Ciphertext[1:]...)
					return b
				}, 1},
				row{status, " and a signature of another box", func(b box.Box) box.Box {
					b.Signature, b.Ciphertext = foreign.Signature, foreign.Ciphertext
					return b
				}, 1},
				row{status, " and another box", func(box.Box) box.Box { return foreign }, 1},
			)
		default:
			if status.String() != "unknown" {
				t.Errorf("status %q has no row", status)
			}
		}
	}
	return all
}

// TestWhateverAHolderSaysToAWrite is without consequence, for a post and for a part of a photo: all
// of it is kept and read, feed and link stay, and nothing is shown but a count.
func TestWhateverAHolderSaysToAWrite(t *testing.T) {
	foreign := func() box.Box {
		h := newHolder(t)
		m := h.forger(9)
		sealed, err := m.w.Seal(h.network, 0, box.Record{Kind: 1, Parts: 1})
		if err != nil {
			t.Fatal(err)
		}
		return sealed[0].Box()
	}()
	all := rows(t, foreign)
	counted.Say(t, "liars", "%d answers to the write of a post, as many of a photo's part",
		len(all))
	for _, r := range all {
		for n, what := range map[int]string{1: "post", 3: "part of a photo"} {
			t.Run(fmt.Sprint(r.status, r.name, ", to a ", what), func(t *testing.T) {
				h := newHolder(t)
				ada, bob := h.join("Ada"), h.join("Bob")
				link := ada.publish()
				bob.follow(link, "ada")
				h.wait(5*time.Minute, ada, bob) // the head of the feed is kept
				said := 0
				h.Twist = func(q sender.Request, reply *box.Reply) {
					if said++; said == n {
						*reply = box.Reply{Status: r.status, Day: q.Day, Box: r.box(q.Box)}
						h.Forget(q.Box.ID)
					}
				}
				jpeg := noise(900)
				ada.say("one", jpeg...)
				ada.say("two")
				h.wait(40*time.Minute, ada, bob)
				for _, e := range ada.Outbox.Entries() {
					if e.State != outbox.Kept {
						t.Errorf("in the outbox: %+v", e)
					}
				}
				again := ada.publish()
				if bob.reads() != "ada: one\nada: two\n" || again.Stream[0] != link.Stream[0] ||
					ada.Feed.Trouble() != nil || len(ada.Notices()) != 0 {
					t.Errorf("Bob reads %q, trouble %v", bob.reads(), ada.Feed.Trouble())
				}
				if got, err := bob.Photos.File(bob.posts()[1].ID, 0); !bytes.Equal(got, jpeg) {
					t.Errorf("the photo: %d bytes, %v", len(got), err)
				}
				if ada.Outbox.Lies() != r.lies || said != 5 {
					t.Errorf("%d lies are counted, of %d answers", ada.Outbox.Lies(), said)
				}
			})
		}
	}
}

// copyHome copies everything that a home keeps, as somebody who copies its directory.
func copyHome(t *testing.T, from, to *store.Store) {
	t.Helper()
	for bucket := range backup.Buckets {
		all := map[string]any{}
		err := from.View(func(tx *store.Tx) error {
			return store.Each(tx, bucket, func(name string, v any) error {
				all[name] = v
				return nil
			})
		})
		for name, v := range all {
			if err == nil {
				err = to.Update(func(tx *store.Tx) error { return tx.Put(bucket, name, v) })
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// copied is the home of somebody twice.
func (s *someone) copied() *someone {
	twin := &someone{h: s.h, name: s.name + "'s copy", store: store.Memory()}
	copyHome(s.h.t, s.store, twin.store)
	twin.start()
	return twin
}

// TestTrueConflict is one in which the other box is shown: a copy of this home wrote to the same
// box at the same time. The feed begins anew, what waited goes into it, and the person is told.
func TestTrueConflict(t *testing.T) {
	h := newHolder(t)
	ada := h.join("Ada")
	before := ada.publish()
	twin := ada.copied()
	twin.say("from the copy")
	h.wait(3*time.Minute, twin)
	h.Silent = 2 // so that the answer is what tells it
	ada.say("from the original", noise(900)...)
	ada.say("and more")
	h.wait(2*time.Minute, ada)
	if err := ada.Feed.Trouble(); !errors.Is(err, feed.ErrCopied) || len(ada.Notices()) != 1 ||
		ada.Outbox.Lies() != 0 {
		t.Fatalf("nobody is told: %v", err)
	}
	h.Silent = 0
	h.renewed(ada, before, 2)
}

// renewed says whether somebody's feed began anew, and a reader of its new link has everything.
func (h *holder) renewed(ada *someone, before feed.Link, posts int) {
	h.t.Helper()
	after := ada.publish()
	if bytes.Equal(after.Stream[:32], before.Stream[:32]) || ada.Feed.Trouble() != nil {
		h.t.Errorf("the feed goes on under the old keys, or trouble %v", ada.Feed.Trouble())
	}
	h.wait(20*time.Minute, ada)
	for _, e := range ada.Outbox.Entries()[:posts] {
		if e.State != outbox.Kept {
			h.t.Errorf("in the outbox: %+v", e)
		}
	}
	h.wait(26*time.Hour, ada) // a head that was not seen in a door is written on the next day
	if ada.Outbox.Waiting() != 0 || len(ada.Notices()) != 0 {
		h.t.Errorf("%d wait", ada.Outbox.Waiting())
	}
}

// TestCopyInUse: a copy of this home posts, and this home sees a box in its own feed that it did
// not write, before it says anything.
func TestCopyInUse(t *testing.T) {
	h := newHolder(t)
	ada := h.join("Ada")
	before := ada.publish()
	twin := ada.copied()
	h.wait(3*time.Minute, ada, twin)
	if ada.Feed.Trouble() != nil {
		t.Error("the control: trouble before anything was said")
	}
	twin.say("from the copy")
	h.wait(5*time.Minute, ada, twin)
	if err := ada.Feed.Trouble(); !errors.Is(err, feed.ErrCopied) || len(ada.Notices()) != 1 {
		t.Errorf("nobody is told: %v", err)
	}
	if err := twin.Feed.Trouble(); !errors.Is(err, feed.ErrCopied) {
		t.Errorf("the copy, which sees where the feed went on: %v", err)
	}
	h.renewed(ada, before, 0)
}

// TestHomePutBack: a home is put back from a copy of the day before, and posts. Its indices are
// those that its readers have read, under another day: no holder objects, and nobody would ever
// read it. But it sees the boxes that it does not know, and says everything again in another
// stream, which the readers that there are find by the head.
func TestHomePutBack(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	before := ada.publish()
	bob.follow(before, "ada")
	h.wait(3*time.Minute, ada, bob)
	old := ada.copied()
	ada.say("one")
	ada.say("two")
	h.wait(24*time.Hour, ada, bob)
	old.start()
	old.sender.Deaf = true // so that it is kept before it is found out
	old.say("after")
	h.wait(20*time.Minute, old, bob)
	if e := old.Outbox.Entries(); e[0].State != outbox.Kept {
		t.Errorf("the control: %+v", e)
	}
	old.say("and more", noise(600)...) // at indices that Bob has not read
	old.sender.Deaf = false
	h.wait(30*time.Minute, old, bob)
	if err := old.Feed.Trouble(); !errors.Is(err, feed.ErrCopied) || len(old.Notices()) == 0 {
		t.Errorf("nobody is told: %v", err)
	}
	if bob.reads() != "ada: one\nada: two\nada: after\nada: and more\n" {
		t.Errorf("by his old link Bob reads %q", bob.reads())
	}
	carl := h.join("Carl")
	carl.follow(old.publish(), "ada")
	h.wait(30*time.Minute, old, carl)
	if carl.reads() != "ada: after\nada: and more\n" {
		t.Fatalf("on the new link Carl reads %q", carl.reads())
	}
	if p := carl.posts()[0]; p.Photos[0].State.Where != photo.Here {
		t.Errorf("with the photo %+v", p.Photos)
	}
}
