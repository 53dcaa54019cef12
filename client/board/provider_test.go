package board_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/board"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/long"
	"murmuration/provider"
)

// street is three real providers, and a client of the first one.
type street struct {
	*testing.T
	rng     *rand.Rand
	genesis *directory.Genesis
	doc     *directory.Document
	now     time.Time
	makers  []*shop
	store   *store.Store
	board   *board.Board
	cursor  *provider.Cursor
	wanted  uint32
	listed  map[box.Entry]int // how often a maker listed it
	told    map[box.Entry][]board.Pair
}

type shop struct {
	*provider.Bulletins
	store *box.MemStore
	id    *directory.Identity
}

func newStreet(t *testing.T, seed uint64) *street {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 3, 1, 22, 30, 0, 0, time.UTC)
	w := &street{T: t, rng: rand.New(rand.NewPCG(seed, 1)), now: start,
		genesis: &directory.Genesis{Start: start, Parameters: par},
		store:   store.Memory(), listed: map[box.Entry]int{}, told: map[box.Entry][]board.Pair{},
		doc: &directory.Document{Parameters: par}}
	var ids []directory.NodeID
	for i := range 3 {
		id := directory.NewIdentity([32]byte{byte(i + 1)})
		ids = append(ids, id.ID())
		w.makers = append(w.makers, &shop{store: box.NewMemStore(0), id: id})
	}
	slices.SortFunc(ids, func(a, b directory.NodeID) int { return bytes.Compare(a[:], b[:]) })
	for day := range uint16(5) {
		w.doc.Storing = append(w.doc.Storing, directory.StoringSet{Day: day, Nodes: ids})
	}
	for _, s := range w.makers {
		s.Bulletins, err = provider.NewBulletins(
			provider.BulletinsConfig{Genesis: w.genesis, Identity: s.id, Store: s.store}, w.now)
		if err != nil {
			t.Fatal(err)
		}
		s.SetDocument(w.doc)
	}
	w.start()
	return w
}

// start begins the client with what its disk has.
func (w *street) start() {
	w.board = board.New(board.Config{Store: w.store, Network: w.genesis.ID(),
		Calendar: bulletin.Calendar{Start: w.genesis.Start,
			Every: w.genesis.Parameters.BulletinEvery}})
	if err := w.store.View(w.board.Load); err != nil {
		w.Fatal(err)
	}
	w.board.SetDocument(w.doc)
}

func (w *street) connect() {
	w.wanted = w.board.Position(w.now) + 1
	w.board.Connected(w.now, w.makers[0].id.ID())
	w.cursor = w.makers[0].Cursor()
}

// slot has some boxes written and a slot pass; who is connected hears of it in some frames.
func (w *street) slot(n uint64, writes int) {
	for i := range writes {
		x := boxtest.Box(n*8+uint64(i), 'x', 64)
		first := w.rng.IntN(3)
		for _, m := range []int{first, (first + 1 + w.rng.IntN(2)) % 3} {
			s := w.makers[m]
			l := box.Listing{Day: box.DayOf(w.genesis.Start, w.now), ID: x.ID}
			s.Hold(l, w.now.Add(time.Duration(w.rng.IntN(40))*time.Second))
			if _, err := s.store.Write(l.Day, x, box.Token{}); err != nil {
				w.Fatal(err)
			}
		}
	}
	w.now = w.now.Add(w.genesis.Parameters.BulletinEvery)
	for _, s := range w.makers {
		w.publish(s)
	}
	if w.cursor == nil {
		return
	}
	for range 3 {
		news, err := w.board.Receive(w.now, w.cursor.Fill(w.now, w.wanted, 2000))
		w.take(news, err)
	}
	for _, s := range w.makers[1:] {
		w.board.Head(w.now, s.id.ID(), s.Head(w.now))
	}
	news, err := w.board.Turn(w.now)
	w.take(news, err)
}

func (w *street) publish(s *shop) {
	d, ok, err := s.Draft(w.now)
	if err != nil || !ok {
		w.Fatalf("no draft: %v", err)
	}
	if err := s.store.Publish(d.Day, d.Body.Slot, d.Body.Marshal(), d.Listed); err != nil {
		w.Fatal(err)
	}
	s.Sign(d)
	signed := d.Body.Sign(s.id.PrivateKey())
	for _, e := range d.Body.Entries {
		w.listed[e]++
	}
	w.persist(s)
	for _, other := range w.makers {
		if other == s {
			continue
		}
		if err := other.Take(w.now, signed); err != nil {
			w.Fatal(err)
		}
		w.persist(other)
	}
}

// persist puts what is new on the disk of a provider, and its own rolls on the others'.
func (w *street) persist(s *shop) {
	fresh := s.Fresh()
	for _, r := range fresh {
		if err := s.store.Keep(r.Day, r.Key, r.Raw); err != nil {
			w.Fatal(err)
		}
	}
	s.Kept(len(fresh))
	for _, r := range fresh {
		if r.Key.Kind != provider.KeptRoll || directory.NodeID(r.Key.Maker) != s.id.ID() {
			continue
		}
		roll, err := bulletin.ParseSignedRoll(r.Raw)
		if err != nil {
			w.Fatal(err)
		}
		for _, other := range w.makers {
			if other != s {
				if err := other.TakeRoll(w.now, roll); err != nil {
					w.Fatal(err)
				}
				w.persist(other)
			}
		}
	}
}

func (w *street) take(news board.News, err error) {
	w.Helper()
	if err != nil || len(news.Frauds) > 0 {
		w.Fatalf("%v, %+v", err, news.Frauds)
	}
	for _, p := range news.Pairs {
		w.told[p.Entry] = append(w.told[p.Entry], p)
	}
}

// TestRealProviders: whatever the breaks and restarts, a client is told of each box that two makers
// list once, as missed only if it was away, and knows the rate; nothing that a provider sends is
// refused but what is here already.
func TestRealProviders(t *testing.T) {
	seeds := uint64(1)
	if long.Form() {
		seeds = 2
	}
	for seed := range seeds {
		w := newStreet(t, seed)
		w.connect()
		left, away := 100, false
		for n := range uint64(1100) {
			if left--; left == 0 {
				left = 1 + w.rng.IntN([]int{8, 300}[w.rng.IntN(2)])
				if away = !away; away {
					w.cursor = nil
				} else {
					if w.rng.IntN(2) == 0 {
						w.start()
					}
					w.connect()
				}
			}
			w.slot(n, w.rng.IntN(2))
		}
		if away {
			w.connect()
		}
		for n := range uint64(60) { // all holds are over, and all rolls are here
			w.slot(2000+n, 0)
		}
		w.judge(seed)
	}
}

func (w *street) judge(seed uint64) {
	w.Helper()
	missed := 0
	for e, n := range w.listed {
		told := w.told[e]
		if n != 2 || len(told) != 1 || told[0].Withheld {
			w.Errorf("seed %d: %x was listed by %d makers and told as %+v", seed, e, n, told)
			return
		}
		if told[0].Missed {
			missed++
		}
	}
	if len(w.told) != len(w.listed) || missed == 0 || missed == len(w.listed) {
		w.Errorf("seed %d: %d told of %d, %d missed", seed, len(w.told), len(w.listed), missed)
	}
	rate, ok := w.board.Rate()
	want := 0.5 / w.genesis.Parameters.BulletinEvery.Seconds()
	if !ok || rate < want/2 || rate > want*2 || w.board.Behind() {
		w.Errorf("seed %d: rate %g of %g, %t, behind %t", seed, rate, want, ok, w.board.Behind())
	}
	for reason, n := range w.board.Counts() {
		if reason != board.Repeated {
			w.Errorf("seed %d: %s %d times", seed, reason, n)
		}
	}
	if kept, of := w.board.Withholding(); kept > 0 || of == 0 {
		w.Errorf("seed %d: %d of %d withheld", seed, kept, of)
	}
}
