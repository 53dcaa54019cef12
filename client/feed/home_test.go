package feed

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/photo"
	"murmuration/client/post"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/client/timeline"

	"murmuration/client/boxstream"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

var (
	genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	noon    = genesis.Add(36 * time.Hour) // day 1
	network = boxstream.Network{
		ID:       box.NetworkID{9},
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 2048},
		Calendar: box.Calendar{Genesis: genesis, Retention: 3},
		Listing:  time.Minute,
	}
)

// drawn is randomness that may end.
type drawn struct {
	*rand.ChaCha8
	left int // reads; endless if negative
}

var errDrawn = errors.New("no randomness")

func (d *drawn) Read(b []byte) (int, error) {
	if d.left == 0 {
		return 0, errDrawn
	}
	d.left--
	return d.ChaCha8.Read(b)
}

// home is somebody's own feed and those that they follow, on a store; a sender that keeps what it
// is given.
type home struct {
	t *testing.T
	*Own
	*Following
	reading  *post.Reading
	writing  post.WritingConfig
	timeline *timeline.Timeline
	outbox   *outbox.Outbox
	store    *store.Store
	person   *person.Person
	random   *drawn
	requests []sender.Request
	pictures map[string][]byte
	expected []photo.Of
	parts    int // of photos
	wrote    int // boxes, as cover is told
	heads    []box.Box
	keeping  error // what Keep says
	full     bool
	writers  byte // that follow made
}

func newHome(t *testing.T, seed byte, s *store.Store) *home {
	h := unloaded(t, seed, s)
	h.check(h.person.Load())
	h.check(h.person.Begin(noon, h))
	return h
}

func unloaded(t *testing.T, seed byte, s *store.Store) *home {
	h := &home{t: t, store: s, person: person.New(s), pictures: map[string][]byte{}}
	h.random = &drawn{rand.NewChaCha8([32]byte{seed}), -1}
	s.Free = func(string) (uint64, error) {
		if h.full {
			return 0, nil
		}
		return 1 << 40, nil
	}
	var err error
	h.outbox, err = outbox.New(h.person, outbox.Config{
		Store: s, Network: network, Random: rand.NewChaCha8([32]byte{seed, 1}),
		Pace: outbox.Pace{Hold: time.Second, Listing: time.Minute, Again: time.Minute},
	})
	h.check(err)
	h.timeline = timeline.New()
	h.writing = post.WritingConfig{
		Name: func() string { return "Ada" }, Network: network, Random: h.random, Outbox: h.outbox,
		Timeline: h.timeline, Photos: h, Cover: h,
	}
	h.Own = NewOwn(h.person, Config{
		Store: s, Network: network, Random: h.random, Outbox: h.outbox, Cover: h,
		Writing: post.NewWriting(h.writing),
	})
	sources := post.NewSources()
	h.reading = post.NewReading(h.person, post.ReadingConfig{
		Store: s, Network: network, Timeline: h.timeline, Photos: h, Sources: sources,
	})
	h.Following = NewFollowing(h.person, s, network, h.Own, h.reading, sources)
	return h
}

func (h *home) list() []Followed {
	h.t.Helper()
	l, err := h.Following.List(noon)
	h.check(err)
	return l
}

func (h *home) Wrote(_ *store.Tx, boxes int) error { h.wrote += boxes; return nil }

func (h *home) Expect(_ *store.Tx, of photo.Of) error {
	h.expected = append(h.expected, of)
	return nil
}

// Forget has nothing to forget.
func (h *home) Forget(*store.Tx, string, int) error { return nil }

func (h *home) Take(*store.Tx, post.Source, box.Day, box.Record) error { h.parts++; return nil }

func (h *home) Keep(_ *store.Tx, post string, _ int, jpeg, _ []byte) error {
	h.pictures[post] = jpeg
	return h.keeping
}

func (h *home) Enqueue(_ time.Time, r sender.Request) error {
	h.requests = append(h.requests, r)
	return nil
}

func (h *home) Cancel(token uint64) bool {
	h.requests = slices.DeleteFunc(
		h.requests, func(r sender.Request) bool { return r.Token == token },
	)
	return false
}

func (h *home) Handed() []uint64 { return nil }

func (h *home) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) publish() Link {
	h.t.Helper()
	h.check(h.person.Supply(noon))
	before := len(h.requests)
	l, err := h.Publish(noon)
	h.check(err)
	h.check(h.person.Supply(noon))
	for _, r := range slices.Clone(h.requests[before:]) { // the head, which is kept at once
		h.heads = append(h.heads, r.Box)
		h.check(h.found(r.Box))
	}
	h.wrote = 0
	return l
}

func (h *home) say(text string) post.Receipt {
	h.t.Helper()
	r, err := h.Own.Post(noon, post.Draft{Text: text})
	h.check(err)
	h.check(h.person.Supply(noon))
	return r
}

// sent is what this home's outbox hands over next; its holder says that it is stored.
func (h *home) sent() (box.Day, box.Box) {
	h.t.Helper()
	r := h.requests[0]
	h.requests = h.requests[1:]
	h.check(h.person.Answered(noon, sender.Event{
		Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day, ID: r.Box.ID,
		Reply: box.Reply{Status: box.StatusStored},
	}))
	return r.Day, r.Box
}

// wants says whether the box of an id is wanted, under a day.
func (h *home) wants(id box.ID) (w person.Want, ok bool) {
	for _, w := range h.person.Wanted(box.EntryOf(id)) {
		if w.ID == id && w.Read {
			return w, true
		}
	}
	return w, false
}

// found gives a box to whoever wants it.
func (h *home) found(b box.Box) error {
	all := h.person.Wanted(box.EntryOf(b.ID))
	if len(all) == 0 {
		return errNotWanted
	}
	for _, w := range all {
		if err := h.person.Found(noon, w, directory.NodeID{1}, b); err != nil {
			return err
		}
	}
	return nil
}

var errNotWanted = errors.New("nobody wants this box")

// read is what the timeline has, the oldest first.
func (h *home) read() (texts []string) {
	h.t.Helper()
	h.check(h.store.View(func(tx *store.Tx) error {
		return store.Each(tx, "posts", func(_ string, e timeline.Entry) error {
			p, err := content.ParsePost(e.Content)
			texts = append(texts, p.Text)
			return err
		})
	}))
	slices.Sort(texts)
	return texts
}

// follow has this home read a feed that is written by nobody else than the test.
func (h *home) follow() *boxstream.Writer {
	h.t.Helper()
	h.writers++
	w, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{77, h.writers}))
	h.check(err)
	start, err := w.Start()
	h.check(err)
	h.check(h.Follow(noon, Link{
		Network: NetworkOf(network.ID), FirstDay: network.Today(noon), Stream: start,
	}, ""))
	return &w
}

// sealed is one record as a box of a stream.
func (h *home) sealed(w *boxstream.Writer, r box.Record) box.Box {
	h.t.Helper()
	all, err := w.Seal(network, network.Today(noon), r)
	h.check(err)
	return all[0].Box()
}
