package circle_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/circle"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/parts/partstest"
	"murmuration/client/picture"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

// three are Ada, whose circle it is, and two who are in it.
func three(t *testing.T) (w *partstest.World, ada, ben, cem *partstest.Home) {
	w = partstest.New(t)
	ada, ben, cem = w.Join("Ada"), w.Join("Ben"), w.Join("Cem")
	w.Meet(ada, ben)
	w.Meet(ada, cem)
	ada.Must(ada.Circles.New("hills"))
	for _, like := range []string{"hills", "HILLS", "hіlls", "hil\u200bls"} {
		if err := ada.Circles.New(like); fault.Of(err).ExitCode() != int(fault.User) {
			t.Errorf("a circle %q beside %q: %v", like, "hills", err)
		}
	}
	add(ada, ben)
	add(ada, cem)
	return w, ada, ben, cem
}

func add(h, who *partstest.Home) {
	h.World.T.Helper()
	h.Must(h.Circles.Add(h.World.Now, "hills", h.To(who)))
}

func say(h *partstest.Home, d post.Draft) string {
	h.World.T.Helper()
	d.Quick = true
	r, err := h.Circles.Post(h.World.Now, "hills", d)
	h.Must(err)
	return r.Post
}

// reads is what somebody's timeline says, the oldest first.
func reads(h *partstest.Home) string {
	h.World.T.Helper()
	all, err := h.Timeline(h.World.Now, 100)
	h.Must(err)
	var lines []string
	for _, p := range slices.Backward(all) {
		line := p.Text
		if p.Reply != nil {
			line = p.Reply.By + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func expect(t *testing.T, h *partstest.Home, want string) {
	t.Helper()
	if got := reads(h); got != want {
		t.Errorf("%s reads %q, not %q", h.Name, got, want)
	}
}

func tally(h *partstest.Home, id string) (shown string) {
	h.World.T.Helper()
	h.Must(h.Store.View(func(tx *store.Tx) error {
		t, err := h.Circles.Tally(tx, id)
		for i, emoji := range t.Emojis {
			shown += fmt.Sprint(emoji, t.Counts[i], " ")
		}
		last := map[bool]string{true: " at last"}[t.Final]
		shown += fmt.Sprintf("votes %v%s, %d replies, mine %s", t.Votes, last, len(t.Replies),
			t.Mine)
		return err
	}))
	return shown
}

// TestCircle: a post with a photo, a reply and reactions through the author, a poll, and a post
// that is taken back; all members see the same under the same ids.
func TestCircle(t *testing.T) {
	w, ada, ben, cem := three(t)
	jpeg := make([]byte, 20000)
	rand.NewChaCha8([32]byte{7}).Read(jpeg)
	p := post.Picture{Picture: picture.Picture{JPEG: jpeg, Width: 40, Height: 30}, Alt: "noise"}
	id := say(ada, post.Draft{Text: "the view", Pictures: []post.Picture{p}})
	w.Wait(6 * time.Minute)
	for _, h := range []*partstest.Home{ben, cem} {
		expect(t, h, "the view")
		if got, err := h.Photos.File(id, 0); err != nil || !bytes.Equal(got, jpeg) {
			t.Errorf("the photo of %s has %d bytes, %v", h.Name, len(got), err)
		}
	}
	_, err := ben.Circles.Reply(w.Now, id, "lovely")
	ben.Must(err)
	ben.Must(ben.Circles.React(w.Now, id, "❤️"))
	ben.Must(ben.Circles.React(w.Now, id, "👍"))
	cem.Must(cem.Circles.React(w.Now, id, "👍"))
	ada.Must(ada.Circles.React(w.Now, id, "🎉"))
	_, err = ada.Circles.Reply(w.Now, id, "thanks")
	ada.Must(err)
	w.Wait(20 * time.Minute)
	for _, h := range []*partstest.Home{ada, ben, cem} {
		got := reads(h)
		if strings.Count(got, ";") != 2 || !strings.Contains(got, "Ben: lovely") ||
			!strings.Contains(got, ": thanks") {
			t.Errorf("%s reads %q", h.Name, got)
		}
		mine := map[*partstest.Home]string{ada: "🎉", ben: "👍", cem: "👍"}[h]
		if got := tally(h, id); got != "👍2 🎉1 votes [], 2 replies, mine "+mine {
			t.Errorf("%s sees %q", h.Name, got)
		}
	}
	testPoll(t, w, ada, ben, cem)
	ada.Must(ada.Circles.Delete(w.Now, id))
	w.Wait(4 * time.Minute)
	for _, h := range []*partstest.Home{ada, ben, cem} {
		if got := reads(h); strings.Contains(got, "the view") || !strings.Contains(got, "when?") {
			t.Errorf("%s reads %q", h.Name, got)
		}
	}
	if n := ada.Circles.Refused() + ben.Circles.Refused() + cem.Circles.Refused(); n != 1 {
		t.Errorf("%d things were refused, and one came after a close", n)
	}
}

// testPoll: a vote can be changed, and one after the close does not count.
func testPoll(t *testing.T, w *partstest.World, ada, ben, cem *partstest.Home) {
	closes := w.Now.Add(2 * time.Hour)
	id := say(ada, post.Draft{Text: "when?", Poll: &content.Poll{
		Options: []string{"today", "tomorrow"}, Closes: content.Hour(closes),
	}})
	w.Wait(5 * time.Minute)
	ben.Must(ben.Circles.Vote(w.Now, id, 1))
	ben.Must(ben.Circles.Vote(w.Now, id, 2))
	if ben.Circles.Vote(w.Now, id, 3) == nil {
		t.Error("a third option was chosen")
	}
	w.Wait(20 * time.Minute)
	if got := tally(cem, id); !strings.Contains(got, "votes [0 1],") {
		t.Errorf("while it is open Cem sees %q", got)
	}
	w.Pass(2*time.Hour, 5*time.Minute)
	if cem.Circles.Vote(w.Now, id, 1) == nil {
		t.Error("one voted after the close")
	}
	raw, err := content.Encode(map[int]any{6: map[int]any{1: sourceOf(ada), 2: id, 3: 0}})
	cem.Must(err)
	cem.Say(ada, relation.KindCircle, raw)
	w.Wait(20 * time.Minute)
	for _, h := range []*partstest.Home{ada, ben, cem} {
		if got := tally(h, id); !strings.Contains(got, "votes [0 1] at last") {
			t.Errorf("%s sees %q", h.Name, got)
		}
	}
}

// TestRemovedReadsNothingNew: and the control is that without the removal they would.
func TestRemovedReadsNothingNew(t *testing.T) {
	for _, removed := range []bool{true, false} {
		w, ada, ben, cem := three(t)
		id := say(ada, post.Draft{Text: "before"})
		w.Wait(6 * time.Minute)
		if removed {
			ada.Must(ada.Circles.Remove(w.Now, "hills", ada.To(ben)))
		}
		say(ada, post.Draft{Text: "after"})
		w.Wait(10 * time.Minute)
		ben.Start()
		w.Wait(10 * time.Minute)
		expect(t, cem, "before; after")
		if !removed {
			expect(t, ben, "before; after")
			continue
		}
		expect(t, ben, "before")
		if _, err := ben.Circles.Reply(w.Now, id, "and me?"); err == nil {
			t.Error("his program lets him answer")
		}
		// Another program would say it all the same.
		raw, err := content.Encode(map[int]any{4: map[int]any{
			1: sourceOf(ada), 2: id, 3: make([]byte, 8), 4: "and me?",
		}})
		ben.Must(err)
		ben.Say(ada, relation.KindCircle, raw)
		w.Wait(6 * time.Minute)
		expect(t, ada, "before; after")
		if ada.Circles.Refused() != 1 {
			t.Errorf("%d were refused", ada.Circles.Refused())
		}
		// Who comes back reads from then on.
		add(ada, ben)
		w.Wait(4 * time.Minute)
		say(ada, post.Draft{Text: "again"})
		w.Wait(6 * time.Minute)
		expect(t, ben, "before; after; again")
	}
}

func sourceOf(h *partstest.Home) []byte {
	h.World.T.Helper()
	all, err := h.Circles.List()
	h.Must(err)
	return all[0].ID[:]
}

// TestNewcomer gets the last ten posts, once each, and what is written from then on.
func TestNewcomer(t *testing.T) {
	w, ada, _, _ := three(t)
	for i := range 12 {
		say(ada, post.Draft{Text: fmt.Sprint("post ", i)})
		w.Wait(2 * time.Minute)
	}
	dia := w.Join("Dia")
	w.Meet(ada, dia)
	add(ada, dia)
	say(ada, post.Draft{Text: "welcome"})
	w.Wait(8 * time.Minute)
	want := ""
	for i := 2; i < 12; i++ {
		want += fmt.Sprint("post ", i, "; ")
	}
	expect(t, dia, want+"welcome")
	if _, err := dia.Circles.Reply(w.Now, last(dia), "hello all"); err != nil {
		t.Fatal(err)
	}
	w.Wait(6 * time.Minute)
	expect(t, dia, want+"welcome; Dia: hello all")
}

// TestPhotoIsAskedFor: who was let in when the boxes of a photo were not kept any more has its
// author's program write it again, four a day at most; nobody else's photo, and nothing unasked.
func TestPhotoIsAskedFor(t *testing.T) {
	w := partstest.New(t)
	ada, ben := w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	ada.Must(ada.Circles.New("hills"))
	jpeg := make([]byte, 20000)
	rand.NewChaCha8([32]byte{9}).Read(jpeg)
	p := post.Picture{Picture: picture.Picture{JPEG: jpeg, Width: 40, Height: 30}, Alt: "noise"}
	id := say(ada, post.Draft{Text: "the view", Pictures: []post.Picture{p}})
	w.Wait(6 * time.Minute)
	w.Now = w.Now.AddDate(0, 0, 20)
	w.Wait(6 * time.Minute)
	add(ada, ben)
	w.Wait(20 * time.Minute)
	expect(t, ben, "the view")
	if got, err := ben.Photos.File(id, 0); err == nil {
		t.Fatalf("the control: %d bytes are here", len(got))
	}
	ben.Must(ben.Circles.AskPhoto(w.Now, id, 0))
	w.Wait(20 * time.Minute)
	if got, err := ben.Photos.File(id, 0); err != nil || !bytes.Equal(got, jpeg) {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	if ben.Circles.AskPhoto(w.Now, id, 0) == nil || ada.Circles.AskPhoto(w.Now, id, 0) == nil ||
		ben.Circles.AskPhoto(w.Now, id, 1) == nil {
		t.Error("what is here, one's own, or none was asked for")
	}
	put := func(from, to *partstest.Home, v any) {
		raw, err := content.Encode(v)
		from.Must(err)
		from.Say(to, relation.KindCircle, raw)
	}
	source := sourceOf(ada)
	for range 6 {
		put(ben, ada, map[int]any{8: map[int]any{1: source, 2: id, 3: 0}})
	}
	put(ada, ben, map[int]any{9: map[int]any{
		1: source, 2: id, 3: 0, 4: bytes.Repeat([]byte{1}, 72), 5: 0,
	}})
	w.Wait(20 * time.Minute)
	if a, b := ada.Circles.Refused(), ben.Circles.Refused(); a != 3 || b < 1 {
		t.Errorf("Ada refused %d, Ben %d", a, b)
	}
}

func last(h *partstest.Home) string {
	h.World.T.Helper()
	all, err := h.Timeline(h.World.Now, 1)
	h.Must(err)
	return all[0].ID
}

// TestNextMonth: an epoch ends by itself, and its readers read on.
func TestNextMonth(t *testing.T) {
	w := partstest.New(t)
	ada, ben := w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	ada.Must(ada.Circles.New("hills"))
	add(ada, ben)
	say(ada, post.Draft{Text: "one"})
	w.Wait(4 * time.Minute)
	first, err := ada.Circles.List()
	ada.Must(err)
	w.Now = w.Now.AddDate(0, 0, 31)
	w.Wait(4 * time.Minute)
	say(ada, post.Draft{Text: "two"})
	w.Wait(4 * time.Minute)
	all, err := ada.Circles.List()
	if err != nil || len(all) != 1 || all[0].Epoch <= first[0].Epoch || len(all[0].Members) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	expect(t, ben, "one; two")
}

// TestPostsEnd: one that expires is forgotten by its author and its readers, and one that was
// cancelled is read by nobody.
func TestPostsEnd(t *testing.T) {
	w := partstest.New(t)
	ada, ben := w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	ada.Must(ada.Circles.New("hills"))
	add(ada, ben)
	say(ada, post.Draft{Text: "for now", Expires: content.Hour(w.Now.Add(2 * time.Hour))})
	ada.Sender.Lossy = true
	id := say(ada, post.Draft{Text: "no, wait"})
	ada.Must(ada.Outbox.Cancel(w.Now, id))
	ada.Sender.Lossy = false
	say(ada, post.Draft{Text: "stays"})
	w.Wait(6 * time.Minute)
	expect(t, ada, "for now; stays")
	expect(t, ben, "for now; stays")
	if n := len(ben.Notices()); n != 0 {
		t.Errorf("Ben is told of %d things that he does not understand", n)
	}
	w.Pass(3*time.Hour, 10*time.Minute)
	expect(t, ada, "stays")
	expect(t, ben, "stays")
}

// TestHostileMembersAndAuthors: nobody speaks in another's circle, or for another's post; floods
// are bounded, and what is honest is heard behind them.
func TestHostileMembersAndAuthors(t *testing.T) {
	w, ada, ben, cem := three(t)
	dan := w.Join("Dan") // a contact of Ada's, and no member
	w.Meet(ben, cem)
	w.Meet(ada, dan)
	id := say(ada, post.Draft{Text: "hers"})
	w.Wait(6 * time.Minute)
	source := sourceOf(ada)
	start := bytes.Repeat([]byte{1}, 72)
	put := func(from, to *partstest.Home, v any) {
		t.Helper()
		raw, err := content.Encode(v)
		from.Must(err)
		from.Say(to, relation.KindCircle, raw)
	}
	ask := map[int]any{3: map[int]any{1: source}}
	for range 4 {
		put(ben, ada, ask)
	}
	w.Wait(4 * time.Minute)
	if n := ada.Circles.Refused(); n != 0 {
		t.Errorf("%d of four questions are refused", n)
	}
	for _, c := range []struct {
		name     string
		from, to *partstest.Home
		item     any
	}{
		{"somebody else's circle", ben, cem, map[int]any{1: map[int]any{
			1: source, 2: "hills", 3: 9, 4: start, 5: 0}}},
		{"the circle of whom it is said to", ben, ada, map[int]any{1: map[int]any{
			1: source, 2: "hills", 3: 9, 4: start, 5: 0}}},
		{"an end of somebody else's", ben, cem, map[int]any{2: map[int]any{1: source}}},
		{"two things at once", ben, ada, map[int]any{3: map[int]any{1: source},
			2: map[int]any{1: source}}},
		{"no post", ben, ada, map[int]any{4: map[int]any{1: source, 2: strings.Repeat("a", 16),
			3: make([]byte, 8), 4: "to nothing"}}},
		{"no emoji", ben, ada, map[int]any{5: map[int]any{1: source, 2: id, 3: "a story"}}},
		{"no option", ben, ada, map[int]any{6: map[int]any{1: source, 2: id, 3: 1}}},
		{"a position for the fifth time today", ben, ada, ask},
		{"a position for who is no member", dan, ada, ask},
		{"no circle", ben, ada, map[int]any{3: map[int]any{1: make([]byte, 16)}}},
	} {
		before := c.to.Circles.Refused()
		put(c.from, c.to, c.item)
		w.Wait(4 * time.Minute)
		if c.to.Circles.Refused() != before+1 {
			t.Errorf("%s: %d were refused", c.name, c.to.Circles.Refused()-before)
		}
	}
	for i := range 60 {
		put(ben, ada, map[int]any{4: map[int]any{
			1: source, 2: id, 3: []byte{byte(i), 0, 0, 0, 0, 0, 0, 0}, 4: fmt.Sprint("flood ", i),
		}})
		put(ben, ada, map[int]any{5: map[int]any{1: source, 2: id, 3: string(rune('a' + i%26))}})
	}
	cem.Must(cem.Circles.React(w.Now, id, "👍"))
	w.Wait(40 * time.Minute)
	if n := strings.Count(reads(cem), "flood"); n != 50 {
		t.Errorf("%d of 60 replies were published", n)
	}
	if got := tally(cem, id); !strings.HasPrefix(got, "h1 👍1 votes []") {
		t.Errorf("Cem sees %q", got)
	}
}

// TestNobodySpeaksInAFeed: a card of a contact's that names a feed, one that is followed or one's
// own, is refused: nothing is said in the feed or erased there.
func TestNobodySpeaksInAFeed(t *testing.T) {
	w := partstest.New(t)
	ada, ben, cem := w.Join("Ada"), w.Join("Ben"), w.Join("Cem")
	w.Meet(ben, cem)
	for _, h := range []*partstest.Home{ada, cem} {
		_, err := h.Feed.Publish(w.Now)
		h.Must(err)
	}
	link, err := ada.Feed.Publish(w.Now)
	ada.Must(err)
	cem.Must(cem.Following.Follow(w.Now, link, "ada"))
	sources := map[*partstest.Home]content.Source{}
	for _, h := range []*partstest.Home{ada, cem} {
		r, err := h.Feed.Post(w.Now, post.Draft{Text: h.Name + " said it", Quick: true})
		h.Must(err)
		w.Wait(6 * time.Minute)
		h.Must(cem.Store.View(func(tx *store.Tx) error {
			e, err := timeline.New().Entry(tx, r.Post)
			sources[h] = e.Source
			return err
		}))
	}
	for _, s := range sources {
		stream, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{s[0]}))
		ben.Must(err)
		start, err := stream.Start()
		ben.Must(err)
		raw, err := content.Encode(map[int]any{1: map[int]any{
			1: s, 2: "mine", 3: 1, 4: start, 5: 0,
		}})
		ben.Must(err)
		ben.Say(cem, relation.KindCircle, raw)
	}
	w.Wait(6 * time.Minute)
	all, err := cem.Timeline(w.Now, 10)
	cem.Must(err)
	if len(all) != 2 {
		t.Fatalf("%d posts", len(all))
	}
	for _, p := range all {
		if p.Circle != "" || p.Author() == cem.Contacts.Name(cem.To(ben)) {
			t.Errorf("%q is shown as of %s, in circle %q", p.Text, p.Author(), p.Circle)
		}
	}
	if n := cem.Circles.Refused(); n != 2 {
		t.Errorf("%d cards were refused", n)
	}
}

// TestNobodyTakesAName: a member who knows what a circle is called gives somebody a card for it
// first, and its author's card counts all the same.
func TestNobodyTakesAName(t *testing.T) {
	w := partstest.New(t)
	ada, ben, cem := w.Join("Ada"), w.Join("Ben"), w.Join("Cem")
	w.Meet(ada, ben)
	w.Meet(ada, cem)
	w.Meet(ben, cem)
	ada.Must(ada.Circles.New("hills"))
	add(ada, ben)
	w.Wait(6 * time.Minute)
	raw, err := content.Encode(map[int]any{1: map[int]any{
		1: sourceOf(ada), 2: "hills", 3: 9, 4: bytes.Repeat([]byte{1}, 72), 5: 0,
	}})
	ben.Must(err)
	ben.Say(cem, relation.KindCircle, raw)
	w.Wait(6 * time.Minute)
	if all, err := cem.Circles.List(); err != nil || len(all) != 0 {
		t.Errorf("Cem is in %+v, %v", all, err)
	}
	add(ada, cem)
	say(ada, post.Draft{Text: "hers"})
	w.Wait(10 * time.Minute)
	if got := reads(cem); !strings.Contains(got, "hers") {
		t.Errorf("Cem reads %q", got)
	}
}

// TestWhoIsNoContactIsNotRead: whoever ended a contact reads nothing more of theirs in circles,
// even if the other side goes on writing to the old keys, and cannot answer there.
func TestWhoIsNoContactIsNotRead(t *testing.T) {
	w, ada, ben, cem := three(t)
	id := say(ada, post.Draft{Text: "before"})
	w.Wait(6 * time.Minute)
	ada.Off = true
	ben.Must(ben.Contacts.Remove(w.Now, "ada"))
	w.Wait(6 * time.Minute)
	ben.Off, ada.Off = true, false
	ada.Sender.Deaf = true // so that she does not hear of it
	say(ada, post.Draft{Text: "after"})
	w.Wait(6 * time.Minute)
	ben.Off = false
	w.Wait(6 * time.Minute)
	expect(t, ben, "before")
	expect(t, cem, "before; after")
	all, err := ben.Circles.List()
	if err != nil || !all[0].Out {
		t.Errorf("circles %+v, %v", all, err)
	}
	_, err = ben.Circles.Reply(w.Now, id, "still here")
	if fault.Of(err).ExitCode() != int(fault.User) {
		t.Errorf("answered: %v", err)
	}
}

// TestBlockedForAWhile: what a blocked author writes is not kept, and when they are not blocked any
// more the circle is read on, whatever epochs began meanwhile.
func TestBlockedForAWhile(t *testing.T) {
	w, ada, ben, cem := three(t)
	say(ada, post.Draft{Text: "before"})
	w.Wait(6 * time.Minute)
	ben.Must(ben.Contacts.Block(w.Now, "ada", true))
	say(ada, post.Draft{Text: "meanwhile"})
	w.Wait(6 * time.Minute)
	ada.Must(ada.Circles.Remove(w.Now, "hills", ada.To(cem)))
	say(ada, post.Draft{Text: "without Cem"})
	w.Wait(6 * time.Minute)
	expect(t, ben, "before")
	ben.Must(ben.Contacts.Block(w.Now, "ada", false))
	w.Wait(time.Hour)
	say(ada, post.Draft{Text: "after"})
	w.Wait(6 * time.Minute)
	if got := reads(ben); !strings.HasSuffix(got, "after") || strings.Contains(got, "meanwhile") {
		t.Errorf("Ben reads %q", got)
	}
}

// TestWhoMeetsAgain: two who ended their contact and met again share the circle again, whose key
// says that it is the same.
func TestWhoMeetsAgain(t *testing.T) {
	w, ada, ben, _ := three(t)
	say(ada, post.Draft{Text: "before"})
	w.Wait(6 * time.Minute)
	ben.Must(ben.Contacts.Remove(w.Now, "ada"))
	w.Wait(10 * time.Minute)
	w.Meet(ada, ben)
	add(ada, ben)
	say(ada, post.Draft{Text: "after"})
	w.Wait(10 * time.Minute)
	expect(t, ben, "before; after")
	if all, err := ben.Circles.List(); err != nil || len(all) != 1 || all[0].Out {
		t.Errorf("circles %+v, %v", all, err)
	}
}

// TestNames: what a person calls their circles, and what they may not.
func TestNames(t *testing.T) {
	w, ada, ben, _ := three(t)
	for name, err := range map[string]error{
		"a second one of the name": ada.Circles.New("hills"),
		"two lines":                ada.Circles.New("a\nb"),
		"a member again":           ada.Circles.Add(w.Now, "hills", ada.To(ben)),
		"no circle":                ada.Circles.Add(w.Now, "vales", ada.To(ben)),
	} {
		if err == nil {
			t.Errorf("%s: done", name)
		}
	}
	ada.Must(ada.Circles.Remove(w.Now, "hills", ada.To(ben)))
	if ada.Circles.Remove(w.Now, "hills", ada.To(ben)) == nil {
		t.Error("he was removed twice")
	}
	if _, err := ada.Circles.Post(w.Now, "vales", post.Draft{Text: "x"}); !errors.Is(err,
		circle.ErrNoCircle) {
		t.Error(err)
	}
}

// History: A device that was restored within six hours of a card got none for a week, and what was
// posted since the backup never. What came with the card stood before what the backup had.
//
// TestRestoredMember: a backup that is restored on the day on which its owner was let in reads what
// was written since, and on, also when that happens twice.
func TestRestoredMember(t *testing.T) {
	w, ada, ben, _ := three(t)
	id := say(ada, post.Draft{Text: "one"})
	w.Wait(20 * time.Minute)
	ben.Must(ben.Circles.React(w.Now, id, "👍")) // so that Ada knows that Ben has the card
	w.Wait(20 * time.Minute)
	ben.Off = true
	say(ada, post.Draft{Text: "two"})
	w.Wait(20 * time.Minute)
	for n := range 2 {
		again := ben.Restore(false)
		w.Wait(40 * time.Minute)
		say(ada, post.Draft{Text: fmt.Sprint("three ", n)})
		w.Wait(20 * time.Minute)
		want := "one; two; three 0"
		if n == 1 {
			want += "; three 1"
		}
		expect(t, again, want)
		again.Off = true
	}
}
