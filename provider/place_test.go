package provider

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
)

// crowdedLimits are those of a small provider.
var crowdedLimits = Limits{Packets: 64, Replies: 64, Spools: 16, PerSpool: 8, SpooledTotal: 16 * 4,
	SpoolAge: 30 * time.Minute, SpoolIdle: 48 * time.Hour, PerBlock: 6}

func crowdedEdge(limits Limits) *Edge {
	e := NewEdge(limits)
	e.SetDocument(directory.Parameters{PayloadEvery: 10 * time.Second, LoopEvery: 40 * time.Second,
		DropEvery: 15 * time.Second})
	return e
}

func stranger(i int) SpoolKey { return SpoolKey{byte(i), byte(i >> 8), 's'} }

// TestThrowawayKeysHoldNothing: keys that came once and left, as many as there are places or more,
// of one block or of many, keep nobody out; and those who use a provider keep their places.
func TestThrowawayKeysHoldNothing(t *testing.T) {
	for _, blocks := range []int{1, 1000} {
		limits := crowdedLimits
		limits.PerBlock = 0
		e, now := crowdedEdge(limits), epoch0
		regular := SpoolKey{'r'}
		e.Attach(now, regular, "home")
		now = now.Add(24 * time.Hour)
		e.Detach(now, regular) // here for a day, and away for an hour
		now = now.Add(time.Hour)
		for i := range 10 * limits.Spools {
			block := Block(fmt.Sprint("b", i%blocks))
			if !e.Room(now, stranger(i), block) || !e.Attach(now, stranger(i), block) {
				t.Fatalf("%d blocks: key %d is told that the provider is full of keys that left",
					blocks, i)
			}
			e.Detach(now, stranger(i))
			now = now.Add(time.Second)
		}
		if known, _ := e.Clients(); known != limits.Spools {
			t.Errorf("%d blocks: %d places are taken, there are %d", blocks, known, limits.Spools)
		}
		if e.spools[regular] == nil {
			t.Errorf("%d blocks: throwaway keys took the place of one who was here for a day",
				blocks)
		}
	}
}

// TestPresentKeepTheirPlaces: where all are here and no block holds more than the newcomer's would,
// the newcomer is told that it is full; a silent one is not here.
func TestPresentKeepTheirPlaces(t *testing.T) {
	e, now := crowdedEdge(crowdedLimits), epoch0
	for i := range crowdedLimits.Spools {
		e.Attach(now, stranger(i), Block(fmt.Sprint("b", i)))
	}
	if e.Room(now, SpoolKey{'n'}, "new") || e.Attach(now, SpoolKey{'n'}, "new") {
		t.Error("one who is here lost the place to somebody who holds no less")
	}
	now = now.Add(patientLeast*e.every + time.Second)
	for i := range crowdedLimits.Spools - 1 {
		e.Exchange(now, stranger(i), 0)
	}
	if !e.Attach(now, SpoolKey{'n'}, "new") {
		t.Error("a connected one that says nothing keeps its place")
	}
	silent := stranger(crowdedLimits.Spools - 1)
	if lost := e.TakeLost(); len(lost) != 1 || lost[0] != silent {
		t.Errorf("the driver is told to end the connections of %v", lost)
	}
	if _, reason := e.Exchange(now, silent, 0); reason != NoSpool {
		t.Errorf("the one that lost its place hears %s", reason)
	}
	// a connection of the lost place that ends late is not one of the next
	e.Detach(now, SpoolKey{'n'})
	if !e.Attach(now, silent, "again") {
		t.Fatal("no way back")
	}
	e.Detach(now, silent)
	if !e.present(now, e.spools[silent]) {
		t.Error("the end of an old connection ended a new one")
	}
}

// TestGarbageHoldsNothing: who speaks as often as a client and sends what nobody can open loses the
// place before one who is away for the night; who sends packets again is here again.
func TestGarbageHoldsNothing(t *testing.T) {
	e, now := crowdedEdge(crowdedLimits), epoch0
	asleep := SpoolKey{'h'}
	e.Attach(now, asleep, "")
	now = now.Add(time.Hour)
	e.Detach(now, asleep)
	for i := range crowdedLimits.Spools - 1 {
		e.Attach(now, stranger(i), "")
		e.Judged(stranger(i), i == 0)
	}
	now = now.Add(8 * time.Hour)
	for i := range crowdedLimits.Spools - 1 {
		e.Exchange(now, stranger(i), 0)
	}
	e.Judged(stranger(1), true)
	for i := range crowdedLimits.Spools - 3 {
		if !e.Attach(now, SpoolKey{'n', byte(i)}, "") {
			t.Fatalf("newcomer %d is kept out by garbage", i)
		}
	}
	for _, k := range []SpoolKey{asleep, stranger(0), stranger(1)} {
		if e.spools[k] == nil {
			t.Errorf("%c lost the place before senders of garbage", k[0])
		}
	}
	if !e.Attach(now, SpoolKey{'l'}, "") || e.spools[asleep] != nil {
		t.Error("control: without garbage it is not the one who is away")
	}
	if e.Judged(SpoolKey{'?'}, false); e.Room(now, SpoolKey{'?'}, "") {
		t.Error("control: there is room when all are here")
	}
}

// TestBlocksAreBounded: one block has its places and no more; the next of it takes one of its own.
func TestBlocksAreBounded(t *testing.T) {
	e, now := crowdedEdge(crowdedLimits), epoch0
	for i := range crowdedLimits.PerBlock {
		if !e.Attach(now, stranger(i), "b") {
			t.Fatal("no place under the bound")
		}
	}
	if e.Room(now, stranger(100), "b") {
		t.Error("there is a place above the bound of the block")
	}
	if !e.Room(now, stranger(100), "c") || !e.Room(now, stranger(100), "") {
		t.Error("control: another block has none")
	}
	if !e.Room(now, stranger(0), "b") {
		t.Error("control: one who has a place is told that it is full")
	}
	e.Detach(now, stranger(3))
	if !e.Attach(now.Add(time.Second), stranger(100), "b") || e.spools[stranger(3)] != nil {
		t.Error("the one of the block that left did not lose the place to the next of the block")
	}
}

// TestRepliesOfStrangersDrownNobody: replies that strangers do not collect fill the memory for all;
// a client that is here loses none of its share, and one that is away loses after those who hold
// more.
func TestRepliesOfStrangersDrownNobody(t *testing.T) {
	for _, connected := range []bool{false, true} {
		e, now := crowdedEdge(crowdedLimits), epoch0
		honest := SpoolKey{'h'}
		e.Attach(now, honest, "home")
		for i := range crowdedLimits.Spools - 1 {
			e.Attach(now, stranger(i), Block(fmt.Sprint("b", i)))
			for range crowdedLimits.PerSpool {
				e.spool(now, arriving{stranger(i), sphinx.SURBID{}, nil})
			}
			if !connected {
				e.Detach(now, stranger(i))
			}
		}
		if e.spooled != crowdedLimits.SpooledTotal {
			t.Fatalf("%d replies wait, the memory is not full", e.spooled)
		}
		for i := range 4 { // its share
			e.spool(now, arriving{honest, sphinx.SURBID{byte(i)}, nil})
			if got := len(e.spools[honest].waiting); got != i+1 {
				t.Fatalf("strangers connected %v: of %d replies %d wait", connected, i+1, got)
			}
		}
		if e.spooled != crowdedLimits.SpooledTotal {
			t.Errorf("%d replies wait in room for %d", e.spooled, crowdedLimits.SpooledTotal)
		}
	}
}

// siege is a provider, an honest client that stays, honest newcomers, and a stranger with any
// number of keys in three blocks who does what they like.
type siege struct {
	*testing.T
	edge *Edge
	rng  *rand.Rand
	now  time.Time
	keys int
	used []SpoolKey // of the stranger
	open map[SpoolKey]int

	received, sent uint64 // of the client that stays
}

var stays = SpoolKey{'h', 'o', 'm', 'e'}

// TestSiege: whatever the stranger does, the client that stays loses no reply, each newcomer gets
// in within a minute and keeps the place while it is here, and no bound is broken.
func TestSiege(t *testing.T) {
	for seed := range uint64(30) {
		s := &siege{T: t, edge: crowdedEdge(crowdedLimits), rng: rand.New(rand.NewPCG(seed, 4)),
			now: epoch0, open: map[SpoolKey]int{}}
		s.edge.Attach(s.now, stays, "honest")
		for range 60 * 12 { // an hour, so that strangers belong to the settled
			s.tick()
		}
		for i := range 30 {
			s.newcomer(SpoolKey{'n', byte(i)}, Block(fmt.Sprint("n", i)))
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// tick is five seconds.
func (s *siege) tick() {
	end := s.now.Add(5 * time.Second)
	for range s.rng.IntN(8) {
		s.now = s.now.Add(time.Duration(s.rng.IntN(600)) * time.Millisecond)
		s.stranger()
		s.bounds()
	}
	s.now = end
	for range s.rng.IntN(3) { // as many as its share at the most
		if s.sent-s.received < 4 {
			s.sent++
			s.edge.spool(s.now, arriving{stays, sphinx.SURBID{byte(s.sent)}, nil})
		}
	}
	down, reason := s.edge.Exchange(s.now, stays, s.received)
	if reason != transit.Accepted {
		s.Errorf("the client that stays hears %s", reason)
	}
	if down.Sequence > 0 {
		if down.SURBID[0] != byte(s.received+1) {
			s.Errorf("reply %d was lost", s.received+1)
		}
		s.received++
	}
	if s.rng.IntN(12) == 0 {
		s.edge.Sweep(s.now)
	}
}

// stranger does one thing, with a new key or an old one.
func (s *siege) stranger() {
	block := Block(fmt.Sprint("stranger", s.rng.IntN(3)))
	if s.rng.IntN(3) == 0 || len(s.used) == 0 {
		s.keys++
		key := stranger(s.keys)
		if s.edge.Attach(s.now, key, block) {
			s.used = append(s.used, key)
			s.open[key]++
		}
		return
	}
	key := s.used[max(0, len(s.used)-1-s.rng.IntN(20))]
	switch s.rng.IntN(8) {
	case 0:
		if s.open[key] > 0 {
			s.open[key]--
			s.edge.Detach(s.now, key)
		}
	case 1:
		if s.edge.Attach(s.now, key, block) {
			s.open[key]++
		}
	case 2, 3:
		for range s.rng.IntN(12) {
			s.edge.spool(s.now, arriving{key, sphinx.SURBID{}, nil})
		}
	default: // here they are, and acknowledge nothing
		for _, key := range s.used {
			if s.open[key] > 0 {
				s.edge.Exchange(s.now, key, 0)
			}
		}
	}
}

func (s *siege) newcomer(key SpoolKey, block Block) {
	until := s.now.Add(time.Minute)
	for !s.edge.Room(s.now, key, block) || !s.edge.Attach(s.now, key, block) {
		if s.tick(); s.now.After(until) {
			s.Fatal("a newcomer did not get in within a minute")
		}
	}
	for range 12 {
		s.tick()
		if _, reason := s.edge.Exchange(s.now, key, 0); reason == NoSpool {
			s.Fatal("a newcomer lost the place while it was here")
		}
	}
	s.edge.Detach(s.now, key)
}

func (s *siege) bounds() {
	waiting, held := 0, map[Block]int{}
	for _, p := range s.edge.spools {
		waiting += len(p.waiting)
		held[p.block]++
		if len(p.waiting) > crowdedLimits.PerSpool {
			s.Fatalf("%d replies wait for one client", len(p.waiting))
		}
	}
	for block, n := range held {
		if n > crowdedLimits.PerBlock {
			s.Fatalf("%s holds %d places", block, n)
		}
	}
	if waiting != s.edge.spooled || waiting > crowdedLimits.SpooledTotal ||
		len(s.edge.spools) > crowdedLimits.Spools || len(s.edge.spools) != len(s.edge.order) {
		s.Fatalf("%d replies wait (counted: %d), %d places (in order: %d)", waiting, s.edge.spooled,
			len(s.edge.spools), len(s.edge.order))
	}
	if len(s.edge.ghosts) > s.keys {
		s.Fatal("more lost connections than there were keys")
	}
}

// TestRepliesOnTheirWayAreShared: one client whose replies wait out long delays leaves room for the
// replies of others.
func TestRepliesOnTheirWayAreShared(t *testing.T) {
	e, now := crowdedEdge(crowdedLimits), epoch0
	for _, k := range []SpoolKey{{'s'}, {'h'}} {
		e.Attach(now, k, "")
	}
	e.spools[SpoolKey{'s'}].coming = 32
	for range 32 {
		e.inbound.Hold(0, now.Add(time.Hour), arriving{key: SpoolKey{'s'}})
	}
	for _, c := range []struct {
		key  byte
		room bool
	}{{'s', false}, {'h', true}} {
		reason := e.takeReply(now, transit.Arrival{Hop: sphinx.Result{Kind: sphinx.Reply,
			Recipient: sphinx.RecipientID{c.key}}})
		if (reason.String() != "pool_full") != c.room {
			t.Errorf("%c: %s", c.key, reason)
		}
	}
}
