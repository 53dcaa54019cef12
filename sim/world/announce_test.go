package world_test

import (
	"slices"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/provider"
	"murmuration/sim/world"
)

// reader is what somebody hears of bulletins.
type reader struct {
	slots   map[directory.NodeID][]box.Slot
	listed  map[box.Entry][]directory.NodeID
	entries int
}

// read has a person's stream verified as it comes.
func read(t *testing.T, w *world.World, p *world.Person) *reader {
	t.Helper()
	r := &reader{map[directory.NodeID][]box.Slot{}, map[box.Entry][]directory.NodeID{}, 0}
	parser, links := bulletin.NewParser(1000), bulletin.NewLinks()
	calendar := bulletin.Calendar{Start: w.Genesis().Start,
		Every: w.Genesis().Parameters.BulletinEvery}
	network := w.Genesis().ID()
	p.Came = func(frame []byte) bool {
		down, err := exchange.ParseDown(frame, w.Params().BodySize())
		if err != nil {
			t.Error(err)
		}
		records, err := parser.Feed(down.Stream)
		if err != nil {
			t.Error(err)
		}
		for _, x := range records {
			maker, ok := calendar.Makers(w.Current(), x.Slot()).At(x.Maker)
			b, whole := x.Bulletin(network, maker, links)
			if !ok || !whole || x.IsRoll || b.Verify(network, 1000) != nil {
				t.Errorf("a record that is no bulletin: %+v", x)
			}
			r.slots[maker] = append(r.slots[maker], b.Slot)
			for _, e := range b.Entries {
				r.entries++
				r.listed[e] = append(r.listed[e], maker)
			}
		}
		return false
	}
	return r
}

// TestBothHoldersList: who is connected hears a bulletin of every maker for every slot, and in them
// each box that was written, once of each of its holders.
func TestBothHoldersList(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 4, Null: true})
	alice, _ := follow(t, w)
	written := map[box.ID]box.Day{}
	for _, name := range network.Providers {
		w.Node(name).Holder().Watch(func(r world.Request) {
			if r.Op == box.OpWrite && r.Status == box.StatusStored {
				written[r.ID] = r.Day
			}
		})
	}
	seen := read(t, w, w.Person("bob"))
	post(t, alice, "x")
	run(t, w, 10*time.Second)
	var holders []box.Holder
	for _, name := range network.Providers {
		holders = append(holders, box.Holder(w.Node(name).ID()))
	}
	if len(written) == 0 || seen.entries != 2*len(written) {
		t.Errorf("%d boxes written, %d listings", len(written), seen.entries)
	}
	for id, day := range written {
		makers := seen.listed[box.EntryOf(id)]
		for _, h := range box.Placement(day, id, holders, 2) {
			if !slices.Contains(makers, directory.NodeID(h)) {
				t.Errorf("a holder does not list a box: %v", makers)
			}
			if _, ok := w.NodeOf(directory.NodeID(h)).Holder().Lists(id, 100); !ok {
				t.Error("a box cannot be fetched by its listing")
			}
		}
	}
	for maker, slots := range seen.slots {
		if n := len(slots); n < 18 || slots[n-1] != slots[0]+box.Slot(n-1) {
			t.Errorf("%v: slots %v", maker, slots)
		}
	}
	if len(seen.slots) != len(network.Providers) {
		t.Errorf("%d makers", len(seen.slots))
	}
}

// TestBulletinsOutliveFaults: after a partition, a crash with the disk and one without it, all have
// the same bulletins, and nobody made two for one slot.
func TestBulletinsOutliveFaults(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 5, Null: true})
	p1, p2, p3 := w.Node("p1"), w.Node("p2"), w.Node("p3")
	run(t, w, 3*time.Second)
	w.Links.Part(p1)
	run(t, w, 4*time.Second)
	if p1.Bulletins().Head(w.Now()) == p2.Bulletins().Head(w.Now()) {
		t.Error("the control: a partition is not seen in the heads")
	}
	w.Links.Heal()
	p2.Crash(true)
	p3.Crash(false)
	run(t, w, 250*time.Millisecond)
	check(t, p2.Start())
	check(t, p3.Start())
	run(t, w, 12*time.Second)
	for _, n := range []*world.Node{p1, p2, p3} {
		b := n.Bulletins()
		if b.Missing() != 0 || len(b.Frauds()) != 0 ||
			b.Head(w.Now()) != p1.Bulletins().Head(w.Now()) {
			t.Errorf("%s: %d holes, %d frauds", n.Name, b.Missing(), len(b.Frauds()))
		}
	}
}

// TestWrongClockListsNothing: until it is put right.
func TestWrongClockListsNothing(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 6, Null: true})
	p1 := w.Node("p1")
	run(t, w, 3*time.Second)
	p1.SetClock(3 * time.Second)
	run(t, w, 6*time.Second)
	if p1.Bulletins().Stats().Skipped == 0 {
		t.Error("the clock is six slots ahead, and no slot was skipped")
	}
	p1.SetClock(0)
	run(t, w, 6*time.Second)
	before := p1.Bulletins().Stats()
	run(t, w, 3*time.Second)
	if now := p1.Bulletins().Stats(); now.Skipped != before.Skipped || now.Made < before.Made+5 {
		t.Errorf("after the clock was put right: %+v, then %+v", before, now)
	}
}

// TestLyingAnnouncers: one that lists nothing is missing from what everybody hears; one that leaves
// out boxes has them listed once only; an entry that keeps bulletins back has its people hear the
// others, and those when it lets them through; they hear all again when it is honest.
func TestLyingAnnouncers(t *testing.T) {
	w := newWorld(t, world.Config{Seed: 7, Null: true})
	p1, p2, p3 := w.Node("p1"), w.Node("p2"), w.Node("p3")
	bob := w.Person("bob")
	if bob.Home() != p2 {
		t.Fatal("bob is not at p2")
	}
	p1.List(func(*provider.Draft) bool { return false })
	let := box.Slot(0)
	p2.Serve(func(b bulletin.Bulletin) bool { return b.Maker != p3.ID() || b.Slot < let })
	seen := read(t, w, bob)
	run(t, w, 5*time.Second)
	if len(seen.slots[p1.ID()]) != 0 || len(seen.slots[p2.ID()]) < 8 ||
		len(seen.slots[p3.ID()]) != 0 {
		t.Errorf("heard: %v", seen.slots)
	}
	if made := p1.Bulletins().Stats(); made.Made != 0 || made.Taken < 16 {
		t.Errorf("one that lists nothing: %+v", made)
	}
	last := seen.slots[p2.ID()][len(seen.slots[p2.ID()])-1]
	let = last - 2
	run(t, w, time.Second)
	if late := seen.slots[p3.ID()]; len(late) < 5 || late[len(late)-1] != let-1 {
		t.Errorf("let through until %d: %v", let, late)
	}
	p1.List(nil)
	p2.Serve(nil)
	seen = read(t, w, bob)
	run(t, w, 5*time.Second)
	for _, n := range []*world.Node{p1, p2, p3} {
		if len(seen.slots[n.ID()]) < 8 {
			t.Errorf("of %s: %v", n.Name, seen.slots[n.ID()])
		}
	}
}

// TestForkIsProved: a provider that signs another body for one of two others is caught as soon as
// the true one comes to that one, too, and the proof goes to the rest. One that brings it its true
// body twice is not.
func TestForkIsProved(t *testing.T) {
	for _, forks := range []bool{true, false} {
		w := newWorld(t, world.Config{Seed: 8, Null: true})
		p1, p2 := w.Node("p1"), w.Node("p2")
		p1.List(func(d *provider.Draft) bool {
			body := d.Body
			if forks {
				other := box.Entry{255, 255, 255, 255, 255}
				body.Entries = append(slices.Clone(body.Entries), other)
			}
			w.After(0, func() {
				_ = p2.Bulletins().Take(w.Now(), body.Sign(p1.Identity().PrivateKey()))
			})
			return true
		})
		run(t, w, 3*time.Second)
		for _, n := range []*world.Node{p2, w.Node("p3")} {
			frauds := n.Bulletins().Frauds()
			if !forks && len(frauds) == 0 {
				continue
			}
			if !forks || len(frauds) != 1 || frauds[0].Verify(w.Genesis().ID()) != nil ||
				frauds[0].A.Maker != p1.ID() {
				t.Errorf("forks: %v; proofs at %s: %v", forks, n.Name, frauds)
			}
		}
	}
}
