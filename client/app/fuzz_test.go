package app

import (
	"bytes"
	"testing"

	"murmuration/client/content"
)

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	b, err := content.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzItem: what is read is within its limits, and written as it was; whatever an app takes of it,
// it can show and take again, and its state stays small.
func FuzzItem(f *testing.F) {
	for _, i := range []item{
		{App: "game", Began: true, Content: []byte{3}},
		{App: "game", Content: []byte{3, 3}},
		{App: "pay", Began: true, Content: encoded(f, paying{Ask: &ask{
			Amount: 1, Address: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", For: "the tent"}})},
		{App: "pay", Content: encoded(f, paying{Word: sayPaid})},
		{App: "chess", Content: []byte{0}},
	} {
		f.Add(encoded(f, i))
	}
	f.Add(bytes.Repeat([]byte{0x81}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := parse(b)
		if err != nil {
			return
		}
		if again := encoded(t, i); !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x", b, again)
		}
		if !named(i.App) || len(i.Content) > maxContent {
			t.Errorf("%+v was taken", i)
		}
		for _, app := range Shipped() {
			s := Said{Began: i.Began, Content: i.Content}
			state, err := app.Heard(nil, s)
			if err != nil {
				continue
			}
			again, err := app.Heard(state, s)
			if err != nil || !bytes.Equal(state, again) || len(state) > maxContent {
				t.Errorf("%s took %x, and then %x, %v", app.Name(), state, again, err)
			}
			if app.Show(state).Title == "" {
				t.Errorf("%s shows nothing of %x", app.Name(), state)
			}
		}
	})
}
