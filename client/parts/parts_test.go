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
	"murmuration/client/fault"
	"murmuration/client/feed"
	"murmuration/client/outbox"
	"murmuration/client/parts"
	"murmuration/client/person/persontest"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/client/post"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

// holder is people around the holders of boxes, who answer at once.
type holder struct {
	*persontest.Holders
	t       *testing.T
	now     time.Time
	network boxstream.Network
}

func newHolder(t *testing.T) *holder {
	genesis := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	n := boxstream.Network{
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 512},
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
		Listing:  3 * time.Minute,
	}
	return &holder{persontest.NewHolders(n.Calendar), t, genesis.Add(12 * time.Hour), n}
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
	var err error
	s.Person, err = parts.New(parts.Config{
		Name: s.name, Network: s.h.network, Store: s.store, Random: rand.NewChaCha8(seed),
		Pace: outbox.Pace{
			Hold: 20 * time.Second, Listing: 2 * time.Minute, Again: 30 * time.Second,
		},
	})
	if err != nil {
		s.h.t.Fatal(err)
	}
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
			err := s.sender.Step(h.now, s.Person.Person)
			look := func(u photo.Unchecked) []byte { return u.File } // all of it is noise
			if err = errors.Join(err, s.Photos.Look(look)); err != nil {
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
	d := post.Draft{Text: text}
	if jpeg != nil {
		fit := picture.Picture{JPEG: jpeg, Width: 4, Height: 3}
		d.Pictures = []post.Picture{{Picture: fit, Alt: "noise"}}
	}
	r, err := s.Feed.Post(s.h.now, d)
	if err != nil {
		s.h.t.Fatal(err)
	}
	return r.Post
}

func (s *someone) follows() []feed.Followed {
	s.h.t.Helper()
	l, err := s.Following.List(s.h.now)
	if err != nil {
		s.h.t.Fatal(err)
	}
	return l
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

func (s *someone) photo(post string) photo.State {
	s.h.t.Helper()
	state, err := s.Photo(s.h.now, post, 0)
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
	h.wait(time.Minute, ada)
	h.wait(2*time.Minute, bob)
	if bob.reads() != "ada: hello from the hills\n" ||
		ada.reads() != "Ada: hello from the hills\n" {
		t.Fatalf("Bob reads %q, Ada %q", bob.reads(), ada.reads())
	}
	theirs := bob.posts()[0]
	if theirs.Photos[0].State.Where != photo.Here || theirs.Photos[0].Alt != "noise" ||
		theirs.Time != h.now.Truncate(time.Hour) {
		t.Errorf("Bob has %+v", theirs)
	}
	if e := ada.Outbox.Entries()[0]; e.State != outbox.Stored || e.Kept != 0 {
		t.Errorf("before she hears what is listed: %+v", e)
	}
	h.wait(5*time.Minute, ada, bob)
	got, err := bob.Photos.File(theirs.ID, 0)
	kept, err2 := ada.Photos.File(own, 0)
	if err := errors.Join(err, err2); err != nil || !bytes.Equal(got, jpeg) ||
		!bytes.Equal(kept, jpeg) {
		t.Fatalf("his photo has %d bytes, hers %d, %v", len(got), len(kept), err)
	}
	if e := ada.Outbox.Entries()[0]; bob.photo(theirs.ID).Where != photo.Here ||
		e.State != outbox.Kept || e.Kept != 5 || ada.Outbox.Waiting() != 0 {
		t.Errorf("in the end: %+v, %+v", bob.photo(theirs.ID), e)
	}
	if f := bob.follows(); len(f) != 1 || f[0].Posts != 1 || f[0].Claimed != "Ada" ||
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
	took := 0 // four of the boxes, at first
	h.Twist = func(r sender.Request, reply *box.Reply) {
		if took++; took > 4 {
			h.Forget(r.Box.ID)
			reply.Status = box.StatusFull
		}
	}
	h.wait(2*time.Minute, ada, bob)
	post := bob.posts()[0].ID
	before := bob.photo(post)
	ada.start()
	bob.start()
	if after := bob.photo(post); before.Got == 0 || after.Got != before.Got ||
		after.Where != photo.Coming {
		t.Errorf("%+v before a restart, and %+v after it", before, after)
	}
	h.Twist = nil
	h.wait(15*time.Minute, ada, bob)
	if got, err := bob.Photos.File(post, 0); err != nil || !bytes.Equal(got, jpeg) {
		t.Errorf("the photo has %d bytes, %v", len(got), err)
	}
	ada.say("again")
	h.wait(3*time.Minute, ada, bob)
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

// TestNetworkStandsStill over whole days: what is written before and after is read, without anybody
// having to find a day empty.
func TestNetworkStandsStill(t *testing.T) {
	for days := range 4 {
		h := newHolder(t)
		ada, bob := h.join("Ada"), h.join("Bob")
		bob.follow(ada.publish(), "ada")
		ada.say("before")
		h.wait(3*time.Minute, ada, bob)
		h.now = h.now.AddDate(0, 0, days)
		ada.say("after")
		h.wait(4*time.Minute, ada, bob)
		if bob.reads() != "ada: before\nada: after\n" {
			t.Errorf("after %d days Bob reads %q", days, bob.reads())
		}
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
	h.wait(20*time.Minute, ada, bob)
	if bob.reads() != "ada: late\nada: later\n" || ada.Outbox.Waiting() != 0 {
		t.Errorf("Bob reads %q, %d boxes wait", bob.reads(), ada.Outbox.Waiting())
	}
	if s := bob.photo(bob.posts()[1].ID); s.Where != photo.Here {
		t.Errorf("the photo is %+v", s)
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
	_, err := ada.Feed.Post(h.now, post.Draft{Text: "while full"})
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("posting to a full disk: %v", err)
	}
	h.wait(10*time.Minute, ada, bob)
	if e := ada.Outbox.Entries()[0]; e.State != outbox.Stored || e.Kept != 0 || bob.reads() != "" {
		t.Errorf("nothing can be noted: %+v, Bob reads %q", e, bob.reads())
	}
	ada.room, bob.room = math.MaxInt, math.MaxInt
	h.wait(3*time.Minute, ada, bob)
	if bob.reads() != "ada: before\n" || ada.reads() != "Ada: before\n" ||
		ada.Outbox.Entries()[0].State != outbox.Kept {
		t.Errorf("Bob reads %q, Ada has %+v", bob.reads(), ada.Outbox.Entries())
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

func (m *mallory) link() feed.Link {
	s, err := m.w.Start()
	if err != nil {
		m.h.t.Fatal(err)
	}
	return feed.Link{
		Network: feed.NetworkOf(m.h.network.ID), FirstDay: m.h.network.Today(m.h.now), Stream: s,
	}
}

func (m *mallory) put(r box.Record) {
	today := m.h.network.Today(m.h.now)
	sealed, err := m.w.Seal(m.h.network, today, r)
	if err != nil {
		m.h.t.Fatal(err)
	}
	m.h.Put(today, sealed[0].Box())
}

func (m *mallory) post(p content.Post) {
	p.Name = "Mallory"
	said, err := p.Marshal(m.h.network.Format.ContentSize())
	if err != nil {
		m.h.t.Fatal(err)
	}
	m.put(m.h.network.Format.Split(content.KindPost, said)[0])
}

func TestDishonestAuthor(t *testing.T) {
	h := newHolder(t)
	bob, author := h.join("Bob"), h.forger(1)
	bob.follow(author.link(), "")
	author.put(box.Record{Kind: 200, Parts: 1})
	author.put(box.Record{Kind: content.KindPost, Parts: 1, Content: []byte("no CBOR")})
	author.put(box.Record{Kind: content.KindPost, Parts: 2, Content: []byte("half a post")})
	author.put(box.Record{Kind: content.KindPhoto, Parts: 1, Content: []byte("of no post")})
	promised := [32]byte{1, 2, 3}
	author.post(content.Post{Text: "see", Time: 1 << 36 / 3600 * 3600, Photos: []content.Photo{
		{Hash: promised, Size: 30, Width: 5, Height: 5}}})
	author.put(
		box.Record{Kind: content.KindPhoto, Parts: 1, Hash: promised, Content: make([]byte, 30)},
	)
	h.wait(2*time.Minute, bob)
	if bob.reads() != "“Mallory”: see\n" || len(bob.Notices()) != 4 {
		t.Fatalf("Bob reads %q between the garbage", bob.reads())
	}
	bob.start()
	if p := bob.posts()[0]; p.Photos[0].State.Where != photo.Bad {
		t.Errorf("after a restart the photo is %q", p.Photos[0].State.Where)
	}
	// Of a photo that does not come, nobody waits longer than for any box.
	author.post(content.Post{Text: "wait", Time: 1 << 36 / 3600 * 3600, Photos: []content.Photo{
		{Hash: [32]byte{9}, Size: 30, Width: 5, Height: 5}}})
	h.wait(2*time.Minute, bob)
	if p := bob.posts()[0]; p.Photos[0].State.Where != photo.Coming {
		t.Errorf("at first it is %q", p.Photos[0].State.Where)
	}
	h.now = h.now.AddDate(0, 0, 15)
	if p := bob.posts()[0]; p.Photos[0].State.Where != photo.Expired {
		t.Errorf("when its post is not kept any more it is %q", p.Photos[0].State.Where)
	}
}

// TestFollowingIsForgotten: what was followed is not wanted any more, and its posts stay.
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
	if err := bob.Following.Unfollow(1); err != nil || len(bob.Fresh()) != 0 {
		t.Fatalf("%v", err)
	}
	if err := bob.Following.Unfollow(1); !errors.Is(err, feed.ErrNoFollow) {
		t.Errorf("twice: %v", err)
	}
	ada.say("two")
	h.wait(2*time.Minute, ada, bob)
	if bob.reads() != "“Ada”: one\n" || len(bob.follows()) != 0 {
		t.Errorf("Bob reads %q", bob.reads())
	}
	// Another feed has another number and name, and the same one shows nothing twice.
	carl := h.join("Carl")
	bob.follow(carl.publish(), "carl")
	carl.say("three")
	h.wait(2*time.Minute, carl, bob)
	bob.follow(l, "countess")
	h.wait(10*time.Minute, ada, bob)
	got := strings.Split(bob.reads(), "\n")
	slices.Sort(got)
	if f := bob.follows(); !slices.Equal(got, []string{
		"", "carl: three", "countess: one", "countess: two",
	}) || len(f) != 2 || f[0].Number != 1 || f[1].Number != 2 || f[0].Posts != 2 {
		t.Errorf("Bob reads %q of %+v", got, f)
	}
}

// TestPhotosThatCannotBeHad: there is no post, or no photo.
func TestPhotosThatCannotBeHad(t *testing.T) {
	h := newHolder(t)
	ada := h.join("Ada")
	ada.publish()
	post := ada.say("no picture")
	var why *fault.Fault
	if _, err := ada.Photo(h.now, post, 0); !errors.As(err, &why) {
		t.Errorf("no picture: %v", err)
	}
	if _, err := ada.Photo(h.now, "nothing", 0); !errors.Is(err, timeline.ErrNoPost) {
		t.Errorf("no post: %v", err)
	}
}
