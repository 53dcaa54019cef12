package parts_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/feed"
	"murmuration/client/outbox"
	"murmuration/client/parts"
	"murmuration/client/person/persontest"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// holder is people around one holder of boxes, who answers at once.
type holder struct {
	*persontest.Holder
	t       *testing.T
	now     time.Time
	network boxstream.Network
}

func newHolder(t *testing.T) *holder {
	genesis := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	n := boxstream.Network{
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 512},
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
	}
	return &holder{persontest.NewHolder(n.Calendar), t, genesis.Add(12 * time.Hour), n}
}

// someone is a person, with the store and the sender under them.
type someone struct {
	*parts.Person
	h      *holder
	name   string
	store  *store.Store
	room   int // how often the disk has room yet
	sender *persontest.Sender
}

func (h *holder) join(name string) *someone {
	s := &someone{h: h, name: name, store: store.Memory(), room: math.MaxInt}
	s.store.Free = func(string) (uint64, error) {
		if s.room--; s.room < 0 {
			return 0, nil
		}
		return 1 << 40, nil
	}
	s.start()
	return s
}

// start is what a client does with a home, the first time and after a restart.
func (s *someone) start() {
	s.h.t.Helper()
	seed := [32]byte{}
	copy(seed[:], s.name+s.h.now.String())
	s.Person = parts.New(parts.Config{
		Name: s.name, Network: s.h.network, Store: s.store, Random: rand.NewChaCha8(seed),
	})
	s.sender = s.h.Sender()
	if err := errors.Join(s.Load(), s.Begin(s.h.now, s.sender)); err != nil {
		s.h.t.Fatal(err)
	}
}

// wait lets so much time pass for people, who are answered every minute.
func (h *holder) wait(d time.Duration, people ...*someone) {
	h.t.Helper()
	for end := h.now.Add(d); h.now.Before(end); h.now = h.now.Add(time.Minute) {
		for _, s := range people {
			if err := s.sender.Step(h.now, s.Person.Person); err != nil {
				h.t.Fatal(err)
			}
		}
	}
}

func (s *someone) publish() feed.Link {
	s.h.t.Helper()
	l, err := s.Feed.Publish(s.h.now)
	if err != nil {
		s.h.t.Fatal(err)
	}
	return l
}

func (s *someone) follow(l feed.Link, petname string) {
	s.h.t.Helper()
	if err := s.Following.Follow(s.h.now, l, petname); err != nil {
		s.h.t.Fatal(err)
	}
}

func (s *someone) say(text string, jpeg ...byte) string {
	s.h.t.Helper()
	d := feed.Draft{Text: text}
	if jpeg != nil {
		d.Picture, d.Alt = &picture.Picture{JPEG: jpeg, Width: 4, Height: 3}, "noise"
	}
	r, err := s.Feed.Post(s.h.now, d)
	if err != nil {
		s.h.t.Fatal(err)
	}
	return r.Post
}

// reads is the timeline, the oldest first, a line a post.
func (s *someone) reads() (all string) {
	for _, p := range slices.Backward(s.posts()) {
		all += fmt.Sprintf("%s: %s\n", p.Author(), p.Text)
	}
	return all
}

func (s *someone) posts() []parts.Post {
	s.h.t.Helper()
	posts, err := s.Timeline(s.h.now, 100)
	if err != nil {
		s.h.t.Fatal(err)
	}
	return posts
}

func (s *someone) fetch(post string) photo.State {
	s.h.t.Helper()
	state, err := s.Photos.Fetch(s.h.now, post)
	if err != nil {
		s.h.t.Fatal(err)
	}
	return state
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{9}).Read(b)
	return b
}

func TestPostAndPhotoReachAFollower(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	jpeg := noise(2000)
	own := ada.say("hello from the hills", jpeg...)
	if e := ada.Outbox.Entries()[0]; e.Boxes != 5 || e.State != outbox.Queued {
		t.Errorf("the entry is %+v", e)
	}
	h.wait(3*time.Minute, ada, bob)
	if bob.reads() != "ada: hello from the hills\n" ||
		ada.reads() != "Ada: hello from the hills\n" {
		t.Fatalf("Bob reads %q, Ada %q", bob.reads(), ada.reads())
	}
	theirs := bob.posts()[0]
	if theirs.Picture.Where != photo.There || theirs.Photo.Alt != "noise" {
		t.Errorf("before it is fetched: %+v", theirs)
	}
	if s := bob.fetch(theirs.ID); s.Where != photo.Fetching || s.Of != 4 {
		t.Errorf("asked for: %+v", s)
	}
	h.wait(3*time.Minute, ada, bob)
	got, err := bob.Photos.File(theirs.ID)
	kept, err2 := ada.Photos.File(own)
	if err := errors.Join(err, err2); err != nil || !bytes.Equal(got, jpeg) ||
		!bytes.Equal(kept, jpeg) {
		t.Fatalf("his photo has %d bytes, hers %d, %v", len(got), len(kept), err)
	}
	if bob.fetch(theirs.ID).Where != photo.Here || ada.Outbox.Entries()[0].State != outbox.Stored {
		t.Errorf("in the end: %+v, %+v", bob.fetch(theirs.ID), ada.Outbox.Entries()[0])
	}
	if f := bob.Following.List(); len(f) != 1 || f[0].Posts != 1 || f[0].Claimed != "Ada" ||
		f[0].Name() != "ada" {
		t.Errorf("Bob follows %+v", f)
	}
}

// TestRestartsGoOn stops an author in the middle of writing, and a reader in the middle of reading.
func TestRestartsGoOn(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	jpeg := noise(5000)
	ada.say("with a photo", jpeg...)
	ada.sender.Lossy = true
	h.wait(time.Minute, ada)
	ada.start()
	h.wait(2*time.Minute, ada, bob)
	post := bob.posts()[0].ID
	bob.fetch(post)
	found := 0
	h.Twist = func(r *box.Reply) { // of ten parts four are found at first
		if r.Status == box.StatusFound {
			if found++; found > 4 {
				r.Status = box.StatusNotFound
			}
		}
	}
	h.wait(time.Minute, bob)
	before := bob.fetch(post)
	h.Twist = nil
	bob.start()
	if after := bob.fetch(post); before.Got == 0 || after.Got != before.Got ||
		after.Where != photo.Fetching {
		t.Errorf("%+v before a restart, and %+v after it", before, after)
	}
	h.wait(5*time.Minute, bob)
	if got, err := bob.Photos.File(post); err != nil || !bytes.Equal(got, jpeg) {
		t.Errorf("the photo has %d bytes, %v", len(got), err)
	}
	ada.say("again")
	h.wait(2*time.Minute, ada, bob)
	if bob.reads() != "ada: with a photo\nada: again\n" {
		t.Errorf("Bob reads %q", bob.reads())
	}
}

// TestReaderComesBackAfterDays lets the reader be away for three midnights while the author posts.
func TestReaderComesBackAfterDays(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	want := ""
	for _, text := range []string{"monday", "tuesday", "wednesday"} {
		ada.say(text)
		want += "ada: " + text + "\n"
		h.wait(24*time.Hour, ada)
	}
	bob.start()
	h.wait(15*time.Minute, bob)
	if bob.reads() != want {
		t.Errorf("Bob reads %q", bob.reads())
	}
}

// TestPostIsSealedAgain keeps the author off the network until the day of the first seal, and its
// grace, are over; two posts of that day are read once each and in their order.
func TestPostIsSealedAgain(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	ada.sender.Lossy = true
	ada.say("late", noise(900)...)
	ada.say("later")
	h.wait(30*time.Hour, ada, bob)
	if e := ada.Outbox.Entries()[1]; e.State != outbox.Handed || bob.reads() != "" {
		t.Errorf("while everything is lost: %+v, Bob reads %q", e, bob.reads())
	}
	ada.sender.Lossy = false
	h.wait(3*time.Hour, ada, bob)
	if bob.reads() != "ada: late\nada: later\n" || ada.Outbox.Waiting() != 0 {
		t.Errorf("Bob reads %q, %d boxes wait", bob.reads(), ada.Outbox.Waiting())
	}
	post := bob.posts()[1].ID // and its photo is looked for under the days after its own
	bob.fetch(post)
	h.wait(10*time.Minute, bob)
	if s := bob.fetch(post); s.Where != photo.Here {
		t.Errorf("the photo is %+v", s)
	}
}

// TestCopiedHomeIsNoticed lets a copy of a home write to the same feed.
func TestCopiedHomeIsNoticed(t *testing.T) {
	h := newHolder(t)
	ada := h.join("Ada")
	before := ada.publish()
	// The copy's first box, under the keys that are Ada's.
	twin := h.join("Ada's copy")
	copyFeed(t, ada.store, twin.store)
	twin.say("from the copy")
	h.wait(time.Minute, twin)
	ada.say("from the original")
	h.wait(2*time.Minute, ada)
	e := ada.Outbox.Entries()[0]
	if e.State != outbox.Expired || !strings.Contains(e.Reason, "copy") ||
		twin.Outbox.Entries()[0].State != outbox.Stored {
		t.Errorf("%+v", e)
	}
	if err := ada.Feed.Trouble(); !errors.Is(err, feed.ErrCopied) || len(ada.Notices()) != 1 {
		t.Errorf("nobody is told: %v", err)
	}
	if after := ada.publish(); after.Stream == before.Stream ||
		bytes.Equal(after.Stream[:32], before.Stream[:32]) {
		t.Error("the feed goes on under the old keys")
	}
	if err := ada.Feed.Trouble(); err != nil {
		t.Errorf("told again with the new link in hand: %v", err)
	}
	ada.say("in the new epoch")
	h.wait(2*time.Minute, ada)
	if e := ada.Outbox.Entries()[0]; e.State != outbox.Stored {
		t.Errorf("%+v", e)
	}
}

// copyFeed copies the record that has the keys of a feed.
func copyFeed(t *testing.T, from, to *store.Store) {
	var record any
	err := from.View(func(tx *store.Tx) error { return tx.Get("feed", "", &record) })
	if err == nil {
		err = to.Update(func(tx *store.Tx) error { return tx.Put("feed", "", record) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestFullDiskIsWaitedOut fills the disks of an author and a reader: nothing is lost, shown twice
// or told as done, and all of it goes on when there is room again.
func TestFullDiskIsWaitedOut(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	ada.say("before")
	ada.room, bob.room = 0, 0
	_, err := ada.Feed.Post(h.now, feed.Draft{Text: "while full"})
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("posting to a full disk: %v", err)
	}
	h.wait(10*time.Minute, ada, bob)
	if e := ada.Outbox.Entries()[0]; e.State != outbox.Handed || bob.reads() != "" {
		t.Errorf("nothing can be noted: %+v, Bob reads %q", e, bob.reads())
	}
	ada.room, bob.room = math.MaxInt, math.MaxInt
	h.wait(3*time.Minute, ada, bob)
	if bob.reads() != "ada: before\n" || ada.reads() != "Ada: before\n" ||
		ada.Outbox.Entries()[0].State != outbox.Stored {
		t.Errorf("Bob reads %q, Ada has %+v", bob.reads(), ada.Outbox.Entries())
	}
}

// TestPhotoIsPutTogetherLater lets the disk be full between a photo's last part and the whole: a
// state that a kill leaves as well, and that nothing came out of once.
func TestPhotoIsPutTogetherLater(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	ada.say("look", noise(1500)...)
	h.wait(2*time.Minute, ada, bob)
	post := bob.posts()[0].ID
	bob.room = bob.fetch(post).Of // writes: the parts, and not the whole
	h.wait(2*time.Minute, bob)
	if s := bob.fetch(post); s.Got != s.Of || s.Where == photo.Here {
		t.Fatalf("the control: %+v on a full disk", s)
	}
	bob.room = math.MaxInt
	bob.start()
	h.wait(time.Minute, bob)
	if s := bob.fetch(post); s.Where != photo.Here {
		t.Errorf("the photo is %+v", s)
	}
}

// mallory writes what they like into boxes.
type mallory struct {
	h *holder
	w boxstream.Writer
}

func (h *holder) forger(seed byte) *mallory {
	w, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{seed}))
	if err != nil {
		h.t.Fatal(err)
	}
	return &mallory{h, w}
}

func (m *mallory) start() boxstream.Start {
	s, err := m.w.Start()
	if err != nil {
		m.h.t.Fatal(err)
	}
	return s
}

func (m *mallory) link() feed.Link {
	return feed.Link{
		Network: feed.NetworkOf(m.h.network.ID), FirstDay: m.h.network.Today(m.h.now),
		Stream: m.start(),
	}
}

func (m *mallory) put(r box.Record) {
	sealed, err := m.w.Seal(m.h.network, m.h.network.Today(m.h.now), r)
	if err != nil {
		m.h.t.Fatal(err)
	}
	m.h.Put(sealed[0].Box())
}

func (m *mallory) post(p content.Post) {
	p.Name, p.Time = "Mallory", m.h.now.Unix()
	said, err := p.Marshal(m.h.network.Format.ContentSize())
	if err != nil {
		m.h.t.Fatal(err)
	}
	m.put(m.h.network.Format.Split(content.KindPost, said)[0])
}

func TestDishonestAuthor(t *testing.T) {
	h := newHolder(t)
	bob, author, pictures := h.join("Bob"), h.forger(1), h.forger(2)
	bob.follow(author.link(), "")
	today := h.network.Today(h.now)
	author.put(box.Record{Kind: 200, Parts: 1})
	author.put(box.Record{Kind: content.KindPhoto, Parts: 1, Content: []byte("no post")})
	author.put(box.Record{Kind: content.KindPost, Parts: 1, Content: []byte("no CBOR")})
	promised := [32]byte{1, 2, 3}
	author.post(content.Post{Text: "see", Photo: &content.Photo{
		Hash: promised, Size: 30, Width: 5, Height: 5, Day: today, Stream: pictures.start()}})
	pictures.put(
		box.Record{Kind: content.KindPhoto, Parts: 1, Hash: promised, Content: make([]byte, 30)},
	)
	h.wait(6*time.Minute, bob)
	if bob.reads() != "“Mallory”: see\n" || len(bob.Notices()) != 3 {
		t.Fatalf("Bob reads %q behind the garbage", bob.reads())
	}
	post := bob.posts()[0].ID
	bob.fetch(post)
	h.wait(2*time.Minute, bob)
	if _, err := bob.Photos.Fetch(h.now, post); !errors.Is(err, photo.ErrBad) {
		t.Errorf("the photo: %v", err)
	}
	bob.start()
	if p := bob.posts()[0]; p.Picture.Where != photo.Bad {
		t.Errorf("after a restart the photo is %q", p.Picture.Where)
	}
}

// TestWrongPartsOfAPhoto: a part of another file, or of another place in the file, is not taken for
// one.
func TestWrongPartsOfAPhoto(t *testing.T) {
	h := newHolder(t)
	bob, author, pictures := h.join("Bob"), h.forger(1), h.forger(2)
	bob.follow(author.link(), "")
	records := h.network.Format.Split(content.KindPhoto, noise(2500))
	author.post(content.Post{Text: "see", Photo: &content.Photo{
		Hash: records[0].Hash, Size: 2500, Width: 9, Height: 9, Day: h.network.Today(h.now),
		Stream: pictures.start()}})
	for i, r := range records {
		switch i {
		case 0:
			r.Hash[0] ^= 1
		case 1:
			r.Part = 2
		case 2:
			r.Kind = content.KindPost
		}
		pictures.put(r)
	}
	h.wait(2*time.Minute, bob)
	post := bob.posts()[0].ID
	bob.fetch(post)
	h.wait(10*time.Minute, bob)
	if s := bob.fetch(post); s.Got != len(records)-3 || s.Where != photo.Fetching || s.Got == 0 {
		t.Errorf("%+v, though %d parts are right", s, len(records)-3)
	}
}

// TestDishonestHolder gives boxes whose ciphertext was changed: they are asked for again, and read
// when an honest answer comes.
func TestDishonestHolder(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	lies := 0
	h.Twist = func(r *box.Reply) {
		if r.Status == box.StatusFound && lies < 3 {
			lies++
			r.Box.Ciphertext = append([]byte{r.Box.Ciphertext[0] ^ 1}, r.Box.Ciphertext[1:]...)
		}
	}
	ada.say("true")
	h.wait(10*time.Minute, ada, bob)
	if lies != 3 || bob.reads() != "ada: true\n" || len(bob.Notices()) != 3 {
		t.Errorf("after %d lies Bob reads %q", lies, bob.reads())
	}
}

// TestHolderThatDoesNotTakeWrites is full at first, then says that the box is not its own; the
// author goes on until it is taken.
func TestHolderThatDoesNotTakeWrites(t *testing.T) {
	h := newHolder(t)
	ada := h.join("Ada")
	ada.publish()
	said := []box.Status{box.StatusFull, box.StatusNotFound, box.StatusFull}
	h.Twist = func(r *box.Reply) {
		if r.Status == box.StatusStored && len(said) > 0 {
			r.Status, said = said[0], said[1:]
		}
	}
	ada.say("at last")
	h.wait(10*time.Minute, ada)
	if e := ada.Outbox.Entries()[0]; e.State != outbox.Stored || len(said) != 0 {
		t.Errorf("%+v, though %v was still to come", e, said)
	}
}

// TestFollowingIsForgotten: what was followed is not polled any more, and its posts stay.
func TestFollowingIsForgotten(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	l := ada.publish()
	bob.follow(l, "")
	for _, c := range []struct {
		who  *someone
		link feed.Link
		name string
		want error
	}{
		{bob, l, "ada", feed.ErrFollowing},
		{ada, l, "", feed.ErrOwnFeed},
		{bob, feed.Link{Network: feed.Network{1}, Stream: l.Stream}, "", feed.ErrNetwork},
		{bob, l, "two\nlines", content.ErrName},
	} {
		if err := c.who.Following.Follow(h.now, c.link, c.name); !errors.Is(err, c.want) {
			t.Errorf("%s follows: %v, not %v", c.who.name, err, c.want)
		}
	}
	ada.say("one")
	h.wait(2*time.Minute, ada, bob)
	if err := bob.Following.Unfollow(1); err != nil || len(bob.sender.Watched) != 0 {
		t.Fatalf("%v, %d watched", err, len(bob.sender.Watched))
	}
	if err := bob.Following.Unfollow(1); !errors.Is(err, feed.ErrNoFollow) {
		t.Errorf("twice: %v", err)
	}
	ada.say("two")
	h.wait(2*time.Minute, ada, bob)
	if bob.reads() != "“Ada”: one\n" || len(bob.Following.List()) != 0 {
		t.Errorf("Bob reads %q", bob.reads())
	}
}

// TestPhotosThatCannotBeHad: there is no post, no photo, none here, or nobody keeps it any more.
func TestPhotosThatCannotBeHad(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	ada.say("no picture")
	ada.say("a picture", noise(600)...)
	h.wait(3*time.Minute, ada, bob)
	with, without := bob.posts()[0].ID, bob.posts()[1].ID
	if _, err := bob.Photos.File(with); !errors.Is(err, photo.ErrNone) {
		t.Errorf("not fetched: %v", err)
	}
	if _, err := bob.Photos.Fetch(h.now, without); !errors.Is(err, photo.ErrNone) {
		t.Errorf("no picture: %v", err)
	}
	bob.sender.Lossy = true
	bob.fetch(with)
	h.now = h.now.Add(16 * 24 * time.Hour)
	h.wait(time.Minute, bob)
	if _, err := bob.Photos.Fetch(h.now, with); !errors.Is(err, photo.ErrGone) ||
		bob.posts()[0].Picture.Where != photo.Expired {
		t.Errorf("after sixteen days: %v, %+v", err, bob.posts()[0].Picture)
	}
}

// TestRepliesAboutOtherBoxesMoveNothing: only one about the box that is watched moves a reader.
func TestRepliesAboutOtherBoxesMoveNothing(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	ada.say("one")
	h.wait(2*time.Minute, ada, bob)
	late := bob.sender.Watched[0]
	e := sender.Event{
		Kind: sender.Polled, Token: late.Token, Day: late.Day, ID: box.ID{7},
		Reply: box.Reply{Status: box.StatusNotFound}, Sent: h.now.Add(48 * time.Hour),
	}
	if err := bob.Answered(h.now, e); err != nil || bob.sender.Watched[0] != late {
		t.Errorf("%v, watched is %+v", err, bob.sender.Watched[0])
	}
	e.ID = late.ID // the control: about the right box it moves on
	if err := bob.Answered(h.now.Add(48*time.Hour), e); err != nil ||
		bob.sender.Watched[0].ID == late.ID {
		t.Errorf("the control: %v, watched is %+v", err, bob.sender.Watched[0])
	}
}
