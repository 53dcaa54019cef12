package board

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

var (
	testNetwork = directory.NetworkID{1, 2, 3}
	testStart   = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	testEvery   = 15 * time.Second
)

// author is a maker with its key, and its chain.
type author struct {
	id      directory.NodeID
	private ed25519.PrivateKey
	last    bulletin.Hash
	signed  map[box.Slot]bulletin.Bulletin
	rolls   map[uint32]bulletin.SignedRoll
	roll    bulletin.Hash
}

// bench is a board and the network around it.
type bench struct {
	t       *testing.T
	store   *store.Store
	board   *Board
	now     time.Time
	authors []*author
	links   *bulletin.Links
	told    News
}

func newBench(t *testing.T, makers int) *bench {
	w := &bench{t: t, store: store.Memory(), now: testStart}
	for n := range makers {
		private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(n + 1)}, ed25519.SeedSize))
		w.authors = append(w.authors, &author{
			id: directory.NodeID(private.Public().(ed25519.PublicKey)), private: private,
			signed: map[box.Slot]bulletin.Bulletin{}, rolls: map[uint32]bulletin.SignedRoll{},
		})
	}
	slices.SortFunc(w.authors, func(a, b *author) int { return bytes.Compare(a.id[:], b.id[:]) })
	w.load()
	return w
}

// load begins with what the store has, as after a restart.
func (w *bench) load() {
	w.board = New(Config{w.store, testNetwork, bulletin.Calendar{Start: testStart,
		Every: testEvery}})
	if err := w.store.View(w.board.Load); err != nil {
		w.t.Fatal(err)
	}
	w.board.SetDocument(w.document())
}

// document has the same makers on all days.
func (w *bench) document() *directory.Document {
	var ids []directory.NodeID
	for _, a := range w.authors {
		ids = append(ids, a.id)
	}
	d := &directory.Document{Parameters: directory.Parameters{
		Clients: 20, WritesPerDay: 24, Replicas: 2, BulletinEvery: testEvery, RetentionDays: 14,
		Hold: 20 * time.Second, BoxPlaintext: protocol.DefaultPlaintext,
	}}
	for day := range uint16(40) {
		d.Storing = append(d.Storing, directory.StoringSet{Day: day, Nodes: ids})
	}
	return d
}

// at goes to the end of a slot.
func (w *bench) at(s box.Slot) { w.now = w.board.cfg.Calendar.Ends(s) }

func (w *bench) connect() {
	w.links = bulletin.NewLinks()
	w.board.Connected(w.now, directory.NodeID{99})
}

// sign makes the bulletin of maker m for a slot; entries are told apart by a letter.
func (w *bench) sign(m int, s box.Slot, entries string) bulletin.Bulletin {
	a := w.authors[m]
	body := bulletin.Body{Network: testNetwork, Maker: a.id, Slot: s, Previous: a.last}
	letters := []byte(entries)
	slices.Sort(letters)
	for _, e := range letters {
		body.Entries = append(body.Entries, box.Entry{e})
	}
	if n, ok := bulletin.CarriesRoll(s); ok {
		if r, made := a.rolls[n]; made {
			body.Roll = r.Hash()
		}
	}
	b := body.Sign(a.private)
	a.last, a.signed[s] = b.Hash(), b
	return b
}

// close makes the roll of a maker's bulletins.
func (w *bench) close(m int, n uint32) bulletin.SignedRoll {
	a := w.authors[m]
	r := bulletin.Roll{Network: testNetwork, Maker: a.id, Number: n, Previous: a.roll}
	for _, b := range a.signed {
		r.Add(b.Body)
	}
	signed := r.Sign(a.private)
	a.roll, a.rolls[n] = r.Hash(), signed
	return signed
}

// send brings bulletins to the board, in one frame.
func (w *bench) send(all ...bulletin.Bulletin) {
	w.t.Helper()
	var stream []byte
	for _, b := range all {
		i := slices.IndexFunc(w.authors, func(a *author) bool { return a.id == b.Maker })
		stream = bulletin.AppendBulletin(stream, w.links, uint16(i), b)
	}
	w.raw(stream)
}

func (w *bench) sendRoll(m int, r bulletin.SignedRoll) {
	w.t.Helper()
	w.raw(bulletin.AppendRoll(nil, uint16(m), r))
}

func (w *bench) raw(stream []byte) {
	w.t.Helper()
	news, err := w.board.Receive(w.now, stream)
	w.take(news, err)
}

func (w *bench) turn() {
	w.t.Helper()
	news, err := w.board.Turn(w.now)
	w.take(news, err)
}

func (w *bench) take(news News, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	w.told.Listed = append(w.told.Listed, news.Listed...)
	w.told.Pairs = append(w.told.Pairs, news.Pairs...)
	w.told.Frauds = append(w.told.Frauds, news.Frauds...)
}

// attest brings a head of what a maker has of a slot: all that was signed, but for these makers.
func (w *bench) attest(by int, s box.Slot, without ...int) {
	makers := w.board.Makers(s)
	bodies := make([]bulletin.Hash, len(makers))
	for i, a := range w.authors {
		index, is := makers.Index(a.id)
		if b, ok := a.signed[s]; ok && is && !slices.Contains(without, i) {
			bodies[index] = b.Hash()
		}
	}
	w.board.Head(w.now, w.authors[by].id, bulletin.NewHead(s, bodies).Marshal())
}

// quiet has all makers sign empty bulletins for the slots up to one and attest them, and the board
// turn.
func (w *bench) quiet(from, to box.Slot, silent ...int) {
	w.t.Helper()
	for s := from; s <= to; s++ {
		w.at(s)
		for m := range w.authors {
			if !slices.Contains(silent, m) {
				w.send(w.sign(m, s, ""))
			}
		}
		for m := range w.authors {
			w.attest(m, s)
		}
		w.turn()
	}
}

// pairs says what was told since the last time: entry@slot of makers, missed, withheld.
func (w *bench) pairs() string {
	var all []string
	for _, p := range w.told.Pairs {
		line := fmt.Sprintf("%c@%d by %s", p.Entry[0], p.Slot, w.by(p.First))
		if p.Second != (Listing{}) {
			line += "+" + w.by(p.Second)
		}
		if p.Missed {
			line += " missed"
		}
		if p.Withheld {
			line += " withheld"
		}
		all = append(all, line)
	}
	slices.Sort(all)
	w.told = News{}
	return strings.Join(all, ", ")
}

func (w *bench) by(l Listing) string {
	i := slices.IndexFunc(w.authors, func(a *author) bool { return a.id == l.Maker })
	s := fmt.Sprintf("%d@%d", i, l.Slot)
	if l.N > 0 {
		s += fmt.Sprintf("#%d", l.N)
	}
	return s
}

func (w *bench) wants(pairs string) {
	w.t.Helper()
	if got := w.pairs(); got != pairs {
		w.t.Errorf("told were %q, want %q", got, pairs)
	}
}

// counted wants these reasons and no others.
func (w *bench) counted(want map[Reason]uint64) {
	w.t.Helper()
	if got := w.board.Counts(); fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("counted were %v, want %v", got, want)
	}
}

// TestPairs: a box is listed when a second maker lists it, and again with every maker after that.
func TestPairs(t *testing.T) {
	w := newBench(t, 4)
	w.at(9)
	w.connect()
	w.at(10)
	w.send(w.sign(0, 10, "a"), w.sign(1, 10, "ab"))
	w.wants("a@10 by 0@10+1@10")
	w.at(20)
	w.send(w.sign(2, 20, "b"))
	w.wants("b@20 by 1@10+2@20")
	w.send(w.sign(3, 20, "a"))
	w.wants("a@20 by 0@10+3@20")
	w.at(21)
	w.send(w.sign(0, 21, "c"), w.sign(0, 22, ""), w.sign(1, 21, ""))
	if got := len(w.told.Listed); got != 1 || w.told.Listed[0].Slot != 21 {
		t.Errorf("%+v is listed", w.told.Listed)
	}
	w.wants("")
	w.counted(map[Reason]uint64{})
}

// TestFalseLister: a maker that lists what it does not hold, before its holders, hides nothing: of
// the pairs that both holders have listed, each says so.
func TestFalseLister(t *testing.T) {
	w := newBench(t, 3)
	w.at(9)
	w.connect()
	w.at(20)
	w.send(w.sign(2, 10, "a"), w.sign(0, 10, "a"), w.sign(1, 20, "a"))
	p := w.told.Pairs[1]
	if p.First.Maker != w.authors[2].id || p.Second.Maker != w.authors[1].id ||
		len(p.Others) != 1 || p.Others[0] != w.authors[0].id {
		t.Errorf("%+v", p)
	}
	w.turn()
	w.quiet(21, 1500)
	w.load()
	all, err := w.board.History(0)
	if err != nil || len(all) != 2 || !slices.Equal(all[1].Others, p.Others) &&
		!slices.Equal(all[0].Others, p.Others) && !slices.Contains(all[1].Others, w.authors[2].id) {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestOddPairsAreKept with all that is known of them.
func TestOddPairsAreKept(t *testing.T) {
	x := Listing{Maker: directory.NodeID{1}, Slot: 7, N: 2}
	y := Listing{Maker: directory.NodeID{2}, Slot: 9}
	pairs := []Pair{{Entry: box.Entry{1}, First: x, Second: y, Slot: 9,
		Others: []directory.NodeID{{3}, {4}}}, {Entry: box.Entry{5}, First: x, Slot: 15}}
	if got := unpackPairs(packPairs(pairs)); !reflect.DeepEqual(got, pairs) {
		t.Errorf("%+v", got)
	}
}

// TestCollisions: one maker's listings alone never make a pair, and equal entries of one slot are
// told apart by their number.
func TestCollisions(t *testing.T) {
	w := newBench(t, 3)
	w.at(9)
	w.connect()
	w.at(12)
	w.send(w.sign(0, 10, "aa"), w.sign(0, 11, "a"))
	w.wants("")
	w.send(w.sign(1, 11, "aa"))
	w.wants("a@11 by 0@10#1+1@11#1, a@11 by 0@10+1@11")
	w.send(w.sign(2, 12, "aaa"))
	w.wants("a@12 by 0@10#1+2@12#1, a@12 by 0@10+2@12, a@12 by 0@11+2@12#2")
}
