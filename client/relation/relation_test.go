package relation_test

import (
	"fmt"
	"testing"
	"time"
)

// TestTwoPeople speak, in both directions and in order, and nothing that was acknowledged waits.
func TestTwoPeople(t *testing.T) {
	w := newWorld(t)
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	var want []string
	for i := range 20 {
		text := fmt.Sprint("hello ", i)
		ada.say(text)
		want = append(want, text)
		if i == 10 {
			ada.start()
			ben.start()
		}
	}
	w.wait(3 * time.Minute)
	ben.hears(want...)
	for i, text := range ben.heard {
		if text != want[i] {
			t.Fatalf("Ben heard %q at %d", text, i)
		}
	}
	ben.say("good day")
	w.wait(3 * time.Minute)
	ada.hears("good day")
	ada.start()
	ben.start()
	ben.say("after a restart")
	ada.say("as well")
	w.wait(3 * time.Minute)
	ada.hears("good day", "after a restart")
	ben.hears(append(want, "as well")...)
	if len(ada.events)+len(ben.events) != 0 {
		t.Errorf("events: %v, %v", ada.events, ben.events)
	}
}
