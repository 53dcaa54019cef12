package parts_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"murmuration/client/feed"
	"murmuration/client/parts"
	"murmuration/client/person"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/sim/trace"
	"murmuration/sim/world"
)

// citizen is a person with all features on the sender of a world.
type citizen struct {
	*parts.Person
	line *world.Person
	w    *world.World
	t    *testing.T
	away bool
}

// settle gives somebody of a world features.
func settle(t *testing.T, w *world.World, line *world.Person, seed [32]byte) *citizen {
	c := &citizen{line: line, w: w, t: t}
	c.Person = parts.New(parts.Config{
		Name: line.Name, Network: parts.NetworkOf(w.Genesis()), Store: store.Memory(),
		Random: rand.NewChaCha8(seed),
	})
	c.check(errors.Join(c.Load(), c.Begin(w.Now(), line)))
	line.Listen(func(e sender.Event) { c.check(c.Answered(w.Now(), e)) })
	c.turn()
	return c
}

// turn is the clock of whoever drives a person; it stands still while they are away.
func (c *citizen) turn() {
	if !c.away {
		c.check(errors.Join(c.Turn(c.w.Now()), c.Supply(c.w.Now())))
	}
	c.w.After(person.TurnEvery, c.turn)
}

func (c *citizen) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%s: %v", c.line.Name, err)
	}
}

func (c *citizen) follow(author *citizen) {
	l, err := author.Feed.Publish(c.w.Now())
	c.check(err)
	c.check(c.Following.Follow(c.w.Now(), l, author.line.Name))
}

func (c *citizen) say(text string, jpeg []byte) {
	d := feed.Draft{Text: text}
	if jpeg != nil {
		d.Picture = &picture.Picture{JPEG: jpeg, Width: 4, Height: 3}
	}
	_, err := c.Feed.Post(c.w.Now(), d)
	c.check(errors.Join(err, c.Supply(c.w.Now())))
}

// read is all that somebody has of an author, the oldest first.
func (c *citizen) read(author string) (texts []string, posts []parts.Post) {
	all, err := c.Timeline(c.w.Now(), 1000)
	c.check(err)
	for _, p := range slices.Backward(all) {
		if p.Author() == author {
			texts, posts = append(texts, p.Text), append(posts, p)
		}
	}
	return texts, posts
}

// slow is a network of long epochs, whose people speak seldom: three days of it cost seconds.
func slow(every time.Duration) directory.Parameters {
	p := world.Quick()
	p.PayloadEvery, p.LoopEvery, p.DropEvery = every, 2*every, 2*every
	p.MixLoopEvery, p.ReplicateEvery = time.Hour, 10*time.Minute
	p.EpochLength, p.BoxPlaintext = 8*time.Hour, 64+1024
	return p
}

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

var names = []string{"ada", "bob", "cid", "dot", "eve"}

// village is five people who follow each other; Bob's link loses a fifth of all frames.
func village(t *testing.T, seed uint64) (w *world.World, people []*citizen, seen *fingerprint) {
	seen = new(fingerprint)
	w, err := world.New(world.Config{
		Seed: seed, Null: true, Parameters: slow(3 * time.Minute), Tap: seen, Link: -1,
		Network: world.Network{
			People:    []string{"ada", "bob", "cid", "dot", "eve"},
			Providers: []string{"p1", "p2", "p3"},
			Layers:    [][]string{{"m1"}, {"m2"}, {"m3"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range w.People() {
		people = append(people, settle(t, w, line, [32]byte{byte(seed), byte(i)}))
	}
	for _, c := range people {
		for _, author := range people {
			if c != author {
				c.follow(author)
			}
		}
	}
	people[1].line.Lose(0.2)
	return w, people, seen
}

// live has everybody who is here post in the course of a day.
func live(t *testing.T, w *world.World, people []*citizen, day int, jpeg []byte) {
	t.Helper()
	for i, c := range people {
		if !c.away {
			c.say(
				fmt.Sprintf("%s on day %d", c.line.Name, day),
				map[bool][]byte{true: jpeg}[i == 0 && day == 0],
			)
		}
		if err := w.Run(24 * time.Hour / time.Duration(len(people))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFivePeople: whatever was posted is read by everybody once and in order, and whoever asks gets
// the photo. Cid is away for three days.
func TestFivePeople(t *testing.T) {
	t.Parallel()
	w, people, seen := village(t, 1)
	jpeg, cid := noise(3000), people[2]
	for day := range 5 {
		switch day {
		case 1:
			cid.line.Leave()
			cid.away = true
		case 4:
			cid.line.Return()
			cid.away = false
		}
		live(t, w, people, day, jpeg)
	}
	for _, author := range people {
		want, _ := author.read(author.line.Name)
		if len(want) != map[bool]int{true: 2, false: 5}[author == cid] {
			t.Errorf("%s posted %q", author.line.Name, want)
		}
		for _, reader := range people {
			if got, _ := reader.read(author.line.Name); !slices.Equal(got, want) {
				t.Errorf(
					"%s reads %q of %s, who wrote %q", reader.line.Name, got, author.line.Name,
					want,
				)
			}
		}
		if n := author.Outbox.Waiting(); n != 0 {
			t.Errorf("%d boxes of %s wait still", n, author.line.Name)
		}
	}
	for _, reader := range people[1:] {
		_, posts := reader.read("ada")
		_, err := reader.Photos.Fetch(w.Now(), posts[0].ID)
		reader.check(errors.Join(err, reader.Supply(w.Now())))
	}
	if err := w.Run(12 * time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, reader := range people[1:] {
		_, posts := reader.read("ada")
		got, err := reader.Photos.File(posts[0].ID)
		if where := posts[0].Picture.Where; err != nil || where != photo.Here ||
			!bytes.Equal(got, jpeg) {
			t.Errorf(
				"%s has %d bytes of the photo, which is %s; %v", reader.line.Name, len(got), where,
				err,
			)
		}
	}
	t.Logf("a watcher saw %d frames and packets", seen.frames)
}

// TestOneSeedOneTrace: of the frames on all links, and of what people read.
func TestOneSeedOneTrace(t *testing.T) {
	t.Parallel()
	day := func(seed uint64) (fingerprint, string) {
		w, people, seen := village(t, seed)
		live(t, w, people, 0, noise(3000))
		all := ""
		for _, reader := range people {
			posts, err := reader.Timeline(w.Now(), 100)
			reader.check(err)
			for _, p := range posts {
				all += fmt.Sprintln(p.ID, p.Author(), p.Received, p.Text, p.Picture)
			}
		}
		return *seen, all
	}
	one, read := day(1)
	again, readAgain := day(1)
	if one != again || read != readAgain {
		t.Errorf(
			"the same seed gives other frames (%v) or posts:\n%s\n%s", one != again, read,
			readAgain,
		)
	}
	if other, _ := day(2); other == one { // the control
		t.Error("another seed gives the same trace")
	}
}

// photoRun carries one photo of 64 KiB and says how long the post and the whole took.
func photoRun(t *testing.T, seed uint64) (post, all time.Duration) {
	p, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	p.MeanHopDelay, p.HopDelayLimit, p.ReplyAllowance = 200*time.Millisecond, 2*time.Second, 50*time.Millisecond
	p.PayloadEvery, p.LoopEvery, p.DropEvery = time.Second, 2*time.Second, time.Second
	p.MixLoopEvery, p.ReplicateEvery = time.Second, 100*time.Millisecond
	p.WatchedBoxes, p.PollShare = 4, 0.5
	w, err := world.New(world.Config{Seed: seed, Null: true, Parameters: p, Network: world.Network{
		People: []string{"ada", "bob"}, Providers: []string{"p1", "p2", "p3"},
		Layers: [][]string{{"m1", "m2"}, {"m3", "m4"}, {"m5", "m6"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ada, bob := settle(t, w, w.People()[0], [32]byte{1}), settle(t, w, w.People()[1], [32]byte{2})
	bob.follow(ada)
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
	ada.say("look", noise(64<<10))
	if n := ada.Outbox.Waiting(); n != 9 {
		t.Fatalf("%d boxes", n)
	}
	var posts []parts.Post
	post = until(func() bool { _, posts = bob.read("ada"); return len(posts) > 0 })
	return post, until(func() bool {
		s, err := bob.Photos.Fetch(w.Now(), posts[0].ID)
		bob.check(errors.Join(err, bob.Supply(w.Now())))
		return s.Where == photo.Here
	})
}

// TestPhotoRow is the performance row "64 KiB photo, post to fetched" in virtual time: mean hop 200
// ms, one payload slot a second, 4 watched boxes, poll share ½, loops of 0.5/s. The row's own run
// goes over sockets.
func TestPhotoRow(t *testing.T) {
	t.Parallel()
	runs := 4
	if os.Getenv("MURMUR_ROWS") != "" { // just photo-virtual
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
	if alls[runs/2] > time.Minute {
		t.Errorf("half of the photos take longer than %v", alls[runs/2])
	}
}
