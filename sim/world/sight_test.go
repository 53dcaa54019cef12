package world_test

import (
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/sim/trace"
	"murmuration/sim/world"
)

// numbers of alice and her provider in a trace of the network of most tests.
const aliceNumber, homeNumber = 9, 0

// TestTapSeesWhatIsSent: of a person's link a watcher sees every frame that leaves, lost or not,
// the frames that answer, all of one size, and none while the person is away.
func TestTapSeesWhatIsSent(t *testing.T) {
	for name, loss := range map[string]float64{"all is well": 0, "all is lost": 1} {
		tap := &trace.Buffer{Parties: trace.Parties{Nodes: 9, Clients: 2}}
		w := newWorld(t, world.Config{Seed: 3, Null: true, Tap: tap})
		alice, sent, came := w.Person("alice"), 0, 0
		alice.Sent = func(sender.Sent) { sent++ }
		alice.Came = func([]byte) bool { came++; return false }
		alice.Lose(loss)
		run(t, w, 5*time.Second)
		up, down := framesOf(t, tap)
		if sent < 20 || up != sent || w.Drops()["lost"] != int(loss)*sent {
			t.Errorf("%s: %d frames left, %d were seen, %d lost", name, sent, up, w.Drops()["lost"])
		}
		least, most := int((1-loss)*float64(sent-2)), int((1-loss)*float64(sent))
		if came < least || came > most || down < came || down > came+1 {
			t.Errorf("%s: %d frames came back of %d, %d were seen", name, came, sent, down)
		}
		run(t, w, 100*time.Millisecond)
		before := sent
		alice.Leave()
		run(t, w, 5*time.Second)
		if gone, _ := framesOf(t, tap); sent != before || gone != before {
			t.Errorf("%s: %d frames left before she did, then %d were seen", name, before, gone)
		}
		alice.Return()
		run(t, w, time.Second)
		if sent == before {
			t.Errorf("%s: control: she sends nothing when back", name)
		}
	}
}

// framesOf counts what a watcher saw of alice's link.
func framesOf(t *testing.T, tap *trace.Buffer) (up, down int) {
	t.Helper()
	size := int32(0)
	for _, e := range tap.Events {
		switch {
		case e.From == aliceNumber && e.To == homeNumber:
			up++
		case e.To == aliceNumber && e.From == homeNumber:
			down++
		case e.From == aliceNumber || e.To == aliceNumber:
			t.Errorf("alice has a link with %d and %d", e.From, e.To)
			continue
		default:
			continue
		}
		if size == 0 {
			size = e.Size
		}
		if e.Size != size {
			t.Errorf("a frame of %d bytes among those of %d", e.Size, size)
		}
	}
	return up, down
}

// TestHoldersAreWatchedOneByOne: who runs a holder sees the requests that it executed and no other
// holder's; lies are told for those that the liar was asked, and honest replies are executed.
func TestHoldersAreWatchedOneByOne(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 4, Null: true})
	alice, _ := follow(t, w)
	seen, lies := map[string]int{}, 0
	for _, name := range network.Providers {
		w.Node(name).Holder().Watch(func(r world.Request) {
			if r.At.After(w.Now()) || r.Op != box.OpFetch && r.Op != box.OpWrite {
				t.Errorf("%s saw %+v", name, r)
			}
			seen[name]++
		})
	}
	liar := w.Node("p2").Holder()
	liar.Lie(func(_ box.Request, honest func() box.Reply) box.Reply { lies++; return honest() })
	post(t, alice, "x")
	run(t, w, 8*time.Second)
	all := 0
	for _, name := range network.Providers {
		asked := w.Node(name).Holder().Asked()
		all += asked
		if seen[name] > asked {
			t.Errorf("%s was asked %d times and saw %d", name, asked, seen[name])
		}
	}
	if len(seen) < 2 {
		t.Errorf("nobody but %v saw anything", seen)
	}
	if lies != liar.Asked() || lies == 0 || lies == all {
		t.Errorf("%d lies by a holder asked %d times, all were %d", lies, liar.Asked(), all)
	}
	liar.Lie(nil)
	before := lies
	run(t, w, 4*time.Second)
	if lies != before || liar.Asked() == before {
		t.Errorf("%d lies more of %d requests after it became honest", lies-before,
			liar.Asked()-before)
	}
}

// TestRunsEndWhereTheyShould: time goes to where it was sent, whatever was planned, and nothing
// happens beyond it; what is planned for the past happens at once, in order.
func TestRunsEndWhereTheyShould(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 5, Null: true})
	began, order := w.Now(), ""
	note := func(s string) func() { return func() { order += s } }
	w.After(2*time.Second, note("c"))
	w.At(began.Add(-time.Hour), note("a"))
	w.After(0, note("b"))
	w.After(time.Second+1, note("-"))
	run(t, w, time.Second)
	if order != "ab" || !w.Now().Equal(began.Add(time.Second)) {
		t.Errorf("%q happened until %v", order, w.Now().Sub(began))
	}
	if err := w.RunUntil(began); err != nil || !w.Now().Equal(began.Add(time.Second)) {
		t.Errorf("time went back to %v, %v", w.Now().Sub(began), err)
	}
	run(t, w, time.Second)
	if order != "ab-c" {
		t.Errorf("%q happened", order)
	}
}
