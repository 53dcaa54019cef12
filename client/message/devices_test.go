package message_test

import (
	"testing"
	"time"

	"murmuration/client/parts/partstest"
)

// TestDevicesOfOnePerson: what one writes the other has, and so has the contact; what stood before
// it counts as read. A restored home goes on.
func TestDevicesOfOnePerson(t *testing.T) {
	w, ada, ben := two(t)
	say(ben, ada, "before")
	w.Wait(4 * time.Minute)
	second := ada.Restore(true)
	w.Wait(40 * time.Minute)
	say(ben, ada, "to both")
	w.Wait(6 * time.Minute)
	expect(t, second, ben, "< before new; < to both new")
	ada.Must(ada.Messages.Read(w.Now, ada.To(ben), ids(ada, ben)))
	w.Wait(6 * time.Minute)
	expect(t, second, ben, "< before; < to both")
	say(second, ben, "from my telephone")
	w.Wait(6 * time.Minute)
	expect(t, ada, ben, "< before; < to both; > from my telephone")
	expect(t, ben, ada, "> before; > to both; < from my telephone new")
	again := ben.Restore(false)
	ben.Off = true
	w.Wait(40 * time.Minute)
	say(ada, ben, "are you back?")
	say(again, ada, "so it seems")
	w.Wait(10 * time.Minute)
	for _, h := range []*partstest.Home{ada, second} {
		all, err := h.Messages.Last(h.To(ben), 3)
		h.Must(err)
		if len(all) < 3 || all[len(all)-1].Text == all[len(all)-2].Text {
			t.Errorf("%s has %+v", h.Name, all)
		}
	}
	all, err := again.Messages.Last(again.To(ada), 100)
	again.Must(err)
	texts := map[string]int{}
	for _, m := range all {
		texts[m.Text]++
	}
	for _, text := range []string{
		"before", "to both", "from my telephone", "are you back?", "so it seems",
	} {
		if texts[text] != 1 {
			t.Errorf("%q is there %d times", text, texts[text])
		}
	}
}

// TestLosses: a fifth of the time nothing is answered and nothing heard of, at either side, and
// both restart now and then; every message is there once, and in one order.
func TestLosses(t *testing.T) {
	w, ada, ben := two(t)
	for i := range 30 {
		for _, h := range []*partstest.Home{ada, ben} {
			h.Sender.Lossy = (i+len(h.Name)*int(h.Name[0]))%5 == 0
			if i%11 == 7 {
				h.Start()
			}
		}
		say(ada, ben, string(rune('A'+i)))
		if i%3 == 0 {
			say(ben, ada, string(rune('a'+i)))
		}
		w.Wait(2 * time.Minute)
	}
	ada.Sender.Lossy, ben.Sender.Lossy = false, false
	w.Wait(10 * time.Minute)
	hers, err := ada.Messages.Last(ada.To(ben), 100)
	ada.Must(err)
	his, err := ben.Messages.Last(ben.To(ada), 100)
	ben.Must(err)
	if len(hers) != 40 || len(his) != 40 {
		t.Fatalf("Ada has %d messages, Ben %d", len(hers), len(his))
	}
	for i := range hers {
		if hers[i].ID != his[i].ID || hers[i].Own == his[i].Own {
			t.Fatalf("at %d Ada has %+v, Ben %+v", i, hers[i], his[i])
		}
	}
}

func ids(h, with *partstest.Home) (all []string) {
	h.World.T.Helper()
	list, err := h.Messages.Last(h.To(with), 100)
	h.Must(err)
	for _, m := range list {
		all = append(all, m.ID)
	}
	return all
}
