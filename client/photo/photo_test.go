package photo

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

var (
	genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	noon    = genesis.Add(60 * time.Hour) // day 2
	network = boxstream.Network{
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 64},
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
	}
	jpeg = bytes.Repeat([]byte("picture "), 20) // three boxes
)

// album is the photos of somebody whose only post has one, and a sender that keeps what it is
// given.
type album struct {
	*Photos
	t        *testing.T
	store    *store.Store
	person   *person.Person
	about    content.Photo
	sealed   []boxstream.Sealed
	requests []sender.Request
	asked    []sender.Request // all that there ever were
	full     bool             // the sender takes nothing
	refuses  error            // of the sender
	missing  error            // what Post says
}

func newAlbum(t *testing.T) *album {
	w, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	a := &album{t: t, store: store.Memory()}
	a.about = content.Photo{Hash: sha256.Sum256(jpeg), Size: len(jpeg), Day: 1}
	a.about.Stream, err = w.Start()
	a.check(err)
	a.sealed, err = w.Seal(network, 1, network.Format.Split(content.KindPhoto, jpeg)...)
	a.check(err)
	a.start()
	return a
}

// start is what happens at the first start, and at every one after it.
func (a *album) start() {
	a.requests = nil
	a.person = person.New(a.store)
	a.Photos = New(a.person, a.store, network, a)
	a.check(errors.Join(a.person.Load(), a.person.Begin(noon, a)))
}

func (a *album) Post(_ *store.Tx, id string) (content.Post, error) {
	if a.missing != nil {
		return content.Post{}, a.missing
	}
	if id == "words" {
		return content.Post{Text: "no picture"}, nil
	}
	return content.Post{Photo: &a.about}, nil
}

func (a *album) Enqueue(_ time.Time, r sender.Request) error {
	if a.full {
		return sender.ErrQueueFull
	}
	if a.refuses != nil {
		return a.refuses
	}
	a.requests, a.asked = append(a.requests, r), append(a.asked, r)
	return nil
}

func (a *album) Cancel(uint64)       {}
func (a *album) Watch(sender.Target) {}
func (a *album) Unwatch(uint64)      {}
func (a *album) Handed() []uint64    { return nil }

func (a *album) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *album) fetch(now time.Time) State {
	a.t.Helper()
	s, err := a.Fetch(now, "look")
	a.check(err)
	a.check(a.person.Supply(now))
	return s
}

// answer says of the oldest request that its box is not there, or what it is.
func (a *album) answer(now time.Time, found bool) {
	a.t.Helper()
	r := a.requests[0]
	a.requests = a.requests[1:]
	e := sender.Event{Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day, ID: r.Box.ID}
	e.Reply = box.Reply{Status: box.StatusNotFound, Day: r.Day}
	for _, s := range a.sealed {
		if found && s.ID == r.Box.ID {
			e.Reply.Status, e.Reply.Box = box.StatusFound, s.Box()
		}
	}
	a.check(a.person.Answered(now, e))
}

func TestPartsAreAskedForAtOnce(t *testing.T) {
	a := newAlbum(t)
	if s := a.fetch(noon); s.Where != Fetching || s.Of != 3 || len(a.requests) != 3 {
		t.Fatalf("%+v, %d requests", s, len(a.requests))
	}
	if s := a.fetch(noon); s.Where != Fetching || len(a.requests) != 3 {
		t.Errorf("asked for twice: %+v, %d requests", s, len(a.requests))
	}
	for _, got := range []int{1, 2} {
		a.answer(noon, true)
		if s := a.fetch(noon); s.Got != got || s.Where != Fetching {
			t.Errorf("with %d parts: %+v", got, s)
		}
	}
	a.answer(noon, true)
	file, err := a.File("look")
	if s := a.fetch(noon); s.Where != Here || s.Got != 3 || err != nil || !bytes.Equal(file, jpeg) {
		t.Errorf("%+v, %d bytes, %v", s, len(file), err)
	}
}

// TestMissingPartIsLookedForElsewhere: at its own day twice, for the two holders, then under the
// days after it; eight times at once, and then with growing pauses.
func TestMissingPartIsLookedForElsewhere(t *testing.T) {
	a := newAlbum(t)
	a.fetch(noon)
	a.answer(noon, true)
	a.answer(noon, true)
	now := noon
	for range eager {
		a.answer(now, false)
	}
	var days []box.Day
	var tries []int
	for _, r := range a.asked[2:] {
		days, tries = append(days, r.Day), append(tries, r.Try)
	}
	if !slices.Equal(days, []box.Day{1, 1, 2, 2, 1, 1, 2, 2, 1}) ||
		!slices.Equal(tries, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}) {
		t.Errorf("asked for under days %v, tries %v", days, tries)
	}
	for _, pause := range []time.Duration{pauseFirst, 2 * pauseFirst, 4 * pauseFirst} {
		a.answer(now, false)
		now = now.Add(pause)
		a.check(a.person.Supply(now.Add(-time.Second)))
		if len(a.requests) != 0 {
			t.Fatalf("asked for again before %v were over", pause)
		}
		a.check(a.person.Supply(now))
	}
	for range 20 {
		a.answer(now, false)
		now = now.Add(pauseLast)
		a.check(a.person.Supply(now))
		if len(a.requests) != 1 {
			t.Fatalf("not asked for again after %v", pauseLast)
		}
	}
}

// TestFetchGoesOnAfterARestart with the parts that are here, and after the sender was full or
// another.
func TestFetchGoesOnAfterARestart(t *testing.T) {
	a := newAlbum(t)
	a.full = true
	a.fetch(noon)
	a.full = false
	a.check(a.person.Begin(noon, a))
	a.answer(noon, true)
	a.check(a.person.Begin(noon, a)) // two are lost with the sender, and asked for again
	if len(a.asked) != 5 {
		t.Errorf("%d requests", len(a.asked))
	}
	a.start()
	if s := a.fetch(noon); s.Got != 1 || len(a.requests) != 2 {
		t.Errorf("after a restart: %+v, %d requests", s, len(a.requests))
	}
	a.answer(noon, true)
	a.answer(noon, true)
	if s := a.fetch(noon); s.Where != Here {
		t.Errorf("%+v", s)
	}
}

func TestPhotosThatNobodyKeeps(t *testing.T) {
	a := newAlbum(t)
	if _, err := a.Fetch(noon, "words"); !errors.Is(err, ErrNone) {
		t.Errorf("a post without a photo: %v", err)
	}
	a.fetch(noon)
	late := genesis.Add(16 * 24 * time.Hour)
	a.check(a.person.Supply(late))
	if _, err := a.Fetch(late, "look"); !errors.Is(err, ErrGone) {
		t.Errorf("after its boxes have gone: %v", err)
	}
	a.start()
	if len(a.requests) != 0 {
		t.Error("what has gone is asked for after a restart")
	}
}
