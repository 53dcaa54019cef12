package person

import (
	"testing"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

func wanted(p *Person, id box.ID) []Want { return p.Wanted(box.EntryOf(id)) }

// TestWantsAreSets: a number stands for what it was given last, and only what is new is fresh.
func TestWantsAreSets(t *testing.T) {
	p := New(store.Memory())
	a, b := join(p), join(p)
	one, two, three := ID{4, box.ID{1}}, ID{4, box.ID{2}}, ID{5, box.ID{3}}
	a.access.Want(7, []ID{one, two, two}, true)
	b.access.Want(7, []ID{one}, false)
	if w := wanted(p, one.ID); len(w) != 2 || !w[0].Read || w[1].Read || w[0].Day != 4 {
		t.Errorf("two parts want one box: %+v", w)
	}
	if n := len(p.Fresh()); n != 3 {
		t.Errorf("%d are fresh", n)
	}
	a.access.Want(7, []ID{two, three}, true)
	if w := p.Fresh(); len(w) != 1 || w[0].ID != three.ID || len(wanted(p, one.ID)) != 1 ||
		len(wanted(p, two.ID)) != 1 {
		t.Errorf("after another set: fresh %+v, left %+v", w, p.wants.entries)
	}
	a.access.Want(7, []ID{two}, false)
	if w := p.Fresh(); len(w) != 1 || w[0].Read || len(wanted(p, two.ID)) != 1 {
		t.Errorf("wanted in another way: %+v", w)
	}
	a.access.Want(8, []ID{three}, true)
	a.access.Unwant(8)
	a.access.Unwant(7)
	a.access.Unwant(99)
	b.access.Unwant(7)
	if len(p.Fresh()) != 0 || len(p.wants.entries) != 0 || len(p.wants.sets) != 0 ||
		len(p.owners) != 0 || len(p.tokens) != 0 {
		t.Errorf("something is remembered: %+v, %+v", p.wants, p.owners)
	}
}

// TestWhoWantsIsTold: by the part's own number, of a listing and of the box, and not once it is
// unwanted.
func TestWhoWantsIsTold(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	a.access.Want(3, []ID{{4, box.ID{1}}}, true)
	begin(t, p, &queue{})
	n := wanted(p, box.ID{1})[0]
	maker, b := directory.NodeID{9}, box.Box{ID: n.ID, Ciphertext: []byte{1}}
	if err := p.Listed(noon, n, Listing{maker, 77, 2}); err != nil {
		t.Fatal(err)
	}
	if err := p.Found(noon, n, maker, b); err != nil {
		t.Fatal(err)
	}
	if len(a.heard) != 2 {
		t.Fatalf("heard %+v", a.heard)
	}
	listed, found := a.heard[0], a.heard[1]
	if listed.Kind != Listed || listed.Number != 3 || listed.Holder != maker ||
		listed.Slot != 77 || listed.Holders != 2 || listed.ID != n.ID || listed.Day != 4 {
		t.Errorf("listed: %+v", listed)
	}
	if found.Kind != Found || found.Number != 3 || !found.Reply.Box.Equal(b) ||
		found.Reply.Status != box.StatusFound || found.Day != 4 {
		t.Errorf("found: %+v", found)
	}
	a.access.Unwant(3)
	if err := p.Found(noon, n, maker, b); err != nil || len(a.heard) != 2 {
		t.Errorf("%v, told of an unwanted box: %+v", err, a.heard)
	}
}

// TestBoxOnAFullDiskIsLookedForAgain: nothing of it is noted, so that it is wanted anew.
func TestBoxOnAFullDiskIsLookedForAgain(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	a.access.Want(3, []ID{{4, box.ID{1}}}, true)
	n := p.Fresh()[0]
	a.failing = store.ErrFull
	if err := p.Found(noon, n, directory.NodeID{}, box.Box{ID: n.ID}); err != nil {
		t.Fatal(err)
	}
	if w := p.Fresh(); len(w) != 1 || w[0] != n {
		t.Errorf("fresh is %+v", w)
	}
	a.failing = nil
	err := p.Found(noon, n, directory.NodeID{}, box.Box{ID: n.ID})
	if err != nil || len(p.Fresh()) != 0 || len(a.heard) != 1 {
		t.Errorf("the control: %v, heard %+v", err, a.heard)
	}
}

// TestWantsOutliveASender: another sender changes nothing, and no answer is lost by it.
func TestWantsOutliveASender(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	a.access.Want(3, []ID{{4, box.ID{1}}}, true)
	begin(t, p, &queue{})
	begin(t, p, &queue{})
	if len(a.heard) != 0 || len(wanted(p, box.ID{1})) != 1 {
		t.Errorf("heard %+v", a.heard)
	}
}

// TestWholeDays only grow.
func TestWholeDays(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	p.Whole(4)
	p.Whole(3)
	if a.access.Whole() != 4 {
		t.Errorf("whole before day %d", a.access.Whole())
	}
}

// TestHoldAndClassReachTheSender with the write that they belong to.
func TestHoldAndClassReachTheSender(t *testing.T) {
	p := New(store.Memory())
	a := join(p)
	q := &queue{room: 10}
	begin(t, p, q)
	err := a.access.Enqueue(noon, 1, Request{Op: box.OpWrite, Hold: 7, Slow: true})
	if err != nil || len(q.requests) != 1 || q.requests[0].Hold != 7 || !q.requests[0].Slow {
		t.Errorf("%v, %+v", err, q.requests)
	}
}
