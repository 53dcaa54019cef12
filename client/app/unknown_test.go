package app

import (
	"strings"
	"testing"

	"murmuration/client/relation"
)

// TestWhatBeganWithoutTheApp stays what it is when the app has come: nobody plays on in what was
// not read, and another one begins beside it.
func TestWhatBeganWithoutTheApp(t *testing.T) {
	a := &Apps{cfg: Config{Apps: Shipped()}}
	for own, want := range map[bool]string{
		false: "sent something for the app game that", true: "another device of yours sent",
	} {
		k := instance{App: "game", Own: own}
		if v := a.show(relation.ID{}, k); !strings.HasPrefix(v.Title, want) || v.Open || a.open(k) {
			t.Errorf("%+v", v)
		}
		at, _, err := a.choose(fourInARow{}, []instance{k}, Doing{Words: []string{"1"}})
		if at != 1 || err != nil {
			t.Errorf("a move is for %d, %v", at, err)
		}
	}
	played, err := fourInARow{}.Heard(nil, Said{Began: true, Content: []byte{3}})
	if err != nil {
		t.Fatal(err)
	}
	at, _, err := a.choose(fourInARow{}, []instance{{App: "game", State: played}},
		Doing{Words: []string{"1"}})
	if at != 0 || err != nil {
		t.Errorf("control: a move is for %d, %v", at, err)
	}
}
