package des

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever the group and the fanout, everybody gets the post exactly once, from the parent, in
// as many rounds as it takes to multiply by k+1.
func TestScheduleReachesAllOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n, k := rapid.IntRange(2, 200).Draw(r, "members"), rapid.IntRange(1, 9).Draw(r, "fanout")
		c := rollercoasterNetwork(Rollercoaster)
		c.Clients, c.Groups.Size, c.Groups.Fanout = n, n, k
		e := newEngine(usual(c).complete())
		i := e.posts.add(post{author: 0, left: int32(n - 1)})
		e.groups.schedule(i, e.groups.membersOf(0))
		from := make([]int, n)
		for position, who := range e.posts.all[i].order {
			e.groups.forward(i, position, who)
			sent := 0
			for {
				it, ok := e.outboxes.head(who)
				if !ok {
					break
				}
				sent++
				from[it.part]++
				if got := e.recovery.parent(int(it.part)); got != position {
					t.Fatalf("%d is sent by %d, its parent is %d", it.part, position, got)
				}
			}
			if want := e.recovery.children(position, n); sent != want {
				t.Fatalf("%d of %d sends to %d, expected %d", position, n, sent, want)
			}
		}
		for position, times := range from {
			if want := min(position, 1); times != want {
				t.Fatalf("position %d of %d gets the post %d times", position, n, times)
			}
		}
		if got := e.recovery.under(0, n); len(got) != n-1 {
			t.Fatalf("%d positions under the author of %d", len(got), n)
		}
	})
}

// head takes the next item of an outbox.
func (o *outboxes) head(c int32) (item, bool) {
	i := o.clients[c].first
	if i == none {
		return item{}, false
	}
	it := o.items[i]
	o.take(c)
	return it, true
}

// The world of pollers: people are online for the share of time that they should be, and
// polls come at their rate from where they should.
func TestPollersShares(t *testing.T) {
	t.Parallel()
	p := Pollers{
		Seed: 2, Days: 300, Providers: 4, Clients: 50, Readers: 2, PollEvery: 10 * time.Minute,
		OnlineFor: 6 * time.Hour, OfflineFor: 18 * time.Hour, League: true,
	}
	days, err := p.Run()
	if err != nil {
		t.Fatal(err)
	}
	var online, readers, polls, holding float64
	for _, d := range days {
		for _, s := range d.Sessions {
			if s.From < 0 || s.To > d.Length || s.From >= s.To {
				t.Fatalf("session %+v", s)
			}
			online += float64(s.To - s.From)
			if s.Client < 2 && len(d.Polls) > 0 {
				readers += float64(s.To - s.From)
			}
		}
		if !slices.IsSorted(d.Polls) {
			t.Fatal("polls are not in order")
		}
		polls += float64(len(d.Polls))
		if len(d.Polls) > 0 {
			holding++
		}
	}
	near(t, "share online", online/float64(300*50*24*time.Hour), 0.25, 0.05)
	near(t, "polls per reader's time", polls/readers, 0.5/float64(p.PollEvery), 0.1)
	if share := holding / 300; share > 0.55 || share < 0.25 {
		t.Errorf("polls are seen on %v of the days, a holder on half of them", share)
	}
	p.League = false
	days, _ = p.Run()
	for _, d := range days {
		if len(d.Polls) > 0 {
			t.Fatal("a client asked its own provider")
		}
	}
	for _, bad := range []Pollers{
		{}, {Days: 1, Clients: 2, Providers: 3}, {Days: 1, Clients: 2, Providers: 3, Readers: 3},
	} {
		if _, err := bad.Run(); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}
