package circle_test

import (
	"slices"
	"testing"
	"time"

	"murmuration/client/message"
	"murmuration/client/parts/partstest"
	"murmuration/client/post"
)

// tell writes to somebody.
func tell(h, to *partstest.Home, text string) {
	h.World.T.Helper()
	_, err := h.Messages.Send(h.World.Now, h.To(to), message.Draft{Text: text})
	h.Must(err)
}

// all is what a home has of messages with somebody and of posts, in the order of letters.
func all(h, with *partstest.Home) (texts []string) {
	h.World.T.Helper()
	messages, err := h.Messages.Last(h.To(with), 100)
	h.Must(err)
	for _, m := range messages {
		texts = append(texts, m.Text)
	}
	posts, err := h.Timeline(h.World.Now, 100)
	h.Must(err)
	for _, p := range posts {
		texts = append(texts, p.Text)
	}
	slices.Sort(texts)
	return texts
}

// History: What a second computer said in its first minutes, before the first one knew it, never
// came to that one, and what had been said to the first one while the second was being linked never
// to the second: everybody who was known then had it.
//
// TestFirstMinutesOfADevice: nothing is lost of what a new device says while another one of its
// person sleeps, nor of what was said while the new one did; but what was said long before it came
// stays where it is (the control: nobody else would give it what it has).
func TestFirstMinutesOfADevice(t *testing.T) {
	w := partstest.New(t)
	ada, ben := w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	for h, other := range map[*partstest.Home]*partstest.Home{ada: ben, ben: ada} {
		h.Must(h.Circles.New("hills"))
		add(h, other)
	}
	say(ada, post.Draft{Text: "at first"})
	say(ben, post.Draft{Text: "at first, too"})
	w.Pass(4*24*time.Hour, time.Hour) // they are not new to each other any more
	second := ada.Restore(true)
	second.Off = true
	tell(ben, ada, "long before")
	w.Wait(10 * time.Minute)
	w.Pass(8*time.Hour, 20*time.Minute)
	tell(ben, ada, "while you link")
	w.Wait(10 * time.Minute)
	tell(ada, ben, "I do")
	w.Wait(10 * time.Minute)
	ada.Off, second.Off = true, false
	w.Wait(15 * time.Minute)
	tell(second, ben, "from my telephone")
	say(second, post.Draft{Text: "seen from the train"})
	w.Wait(15 * time.Minute)
	tell(ben, second, "which train?")
	say(ben, post.Draft{Text: "seen from the window"})
	w.Wait(15 * time.Minute)
	ada.Off = false
	w.Wait(time.Hour)
	want := []string{
		"I do", "at first", "at first, too", "from my telephone", "long before",
		"seen from the train", "seen from the window", "which train?", "while you link",
	}
	for name, h := range map[string]*partstest.Home{"first": ada, "second": second, "Ben's": ben} {
		want, with := slices.Clone(want), ben
		switch h {
		case second:
			want = slices.DeleteFunc(want, func(s string) bool { return s == "long before" })
		case ben:
			with = ada
		}
		if got := all(h, with); !slices.Equal(got, want) {
			t.Errorf("the %s computer has %q, not %q", name, got, want)
		}
	}
}
