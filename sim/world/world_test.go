package world_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"murmuration/client/outbox"
	"murmuration/sim/trace"
	"murmuration/sim/world"
)

// network is that of most tests.
var network = world.Network{
	People: []string{"alice", "bob"}, Providers: []string{"p1", "p2", "p3"},
	Layers: [][]string{{"m1", "m2"}, {"m3", "m4"}, {"m5", "m6"}},
}

func newWorld(t testing.TB, cfg world.Config) *world.World {
	t.Helper()
	if cfg.Network.Providers == nil {
		cfg.Network = network
	}
	w, err := world.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func run(t testing.TB, w *world.World, d time.Duration) {
	t.Helper()
	if err := w.Run(d); err != nil {
		t.Fatal(err)
	}
}

// alive gives somebody features.
func alive(t testing.TB, w *world.World, name string) *world.Life {
	t.Helper()
	l, err := w.Person(name).Live()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// follow has bob follow alice.
func follow(t testing.TB, w *world.World) (alice, bob *world.Life) {
	t.Helper()
	alice, bob = alive(t, w, "alice"), alive(t, w, "bob")
	if err := bob.Follow(alice); err != nil {
		t.Fatal(err)
	}
	return alice, bob
}

func post(t testing.TB, author *world.Life, text string) {
	t.Helper()
	if _, err := author.Say(text, nil); err != nil {
		t.Error(err)
	}
}

// texts are those of what bob has of alice.
func texts(t testing.TB, bob *world.Life) (all []string) {
	t.Helper()
	posts, err := bob.Reads("alice")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range posts {
		all = append(all, p.Text)
	}
	return all
}

// kept is how many entries of somebody's outbox are.
func kept(l *world.Life) (n int) {
	for _, e := range l.Outbox.Entries() {
		if e.State == outbox.Kept {
			n++
		}
	}
	return n
}

func TestPostReachesAFollower(t *testing.T) {
	tap := &trace.Buffer{Parties: trace.Parties{Nodes: 9, Clients: 2}}
	w := newWorld(t, world.Config{Seed: 1, Tap: tap})
	alice, bob := follow(t, w)
	post(t, alice, "hello, flock")
	run(t, w, 8*time.Second)
	if n := kept(alice); n != 1 {
		t.Errorf("the author heard of %d kept posts, want 1", n)
	}
	if !slices.Equal(texts(t, bob), []string{"hello, flock"}) {
		t.Errorf("the follower read %q", texts(t, bob))
	}
	for _, n := range w.Nodes() {
		if n.Loops() != nil {
			if ratio, _ := n.Loops().Returns().Ratio(); ratio < 0.9 {
				t.Errorf("%s saw %.0f %% of its loops return", n.Name, 100*ratio)
			}
		}
	}
	sizes := map[int32]bool{}
	for _, e := range tap.Events {
		if e.From < 9 && e.To < 9 {
			sizes[e.Size] = true
		}
	}
	if len(sizes) != 1 {
		t.Errorf("packets on links have %d sizes, want 1", len(sizes))
	}
}

// TestLayerDownNothingArrives is the control of the test above.
func TestLayerDownNothingArrives(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 1, Null: true})
	w.Node("m3").Crash(true)
	w.Node("m4").Crash(true)
	alice, bob := follow(t, w)
	post(t, alice, "hello, flock")
	run(t, w, 20*time.Second)
	if kept(alice) != 0 || len(texts(t, bob)) != 0 {
		t.Errorf("with layer 2 down, %d boxes are kept and %q read", kept(alice),
			texts(t, bob))
	}
	for _, n := range w.Nodes() {
		if n.Loops() != nil && n.Layer() != 2 {
			if ratio, alarm := n.Loops().Returns().Ratio(); ratio != 0 || !alarm {
				t.Errorf("%s saw %.0f %% of its loops return, alarm %v", n.Name, 100*ratio, alarm)
			}
		}
	}
}

// TestFiveEpochsLoseNothing posts all the time while keys and documents change five times.
func TestFiveEpochsLoseNothing(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 3, Null: true})
	alice, bob := follow(t, w)
	var want []string
	for i := range 40 {
		text := fmt.Sprintf("post %d", i)
		want = append(want, text)
		w.After(time.Duration(i)*time.Second, func() { post(t, alice, text) })
	}
	run(t, w, 60*time.Second)
	if e, _ := w.Genesis().Schedule().Epoch(w.Now()); e < 6 {
		t.Fatalf("only epoch %d was reached", e)
	}
	if !slices.Equal(texts(t, bob), want) {
		t.Errorf("the follower read %d of %d posts: %q", len(texts(t, bob)), len(want),
			texts(t, bob))
	}
	for reason, n := range w.Drops() {
		if reason != "drop_stream" {
			t.Errorf("%d packets dropped: %s", n, reason)
		}
	}
	for _, n := range w.Nodes() {
		if n.Keys() > 5 {
			t.Errorf("%s holds %d keys, want at most 5", n.Name, n.Keys())
		}
	}
}

// traceOf is what a watcher of all links sees of a post on its way, over two epochs.
func traceOf(t *testing.T, cfg world.Config) []trace.Event {
	tap := &trace.Buffer{Parties: trace.Parties{Nodes: 9, Clients: 2}}
	cfg.Tap = tap
	w := newWorld(t, cfg)
	alice, bob := follow(t, w)
	post(t, alice, "x")
	run(t, w, 10*time.Second)
	if len(texts(t, bob)) != 1 {
		t.Errorf("%d posts were read", len(texts(t, bob)))
	}
	return tap.Events
}

// TestOneSeedOneTrace: of every link, to the nanosecond.
func TestOneSeedOneTrace(t *testing.T) {
	a, b, other := traceOf(t, world.Config{Seed: 5}), traceOf(t, world.Config{Seed: 5}), traceOf(t,
		world.Config{Seed: 6})
	if !slices.Equal(a, b) {
		t.Error("two runs from one seed differ")
	}
	// for `just traces`
	t.Logf("trace world is %x", sha256.Sum256(fmt.Append(nil, a)))
	if slices.Equal(a, other) {
		t.Error("control: two seeds give one trace")
	}
}

// TestNullPacketsGiveTheSameTrace: with and without cryptography, and with either suite's, the same
// things happen in the same order; with losses, too.
func TestNullPacketsGiveTheSameTrace(t *testing.T) {
	for name, loss := range map[string]float64{"x25519": 0, "xwing": 0.03} {
		par := world.Quick()
		par.Suite, par.BoxPlaintext = name, 64+256
		cfg := world.Config{Seed: 7, Parameters: par, Loss: loss}
		real := traceOf(t, cfg)
		cfg.Null = true
		null := traceOf(t, cfg)
		if len(real) < 1000 || !slices.Equal(real, null) {
			t.Errorf("%s, loss %.2f: %d events with real packets and %d with null ones differ",
				name, loss, len(real), len(null))
		}
	}
}

// TestSeveralAuthorities make one document an epoch.
func TestSeveralAuthorities(t *testing.T) {
	net := network
	net.Providers = []string{"p1", "p2", "p3", "p4"}
	w := newWorld(t, world.Config{Seed: 1, Network: net, Authorities: 4, Null: true})
	alice, bob := follow(t, w)
	post(t, alice, "hello")
	run(t, w, 20*time.Second)
	if len(texts(t, bob)) != 1 {
		t.Errorf("%d posts were read", len(texts(t, bob)))
	}
	if doc := w.Current(); doc == nil || doc.Epoch != 3 || len(doc.Signatures) < 3 {
		t.Errorf("the document in force is %v", doc)
	}
}

// TestFaults: each has its effect, and what can be mended is.
func TestFaults(t *testing.T) {
	cases := map[string]struct {
		break_ func(w *world.World)
		mend   func(w *world.World)
		drop   string // what is counted while it lasts
		quiet  bool   // nothing is read until it is mended
	}{
		"loss of a person": {func(w *world.World) { w.Person("alice").Lose(0.5) }, nil, "lost",
			false},
		"loss on all links": {func(w *world.World) { w.Links.LoseAll(0.05) }, nil, "lost", false},
		"partition": {
			func(w *world.World) { w.Links.Part(w.Node("m3"), w.Node("m4")) },
			func(w *world.World) { w.Links.Heal() }, "lost", true,
		},
		"a mix is down": {
			func(w *world.World) { w.Node("m5").Crash(true); w.Node("m6").Crash(true) },
			func(w *world.World) { start(w, "m5"); start(w, "m6") }, "down", true,
		},
		"a mix loses its disk": {
			func(w *world.World) { w.Node("m1").Crash(false); start(w, "m1") }, nil, "bad_mac",
			false,
		},
		"a wrong clock": {
			func(w *world.World) {
				w.Node("m1").SetClock(time.Hour)
				w.Node("m2").SetClock(time.Hour)
			},
			func(w *world.World) { w.Node("m1").SetClock(0); w.Node("m2").SetClock(0) }, "bad_mac",
			true,
		},
		"absence": {
			func(w *world.World) { w.Person("bob").Leave() },
			func(w *world.World) { w.Person("bob").Return() }, "", true,
		},
		"full disks": {
			func(w *world.World) {
				for _, p := range []string{"p1", "p2", "p3"} {
					w.Node(p).Holder().Fill(true)
				}
			},
			func(w *world.World) {
				for _, p := range []string{"p1", "p2", "p3"} {
					w.Node(p).Holder().Fill(false)
				}
			}, "", true,
		},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, world.Config{Seed: 2, Null: true})
			alice, bob := follow(t, w)
			run(t, w, time.Second)
			c.break_(w)
			post(t, alice, "one")
			run(t, w, 6*time.Second)
			if c.quiet && len(texts(t, bob)) != 0 {
				t.Errorf("%q was read", texts(t, bob))
			}
			if c.drop != "" && w.Drops()[c.drop] == 0 {
				t.Errorf("no packet is dropped: %v", w.Drops())
			}
			if c.mend != nil {
				c.mend(w)
			}
			run(t, w, 40*time.Second)
			if !slices.Equal(texts(t, bob), []string{"one"}) {
				t.Errorf("%q was read in the end; dropped %v", texts(t, bob), w.Drops())
			}
		})
	}
}

func start(w *world.World, name string) {
	if err := w.Node(name).Start(); err != nil {
		panic(err)
	}
}
