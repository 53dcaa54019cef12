package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"murmuration/client/app"
	"murmuration/client/content"
	"murmuration/client/parts/partstest"
	"murmuration/client/person"
	"murmuration/client/relation"
)

const address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"

// two are people who know each other.
func two(t *testing.T) (w *partstest.World, ada, ben *partstest.Home) {
	w = partstest.New(t)
	ada, ben = w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	return w, ada, ben
}

func try(h, with *partstest.Home, name string, words ...string) (app.Instance, error) {
	h.World.T.Helper()
	shown, _, err := h.Apps.Do(h.World.Now, app.Doing{App: name, To: h.To(with), Words: words})
	return shown, err
}

func do(h, with *partstest.Home, name string, words ...string) app.Instance {
	h.World.T.Helper()
	shown, err := try(h, with, name, words...)
	h.Must(err)
	return shown
}

// titles is what somebody has, what changed last first.
func titles(h *partstest.Home) string {
	h.World.T.Helper()
	all, err := h.Apps.List()
	h.Must(err)
	var lines []string
	for _, i := range all {
		lines = append(lines, i.Title)
	}
	return strings.Join(lines, "; ")
}

// TestGame: two play to the end, over a restart and on a second device, and then another one.
func TestGame(t *testing.T) {
	w, ada, ben := two(t)
	begun := do(ada, ben, "game", "4")
	if _, err := try(ada, ben, "game", "4"); err == nil {
		t.Error("she moves twice, or begins another one unasked")
	}
	w.Wait(4 * time.Minute)
	if i, err := ben.Apps.Instance(begun.ID[:6]); err != nil || !i.Turn || i.Own {
		t.Errorf("he sees %+v, %v", i, err)
	}
	said := 0
	for _, e := range ben.Events() {
		if e.Kind == person.EventApp && e.ID == begun.ID && e.From == "ada" {
			said++
		}
	}
	if said != 1 {
		t.Errorf("he was told %d times", said)
	}
	playOn(w, ada, ben)
	i, err := ben.Apps.Instance(begun.ID)
	ben.Must(err)
	if got := strings.Join(i.Lines, "|"); !strings.HasSuffix(got, ". . . x . . .|o . . x . . .|"+
		"o . . x . . .|o . . x . . .|1 2 3 4 5 6 7") {
		t.Errorf("he sees %s", got)
	}
	do(ben, ada, "game", "4") // another one
	w.Wait(4 * time.Minute)
	if got := titles(ada); !strings.HasPrefix(got, "four in a row, you are o: your turn; ") {
		t.Errorf("Ada sees %q", got)
	}
	if n := ada.Apps.Refused() + ben.Apps.Refused(); n != 0 {
		t.Errorf("%d honest records were refused", n)
	}
}

// playOn is the rest of a game, over a restart and on her second device.
func playOn(w *partstest.World, ada, ben *partstest.Home) {
	w.T.Helper()
	do(ben, ada, "game", "1")
	ben.Start()
	w.Wait(4 * time.Minute)
	second := ada.Restore(true)
	w.Wait(40 * time.Minute)
	for _, h := range []*partstest.Home{second, ben, ada, ben, second} {
		if h == ben {
			do(h, ada, "game", "1")
		} else {
			do(h, ben, "game", "4")
		}
		w.Wait(6 * time.Minute)
	}
	for h, want := range map[*partstest.Home]string{
		ada:    "four in a row, you are x: you have won",
		ben:    "four in a row, you are o: they have won",
		second: "four in a row, you are x: you have won",
	} {
		if got := titles(h); got != want {
			w.T.Errorf("%s sees %q", h.Name, got)
		}
	}
	if second.Apps.Refused() != 0 {
		w.T.Error("something honest was refused")
	}
}

// TestPayment: asked for, said to be paid, said to have come; several at once need an id.
func TestPayment(t *testing.T) {
	w, ada, ben := two(t)
	asked, second := askedTwice(w, ada, ben)
	if _, err := try(ben, ada, "pay", "paid"); err == nil {
		t.Error("he paid one of two, and need not say which")
	}
	paid, _, err := ben.Apps.Do(w.Now, app.Doing{
		App: "pay", To: ben.To(ada), ID: asked.ID[:6], Words: []string{"paid"},
	})
	ben.Must(err)
	if paid.Title != "they ask for 0.0015 BTC: you say that it is paid" || paid.URI != "" {
		t.Errorf("%+v", paid)
	}
	_, _, err = ada.Apps.Do(w.Now, app.Doing{
		App: "pay", To: ada.To(ben), ID: second.ID, Words: []string{"withdraw"},
	})
	ada.Must(err)
	w.Wait(4 * time.Minute)
	if got := titles(ada); got != "you ask for 0.0015 BTC: they say that it is paid; "+
		"you ask for 2 BTC: taken back" {
		t.Errorf("Ada sees %q", got)
	}
	_, _, err = ada.Apps.Do(w.Now, app.Doing{
		App: "pay", To: ada.To(ben), ID: asked.ID, Words: []string{"received"},
	})
	ada.Must(err)
	w.Wait(4 * time.Minute)
	if got := titles(ben); got != "they ask for 0.0015 BTC: they say that it has come; "+
		"they ask for 2 BTC: taken back" {
		t.Errorf("Ben sees %q", got)
	}
	if _, err := ben.Apps.Instance("aaaaaa"); !errors.Is(err, app.ErrNone) {
		t.Errorf("there is no such request: %v", err)
	}
	if n := ada.Apps.Refused() + ben.Apps.Refused(); n != 0 {
		t.Errorf("%d honest records were refused", n)
	}
}

// askedTwice is two requests of hers that he has, the first of which is for 0.0015.
func askedTwice(w *partstest.World, ada, ben *partstest.Home) (asked, second app.Instance) {
	t := w.T
	t.Helper()
	for _, bad := range [][]string{
		{"paid"}, {}, {"0", address}, {"1", address[1:]}, {"1", address, strings.Repeat("x", 101)},
		{"1", address, "two\nlines"}, {"1", address, "\x1b[2J"}, {"give"}, {"1", address, "a", "b"},
	} {
		if _, err := try(ada, ben, "pay", bad...); err == nil {
			t.Errorf("%q was said", bad)
		}
	}
	asked = do(ada, ben, "pay", "0.0015", strings.ToUpper(address), "tent & food")
	if asked.URI != "" || asked.Title != "you ask for 0.0015 BTC: open" {
		t.Errorf("%+v", asked)
	}
	w.Wait(4 * time.Minute)
	got, err := ben.Apps.Instance(asked.ID)
	ben.Must(err)
	if want := "bitcoin:" + address + "?amount=0.0015&message=tent%20%26%20food"; got.URI != want ||
		got.Says != "tent & food" || got.Title != "they ask for 0.0015 BTC: open" {
		t.Errorf("%+v", got)
	}
	if _, err := try(ben, ada, "pay", "received"); err == nil {
		t.Error("he says that she got it")
	}
	second = do(ada, ben, "pay", "2", address)
	w.Wait(4 * time.Minute)
	return asked, second
}

func encode(h *partstest.Home, v any) []byte {
	h.World.T.Helper()
	raw, err := content.Encode(v)
	h.Must(err)
	return raw
}

// record is one of an app; said is its content, or what is encoded there.
func record(name string, nonce byte, began bool, said any) map[int]any {
	raw, ok := said.([]byte)
	if !ok {
		raw, _ = content.Encode(said) // maps of numbers and texts
	}
	i := map[int]any{1: name, 2: append(make([]byte, 7), nonce), 4: raw}
	if began {
		i[3] = true
	}
	return i
}

func ask(amount uint64, to, words string) map[int]any {
	return map[int]any{1: map[int]any{1: amount, 2: to, 3: words}}
}

// TestHostileContact says what no program of ours says: it is counted and changes nothing; apps
// that are not here are named; what they begin without end pushes out nothing but itself.
func TestHostileContact(t *testing.T) {
	w, ada, ben := two(t)
	do(ben, ada, "game", "4")
	w.Wait(4 * time.Minute)
	say := func(v any) { ada.Say(ben, relation.KindApp, encode(ada, v)) }
	bad := []any{
		"text", map[int]any{}, record("Game", 1, true, []byte{3}), record("", 1, true, []byte{3}),
		record("a name that is long", 1, true, []byte{3}), record("game", 1, true, []byte{9}),
		record("x", 1, true, []byte{}), record("x", 1, true, make([]byte, 1025)),
		record("pay", 2, true, ask(0, address, "nothing")),
		record("pay", 2, true, ask(1, address+"q", "nowhere")),
		record("pay", 2, true, ask(1, address, "\x1b]0;title\a")),
		record("pay", 2, true, map[int]any{2: "stolen"}),
		record("pay", 2, true, map[int]any{2: "paid"}),
		record("pay", 2, false, map[int]any{2: "received"}),
	}
	for _, b := range bad {
		say(b)
	}
	ada.Say(ben, relation.KindApp, bytes.Repeat([]byte{0x81}, 1000))
	w.Wait(6 * time.Minute)
	if n := ben.Apps.Refused(); n != uint64(len(bad)+1) {
		t.Errorf("%d of %d were refused", n, len(bad)+1)
	}
	if got := titles(ben); got != "four in a row, you are x: their turn" {
		t.Errorf("Ben sees %q", got)
	}
	flood(w, ben, say)
	do(ada, ben, "game", "1") // and they play on
	w.Wait(6 * time.Minute)
	if got := titles(ben); !strings.HasPrefix(got, "four in a row, you are x: your turn") {
		t.Errorf("Ben sees %q", got)
	}
}

// flood is a second request in the place of the first, an app that is not here, and forty more.
func flood(w *partstest.World, ben *partstest.Home, say func(any)) {
	t := w.T
	t.Helper()
	say(record("pay", 3, true, ask(1, address, "first")))
	say(record("pay", 3, true, ask(2, address, "another in its place")))
	say(record("chess", 4, true, []byte("e4")))
	say(record("chess", 4, true, []byte("e5")))
	w.Wait(6 * time.Minute)
	want := "sent something for the app chess that you do not have; " +
		"they ask for 0.00000001 BTC: open; four in a row, you are x: their turn"
	if got := titles(ben); got != want {
		t.Errorf("Ben sees %q", got)
	}
	all, err := ben.Apps.List()
	ben.Must(err)
	if i := all[1]; len(i.Notes) != 1 || !strings.Contains(i.Notes[0], "against the rules") {
		t.Errorf("of the second request he sees %q", i.Notes)
	}
	for n := range byte(40) {
		say(record(fmt.Sprintf("app-%d", n), 10+n, true, []byte{1}))
	}
	w.Wait(30 * time.Minute)
	if got := titles(ben); strings.Count(got, ";") != 32 || !strings.Contains(got, "BTC") ||
		!strings.HasSuffix(got, "their turn") {
		t.Errorf("Ben sees %q", got)
	}
}
