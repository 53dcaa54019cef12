package world_test

import (
	"fmt"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/long"
	"murmuration/sim/world"
)

// sight is what is seen of Vic in a world of four who write, and of whom he follows some.
type sight struct {
	written map[box.Entry]time.Time // by anybody
	fetched map[box.Entry]int       // by Vic
	read    int                     // posts
}

// readerOf lives through four days, with nights that are short in the small form: a night off, a
// crash, and a holder who says for most of a night that there is nothing.
func readerOf(t *testing.T, follows int) sight {
	length, pace := realDay(14*time.Hour, 2*time.Minute)
	network, err := world.ParseNetwork(
		"[ada bob cid dot vic] -> [p1 p2 p3 p4] -> m1 -> m2 -> m3 -> p1",
	)
	check(t, err)
	w, err := world.New(world.Config{
		Seed: 3, Null: true, Parameters: slow(2 * pace), Link: -1, Network: network,
		Turn: pace,
	})
	check(t, err)
	seen := sight{written: map[box.Entry]time.Time{}, fetched: map[box.Entry]int{}}
	for _, name := range network.Providers {
		w.Node(name).Holder().Watch(func(r world.Request) {
			if e := box.EntryOf(r.ID); r.Op == box.OpWrite && seen.written[e].IsZero() {
				seen.written[e] = w.Now()
			}
		})
	}
	var authors []citizen
	for _, name := range []string{"ada", "bob", "cid", "dot"} {
		authors = append(authors, live(t, w.Person(name)))
	}
	vic := live(t, w.Person("vic"))
	vic.line.Sent = func(s sender.Sent) {
		if s.Fetch != nil && s.Fetch.Op == box.OpFetch {
			seen.fetched[s.Fetch.Key.Entry]++
		}
	}
	for i, a := range authors {
		link, err := a.Feed.Publish(w.Now())
		check(t, err)
		_ = link
		if i < follows {
			check(t, vic.Follow(a.Life))
		}
	}
	wait := func(d time.Duration) { check(t, w.Run(d)) }
	night := length - 6*time.Hour
	for d := range 4 {
		for i, a := range authors {
			_, err := a.Say(fmt.Sprint("post ", d), nil)
			check(t, err)
			wait(time.Duration(1+i%2) * time.Hour)
		}
		switch d {
		case 0:
			vic.line.Leave()
			wait(night / 2)
			vic.line.Return()
			wait(night / 2)
		case 1:
			check(t, vic.Restart())
			wait(night)
		case 2:
			w.Node("p2").Holder().Lie(func(r box.Request, honest func() box.Reply) box.Reply {
				if r.Op == box.OpFetch {
					return r.Refusal(box.StatusNotFound)
				}
				return honest()
			})
			wait(night * 2 / 3)
			w.Node("p2").Holder().Lie(nil)
			wait(night / 3)
		default:
			wait(night)
		}
	}
	for _, a := range authors {
		posts, err := vic.Reads(a.line.Name)
		check(t, err)
		seen.read += len(posts)
	}
	return seen
}

// TestHoldersDoNotSeeWhoReads: who follows nobody, one and all four fetches every box of everybody,
// over a night, a crash and a liar.
func TestHoldersDoNotSeeWhoReads(t *testing.T) {
	long.Only(t)
	t.Parallel()
	none, one, all := readerOf(t, 0), readerOf(t, 1), readerOf(t, 4)
	boxes, last := 0, time.Time{}
	for _, at := range none.written {
		if at.After(last) {
			last = at
		}
	}
	for e, at := range none.written {
		if one.written[e].IsZero() || all.written[e].IsZero() || last.Sub(at) < 6*time.Hour {
			continue // of Vic, or of the end
		}
		boxes++
		if none.fetched[e] == 0 || one.fetched[e] == 0 || all.fetched[e] == 0 {
			t.Errorf("a box written at %v was fetched %d, %d and %d times", at, none.fetched[e],
				one.fetched[e], all.fetched[e])
		}
	}
	if boxes < 12 || none.read != 0 || one.read != 4 || all.read != 16 { // the control
		t.Errorf("of %d boxes %d, %d and %d posts were read", boxes, none.read, one.read, all.read)
	}
}

// absence is a day and more for which two are away, of whom Cid follows who posts and Eve nobody.
type absence struct {
	missed  map[box.Entry]bool // written meanwhile, by anybody
	fetched map[string]map[box.Entry]bool
	read    int // posts
}

func newAbsence(t *testing.T, seed uint64, posts int) absence {
	p := slow(2 * time.Minute)
	p.BulletinEvery, p.CatchUp, p.WritesPerDay = 4*time.Minute, 90*time.Minute, 8
	p.BoxPlaintext = world.Quick().BoxPlaintext // what a connection brings comes over many frames
	network, err := world.ParseNetwork("[ada cid eve] -> [p1 p2 p3] -> m1 -> m2 -> m3 -> p1")
	check(t, err)
	w, err := world.New(world.Config{
		Seed: seed, Null: true, Parameters: p, Link: -1, Network: network, Turn: time.Minute,
	})
	check(t, err)
	ada, cid, eve := live(t, w.Person("ada")), live(t, w.Person("cid")), live(t, w.Person("eve"))
	check(t, cid.Follow(ada.Life))
	a := absence{missed: map[box.Entry]bool{}, fetched: map[string]map[box.Entry]bool{}}
	for _, c := range []citizen{cid, eve} {
		mine := map[box.Entry]bool{}
		a.fetched[c.line.Name] = mine
		c.line.Sent = func(s sender.Sent) {
			if s.Fetch != nil && s.Fetch.Op == box.OpFetch {
				mine[s.Fetch.Key.Entry] = true
			}
		}
	}
	check(t, w.Run(4*time.Hour))
	cid.line.Leave()
	eve.line.Leave()
	a.watch(w, network.Providers)
	for n := range posts {
		_, err := ada.Say(fmt.Sprint("post ", n), nil)
		check(t, err)
		check(t, w.Run(8*time.Hour))
	}
	cid.line.Return()
	eve.line.Return()
	check(t, w.Run(3*time.Hour))
	a.read = len(cid.reads("ada"))
	return a
}

// watch notes what holders take for an absence from now on.
func (a absence) watch(w *world.World, providers []string) {
	until := w.Now().Add(40 * time.Hour)
	for _, name := range providers {
		w.Node(name).Holder().Watch(func(r world.Request) {
			if r.Op == box.OpWrite && w.Now().Before(until) {
				a.missed[box.EntryOf(r.ID)] = true
			}
		})
	}
}

// History: After an absence only followers asked for what they had missed, ten hours late.
//
// TestAbsenceIsCaughtUpByAll: whoever was away has soon asked for every box of that time, follower
// or not, and the follower has read all posts.
func TestAbsenceIsCaughtUpByAll(t *testing.T) {
	quick(t)
	t.Parallel()
	const posts = 5
	a := newAbsence(t, 1, posts)
	if a.read != posts || len(a.missed) < posts {
		t.Errorf("%d posts were read, %d boxes written", a.read, len(a.missed))
	}
	for e := range a.missed {
		for name, mine := range a.fetched {
			if !mine[e] {
				t.Errorf("%s did not ask for a box that was missed", name)
			}
		}
	}
}
