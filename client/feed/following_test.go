package feed

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
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
		if w := bob.watched; len(w) != 1 || w[0].ID != b.ID || w[0].Day != day ||
			!w[0].Since.Equal(noon) {
			t.Fatalf("%s: watched %+v", text, w)
		}
		bob.check(bob.polled(box.StatusFound, b))
		want = append(want, text)
		bob = newHome(t, byte(3+i), bob.store)
		l := bob.List()
		if !slices.Equal(bob.read(), want) || len(l) != 1 || l[0].Posts != i+1 ||
			l[0].Claimed != "Ada" || l[0].Petname != "Ada L." || len(bob.watched) != 1 ||
			bob.watched[0].ID == b.ID {
			t.Errorf("%s: %+v, read %q", text, l, bob.read())
		}
	}
	if bob.follows[0].Petname != bob.Petname(1) || bob.Petname(9) != "" {
		t.Errorf("called %q and %q", bob.Petname(1), bob.Petname(9))
	}
}

func TestFollowRefusals(t *testing.T) {
	ada, bob := newHome(t, 1, store.Memory()), newHome(t, 2, store.Memory())
	l := ada.publish()
	mine := bob.publish()
	stranger, broken := l, l
	stranger.Network[0]++
	clear(broken.Stream[:])
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
	if len(bob.List()) != 0 || len(bob.watched) != 0 {
		t.Fatalf("what was refused is followed: %+v, %+v", bob.List(), bob.watched)
	}
	bob.full = false
	bob.check(bob.Follow(noon, l, "")) // the control
	if err := bob.Follow(noon, l, "again"); !errors.Is(err, ErrFollowing) {
		t.Errorf("twice: %v", err)
	}
	if len(bob.List()) != 1 || len(bob.watched) != 1 {
		t.Errorf("%+v, %+v", bob.List(), bob.watched)
	}
}

// TestUnfollowedFeedStaysAway over a restart; numbers of the others stay theirs, and no number
// that is in use is given twice.
func TestUnfollowedFeedStaysAway(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	for range 3 {
		h.follow()
	}
	if err := h.Unfollow(9); !errors.Is(err, ErrNoFollow) || len(h.List()) != 3 {
		t.Errorf("a number of nobody: %v", err)
	}
	h.full = true
	if err := h.Unfollow(2); !errors.Is(err, store.ErrFull) || len(h.watched) != 3 {
		t.Errorf("on a full disk: %v, %d watched", err, len(h.watched))
	}
	h.full = false
	h.check(h.Unfollow(2))
	for _, h := range []*home{h, newHome(t, 1, h.store)} {
		if l := h.List(); len(l) != 2 || l[0].Number != 1 || l[1].Number != 3 ||
			len(h.watched) != 2 {
			t.Errorf("%+v, %d watched", l, len(h.watched))
		}
	}
	h.follow()
	if l := h.List(); l[2].Number != 4 {
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

// TestWatchedBoxTurnsWithTheDay, and what is heard of yesterday's then counts no more.
func TestWatchedBoxTurnsWithTheDay(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	before := h.watched[0]
	b := h.sealed(w, h.post("hello"))
	h.check(h.Turn(noon.Add(time.Hour)))
	if h.watched[0] != before {
		t.Errorf("on the same day: %+v, %+v", h.watched, before)
	}
	tomorrow := noon.Add(13 * time.Hour)
	h.check(h.person.Turn(tomorrow))
	if after := h.watched[0]; len(h.watched) != 1 || after.Day != before.Day+1 ||
		after.ID == before.ID {
		t.Errorf("on the next day: %+v, %+v", h.watched, before)
	}
	found := person.Answer{
		Number: 1, Kind: person.Polled, Day: before.Day, ID: before.ID, Sent: noon,
		Reply: box.Reply{Status: box.StatusFound, Day: before.Day, Box: b},
	}
	h.check(h.Answered(tomorrow, found))
	mixed := found
	mixed.ID = h.watched[0].ID
	h.check(h.Answered(tomorrow, mixed))
	mixed = found
	mixed.Day = h.watched[0].Day
	h.check(h.Answered(tomorrow, mixed))
	if len(h.read()) != 0 {
		t.Errorf("an answer about another box was read: %q", h.read())
	}
}

// post is a post as a record.
func (h *home) post(text string) box.Record {
	h.t.Helper()
	said, err := content.Post{Name: "Eve", Text: text}.Marshal(network.Format.ContentSize())
	h.check(err)
	return network.Format.Split(content.KindPost, said)[0]
}

// TestAnswersOfNobody: about a feed that is not followed, and about a request where none was made.
func TestAnswersOfNobody(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	b := h.sealed(w, h.post("hello"))
	a := person.Answer{
		Number: 1, Kind: person.Done, Day: h.watched[0].Day, ID: h.watched[0].ID, Sent: noon,
		Reply: box.Reply{Status: box.StatusFound, Box: b},
	}
	h.check(h.Answered(noon, a))
	a.Number, a.Kind = 8, person.Polled
	h.check(h.Answered(noon, a))
	if len(h.read()) != 0 {
		t.Errorf("read %q", h.read())
	}
	a.Number = 1
	h.check(h.Answered(noon, a)) // the control
	if len(h.read()) != 1 {
		t.Errorf("read %q", h.read())
	}
}

// TestSameAnswerTwice: both holders answer, and the second one says nothing new.
func TestSameAnswerTwice(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	b := h.sealed(w, h.post("hello"))
	a := person.Answer{
		Number: 1, Kind: person.Polled, Day: h.watched[0].Day, ID: b.ID, Sent: noon,
		Reply: box.Reply{Status: box.StatusFound, Box: b},
	}
	h.check(h.Answered(noon, a))
	h.check(h.Answered(noon, a))
	if said := h.person.Notices(); len(said) != 0 || len(h.read()) != 1 {
		t.Errorf("said %+v, read %q", said, h.read())
	}
}

// TestBoxThatDoesNotOpenIsAskedForAgain: the holder lies, and the feed stays where it is.
func TestBoxThatDoesNotOpenIsAskedForAgain(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	b := h.sealed(w, h.post("hello"))
	before := h.watched[0]
	bad := b
	bad.Ciphertext = slices.Clone(b.Ciphertext)
	bad.Ciphertext[0]++
	h.check(h.polled(box.StatusFound, bad))
	h.check(h.polled(box.StatusTombstoned, b)) // no tombstone either
	if said := h.person.Notices(); h.watched[0] != before || len(said) != 1 ||
		!strings.Contains(said[0].What, "does not open") {
		t.Errorf("watched %+v, said %+v", h.watched, said)
	}
	h.check(h.polled(box.StatusFound, b))
	if !slices.Equal(h.read(), []string{"hello"}) || h.watched[0].ID == before.ID {
		t.Errorf("read %q", h.read())
	}
}

// TestWhatIsNoPostIsPassedOver, said once, and what comes after it is read. So is a tombstone,
// without a word.
func TestWhatIsNoPostIsPassedOver(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	good := h.post("hello")
	photo, parts, garbage := good, good, good
	photo.Kind = content.KindPhoto
	parts.Parts = 2
	garbage.Content = []byte("no post")
	for name, r := range map[string]box.Record{
		"a photo": photo, "a part of two": parts, "garbage": garbage,
	} {
		h := newHome(t, 1, store.Memory())
		w := h.follow()
		h.check(h.polled(box.StatusFound, h.sealed(w, r)))
		if l := h.List()[0]; len(h.read()) != 0 || l.Posts != 0 || l.Claimed != "" ||
			len(h.person.Notices()) != 1 {
			t.Errorf("%s: %+v, read %q", name, l, h.read())
		}
		b := h.sealed(w, good)
		if h.watched[0].ID != b.ID {
			t.Errorf("after %s another box is watched than the next", name)
		}
		h.check(h.polled(box.StatusFound, b))
		if l := h.List()[0]; len(h.read()) != 1 || l.Posts != 1 {
			t.Errorf("after %s: %+v, read %q", name, l, h.read())
		}
	}
}

func TestPlaintextThatIsNoRecordIsPassedOver(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	c, err := box.ParseWriteCap(w.Cap)
	h.check(err)
	first, err := box.ParseIndex(w.Before)
	h.check(err)
	b := c.Seal(first.Next(), network.ID, h.watched[0].Day, make([]byte, network.Format.Plaintext))
	before := h.watched[0]
	h.check(h.polled(box.StatusFound, b))
	if len(h.read()) != 0 || h.watched[0].ID == before.ID {
		t.Errorf("read %q, watched %+v", h.read(), h.watched)
	}
}

func TestTombstoneIsPassedOver(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	c, err := box.ParseWriteCap(w.Cap)
	h.check(err)
	first, err := box.ParseIndex(w.Before)
	h.check(err)
	before := h.watched[0]
	h.check(h.polled(box.StatusTombstoned, c.Tombstone(first.Next(), network.ID, before.Day)))
	if h.watched[0].ID == before.ID || len(h.read()) != 0 || len(h.person.Notices()) != 0 {
		t.Errorf("watched %+v", h.watched)
	}
	if again := newHome(t, 1, h.store); again.watched[0].ID != h.watched[0].ID {
		t.Errorf("after a restart: %+v", again.watched)
	}
}

// TestMissedDayIsDurable: a day that held nothing is not asked for again after a restart.
func TestMissedDayIsDurable(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	h.follow()
	day := h.watched[0].Day
	h.full = true // polls come all day, and write nothing
	h.check(h.Answered(noon, person.Answer{
		Number: 1, Kind: person.Polled, Day: day, ID: h.watched[0].ID, Sent: noon,
		Reply: box.Reply{Status: box.StatusNotFound, Day: day},
	}))
	h.full = false
	if h.watched[0].Day != day || h.follows[0].Reader.Checked != day {
		t.Fatalf("its day is not over, and was passed: %+v", h.watched)
	}
	late := noon.Add(40 * time.Hour) // day 2, and its grace, are over
	h.check(h.person.Turn(late))
	if h.watched[0].Day != day {
		t.Fatalf("the missed day is not asked for first: %+v", h.watched)
	}
	empty := sender.Event{
		Kind: sender.Polled, Token: h.watched[0].Token, Day: day, ID: h.watched[0].ID, Sent: late,
		Reply: box.Reply{Status: box.StatusNotFound, Day: day},
	}
	h.full = true
	h.check(h.person.Answered(late, empty))
	if h.watched[0].Day != day || h.follows[0].Reader.Checked != day {
		t.Errorf("on a full disk the day was passed: %+v", h.watched)
	}
	h.full = false
	h.check(h.person.Answered(late, empty))
	if h.watched[0].Day != day+1 {
		t.Errorf("watched %+v", h.watched)
	}
	if again := newHome(t, 1, h.store); again.follows[0].Reader.Checked != day+1 {
		t.Errorf("after a restart: %+v", again.follows[0].Reader)
	}
}

// TestPostThatCannotBeKeptIsReadLater: the position and the post reach the disk together.
func TestPostThatCannotBeKeptIsReadLater(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	w := h.follow()
	b := h.sealed(w, h.post("hello"))
	before := h.watched[0]
	h.full = true
	h.check(h.polled(box.StatusFound, b))
	h.full, h.random.left = false, 0
	if err := h.polled(box.StatusFound, b); !errors.Is(err, errDrawn) {
		t.Errorf("without an id: %v", err)
	}
	if h.watched[0] != before || len(h.read()) != 0 || h.List()[0].Posts != 0 {
		t.Errorf("not kept, and passed: %+v", h.watched)
	}
	h.random.left = -1
	h.check(h.polled(box.StatusFound, b))
	if len(h.read()) != 1 {
		t.Errorf("read %q", h.read())
	}
}

func TestDamagedFollowEndsTheStart(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	h.follow()
	h.check(unloaded(t, 1, h.store).person.Load()) // the control
	bad := *h.follows[0]
	bad.Reader.Cap = []byte("no capability")
	h.check(h.store.Update(bad.put))
	if err := unloaded(t, 1, h.store).person.Load(); !errors.Is(err, store.ErrForeign) {
		t.Errorf("%v", err)
	}
}
