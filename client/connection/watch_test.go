package connection

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client/guard"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
)

// with is a store whose person has these guards, the first of them in use.
func (n *network) with(given int, names ...string) *store.Store {
	n.Helper()
	s := home(n.T)
	g := guards{Guards: guard.Guards{Given: given}}
	for i, name := range names {
		for _, e := range n.genesis.Entries {
			if e.Name == name {
				one := guard.Guard{Node: e.ID, Seed: [32]byte{byte(i)}, Name: name}
				g.List = append(g.List, one)
			}
		}
	}
	if err := s.Update(g.put); err != nil {
		n.Fatal(err)
	}
	return s
}

// asked is whom somebody asked for documents, each once.
func (n *network) asked() (names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.askers {
		if !slices.Contains(names, a.of) {
			names = append(names, a.of)
		}
	}
	return names
}

// TestLostClientAsksTheGenesis: who has no document that serves, and no guard that gives one, asks
// others for it, however many guards it has given up. (That nobody asks them before that is
// TestDocumentsWithoutTheGuard.)
func TestLostClientAsksTheGenesis(t *testing.T) {
	for given := range 3 {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			n.close("p1", "p2")
			c := n.run(n.with(given, "p1", "p2"), "")
			<-time.After(10 * time.Minute)
			if s := c.Status(); s.Document == nil || s.Guard.Name != "p1" || s.Connected {
				t.Errorf("%d given up: %+v", given, s)
			}
			if got := n.asked(); !slices.Equal(got, []string{"p3"}) {
				t.Errorf("%d given up: asked were %v", given, got)
			}
			n.end(c)
		})
	}
}

// TestOtherGuardTakesOver: the person begins with another sender, the link to the first is cut, and
// all that is kept over a restart. The first one's replies are not the second one's.
func TestOtherGuardTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		s := n.with(0, "p2", "p3")
		c := n.run(s, "p1") // what the configuration says matters at the first choice only
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		c.state.Lock()
		c.guards.Failing = c.guards.Left() - 90*time.Second
		c.slots.replied(c.slots.sender, time.Now().Add(-2*time.Hour))
		c.state.Unlock()
		<-time.After(time.Minute)
		if now := c.Status(); now.Guard.Name != "p2" || now.Guard.Healthy || c.begun() != 1 ||
			len(now.Faults) != 1 || !errors.Is(now.Faults[0], errGuardFails) {
			t.Errorf("before a day is over: %+v", now)
		}
		<-time.After(2 * time.Minute)
		now := c.Status()
		if now.Guard.Name != "p3" || c.begun() != 2 || !now.Connected || !now.LastReply.IsZero() ||
			now.Guard.Failing > 5*time.Minute || len(now.Faults) != 0 {
			t.Errorf("after it: %+v, %d senders", now, c.begun())
		}
		n.mu.Lock()
		before := n.frames["p2"]
		n.mu.Unlock()
		<-time.After(time.Minute)
		n.mu.Lock()
		if n.frames["p2"] != before || n.frames["p3"] == 0 {
			t.Errorf("frames go to both: %v", n.frames)
		}
		n.mu.Unlock()
		n.end(c)
		if got := kept(t, s).List; len(got) != 2 || got[0].Name != "p3" || got[0].Seed[0] != 1 {
			t.Errorf("kept are %+v", got)
		}
	})
}

// TestUnlistedGuardIsTold: the link is up, and nothing goes over it for as long as the guard is not
// in the document in force.
func TestUnlistedGuardIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(n.with(0, "p2", "p3"), "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		c.state.Lock()
		listed := c.guards.List[0].Node
		c.guards.List[0].Node = directory.NodeID{1}
		c.state.Unlock()
		if s := c.Status(); len(s.Faults) != 1 || !errors.Is(s.Faults[0], errUnlisted) ||
			!strings.Contains(s.Faults[0].Error(), "p2, epoch 2") || !s.Connected {
			t.Errorf("it is not told: %+v", s)
		}
		c.state.Lock()
		c.guards.List[0].Node = listed
		c.state.Unlock()
		if s := c.Status(); len(s.Faults) != 0 {
			t.Errorf("it is told of one that is listed: %v", s.Faults)
		}
		n.end(c)
	})
}

// TestStruckOutGuardIsLeft: from a guard that no document lists any more the person goes on to the
// other one, and to nobody else.
func TestStruckOutGuardIsLeft(t *testing.T) {
	for _, both := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			c := n.run(n.with(0, "p2", "p3"), "")
			await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
			<-time.After(time.Until(n.at(5)))
			c.state.Lock()
			c.guards.List[0].Node = directory.NodeID{1}
			if both {
				c.guards.List[1].Node = directory.NodeID{2}
			}
			c.state.Unlock()
			<-time.After(2 * watchEvery)
			if s := c.Status(); !both && (s.Guard.Name != "p3" || !s.Connected) {
				t.Errorf("the other one does not serve: %+v", s)
			} else if both && s.Guard.Name != "p2" {
				t.Errorf("the control, where neither is listed: %+v", s)
			}
			n.end(c)
		})
	}
}

// TestGuardStaysWithoutAUsableDocument: there is nothing to begin with at the other one.
func TestGuardStaysWithoutAUsableDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(n.with(0, "p2", "p3"), "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		long := *n.docs[2]
		long.Parameters.Layers++
		next := func(doc *directory.Document) bool {
			c.guards.TakeOver(doc, seeds(), c.rng)
			return true
		}
		if _, err := c.otherGuard(&long, time.Now(), next); err == nil {
			t.Fatal("a document that cannot be used is used")
		}
		if s := c.Status(); s.Guard.Name != "p2" || !s.Connected {
			t.Errorf("%+v", s)
		}
		if _, err := c.otherGuard(n.docs[2], time.Now(), next); err != nil ||
			c.Status().Guard.Name != "p3" {
			t.Errorf("the control: %v, %+v", err, c.Status())
		}
		n.end(c)
	})
}

// History: A guard that was full at the first contact was tried for a day before the other one.
//
// TestFullGuardIsNoFailure: a newcomer has another one drawn at once, until one has a place. Who
// was named by the configuration is waited for, and so is one that served before.
func TestFullGuardIsNoFailure(t *testing.T) {
	for name, row := range map[string]struct {
		full   []string
		named  string
		served bool
		want   string // connected to; empty: to nobody
	}{
		"the first":   {full: []string{"p1"}, want: "p3"},
		"two of them": {full: []string{"p1", "p3"}, want: "p2"},
		"all":         {full: []string{"p1", "p2", "p3"}},
		"named":       {full: []string{"p1"}, named: "p1"},
		"used before": {full: []string{"p1"}, served: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			for _, f := range row.full {
				n.full[f] = true
			}
			c := n.open(n.with(0, "p1", "p2"), row.named)
			c.guards.Served = row.served
			run := begin(c)
			<-time.After(time.Minute)
			got := run.Status()
			if got.Connected != (row.want != "") || got.Connected && got.Guard.Name != row.want {
				t.Errorf("%s: connected %v to %s", name, got.Connected, got.Guard.Name)
			}
			n.mu.Lock()
			clear(n.full)
			n.mu.Unlock()
			await(t, "connection", 2*fullPause, func() bool { return run.Status().Connected })
			if stays := run.Status().Guard.Name == "p1"; stays != (row.named != "" || row.served) {
				t.Errorf("%s: the guard is %s", name, run.Status().Guard.Name)
			}
			n.end(run)
		})
	}
}

// reader has nothing to fetch, and says what its provider keeps back.
type reader struct{ withheld uint64 }

func (*reader) Live(time.Time) bool                       { return false }
func (*reader) Take(time.Time, bool) (sender.Fetch, bool) { return sender.Fetch{}, false }
func (*reader) Sent(uint64, time.Time, time.Time)         {}
func (*reader) Begin(*directory.Document, directory.NodeID) {
}
func (*reader) SetDocument(*directory.Document) {}
func (*reader) Roll(time.Time) uint32           { return 0 }
func (r *reader) Withholding() (uint64, uint64) { return r.withheld, 1000 }

// TestGuardThatKeepsBulletinsBack fails, although replies come, and the person is told.
func TestGuardThatKeepsBulletinsBack(t *testing.T) {
	for withheld, healthy := range map[uint64]bool{50: true, 51: false} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			c := n.open(n.with(0, "p2", "p3"), "")
			c.Read(&reader{withheld})
			run := begin(c)
			await(t, "connection", time.Minute, func() bool { return run.Status().Connected })
			c.state.Lock()
			c.guards.Failing = 2 * time.Hour
			c.state.Unlock()
			c.slots.mu.Lock()
			c.slots.replied(c.slots.sender, time.Now())
			c.slots.mu.Unlock()
			<-time.After(2 * watchEvery)
			s := c.Status()
			if s.Guard.Healthy != healthy || healthy != (len(s.Faults) == 0) ||
				!healthy && !errors.Is(s.Faults[0], errWithholds) {
				t.Errorf("%d of 1000 kept back: %+v, %v", withheld, s.Guard, s.Faults)
			}
			n.end(run)
		})
	}
}

// dryTill is write tokens that the guard does not bring, or does.
type dryTill struct {
	dry  bool
	docs int
}

func (*dryTill) Token(box.Day, [32]byte, box.ID) (t box.Token, ok bool) { return t, false }
func (*dryTill) Question(time.Time) (q exchange.Question, ok bool)      { return q, false }
func (*dryTill) Hopeless(box.Day, [32]byte) bool                        { return true }
func (*dryTill) Asked(time.Time)                                        {}
func (c *dryTill) Begin(*directory.Document, directory.NodeID)          { c.docs++ }
func (c *dryTill) SetDocument(*directory.Document)                      { c.docs++ }
func (c *dryTill) Dry(time.Time) bool                                   { return c.dry }

// TestGuardThatBringsNoTokens fails, although replies come, and the person is told at once.
func TestGuardThatBringsNoTokens(t *testing.T) {
	for _, dry := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			c := n.open(n.with(0, "p2", "p3"), "")
			till := &dryTill{dry: dry}
			c.Pay(till)
			run := begin(c)
			await(t, "connection", time.Minute, func() bool { return run.Status().Connected })
			c.slots.mu.Lock()
			c.slots.replied(c.slots.sender, time.Now())
			c.slots.mu.Unlock()
			<-time.After(2 * watchEvery)
			s := c.Status()
			if s.Guard.Healthy == dry || dry == (len(s.Faults) == 0) ||
				dry && !errors.Is(s.Faults[0], errDry) || till.docs == 0 {
				t.Errorf("dry %v: %+v, %v", dry, s.Guard, s.Faults)
			}
			n.end(run)
		})
	}
}
