package feed

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

// TestPostsAreReadOnceAndInOrder from a writer to a reader who is started again between them.
func TestPostsAreReadOnceAndInOrder(t *testing.T) {
	ada, bob := newHome(t, 1, store.Memory()), newHome(t, 2, store.Memory())
	early := ada.publish()
	ada.say("before the link")
	ada.sent()
	late := ada.publish()
	if late.Stream == early.Stream || late.Network != early.Network {
		t.Error("a link of today shows what was posted before it")
	}
	bob.check(bob.Follow(noon, late, "Ada L."))
	var want []string
	for i, text := range []string{"one", "two"} {
		ada.say(text)
		day, b := ada.sent()
		if w, ok := bob.wants(b.ID); !ok || w.Day != day {
			t.Fatalf("%s: wanted as %+v", text, w)
		}
		bob.check(bob.found(b))
		want = append(want, text)
		bob = newHome(t, byte(3+i), bob.store)
		l := bob.list()
		if _, again := bob.wants(b.ID); again || !slices.Equal(bob.read(), want) || len(l) != 1 ||
			l[0].Posts != i+1 || l[0].Claimed != "Ada" || l[0].Petname != "Ada L." {
			t.Errorf("%s: %+v, read %q", text, l, bob.read())
		}
	}
}

func TestFollowRefusals(t *testing.T) {
	ada, bob := newHome(t, 1, store.Memory()), newHome(t, 2, store.Memory())
	l := ada.publish()
	mine := bob.publish()
	stranger, broken := l, l
	stranger.Network[0]++
	clear(broken.Stream[:])
	broken.Head = Head{}
	bob.person.Fresh() // the heads of their own feed
	for name, try := range map[string]struct {
		link Link
		name string
		want error
	}{
		"own":             {mine, "", ErrOwnFeed},
		"another network": {stranger, "", ErrNetwork},
		"petname":         {l, "two\nlines", content.ErrName},
	} {
		if err := bob.Follow(noon, try.link, try.name); !errors.Is(err, try.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := bob.Follow(noon, broken, ""); err == nil {
		t.Error("a stream of no keys was followed")
	}
	bob.full = true
	if err := bob.Follow(noon, l, ""); !errors.Is(err, store.ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	if len(bob.list()) != 0 || len(bob.person.Fresh()) != 0 {
		t.Fatalf("what was refused is followed: %+v", bob.list())
	}
	bob.full = false
	bob.check(bob.Follow(noon, l, "")) // the control
	if err := bob.Follow(noon, l, "again"); !errors.Is(err, ErrFollowing) {
		t.Errorf("twice: %v", err)
	}
	if n := len(bob.person.Fresh()); len(bob.list()) != 1 || n != 32+16 {
		t.Errorf("%+v, %d wanted", bob.list(), n)
	}
}

// TestUnfollowedFeedStaysAway over a restart; numbers of the others stay theirs, and no number
// that is in use is given twice.
func TestUnfollowedFeedStaysAway(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	for range 3 {
		h.follow()
	}
	if err := h.Unfollow(9); !errors.Is(err, ErrNoFollow) || len(h.list()) != 3 {
		t.Errorf("a number of nobody: %v", err)
	}
	h.full = true
	if err := h.Unfollow(2); !errors.Is(err, store.ErrFull) || len(h.list()) != 3 {
		t.Errorf("on a full disk: %v", err)
	}
	h.full = false
	h.check(h.Unfollow(2))
	for _, h := range []*home{h, newHome(t, 1, h.store)} {
		if l := h.list(); len(l) != 2 || l[0].Number != 1 || l[1].Number != 3 ||
			len(h.person.Fresh()) != 2*32 {
			t.Errorf("%+v", l)
		}
	}
	h.check(h.Unfollow(3))
	h.follow()
	if l := h.list(); len(l) != 2 || l[1].Number != 4 {
		t.Errorf("%+v", l)
	}
}

func TestNamesOfFeeds(t *testing.T) {
	for want, f := range map[string]Followed{
		"Ada": {Petname: "Ada", Claimed: "Eve"}, "“Eve”": {Claimed: "Eve"},
		"(nothing read yet)": {},
	} {
		if f.Name() != want {
			t.Errorf("%+v is shown as %s", f, f.Name())
		}
	}
}

// TestWantedBoxesTurnWithTheDay: yesterday's stay until what was written in the grace is listed,
// all that bulletins say was read, and what was read before was looked through.
func TestWantedBoxesTurnWithTheDay(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	b := h.sealed(w, h.post("hello"))
	again := h.sealedOn(*w, 2) // the box after it, on the next day
	for i, c := range []struct {
		at         time.Duration // since noon
		whole      box.Day
		today, old bool
		looked     bool
	}{
		{0, 0, true, false, true}, {12*time.Hour + time.Minute, 0, true, true, true},
		{14*time.Hour + 30*time.Second, 1, true, true, true},
		{15 * time.Hour, 1, true, true, true},
		{15 * time.Hour, 2, true, true, false}, {15 * time.Hour, 2, false, true, true},
	} {
		if c.looked {
			h.person.Fresh()
		}
		h.person.Whole(c.whole)
		h.check(h.person.Turn(noon.Add(c.at)))
		_, today := h.wants(b.ID)
		_, tomorrow := h.wants(again.ID)
		if today != c.today || tomorrow != c.old {
			t.Errorf("step %d: wanted is the first day's %v, the next one's %v", i, today, tomorrow)
		}
	}
	after := newHome(t, 1, h.store) // at noon of the first day
	if _, today := after.wants(b.ID); today {
		t.Error("after a restart a day that is over is read")
	}
}

// sealedOn is a box that says nothing, on a day, at the next index of a writer that stays there.
func (h *home) sealedOn(w boxstream.Writer, day box.Day) box.Box {
	h.t.Helper()
	all, err := w.Seal(network, day, box.Record{Kind: 1, Parts: 1})
	h.check(err)
	return all[0].Box()
}

// post is a post as a record.
func (h *home) post(text string) box.Record {
	h.t.Helper()
	said, err := content.Post{Name: "Eve", Text: text}.Marshal(network.Format.ContentSize())
	h.check(err)
	return network.Format.Split(content.KindPost, said)[0]
}

// TestAnswersOfNobody: about a feed that is not followed, about a request where none was made, and
// of a box that is not the feed's.
func TestAnswersOfNobody(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	b := h.sealed(w, h.post("hello"))
	a := person.Answer{
		Number: 1, Kind: person.Done, Day: 1, ID: b.ID,
		Reply: box.Reply{Status: box.StatusFound, Box: b},
	}
	h.check(h.reading.Answered(noon, a))
	a.Kind = person.Listed
	h.check(h.reading.Answered(noon, a))
	a.Number, a.Kind = 8, person.Found
	h.check(h.reading.Answered(noon, a))
	a.Number, a.Day = 1, 2
	h.check(h.reading.Answered(noon, a))
	if len(h.read()) != 0 {
		t.Errorf("read %q", h.read())
	}
	a.Day = 1
	h.check(h.reading.Answered(noon, a)) // the control
	h.check(h.reading.Answered(noon, a)) // and it is read once
	if len(h.read()) != 1 || len(h.person.Notices()) != 0 {
		t.Errorf("read %q", h.read())
	}
}

// TestBoxThatDoesNotOpen moves nothing, and says nothing: it is looked for as before.
func TestBoxThatDoesNotOpen(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	b := h.sealed(w, h.post("hello"))
	bad := b
	bad.Ciphertext = slices.Clone(b.Ciphertext)
	bad.Ciphertext[0]++
	h.check(h.found(bad))
	h.check(h.found(box.Box{ID: b.ID, Signature: b.Signature})) // no tombstone either
	if said := h.person.Notices(); len(said) != 0 || len(h.read()) != 0 {
		t.Errorf("read %q, said %+v", h.read(), said)
	}
	h.check(h.found(b))
	if !slices.Equal(h.read(), []string{"hello"}) {
		t.Errorf("read %q", h.read())
	}
}

// TestWhatIsNoPostIsPassedOver, said once, and what comes after it is read.
func TestWhatIsNoPostIsPassedOver(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	good := h.post("hello")
	unknown, parts, garbage, old := good, good, good, good
	unknown.Kind = 99
	parts.Parts = 2
	garbage.Content = []byte("no post")
	old.Kind = 1
	for name, r := range map[string]box.Record{
		"an unknown kind": unknown, "a part of two": parts, "garbage": garbage,
		"a post of an earlier version": old,
	} {
		h := newHome(t, 1, store.Memory())
		w := h.follow()
		h.check(h.found(h.sealed(w, r)))
		if l := h.list()[0]; len(h.read()) != 0 || l.Posts != 0 || l.Claimed != "" ||
			len(h.person.Notices()) != 1 {
			t.Errorf("%s: %+v, read %q", name, l, h.read())
		}
		h.check(h.found(h.sealed(w, good)))
		if l := h.list()[0]; len(h.read()) != 1 || l.Posts != 1 {
			t.Errorf("after %s: %+v, read %q", name, l, h.read())
		}
	}
}

// TestPostsAreTakenBack, before or after they came; nobody takes back what is another's, and the
// rest of a feed is read on.
func TestPostsAreTakenBack(t *testing.T) {
	ada, bob := newHome(t, 1, store.Memory()), newHome(t, 2, store.Memory())
	bob.check(bob.Follow(noon, ada.publish(), ""))
	other := bob.follow()
	var boxes []box.Box
	var ids []string
	next := func() {
		_, b := ada.sent()
		boxes = append(boxes, b)
	}
	for _, text := range []string{"one", "two", "three"} {
		ids = append(ids, ada.say(text).Post)
		next()
	}
	for _, id := range ids[:2] {
		ada.check(ada.store.Update(func(tx *store.Tx) error {
			e, err := ada.timeline.Entry(tx, id)
			ada.check(err)
			return ada.Own.Delete(tx, noon, e)
		}))
		ada.check(ada.person.Supply(noon))
		next()
	}
	about, err := content.Encode(map[int]any{2: []string{ids[2]}})
	bob.check(err)
	foreign := box.Record{Kind: content.KindNote, Parts: 1, Content: about}
	for _, step := range []struct {
		b    box.Box
		want string
	}{
		{boxes[0], "one"}, {boxes[3], ""}, {boxes[4], ""}, {boxes[1], ""},
		{bob.sealed(other, foreign), ""}, {boxes[2], "three"},
		{bob.sealed(other, foreign), "three"},
	} {
		bob.check(bob.found(step.b))
		if got := strings.Join(bob.read(), " "); got != step.want {
			t.Errorf("Bob reads %q, not %q", got, step.want)
		}
	}
	if got := strings.Join(ada.read(), " "); got != "three" || len(bob.person.Notices()) != 0 {
		t.Errorf("Ada has %q; Bob is told %v", got, bob.person.Notices())
	}
	ada.check(ada.store.View(func(tx *store.Tx) error {
		if err := ada.Own.Delete(tx, noon, timeline.Entry{ID: "x"}); !errors.Is(err, ErrNotOwn) {
			t.Errorf("what is not hers: %v", err)
		}
		return nil
	}))
}

// FuzzNote: what is taken is written in one way.
func FuzzNote(f *testing.F) {
	good, err := content.Encode(note{Gone: []string{"aaaabbbbccccdddd"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseNote(b)
		if err != nil {
			return
		}
		if again, err := content.Encode(n); err != nil || string(again) != string(b) {
			t.Errorf("%x is written as %x, %v", b, again, err)
		}
	})
}

// TestPartsAndPostsOfPhotos go to the photos, in whatever order they come; the name that is shown
// is that of the latest post.
func TestPartsAndPostsOfPhotos(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	about := content.Photo{Hash: [32]byte{4}, Size: 9, Width: 1, Height: 1}
	said, err := content.Post{
		Name: "Eve", Text: "see", Photos: []content.Photo{about, about},
	}.Marshal(2000)
	h.check(err)
	first := h.sealed(w, network.Format.Split(content.KindPost, said)[0])
	part := h.sealed(w, box.Record{Kind: content.KindPhoto, Parts: 1, Content: []byte("x")})
	said, err = content.Post{Name: "Eva", Text: "later"}.Marshal(2000)
	h.check(err)
	last := h.sealed(w, network.Format.Split(content.KindPost, said)[0])
	for _, b := range []box.Box{last, part, first} {
		h.check(h.found(b))
	}
	if len(h.expected) != 2 || h.parts != 1 || h.list()[0].Claimed != "Eva" {
		t.Fatalf("%+v, %d parts, called %s", h.expected, h.parts, h.list()[0].Claimed)
	}
	for i, of := range h.expected {
		if of.Source == (post.Source{}) || of.Day != 1 || of.About.Hash != about.Hash ||
			of.Post == "" || of.Index != i {
			t.Errorf("%+v", of)
		}
	}
}

func TestPlaintextThatIsNoRecordIsPassedOver(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	c, first := h.capability(w)
	b := c.Seal(first, network.ID, 1, make([]byte, network.Format.Plaintext))
	h.check(h.found(b))
	if _, again := h.wants(b.ID); again || len(h.read()) != 0 || len(h.person.Notices()) != 1 {
		t.Errorf("read %q", h.read())
	}
}

// capability is that of a writer, at its next index.
func (h *home) capability(w *boxstream.Writer) (*box.WriteCap, box.Index) {
	h.t.Helper()
	c, err := box.ParseWriteCap(w.Cap)
	h.check(err)
	before, err := box.ParseIndex(w.Before)
	h.check(err)
	return c, before.Next()
}

func TestTombstoneIsPassedOver(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	c, first := h.capability(w)
	b := c.Tombstone(first, network.ID, 1)
	h.check(h.found(b))
	for _, h := range []*home{h, newHome(t, 1, h.store)} {
		if _, again := h.wants(b.ID); again || len(h.read()) != 0 || len(h.person.Notices()) != 0 {
			t.Error("it is wanted still")
		}
	}
}

// TestPostThatCannotBeKeptIsReadLater: the position and the post reach the disk together.
func TestPostThatCannotBeKeptIsReadLater(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	h.person.Fresh()
	b := h.sealed(w, h.post("hello"))
	h.full = true
	h.check(h.found(b))
	if fresh := h.person.Fresh(); len(fresh) != 1 || fresh[0].ID != b.ID {
		t.Errorf("on a full disk, looked for anew: %d boxes", len(fresh))
	}
	h.full = false
	if _, still := h.wants(b.ID); !still || len(h.read()) != 0 || h.list()[0].Posts != 0 {
		t.Errorf("not kept, and passed: %+v", h.list())
	}
	h.check(h.found(b))
	if len(h.read()) != 1 {
		t.Errorf("read %q", h.read())
	}
}

// TestLinkOfTomorrow, as a wrong clock or a liar makes it, is followed from today on.
func TestLinkOfTomorrow(t *testing.T) {
	h, ada := newHome(t, 1, store.Memory()), newHome(t, 2, store.Memory())
	l := ada.publish()
	l.FirstDay += 100
	h.check(h.Follow(noon, l, ""))
	ada.say("hello")
	_, b := ada.sent()
	h.check(h.found(b))
	if len(h.read()) != 1 {
		t.Errorf("read %q", h.read())
	}
}

func TestDamagedFollowEndsTheStart(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	h.follow()
	h.check(unloaded(t, 1, h.store).person.Load()) // the control
	h.check(h.store.Update(func(tx *store.Tx) error {
		var name string
		var bad map[int]any
		err := store.Each(tx, "reading", func(n string, g map[int]any) error {
			name, bad = n, g
			return nil
		})
		bad[5].(map[any]any)[uint64(1)] = []byte("no capability")
		return errors.Join(err, tx.Put("reading", name, bad))
	}))
	if err := unloaded(t, 1, h.store).person.Load(); !errors.Is(err, store.ErrForeign) {
		t.Errorf("%v", err)
	}
}
