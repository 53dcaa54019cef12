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
	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/picture"
	"murmuration/client/post"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

func somePicture() post.Picture {
	return post.Picture{Alt: "a bird", Picture: picture.Picture{
		JPEG: bytes.Repeat([]byte("picture "), 400), Width: 30, Height: 20, Thumb: []byte("small"),
	}}
}

// shown is a draft of pictures alone.
func shown(all ...post.Picture) post.Draft { return post.Draft{Pictures: all} }

func TestNothingIsPostedWithoutAFeed(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	if _, err := h.Own.Post(noon, post.Draft{Text: "hello"}); !errors.Is(err, errNoFeed) ||
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

// TestPostAndPictureAreQueuedTogether: boxes of one stream, the post first, then its picture; with
// the author's own copy, and as many boxes of cover less.
func TestPostAndPictureAreQueuedTogether(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	link := h.publish()
	p := somePicture()
	r, err := h.Own.Post(
		noon.Add(59*time.Minute), post.Draft{Text: "look", Pictures: []post.Picture{p}},
	)
	h.check(err)
	h.check(h.person.Supply(noon))
	if r.Boxes != 3 || h.outbox.Waiting() != 3 || len(h.requests) != 3 || h.wrote != 3 ||
		!h.requests[0].Slow || !bytes.Equal(h.pictures[r.Post], p.JPEG) {
		t.Fatalf("%+v, %d wait, %d in the sender", r, h.outbox.Waiting(), len(h.requests))
	}
	var e timeline.Entry
	h.check(h.store.View(func(tx *store.Tx) error { return tx.Get("posts", r.Post, &e) }))
	said, err := e.Post()
	h.check(err)
	about := said.Photos[0]
	if !e.Own || e.Day != 1 || r.Post != content.ID(e.Source, e.Content) ||
		said.Name != "Ada" || about.Hash != sha256.Sum256(p.JPEG) ||
		about.Size != len(p.JPEG) || about.Width != 30 || about.Alt != "a bird" ||
		string(about.Thumb) != "small" || said.Time != noon.Unix() {
		t.Errorf("%+v, %+v", e, about)
	}
	reader, err := boxstream.NewReader(link.Stream, 1, noon)
	h.check(err)
	room := 100
	reader.IDs(network, noon, &room)
	var jpeg []byte
	for i := range 3 {
		day, b := h.sent()
		o, err := reader.Open(network, day, b)
		h.check(err)
		record, err := box.ParseRecord(network.Format, o.Plaintext)
		h.check(err)
		kinds := []box.Kind{content.KindPost, content.KindPhoto, content.KindPhoto}
		if record.Kind != kinds[i] {
			t.Errorf("box %d is of kind %d", i, record.Kind)
		}
		if record.Kind == content.KindPhoto {
			jpeg = append(jpeg, record.Content...)
		}
	}
	if l := h.outbox.Entries(); len(l) != 1 || l[0].Name != r.Post || l[0].Stored != 3 ||
		!bytes.Equal(jpeg, p.JPEG) {
		t.Errorf("%+v, a picture of %d bytes", l, len(jpeg))
	}
}

// TestQuickPost is what its author says; nothing else is.
func TestQuickPost(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	h.publish()
	_, err := h.Own.Post(noon, post.Draft{Text: "now", Quick: true})
	h.check(err)
	h.check(h.person.Supply(noon))
	if len(h.requests) != 1 || h.requests[0].Slow {
		t.Errorf("%+v", h.requests)
	}
}

// TestPictureOfTooManyBoxes is refused: its boxes are all of the feed.
func TestPictureOfTooManyBoxes(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	h.publish()
	p := somePicture()
	p.JPEG = make([]byte, content.MaxPhotoBoxes*network.Format.ContentSize())
	r, err := h.Own.Post(noon, shown(p))
	h.check(err)
	if r.Boxes != content.MaxPhotoBoxes+1 {
		t.Errorf("the control: %+v", r)
	}
	p.JPEG = append(p.JPEG, 0)
	if _, err := h.Own.Post(noon, shown(p)); err == nil ||
		h.outbox.Waiting() != r.Boxes {
		t.Errorf("one byte more: %v", err)
	}
}

// TestRefusedPostLeavesNothing: neither a post nor a box, and the feed stays where it is.
func TestRefusedPostLeavesNothing(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	before := h.publish()
	p, small := somePicture(), somePicture()
	small.Width = 0
	large := strings.Repeat("x", 2500) // 2,048 bytes a box
	broken := errors.New("broken")
	for name, try := range map[string]struct {
		d     post.Draft
		setup func()
		want  error
	}{
		"empty":              {post.Draft{}, func() {}, nil},
		"too long":           {post.Draft{Text: large}, func() {}, nil},
		"a picture of no":    {shown(small), func() {}, nil},
		"a full disk":        {post.Draft{Text: "a"}, func() { h.full = true }, store.ErrFull},
		"no nonce":           {post.Draft{Text: "a"}, func() { h.random.left = 0 }, errDrawn},
		"no day":             {shown(p), func() { h.random.left = 1 }, errDrawn},
		"a copy not kept":    {shown(p), func() { h.keeping = broken }, broken},
		"empty, no feed yet": {post.Draft{}, func() {}, nil},
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
	if _, err := h.Own.Post(noon, post.Draft{}); err == nil || errors.Is(err, errNoFeed) {
		t.Errorf("%v", err)
	}
	if _, err := h.Own.Post(noon, shown(somePicture())); !errors.Is(err, errNoFeed) {
		t.Errorf("a picture without words: %v", err)
	}
}

// fullOutbox takes nothing.
type fullOutbox struct{}

var errFull = errors.New("full")

func (fullOutbox) Put(*store.Tx, time.Time, outbox.Draft) error { return errFull }

// TestFullOutboxTakesNoPost: no entry in the timeline either.
func TestFullOutboxTakesNoPost(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	before := h.publish()
	h.writing.Outbox = fullOutbox{}
	h.Own.cfg.Writing = post.NewWriting(h.writing)
	if _, err := h.Own.Post(noon, shown(somePicture())); !errors.Is(err, errFull) ||
		len(h.read()) != 0 || h.publish() != before {
		t.Errorf("%v, kept %q", err, h.read())
	}
}

// TestCopiedFeedBeginsAnew: after a conflict, in which the other box is shown, the link is another
// one, with what waited; and its person is told until they have asked for it.
func TestCopiedFeedBeginsAnew(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	first := h.publish()
	var o own
	h.check(h.store.View(func(tx *store.Tx) (err error) { o, err = getOwn(tx); return err }))
	other := h.sealedOn(o.Writer, 1)
	h.say("hello")
	r := h.requests[0]
	h.requests = nil
	h.check(h.person.Answered(noon, sender.Event{
		Kind: sender.Answered, Token: r.Token, Op: r.Op, Day: r.Day, ID: r.Box.ID,
		Reply: box.Reply{Status: box.StatusConflict, Box: other},
	}))
	again := newHome(t, 2, h.store)
	if err := again.Trouble(); !errors.Is(err, ErrCopied) {
		t.Errorf("after a restart: %v", err)
	}
	second := again.publish()
	if second.Stream == first.Stream || again.Trouble() != nil ||
		newHome(t, 3, h.store).Trouble() != nil {
		t.Errorf("asked for: %v", again.Trouble())
	}
	h.check(h.store.View(func(tx *store.Tx) (err error) { o, err = getOwn(tx); return err }))
	if o.Epoch != 2 {
		t.Errorf("epoch %d", o.Epoch)
	}
	reader := newHome(t, 4, store.Memory())
	reader.check(reader.Follow(noon, second, ""))
	_, b := again.sent()
	reader.check(reader.found(b))
	if !slices.Equal(reader.read(), []string{"hello"}) {
		t.Errorf("on the new link %q is read", reader.read())
	}
	later, err := again.Publish(noon.AddDate(0, 0, 4)) // when what waited is not kept any more
	if again.check(err); later.Stream == second.Stream || later.FirstDay != 5 {
		t.Error("a link of later shows what was before")
	}
}

func TestRenewalNeedsAFeedAndKeys(t *testing.T) {
	h := newHome(t, 1, store.Memory())
	renewed := func() error {
		return h.store.Update(func(tx *store.Tx) error {
			_, _, err := h.Renew(tx, time.Time{}, 1, nil)
			return err
		})
	}
	if err := renewed(); !errors.Is(err, errNoFeed) {
		t.Errorf("without a feed: %v", err)
	}
	before := h.publish()
	h.random.left = 0
	if err := renewed(); !errors.Is(err, errDrawn) || h.Trouble() != nil ||
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
		_, err2 := h.Own.Post(noon, post.Draft{Text: "a"})
		err3 := h.Follow(noon, other, "")
		if err1 == nil || err2 == nil || err3 == nil || len(h.list()) != 0 || len(h.read()) != 0 {
			t.Errorf("%s: %v; %v; %v", name, err1, err2, err3)
		}
		if errors.Is(err1, errNoFeed) || errors.Is(err2, errNoFeed) || errors.Is(err3, errNoFeed) {
			t.Errorf("%s counts as none", name)
		}
	}
}
