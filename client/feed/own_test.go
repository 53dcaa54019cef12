package feed

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/outbox"
	"murmuration/client/picture"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

func somePicture() *picture.Picture {
	return &picture.Picture{
		JPEG: bytes.Repeat([]byte("picture "), 400), Width: 30, Height: 20, Thumb: []byte("small"),
	}
}

func TestNothingIsPostedWithoutAFeed(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	if _, err := h.Own.Post(noon, Draft{Text: "hello"}); !errors.Is(err, errNoFeed) ||
		len(h.read()) != 0 {
		t.Errorf("%v", err)
	}
	h.check(h.Trouble())
	h.full = true
	if _, err := h.Publish(noon); !errors.Is(err, store.ErrFull) {
		t.Errorf("made on a full disk: %v", err)
	}
	h.full, h.random.left = false, 0
	if _, err := h.Publish(noon); err == nil {
		t.Error("made without randomness")
	}
	h.random.left = -1
	first := h.publish()
	reader := newHome(t, 2, h.store)
	reader.full = true // it is there: nothing has to be written
	if again := reader.publish(); again != first || first.FirstDay != 1 ||
		first.Network != NetworkOf(network.ID) {
		t.Errorf("%+v after a restart, %+v before", again, first)
	}
}

// TestPostAndPictureAreQueuedTogether: the post first, and what it points at; with the author's
// own copy.
func TestPostAndPictureAreQueuedTogether(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	h.publish()
	p := somePicture()
	r, err := h.Own.Post(noon, Draft{Text: "look", Picture: p, Alt: "a bird"})
	h.check(err)
	h.check(h.person.Supply(noon))
	if r.Boxes != 3 || h.outbox.Waiting() != 3 || len(h.requests) != 3 ||
		!bytes.Equal(h.pictures[r.Post], p.JPEG) {
		t.Fatalf("%+v, %d wait", r, h.outbox.Waiting())
	}
	var e timeline.Entry
	h.check(h.store.View(func(tx *store.Tx) error { return tx.Get("posts", r.Post, &e) }))
	post, err := e.Post()
	h.check(err)
	about := post.Photo
	if !e.Own || e.Day != 1 || post.Name != "Ada" || about.Hash != sha256.Sum256(p.JPEG) ||
		about.Size != len(p.JPEG) || about.Day != 1 || about.Width != 30 || about.Alt != "a bird" ||
		string(about.Thumb) != "small" {
		t.Errorf("%+v, %+v", e, about)
	}
	reader, err := boxstream.NewReader(about.Stream, about.Day, noon)
	h.check(err)
	if reader.ID(network, about.Day) != h.requests[1].Box.ID {
		t.Error("the post points at other boxes than those of its picture")
	}
	h.sent()
	h.sent()
	h.sent()
	if l := h.outbox.Entries(); len(l) != 1 || l[0].Name != r.Post || l[0].Stored != 3 {
		t.Errorf("%+v", l)
	}
}

// TestRefusedPostLeavesNothing: neither a post nor a box, and the feed stays where it is.
func TestRefusedPostLeavesNothing(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	before := h.publish()
	p, small := somePicture(), *somePicture()
	small.Width = 0
	large := strings.Repeat("x", 2500) // 2,048 bytes a box
	broken := errors.New("broken")
	for name, try := range map[string]struct {
		d     Draft
		setup func()
		want  error
	}{
		"empty":              {Draft{}, func() {}, nil},
		"too long":           {Draft{Text: large}, func() {}, nil},
		"a picture of no":    {Draft{Picture: &small}, func() {}, nil},
		"a full disk":        {Draft{Text: "a"}, func() { h.full = true }, store.ErrFull},
		"no id":              {Draft{Text: "a"}, func() { h.random.left = 0 }, errDrawn},
		"no keys":            {Draft{Picture: p}, func() { h.random.left = 1 }, errDrawn},
		"a copy not kept":    {Draft{Picture: p}, func() { h.keeping = broken }, broken},
		"empty, no feed yet": {Draft{}, func() {}, nil},
	} {
		try.setup()
		r, err := h.Own.Post(noon, try.d)
		if err == nil || try.want != nil && !errors.Is(err, try.want) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		h.full, h.random.left, h.keeping = false, -1, nil
		if len(h.read()) != 0 || h.outbox.Waiting() != 0 || len(h.outbox.Entries()) != 0 ||
			h.publish() != before {
			t.Fatalf("%s: %d wait, kept %q", name, h.outbox.Waiting(), h.read())
		}
	}
	h.say("the control")
	if !slices.Equal(h.read(), []string{"the control"}) || h.publish() == before {
		t.Errorf("kept %q", h.read())
	}
}

// TestEmptyPostIsRefusedFirst, before it is found that there is no feed.
func TestEmptyPostIsRefusedFirst(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	if _, err := h.Own.Post(noon, Draft{}); err == nil || errors.Is(err, errNoFeed) {
		t.Errorf("%v", err)
	}
	if _, err := h.Own.Post(noon, Draft{Picture: somePicture()}); !errors.Is(err, errNoFeed) {
		t.Errorf("a picture without words: %v", err)
	}
}

// fullOutbox takes nothing.
type fullOutbox struct{ Outbox }

var errFull = errors.New("full")

func (fullOutbox) Put(*store.Tx, time.Time, outbox.Draft) (outbox.Taken, error) {
	return outbox.Taken{}, errFull
}

// TestFullOutboxTakesNoPost: no entry in the timeline either.
func TestFullOutboxTakesNoPost(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	before := h.publish()
	h.Own.cfg.Outbox = fullOutbox{h.outbox}
	if _, err := h.Own.Post(noon, Draft{Picture: somePicture()}); !errors.Is(err, errFull) ||
		len(h.read()) != 0 || h.publish() != before {
		t.Errorf("%v, kept %q", err, h.read())
	}
}

// TestCopiedFeedBeginsAnew: after a conflict the link is another one, and its person is told until
// they have asked for it.
func TestCopiedFeedBeginsAnew(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	first := h.publish()
	h.say("hello")
	r := h.requests[0]
	h.check(h.person.Answered(noon, sender.Event{
		Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day, ID: r.Box.ID,
		Reply: box.Reply{Status: box.StatusConflict},
	}))
	again := newHome(t, 2, h.store)
	if err := again.Trouble(); !errors.Is(err, ErrCopied) {
		t.Errorf("after a restart: %v", err)
	}
	if l := again.outbox.Entries(); l[0].Reason != conflict {
		t.Errorf("%+v", l)
	}
	second := again.publish()
	if second.Stream == first.Stream || again.Trouble() != nil ||
		newHome(t, 3, h.store).Trouble() != nil {
		t.Errorf("asked for: %v", again.Trouble())
	}
	var o own
	h.check(h.store.View(func(tx *store.Tx) (err error) { o, err = getOwn(tx); return err }))
	if o.Epoch != 2 {
		t.Errorf("epoch %d", o.Epoch)
	}
}

func TestConflictNeedsAFeedAndKeys(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	conflicted := func() error {
		return h.store.Update(func(tx *store.Tx) error {
			_, err := h.Conflict(tx, noon)
			return err
		})
	}
	if err := conflicted(); !errors.Is(err, errNoFeed) {
		t.Errorf("without a feed: %v", err)
	}
	before := h.publish()
	h.random.left = 0
	if err := conflicted(); !errors.Is(err, errDrawn) || h.Trouble() != nil ||
		h.publish() != before {
		t.Errorf("without randomness: %v, %v", err, h.Trouble())
	}
}

// TestDamagedOwnFeed is said wherever it is needed, and never replaced.
func TestDamagedOwnFeed(t *testing.T) {
	other := newHome(t, 2, store.Memory()).publish()
	for name, bad := range map[string]any{
		"another record": "a feed", "no keys": own{Writer: boxstream.Writer{Cap: []byte("none")}},
	} {
		h := newHome(t, 1, store.Memory())
		h.check(h.store.Update(func(tx *store.Tx) error { return tx.Put(bucketOwn, "", bad) }))
		_, err1 := h.Publish(noon)
		_, err2 := h.Own.Post(noon, Draft{Text: "a"})
		err3 := h.Follow(noon, other, "")
		if err1 == nil || err2 == nil || err3 == nil || len(h.List()) != 0 || len(h.read()) != 0 {
			t.Errorf("%s: %v; %v; %v", name, err1, err2, err3)
		}
		if errors.Is(err1, errNoFeed) || errors.Is(err2, errNoFeed) || errors.Is(err3, errNoFeed) {
			t.Errorf("%s counts as none", name)
		}
	}
}
