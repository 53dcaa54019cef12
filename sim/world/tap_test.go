package world_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/sim/world"
)

// TestHolderSeesPollsAndSessions: a provider that keeps a known box sees when it is polled and, of
// its own clients, when they are there; of who polled it sees nothing.
func TestHolderSeesPollsAndSessions(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 11, Null: true})
	bob := w.Person("bob") // of p2
	var id box.ID
	var holder *world.Node
	for ids := rand.NewChaCha8([32]byte{4}); holder == nil; {
		var err error
		if id, err = box.RandomID(ids); err != nil {
			t.Fatal(err)
		}
		var all []box.Holder
		for _, name := range network.Providers {
			all = append(all, box.Holder(w.Node(name).ID()))
		}
		if held := box.Placement(0, id, all, 2); held[0] == box.Holder(w.Node("p3").ID()) {
			holder = w.Node("p3")
		}
	}
	know := func(day box.Day, asked box.ID) bool { return day == 0 && asked == id }
	far := holder.Holder().WatchDay(time.Hour, know)
	near := bob.Home().Holder().WatchDay(time.Hour, know)
	bob.Watch(sender.Target{Token: 1, ID: id, Since: w.Now()})
	run(t, w, 20*time.Second)
	while := len(far.Seen().Polls)
	bob.Leave()
	run(t, w, 20*time.Second)
	away := len(far.Seen().Polls) - while
	bob.Return()
	run(t, w, 20*time.Second)
	if back := len(far.Seen().Polls) - while - away; while < 5 || back < 5 || away > 1 {
		t.Errorf("%d polls while bob is there, %d while away, %d when back", while, away, back)
	}
	if n := len(far.Seen().Sessions); n != 0 {
		t.Errorf("the holder has %d sessions of other providers' clients", n)
	}
	got := near.Seen().Sessions
	if len(got) != 2 || got[0].From != 0 || got[0].To != int64(20*time.Second) ||
		got[1].From != int64(40*time.Second) || got[1].Client != 1 {
		t.Errorf("bob's own provider saw %+v", got)
	}
	if n := len(near.Seen().Polls); n != 0 {
		t.Errorf("bob's own provider was polled %d times", n)
	}
}
