package crowd

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/board"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/cover"
	"murmuration/internal/directory"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

const every = 15 * time.Second // of bulletins

// town is a network as bulletins show it: boxes that are listed at one rate, each by two of its
// makers, and what each of these says when it is asked.
type town struct {
	par    directory.Parameters
	makers []directory.NodeID
	rng    *rand.Rand
	pairs  []board.Pair // by slot
	boxes  map[key]box.Box
	holds  map[box.ID][]directory.NodeID
	rate   float64
	recent func(*house) float64
	silent map[directory.NodeID]bool
	lies   map[directory.NodeID]bool // says that nothing is found
}

// key is what one maker goes by.
type key struct {
	maker directory.NodeID
	box.FetchKey
}

func newTown(t testing.TB, makers int) *town {
	par, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	par.PayloadEvery, par.LoopEvery = 10*time.Second, 40*time.Second // 0.125 work slots a second
	par.BulletinEvery, par.FetchDelay, par.FetchLoad = every, 20*time.Second, 0.5
	par.CatchUp, par.StreamPerDay = 2*time.Hour, 64
	w := &town{
		par: par, rng: rand.New(rand.NewPCG(1, 2)), boxes: map[key]box.Box{},
		holds: map[box.ID][]directory.NodeID{}, silent: map[directory.NodeID]bool{},
		lies: map[directory.NodeID]bool{}, recent: func(*house) float64 { return 0 },
	}
	for i := range makers {
		w.makers = append(w.makers, directory.NodeID{byte(i + 1)})
	}
	return w
}

// post lists a new box in a slot, and returns its pair.
func (w *town) post(slot box.Slot) board.Pair {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], w.rng.Uint64())
	private := ed25519.NewKeyFromSeed(seed[:])
	b := box.Box{ID: box.ID(private.Public().(ed25519.PublicKey)), Ciphertext: seed[:8]}
	copy(b.Signature[:], ed25519.Sign(private, b.Ciphertext))
	i := w.rng.Perm(len(w.makers))
	p := board.Pair{Entry: box.EntryOf(b.ID), Slot: slot,
		First: board.Listing{Maker: w.makers[i[0]],
			Slot: slot - min(slot, box.Slot(w.rng.IntN(2)))},
		Second: board.Listing{Maker: w.makers[i[1]], Slot: slot}}
	for _, l := range []board.Listing{p.First, p.Second} {
		w.boxes[key{l.Maker, box.FetchKey{Slot: l.Slot, Entry: p.Entry}}] = b
		w.holds[b.ID] = append(w.holds[b.ID], l.Maker)
	}
	w.pairs = append(w.pairs, p)
	return p
}

// fill lists so many boxes a second, in slots up to one.
func (w *town) fill(perSecond float64, slots box.Slot) {
	w.rate = perSecond
	gap := time.Duration(float64(time.Second) / perSecond)
	for at := cover.Exp(w.rng, gap); at < time.Duration(slots)*every; at += cover.Exp(w.rng, gap) {
		w.post(box.Slot(at / every))
	}
}

func (w *town) box(p board.Pair) box.Box {
	return w.boxes[key{p.Second.Maker, box.FetchKey{Slot: p.Second.Slot, Entry: p.Entry}}]
}

// asks is what a maker answers.
func (w *town) asks(f sender.Fetch) box.Reply {
	q := box.Request{Op: f.Op, Fetch: f.Key, Ask: f.Ask}
	b, ok := w.boxes[key{f.Holder, f.Key}]
	if !ok || f.Op != box.OpFetch || w.lies[f.Holder] {
		return q.Refusal(box.StatusNotFound)
	}
	return box.Reply{Status: box.StatusFound, Box: b}
}

// A house is a client in the town: its slots come and its replies too, it is on or off.
type house struct {
	*Crowd
	town    *town
	cfg     Config
	slots   *cover.Schedule
	rng     *rand.Rand // of what is lost
	loss    float64
	now     time.Time
	read    int // pairs that bulletins brought
	wants   map[box.Entry]person.Want
	log     []asked
	replies []reply
	found   map[box.ID]int
	since   time.Time // of being on
	behind  bool
	unrated bool
}

// asked is one fetch as the one sees it who is asked.
type asked struct {
	At time.Time
	sender.Fetch
}

type reply struct {
	at time.Time
	sender.Event
}

const trip = 20 * time.Second

func (w *town) client(seed byte) *house {
	h := &house{town: w, wants: map[box.Entry]person.Want{}, found: map[box.ID]int{}, now: start,
		rng: rand.New(rand.NewPCG(5, uint64(seed)))}
	slots := rand.New(rand.NewPCG(6, uint64(seed)))
	gap := time.Duration(float64(time.Second) / w.par.Streams().WorkPerSecond())
	h.slots = cover.NewSchedule(slots, gap, start)
	h.cfg = Config{
		Store: store.Memory(), Secret: bytes.NewReader(bytes.Repeat([]byte{seed}, 32)),
		Schedule:   directory.Schedule{Start: start, Length: w.par.EpochLength},
		Parameters: w.par, Wants: h,
	}
	h.begin(seed)
	return h
}

// begin starts a program, which knows what the last one left.
func (h *house) begin(seed byte) {
	h.cfg.Rand = rand.New(rand.NewPCG(7, uint64(seed)+uint64(h.now.Unix())))
	h.cfg.Board = h
	h.Crowd = New(h.cfg)
	h.replies, h.since = nil, h.now
	if err := h.cfg.Store.View(h.Load); err != nil {
		panic(err)
	}
	if err := h.Resume(h.now); err != nil {
		panic(err)
	}
	h.Begin(h.town.makers[0])
}

// Wanted implements Wants: what was found is not waited for any more.
func (h *house) Wanted(e box.Entry) []person.Want {
	if w, ok := h.wants[e]; ok && h.found[w.ID] == 0 {
		return []person.Want{w}
	}
	return nil
}

func (h *house) follow(p board.Pair, token uint64) {
	h.wants[p.Entry] = person.Want{Token: token, ID: h.town.box(p).ID, Read: true}
}

// The rest of Board.

func (h *house) Rate() (float64, bool)                           { return h.town.rate, !h.unrated }
func (h *house) Recent() float64                                 { return h.town.recent(h) }
func (h *house) Silent(m directory.NodeID) bool                  { return h.town.silent[m] }
func (h *house) Holders(_ box.Day, id box.ID) []directory.NodeID { return h.town.holds[id] }

func (h *house) Behind() bool  { return h.behind }
func (h *house) Settled() bool { return !h.behind }

func (h *house) History(roll uint32) (all []board.Pair, _ error) {
	for _, p := range h.here() {
		if bulletin.RollNumber(p.Slot) == roll {
			all = append(all, p)
		}
	}
	return all, nil
}

func (h *house) here() []board.Pair {
	return h.town.pairs[:h.read]
}

func (h *house) Young(rng *rand.Rand) (board.Pair, bool) {
	all := h.here()
	now := h.slot(h.now)
	i, _ := slices.BinarySearchFunc(all, now-min(now, YoungSlots), bySlot)
	if i == len(all) {
		return board.Pair{}, false
	}
	return all[i+rng.IntN(len(all)-i)], true
}

func bySlot(p board.Pair, s box.Slot) int { return int(int64(p.Slot) - int64(s)) }

func (h *house) Nearest(s box.Slot, rng *rand.Rand) (board.Pair, bool) {
	all := h.here()
	if len(all) == 0 {
		return board.Pair{}, false
	}
	i, _ := slices.BinarySearchFunc(all, s, bySlot)
	return all[min(i, len(all)-1)], true
}

func (h *house) Question(_ time.Time, rng *rand.Rand) (board.Ask, bool) {
	m := h.town.makers[1+rng.IntN(len(h.town.makers)-1)]
	return board.Ask{Of: m, What: box.Question{Kind: 1, Number: rng.Uint32N(100)}}, true
}

// off lets time pass without the client.
func (h *house) off(d time.Duration) {
	h.now = h.now.Add(d)
	h.slots.Skip(h.now)
	h.since, h.replies = h.now, nil
}

// run lets time pass.
func (h *house) run(d time.Duration) {
	for end := h.now.Add(d); h.slots.Next().Before(end); h.slots.Advance() {
		h.now = h.slots.Next()
		h.bulletins()
		for len(h.replies) > 0 && !h.replies[0].at.After(h.now) {
			for _, f := range h.Answered(h.replies[0].Event).Found {
				h.found[f.Want.ID]++
			}
			h.replies = h.replies[1:]
		}
		if f, ok := h.Take(h.now, h.Live(h.now)); ok {
			h.send(f)
		}
	}
}

// send asks, and hears of it later or never.
func (h *house) send(f sender.Fetch) {
	h.Sent(f.Token, h.now, h.now.Add(3*trip))
	h.log = append(h.log, asked{h.now, f})
	if h.rng.Float64() < h.loss {
		return
	}
	h.replies = append(h.replies, reply{h.now.Add(trip), sender.Event{Kind: sender.Fetched,
		Token: f.Token, Holder: f.Holder, Reply: h.town.asks(f)}})
}

// bulletins brings what was listed in slots that have ended.
func (h *house) bulletins() {
	for ; h.read < len(h.town.pairs); h.read++ {
		p := h.town.pairs[h.read]
		if !(p.Slot < h.slot(h.now)) {
			break
		}
		p.Missed = p.Slot+YoungSlots < h.slot(h.since)
		h.Listed(h.now, p)
	}
	if err := h.Keep(); err != nil {
		panic(err)
	}
}
