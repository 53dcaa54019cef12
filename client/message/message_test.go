package message_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/content"
	"murmuration/client/message"
	"murmuration/client/parts/partstest"
	"murmuration/client/picture"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/search"
	"murmuration/client/store"
)

// two are people who know each other.
func two(t *testing.T) (w *partstest.World, ada, ben *partstest.Home) {
	w = partstest.New(t)
	ada, ben = w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	return w, ada, ben
}

func send(h, to *partstest.Home, d message.Draft) string {
	h.World.T.Helper()
	r, err := h.Messages.Send(h.World.Now, h.To(to), d)
	h.Must(err)
	return r.ID.String()
}

func say(h, to *partstest.Home, text string) string {
	h.World.T.Helper()
	return send(h, to, message.Draft{Text: text})
}

// talk is what somebody sees of a conversation, the oldest first.
func talk(h, with *partstest.Home) string {
	h.World.T.Helper()
	all, err := h.Messages.Last(h.To(with), 100)
	h.Must(err)
	var lines []string
	for _, m := range all {
		line := map[bool]string{true: ">", false: "<"}[m.Own]
		if m.Text != "" {
			line += " " + m.Text
		}
		for _, mark := range []struct {
			is   bool
			said string
		}{{m.Unread, "new"}, {m.Late, "late"}, {m.Gone, "gone"}} {
			if mark.is {
				line += " " + mark.said
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func expect(t *testing.T, h, with *partstest.Home, want string) {
	t.Helper()
	if got := talk(h, with); got != want {
		t.Errorf("%s sees %q, not %q", h.Name, got, want)
	}
}

// TestConversation: both ways, in one order and under one id at both sides, read marks that stay at
// home, over restarts and a time without network.
func TestConversation(t *testing.T) {
	w, ada, ben := two(t)
	first := say(ada, ben, "hello")
	w.Wait(4 * time.Minute)
	expect(t, ben, ada, "< hello new")
	said := len(ben.Sender.Requests) + ben.Outbox.Waiting()
	ben.Must(ben.Messages.Read(w.Now, ben.To(ada), []string{first}))
	expect(t, ben, ada, "< hello")
	if n := len(ben.Sender.Requests) + ben.Outbox.Waiting(); n != said {
		t.Error("that something was read is told to somebody")
	}
	expect(t, ada, ben, "> hello")

	// Both write at once, while Ada hears nothing, and restart.
	ada.Sender.Lossy = true
	say(ada, ben, "two\nlines")
	say(ben, ada, "good day")
	w.Wait(2 * time.Minute)
	ada.Start()
	ben.Start()
	say(ada, ben, "three")
	w.Wait(6 * time.Minute)
	a, b := talk(ada, ben), talk(ben, ada)
	flip := strings.NewReplacer(">", "<", "<", ">", " new", "", " late", "")
	if flip.Replace(a) != strings.NewReplacer(" new", "", " late", "").Replace(b) ||
		strings.Count(a, ";") != 3 || !strings.HasSuffix(a, "three") {
		t.Errorf("Ada sees %q, Ben %q", a, b)
	}
	box, err := ben.Messages.Inbox()
	if err != nil || len(box) != 1 || box[0].Unread != 2 || box[0].Last.Text != "three" {
		t.Errorf("the inbox is %+v, %v", box, err)
	}
	all, err := ben.Messages.Last(ben.To(ada), 9)
	ben.Must(err)
	for i, m := range all {
		before, err := ben.Messages.Before(ben.To(ada), m.ID, 2)
		if err != nil || !slices.EqualFunc(before, all[max(0, i-2):i],
			func(a, b message.Message) bool { return a.ID == b.ID }) {
			t.Errorf("before %d are %+v, %v", i, before, err)
		}
	}
	if m, err := ben.Messages.Message(first[:6]); err != nil || m.Text != "hello" || m.Own {
		t.Errorf("by the beginning of her id it is %+v, %v", m, err)
	}
	if _, err := ben.Messages.Message("zzzzzz"); !errors.Is(err, message.ErrNoMessage) {
		t.Errorf("there is no such message: %v", err)
	}
	if ada.Messages.Refused()+ben.Messages.Refused() != 0 {
		t.Error("something honest was refused")
	}
}

// TestMessagesGo: one that expires is erased at both sides at its hour, and one that is taken back
// at once; nobody takes back what the other side wrote.
func TestMessagesGo(t *testing.T) {
	w, ada, ben := two(t)
	send(ada, ben, message.Draft{Text: "for an hour", Expire: time.Hour})
	wrong := say(ada, ben, "wrong person")
	say(ada, ben, "stays")
	w.Wait(4 * time.Minute)
	expect(t, ben, ada, "< for an hour new; < wrong person new; < stays new")
	ada.Must(ada.Messages.Delete(w.Now, wrong))
	w.Wait(4 * time.Minute)
	expect(t, ben, ada, "< for an hour new; < gone; < stays new")
	expect(t, ada, ben, "> for an hour; > gone; > stays")
	w.Pass(3*time.Hour, 10*time.Minute)
	expect(t, ben, ada, "< gone; < stays new")
	expect(t, ada, ben, "> gone; > stays")
	if box, _ := ben.Messages.Inbox(); box[0].Unread != 1 {
		t.Errorf("%d are unread", box[0].Unread)
	}
	for _, d := range []message.Draft{
		{Text: ""}, {Text: "\u200b"}, {Text: strings.Repeat("x", 3001)}, {Text: "\x1b[2J"},
		{Text: "too short", Expire: time.Minute}, {Text: "too long", Expire: 1e4 * time.Hour},
	} {
		if _, err := ada.Messages.Send(w.Now, ada.To(ben), d); err == nil {
			t.Errorf("%.20q was sent", d.Text)
		}
	}
	hers, his := found(ada, "stays")+found(ada, "wrong"), found(ben, "sta")
	if hers != 1 || his != 1 {
		t.Errorf("by their words Ada finds %d messages, Ben %d", hers, his)
	}
	theirs, err := ben.Messages.Last(ben.To(ada), 1)
	ben.Must(err)
	ben.Must(ben.Messages.Delete(w.Now, theirs[0].ID)) // here alone
	w.Wait(4 * time.Minute)
	expect(t, ada, ben, "> gone; > stays")
	expect(t, ben, ada, "< gone; < gone")
}

// found is how many things have some words.
func found(h *partstest.Home, words string) (n int) {
	h.World.T.Helper()
	h.Must(h.Store.View(func(tx *store.Tx) error {
		all, err := search.Find(tx, words, 0, 100)
		n = len(all)
		return err
	}))
	return n
}

// TestPhotoComesWithItsMessage, in boxes of a stream of its own, which is left afterwards.
func TestPhotoComesWithItsMessage(t *testing.T) {
	w, ada, ben := two(t)
	jpeg := make([]byte, 20000)
	rand.NewChaCha8([32]byte{7}).Read(jpeg)
	p := picture.Picture{JPEG: jpeg, Thumb: []byte("small"), Width: 40, Height: 30}
	id := send(ada, ben, message.Draft{Text: "look", Picture: &p, Alt: "noise"})
	w.Wait(6 * time.Minute)
	got, err := ben.Photos.File(id, 0)
	kept, err2 := ada.Photos.File(id, 0)
	if err := errors.Join(err, err2); err != nil || !bytes.Equal(got, jpeg) ||
		!bytes.Equal(kept, jpeg) {
		t.Fatalf("his photo has %d bytes, hers %d, %v", len(got), len(kept), err)
	}
	m, err := ben.Messages.Message(id)
	if err != nil || m.Photo == nil || m.Photo.Alt != "noise" || string(m.Photo.Thumb) != "small" {
		t.Errorf("%+v, %v", m, err)
	}
	if n := reads(ben); n != 1 {
		t.Errorf("control: %d streams are read while the photo comes", n)
	}
	w.Pass(2*time.Hour, 10*time.Minute)
	if n := reads(ben); n != 0 {
		t.Errorf("%d streams are read when it is here", n)
	}
}

// reads is how many streams of posts and photos somebody reads.
func reads(h *partstest.Home) (n int) {
	h.World.T.Helper()
	h.Must(h.Store.View(func(tx *store.Tx) error {
		return store.Each(tx, "reading", func(string, any) error { n++; return nil })
	}))
	return n
}

// TestHostileContact says what no program of ours says: it is counted, changes nothing of what is
// there, and what comes behind it is heard.
func TestHostileContact(t *testing.T) {
	w, ada, ben := two(t)
	mine := say(ben, ada, "mine")
	w.Wait(4 * time.Minute)
	now := content.Hour(w.Now)
	letter := func(number uint64, text string) map[int]any {
		return map[int]any{1: number, 2: make([]byte, 8), 3: now, 4: text}
	}
	id, err := base32.StdEncoding.DecodeString(strings.ToUpper(mine))
	ben.Must(err)
	bad := []any{
		"text", []int{1}, map[int]any{}, map[int]any{3: 1}, map[int]any{1: letter(1, "")},
		map[int]any{1: letter(0, "no number")}, map[int]any{1: letter(9, "\x1b]0;title\a")},
		map[int]any{1: letter(9, "two"), 2: []any{id}}, map[int]any{2: []any{}},
		map[int]any{1: map[int]any{1: 1, 2: make([]byte, 7), 3: now, 4: "short nonce"}},
		map[int]any{1: map[int]any{1: 1, 2: make([]byte, 8), 3: now + 1, 4: "no hour"}},
		map[int]any{2: []any{id}}, // what Ben wrote
	}
	for _, b := range bad {
		raw, err := content.Encode(b)
		ada.Must(err)
		ada.Say(ben, relation.KindMessage, raw)
	}
	ada.Say(ben, relation.KindMessage, bytes.Repeat([]byte{0x81}, 1000))
	w.Wait(4 * time.Minute)
	if n := ben.Messages.Refused(); n != uint64(len(bad)+1) {
		t.Errorf("%d of %d were refused", n, len(bad)+1)
	}
	expect(t, ben, ada, "> mine")
	// A number that leaves none to others counts as a thousand more, and both go on behind it.
	raw, err := content.Encode(map[int]any{1: letter(1<<63, "first and last")})
	ada.Must(err)
	ada.Say(ben, relation.KindMessage, raw)
	w.Wait(4 * time.Minute)
	say(ben, ada, "not the last")
	w.Wait(4 * time.Minute)
	expect(t, ben, ada, "> mine; < first and last new; > not the last")
	say(ada, ben, "heard")
	w.Wait(4 * time.Minute)
	if got := talk(ben, ada); !strings.Contains(got, "< heard new") {
		t.Errorf("Ben sees %q", got)
	}
}

// TestPhotoOfAnotherStream: a message that names the stream of a feed, and a photo of it in another
// size, keeps nobody from following the feed, and spoils nothing of it.
func TestPhotoOfAnotherStream(t *testing.T) {
	w, ada, ben := two(t)
	carl := w.Join("Carl")
	link, err := carl.Feed.Publish(w.Now)
	carl.Must(err)
	jpeg := make([]byte, 20000)
	rand.NewChaCha8([32]byte{7}).Read(jpeg)
	hash := sha256.Sum256(jpeg)
	raw, err := content.Encode(map[int]any{1: map[int]any{
		1: 1, 2: make([]byte, 8), 3: content.Hour(w.Now), 4: "look",
		6: content.Photo{Hash: hash, Size: 9, Width: 1, Height: 1},
		7: map[int]any{1: link.Stream, 2: 0},
	}})
	ada.Must(err)
	ada.Say(ben, relation.KindMessage, raw)
	w.Wait(4 * time.Minute)
	expect(t, ben, ada, "< look new")
	ben.Must(ben.Following.Follow(w.Now, link, "carl"))
	p := post.Picture{Picture: picture.Picture{JPEG: jpeg, Width: 40, Height: 30}, Alt: "noise"}
	r, err := carl.Feed.Post(w.Now, post.Draft{
		Text: "the view", Quick: true, Pictures: []post.Picture{p},
	})
	carl.Must(err)
	w.Wait(10 * time.Minute)
	if got, err := ben.Photos.File(r.Post, 0); err != nil || !bytes.Equal(got, jpeg) {
		t.Errorf("the photo has %d bytes, %v", len(got), err)
	}
}
