package world_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/sim/trace"
	"murmuration/sim/world"
)

// onlookers are what watchers of people's links, and holders, see of three people.
type onlookers struct {
	people  int32 // the lowest number of somebody in a trace
	frames  int
	links   [32]byte // of every frame between people and their providers, and when
	ops     map[box.Op]int
	written map[box.Entry]time.Time
	fetched map[string]map[box.Entry]bool // by whom
	said    int                           // posts and messages that were read
}

// Add implements trace.Sink.
func (o *onlookers) Add(e trace.Event) error {
	if e.From >= o.people || e.To >= o.people {
		o.frames++
		o.links = sha256.Sum256(fmt.Append(o.links[:], e))
	}
	return nil
}

// lookOn has three people live for two days, who talk or say nothing, with so many boxes of cover a
// day.
func lookOn(t *testing.T, talk bool, cover int) *onlookers {
	t.Helper()
	network, err := world.ParseNetwork("[ada bob cid] -> [p1 p2 p3] -> m1 -> m2 -> m3 -> p1")
	check(t, err)
	o := &onlookers{
		people: 6, ops: map[box.Op]int{}, written: map[box.Entry]time.Time{},
		fetched: map[string]map[box.Entry]bool{},
	}
	p := sociable(3 * time.Minute)
	p.WritesPerDay = cover
	w, err := world.New(world.Config{
		Seed: 5, Null: true, Parameters: p, Link: -1, Network: network, Turn: 5 * time.Minute,
		Tap: o,
	})
	check(t, err)
	for _, name := range network.Providers {
		w.Node(name).Holder().Watch(func(r world.Request) {
			o.ops[r.Op]++
			if e := box.EntryOf(r.ID); r.Op == box.OpWrite && o.written[e].IsZero() {
				o.written[e] = w.Now()
			}
		})
	}
	homes := map[string]citizen{}
	for _, line := range w.People() {
		homes[line.Name] = live(t, line)
		mine := map[box.Entry]bool{}
		o.fetched[line.Name] = mine
		line.Sent = func(s sender.Sent) {
			if s.Fetch != nil && s.Fetch.Op == box.OpFetch {
				mine[s.Fetch.Key.Entry] = true
			}
		}
	}
	ada, bob, cid := homes["ada"], homes["bob"], homes["cid"]
	steps := []func(){
		func() {
			check(t, ada.Invite(bob.Life))
			check(t, ada.Invite(cid.Life))
		},
		func() {
			check(t, ada.Gather("flock", "bob", "cid"))
			check(t, bob.Tell("ada", "hello"))
		},
		func() {
			_, err := ada.Share("flock", "from below", noise(9000))
			check(t, err)
			check(t, ada.Tell("bob", "hello you"))
		},
		func() {
			posts, err := cid.Reads("ada")
			check(t, err)
			for _, p := range posts {
				check(t, cid.Reply(p.ID, "what a sight"))
				check(t, cid.React(p.ID, "👍"))
			}
			o.said += len(posts)
		},
		func() { check(t, ada.Dismiss("flock", "cid")) },
		func() {
			_, err := ada.Share("flock", "without cid", nil)
			check(t, err)
		},
	}
	for _, step := range steps {
		if talk {
			step()
		}
		check(t, w.Run(7*time.Hour))
	}
	if talk {
		o.said += len(bob.reads("ada")) + len(cid.reads("ada"))
	}
	return o
}

// TestLinksDoNotSeeWhoTalks: of three people who meet, talk, share photos, answer and part, and of
// three who say nothing, a watcher of their links sees the same frames at the same times, and
// holders are asked for the same things, as often: whatever is written is fetched by all three.
func TestLinksDoNotSeeWhoTalks(t *testing.T) {
	t.Parallel()
	const cover = 48
	idle, talk := lookOn(t, false, cover), lookOn(t, true, cover)
	if idle.links != talk.links || idle.frames < 1000 {
		t.Errorf("people's links show other frames: %d, %d", idle.frames, talk.frames)
	}
	t.Logf("asked of holders: idle %v, talking %v; %d and %d boxes", idle.ops, talk.ops,
		len(idle.written), len(talk.written))
	if a, b := len(idle.written), len(talk.written); b < a*2/3 || b > a*3/2 {
		t.Errorf("who talks writes %d boxes, who does not %d", b, a)
	}
	for op, n := range talk.ops {
		if was := idle.ops[op]; n < was*2/3 || n > was*3/2 {
			t.Errorf("%d requests of kind %d of who talks, %d of who does not", n, op, was)
		}
	}
	for _, o := range []*onlookers{idle, talk} {
		boxes, last := 0, time.Time{}
		for _, at := range o.written {
			if at.After(last) {
				last = at
			}
		}
		for e, at := range o.written {
			if last.Sub(at) < 10*time.Hour {
				continue // its turn is still to come
			}
			boxes++
			for name, mine := range o.fetched {
				if !mine[e] {
					t.Errorf("%s did not ask for a box of %v", name, at)
				}
			}
		}
		if boxes < 40 {
			t.Errorf("the control: %d boxes", boxes)
		}
	}
	if talk.said < 4 {
		t.Errorf("the control: %d posts were read", talk.said)
	}
	bare, quiet := lookOn(t, true, 1), lookOn(t, false, 1) // the control: without cover it shows
	if len(bare.written) < 3*len(quiet.written) || bare.links != talk.links {
		t.Errorf("without cover %d and %d boxes are written", len(quiet.written), len(bare.written))
	}
}
