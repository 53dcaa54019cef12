package world_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/outbox"
	"murmuration/client/parts"
	"murmuration/client/photo"
	"murmuration/internal/directory"
	"murmuration/internal/long"
	"murmuration/sim/trace"
	"murmuration/sim/world"
)

// slow is a network of long epochs, whose people speak seldom: three days of it cost seconds.
func slow(every time.Duration) directory.Parameters {
	p := world.Quick()
	p.PayloadEvery, p.LoopEvery, p.DropEvery = every, 2*every, 2*every
	p.MixLoopEvery, p.ReplicateEvery = time.Hour, 10*time.Minute
	p.EpochLength, p.BoxPlaintext, p.BulletinEvery = 8*time.Hour, 64+1024, 30*time.Minute
	p.CatchUp, p.WritesPerDay = 2*time.Hour, 1
	return p
}

// realDay is how long a day of the worlds of days is, and every how much time their people speak: a
// whole one and every minute with `just days`, else so long and so often.
func realDay(day, every time.Duration) (time.Duration, time.Duration) {
	if long.Set("MURMUR_DAYS") {
		return 24 * time.Hour, time.Minute
	}
	return day, every
}

// villageDay is a day of the village, and every how much time its people speak.
func villageDay() (length, every time.Duration) { return realDay(12*time.Hour, 4*time.Minute) }

// fingerprint is a watcher's whole view.
type fingerprint struct {
	frames int
	sum    [32]byte
}

func (f *fingerprint) Add(e trace.Event) error {
	f.frames++
	f.sum = sha256.Sum256(fmt.Append(f.sum[:], e))
	return nil
}

// citizen is somebody who lives, for a test that wants to know what they have.
type citizen struct {
	*world.Life
	t    *testing.T
	line *world.Person
}

func live(t *testing.T, line *world.Person) citizen {
	t.Helper()
	l, err := line.Live()
	check(t, err)
	return citizen{l, t, line}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// posts are those of an author, the oldest first.
func (c citizen) posts(author string) []parts.Post {
	c.t.Helper()
	posts, err := c.Reads(author)
	check(c.t, err)
	return posts
}

func (c citizen) reads(author string) (texts []string) {
	for _, p := range c.posts(author) {
		texts = append(texts, p.Text)
	}
	return texts
}

// open is how many posts are not kept yet.
func (c citizen) open() (n int) {
	for _, e := range c.Outbox.Entries() {
		if e.State != outbox.Kept {
			n++
		}
	}
	return n
}

// noise is the bytes of a picture.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{9}).Read(b)
	return b
}

// village is five people who follow each other; Bob's link loses a fifth of all frames.
func village(t *testing.T, seed uint64) (w *world.World, people []citizen, seen *fingerprint) {
	seen = new(fingerprint)
	_, every := villageDay()
	network, err := world.ParseNetwork(
		"[ada bob cid dot eve] -> [p1 p2 p3] -> m1 -> m2 -> m3 -> p1",
	)
	check(t, err)
	w, err = world.New(world.Config{
		Seed: seed, Null: true, Parameters: slow(every), Tap: seen, Link: -1,
		Network: network, Turn: every / 2,
	})
	check(t, err)
	for _, line := range w.People() {
		people = append(people, live(t, line))
	}
	for _, c := range people {
		for _, author := range people {
			if c != author {
				check(t, c.Follow(author.Life))
			}
		}
	}
	w.Person("bob").Lose(0.2)
	return w, people, seen
}

// day has all but one post in the course of it, the first one with a picture on day 0.
func day(t *testing.T, w *world.World, people []citizen, n int, away string) {
	t.Helper()
	length, _ := villageDay()
	for i, c := range people {
		var jpeg []byte
		if i == 0 && n == 0 {
			jpeg = noise(3000)
		}
		if c.line.Name != away {
			_, err := c.Say(fmt.Sprintf("%s on day %d", c.line.Name, n), jpeg)
			check(t, err)
		}
		check(t, w.Run(length/time.Duration(len(people))))
	}
}

// TestFivePeople: whatever was posted is read by everybody once and in order, and whoever asks gets
// the photo. Cid is away for three days, and Dot's client starts anew on each. (A day has half its
// hours but with `just days`.)
func TestFivePeople(t *testing.T) {
	long.Only(t)
	t.Parallel()
	length, _ := villageDay()
	w, people, seen := village(t, 1)
	cid := w.Person("cid")
	day(t, w, people, 0, "")
	cid.Leave()
	for n := 1; n < 4; n++ {
		check(t, people[3].Restart())
		day(t, w, people, n, "cid")
	}
	cid.Return()
	day(t, w, people, 4, "")
	check(t, w.Run(2*length)) // what is asked for again after it was missed takes its time
	for _, author := range people {
		name, written := author.line.Name, 5
		if author.line == cid {
			written = 2
		}
		want := author.reads(name)
		if len(want) != written || author.open() != 0 {
			t.Errorf("%s wrote %q, %d posts are not kept", name, want, author.open())
		}
		for _, reader := range people {
			if got := reader.reads(name); !slices.Equal(got, want) {
				t.Errorf("%s reads %q of %s, who wrote %q", reader.line.Name, got, name, want)
			}
		}
	}
	for _, reader := range people[1:] {
		check(t, reader.Await("ada"))
	}
	check(t, w.Run(length/2))
	for _, reader := range people[1:] {
		p := reader.posts("ada")[0]
		got, err := reader.Photos.File(p.ID, 0)
		if err != nil || p.Photos[0].State.Where != photo.Here || !bytes.Equal(got, noise(3000)) {
			t.Errorf(
				"%s has %d bytes of the photo, which is %s; %v",
				reader.line.Name,
				len(got),
				p.Photos[0].State.Where,
				err,
			)
		}
	}
	t.Logf("a watcher saw %d frames and packets", seen.frames)
}

// TestOneSeedOneLife: one trace of the frames on all links, and of what people read.
func TestOneSeedOneLife(t *testing.T) {
	quick(t)
	t.Parallel()
	first := func(seed uint64) (fingerprint, string) {
		w, people, seen := village(t, seed)
		day(t, w, people, 0, "")
		all := ""
		for _, reader := range people {
			posts, err := reader.Timeline(w.Now(), 100)
			check(t, err)
			for _, p := range posts {
				all += fmt.Sprintln(p.ID, p.Author(), p.Received, p.Text, p.Photos)
			}
		}
		return *seen, all
	}
	one, read := first(1)
	again, readAgain := first(1)
	if one != again || read != readAgain {
		t.Errorf(
			"the same seed gives other frames (%v) or posts:\n%s\n%s",
			one != again,
			read,
			readAgain,
		)
	}
	// for `just traces`
	t.Logf("trace lives is %x", sha256.Sum256(fmt.Append(nil, one, read)))
	if other, _ := first(2); other == one { // the control
		t.Error("another seed gives the same trace")
	}
}

// photoRun carries one photo of 64 KiB and says how long the post and the whole took.
func photoRun(t *testing.T, seed uint64) (post, all time.Duration) {
	p, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	p.MeanHopDelay, p.HopDelayLimit = 200*time.Millisecond, 2*time.Second
	p.ReplyAllowance = 50 * time.Millisecond
	p.PayloadEvery, p.LoopEvery, p.DropEvery = time.Second, 2*time.Second, time.Second
	p.MixLoopEvery, p.ReplicateEvery = time.Second, 100*time.Millisecond
	p.BulletinEvery, p.FetchDelay, p.Hold, p.SlowDelay = time.Second, 2*time.Second, 0, 0
	w, err := world.New(world.Config{Seed: seed, Null: true, Parameters: p, Network: world.Network{
		People: []string{"ada", "bob"}, Providers: []string{"p1", "p2", "p3"},
		Layers: [][]string{{"m1", "m2"}, {"m3", "m4"}, {"m5", "m6"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ada, bob := live(t, w.Person("ada")), live(t, w.Person("bob"))
	check(t, bob.Follow(ada.Life))
	ada.Quick = true
	began := w.Now().Add(time.Minute)
	until := func(done func() bool) time.Duration {
		for !done() {
			if err := w.Run(time.Second); err != nil || w.Now().Sub(began) > time.Hour {
				t.Fatalf("an hour of virtual time is over, or %v", err)
			}
		}
		return w.Now().Sub(began)
	}
	until(func() bool { return !w.Now().Before(began) })
	if _, err := ada.Say("look", noise(64<<10)); err != nil || ada.Outbox.Waiting() != 9 {
		t.Fatalf("%d boxes, %v", ada.Outbox.Waiting(), err)
	}
	post = until(func() bool { return len(bob.reads("ada")) > 0 })
	check(t, bob.Await("ada"))
	return post, until(func() bool {
		return bob.posts("ada")[0].Photos[0].State.Where == photo.Here
	})
}

// TestPhotoRow is the performance row "64 KiB photo, post to fetched" in virtual time: mean hop 200
// ms, one payload slot a second, loops of 0.5/s, bulletins every second, fetches after two more on
// average. The row's own run goes over sockets.
func TestPhotoRow(t *testing.T) {
	quick(t)
	t.Parallel()
	runs := 3
	if long.Set("MURMUR_ROWS") { // just photo-virtual
		runs = 20
	}
	var posts, alls []time.Duration
	for seed := range runs {
		p, a := photoRun(t, uint64(seed))
		posts, alls = append(posts, p), append(alls, a)
	}
	slices.Sort(posts)
	slices.Sort(alls)
	t.Logf(
		"of %d runs: post %v median, photo %v median, %v to %v", runs, posts[runs/2], alls[runs/2],
		alls[0], alls[runs-1],
	)
	if alls[runs/2] > 40*time.Second {
		t.Errorf("half of the photos take longer than %v", alls[runs/2])
	}
}

// quick leaves a test out of -short: it has one goroutine, in which a race build finds nothing and
// takes ten times as long.
func quick(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: one goroutine and long; a race build finds nothing here")
	}
}
