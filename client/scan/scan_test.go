package scan_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/person"
	"murmuration/client/scan"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"

	"murmuration/provider"
)

// town is real providers, and one client of the first of them whose frames need no network.
type town struct {
	*testing.T
	genesis *directory.Genesis
	doc     *directory.Document
	now     time.Time
	makers  []*maker
	client
}

type maker struct {
	*provider.Bulletins
	service *provider.Service
	store   *box.MemStore
	id      *directory.Identity
	mute    bool
}

type client struct {
	store  *store.Store
	person *person.Person
	scan   *scan.Scan
	reader *reader
	cursor *provider.Cursor
	inside bool // of what is exclusive
	calls  int  // of it
	starts byte
	asked  []sender.Fetch
}

// reader is a part that wants boxes.
type reader struct {
	w       *town
	access  *person.Access
	answers []person.Answer
	again   bool // wants something else whenever it is told of something
}

func (*reader) Load(*store.Tx) error   { return nil }
func (*reader) Supply(time.Time) error { return nil }
func (*reader) Turn(time.Time) error   { return nil }

func (r *reader) Answered(_ time.Time, a person.Answer) error {
	if r.w.inside {
		r.w.Error("a part is told something while slots wait")
	}
	r.answers = append(r.answers, a)
	if r.again {
		r.access.Want(2, []person.ID{{Day: a.Day, ID: box.ID{byte(len(r.answers))}}}, true)
	}
	return nil
}

func newTown(t *testing.T, makers int) *town {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	par.Hold, par.WriteTokens = time.Second, 0
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	w := &town{T: t, genesis: &directory.Genesis{Start: start, Parameters: par},
		doc: &directory.Document{Parameters: par}, now: start}
	w.client.store = store.Memory()
	for i := range makers {
		w.makers = append(w.makers, &maker{store: box.NewMemStore(0),
			id: directory.NewIdentity([32]byte{byte(i + 1)})})
	}
	slices.SortFunc(w.makers, func(a, b *maker) int {
		x, y := a.id.ID(), b.id.ID()
		return bytes.Compare(x[:], y[:])
	})
	var ids []directory.NodeID
	for _, m := range w.makers {
		ids = append(ids, m.id.ID())
	}
	for day := range uint16(3) {
		w.doc.Storing = append(w.doc.Storing, directory.StoringSet{Day: day, Nodes: ids})
	}
	for _, m := range w.makers {
		m.open(w)
	}
	w.start()
	return w
}

func (m *maker) open(w *town) {
	var err error
	m.Bulletins, err = provider.NewBulletins(provider.BulletinsConfig{Genesis: w.genesis,
		Identity: m.id, Store: m.store}, w.now)
	if err != nil {
		w.Fatal(err)
	}
	m.SetDocument(w.doc)
	m.service = &provider.Service{Self: m.id.ID(), Store: m.store, Bulletins: m.Bulletins,
		Format:   box.Format{Plaintext: w.genesis.Parameters.BoxPlaintext},
		Calendar: box.Calendar{Genesis: w.genesis.Start, Retention: 14},
		Digest:   func(directory.Epoch) (d directory.Digest) { return d }}
	m.service.SetDocument(w.doc)
}

// start begins the client with what its disk has, and connects it.
func (w *town) start() {
	w.Helper()
	w.starts++
	w.person = person.New(w.client.store)
	w.reader = &reader{w: w}
	w.reader.access = w.person.Join(w.reader)
	var err error
	w.scan, err = scan.New(w.person, scan.Config{
		Store: w.client.store, Network: w.genesis.ID(), Schedule: w.genesis.Schedule(),
		Parameters: w.genesis.Parameters, Random: rand.NewChaCha8([32]byte{w.starts}),
		Exclusive: func(do func()) {
			if w.inside {
				w.Fatal("exclusive twice: a lock would never be had")
			}
			w.calls++
			w.inside = true
			do()
			w.inside = false
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	if err := w.person.Load(); err != nil {
		w.Fatal(err)
	}
	w.scan.Begin(w.doc, w.makers[0].id.ID())
	w.scan.Connected(w.now, w.makers[0].id.ID())
	w.cursor = w.makers[0].Cursor()
}

// write stores a box with some makers, as if they were its holders.
func (w *town) write(x box.Box, at ...int) {
	w.Helper()
	for _, m := range at {
		if _, err := w.makers[m].store.Merge(w.day(), x); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *town) day() box.Day { return box.DayOf(w.genesis.Start, w.now) }

// holders are the makers of a box by its placement, and the others.
func (w *town) holders(x box.Box) (holders, others []int) {
	var storing []box.Holder
	for _, m := range w.makers {
		storing = append(storing, box.Holder(m.id.ID()))
	}
	held := box.Placement(w.day(), x.ID, storing, w.genesis.Parameters.Replicas)
	for i := range w.makers {
		if slices.Contains(held, storing[i]) {
			holders = append(holders, i)
		} else {
			others = append(others, i)
		}
	}
	return holders, others
}

// box is one with two holders of which neither is the client's own provider.
func (w *town) box(n uint64) box.Box {
	for ; ; n += 1000 {
		x := boxtest.Box(n, 'x', box.Format{
			Plaintext: w.genesis.Parameters.BoxPlaintext}.CiphertextSize())
		if holders, _ := w.holders(x); !slices.Contains(holders, 0) {
			return x
		}
	}
}

// pass lets slots pass: makers list what they have, and the client gets its frames and has two work
// slots in each.
func (w *town) pass(slots int) {
	w.Helper()
	every := w.genesis.Parameters.BulletinEvery
	for range slots {
		w.now = w.now.Add(every)
		for _, m := range w.makers {
			w.publish(m)
		}
		wanted := w.roll()
		for range 2 {
			w.work()
			w.hear(sender.Event{Stream: w.cursor.Fill(w.now, wanted, 2000)})
			w.now = w.now.Add(every / 4)
		}
		for _, m := range w.makers[1:] {
			if !m.mute {
				w.hear(sender.Event{Holder: m.id.ID(), Reply: box.Reply{Head: m.Head(w.now)}})
			}
		}
		if err := w.person.Turn(w.now); err != nil {
			w.Fatal(err)
		}
		w.now = w.now.Add(-every / 2)
	}
}

func (w *town) roll() uint32 {
	w.inside = true
	defer func() { w.inside = false }()
	return w.scan.Roll(w.now)
}

func (w *town) publish(m *maker) {
	d, ok, err := m.Draft(w.now)
	if err != nil || m.mute {
		return
	}
	if !ok {
		return
	}
	if err := m.store.Publish(d.Day, d.Body.Slot, d.Body.Marshal(), d.Listed); err != nil {
		w.Fatal(err)
	}
	m.Sign(d)
	for _, other := range w.makers {
		if other != m {
			_ = other.Take(w.now, d.Body.Sign(m.id.PrivateKey())) // liars are refused
		}
	}
}

// work is a slot of the sender: what the scan gives is asked for and answered at once.
func (w *town) work() {
	w.Helper()
	w.inside = true // the connection's lock is held around all of it
	f, ok := w.scan.Take(w.now, w.scan.Live(w.now))
	if ok {
		w.scan.Sent(f.Token, w.now, w.now.Add(time.Minute))
	}
	w.inside = false
	if !ok {
		return
	}
	w.asked = append(w.asked, f)
	i := slices.IndexFunc(w.makers, func(m *maker) bool { return m.id.ID() == f.Holder })
	r := box.Request{Op: f.Op, Fetch: f.Key, Ask: f.Ask, Proof: f.Proof}
	reply, err := w.makers[i].service.Execute(w.now, r)
	if err != nil || !reply.Answers(r) {
		w.Fatalf("%+v: %+v, %v", r, reply, err)
	}
	w.hear(sender.Event{Kind: sender.Fetched, Token: f.Token, Holder: f.Holder, Reply: reply})
}

func (w *town) hear(e sender.Event) {
	w.Helper()
	if err := w.scan.Heard(w.now, e); err != nil {
		w.Fatal(err)
	}
}

// said is what the reader was told since the last time.
func (w *town) said() (listed, found int) {
	for _, a := range w.reader.answers {
		switch a.Kind {
		case person.Listed:
			listed++
		case person.Found:
			found++
		}
	}
	w.reader.answers = nil
	return listed, found
}

func (w *town) want(boxes ...box.Box) {
	var ids []person.ID
	for _, x := range boxes {
		ids = append(ids, person.ID{Day: w.day(), ID: x.ID})
	}
	w.reader.access.Want(1, ids, true)
}

// fetches is how often a box was asked for.
func (w *town) fetches(x box.Box) (n int) {
	for _, f := range w.asked {
		if f.Op == box.OpFetch && f.Key.Entry == box.EntryOf(x.ID) {
			n++
		}
	}
	return n
}

// TestWhatIsListedComes: a box is fetched whoever wants it, and who wants it is told of both
// holders and gets it, whether it wants it before it was listed, or after, or since a restart.
func TestWhatIsListedComes(t *testing.T) {
	for name, when := range map[string]string{"before": "before", "after": "after",
		"never": "never", "after a restart": "restart"} {
		w := newTown(t, 3)
		w.pass(12)
		x, other := w.box(1), w.box(2)
		for _, y := range []box.Box{x, other} {
			at, _ := w.holders(y)
			w.write(y, at...)
		}
		if when == "before" {
			w.want(x)
		}
		w.pass(20)
		switch when {
		case "after":
			w.want(x)
			w.pass(8)
		case "restart":
			w.start()
			w.want(x)
		}
		w.pass(300)
		listed, found := w.said()
		if want := when != "never"; want != (found > 0) || want != (listed >= 2) {
			t.Errorf("%s: listed %d times, found %d", name, listed, found)
		}
		if w.fetches(x) == 0 || w.fetches(other) == 0 {
			t.Errorf("%s: a box was fetched %d times, the other one %d", name, w.fetches(x),
				w.fetches(other))
		}
		if n := w.person.Notices(); len(n) > 0 || len(w.scan.Doubts()) > 0 {
			t.Errorf("%s: of honest makers it is said %+v, %+v", name, n, w.scan.Doubts())
		}
	}
}

// TestWhatTheCrowdHadIsThere: who begins to want a box that came not long ago has it at once, and
// nobody is asked for it because of that; after a restart it is fetched.
func TestWhatTheCrowdHadIsThere(t *testing.T) {
	w := newTown(t, 3)
	w.pass(12)
	x := w.box(1)
	at, _ := w.holders(x)
	w.write(x, at...)
	w.pass(60)
	before := w.fetches(x)
	w.want(x)
	if err := w.person.Turn(w.now); err != nil {
		t.Fatal(err)
	}
	if listed, found := w.said(); listed != 2 || found != 1 || w.fetches(x) != before {
		t.Errorf("listed %d times, found %d, %d fetches more", listed, found,
			w.fetches(x)-before)
	}
	w.start()
	w.want(x)
	if err := w.person.Turn(w.now); err != nil {
		t.Fatal(err)
	}
	if listed, found := w.said(); listed != 2 || found != 0 { // the control
		t.Errorf("after a restart: listed %d times, found %d", listed, found)
	}
}

// TestExclusive: whatever touches what slots ask for keeps slots out meanwhile, once, and no part
// is told anything meanwhile, so that it can change what it wants. The town fails otherwise; here
// is the control that each call does it.
func TestExclusive(t *testing.T) {
	w := newTown(t, 3)
	w.reader.again = true
	x := w.box(1)
	at, _ := w.holders(x)
	w.want(x)
	w.write(x, at...)
	w.pass(30)
	if listed, found := w.said(); listed == 0 || found == 0 {
		t.Fatalf("nothing was told: %d, %d", listed, found)
	}
	for name, call := range map[string]func(){
		"connected": func() { w.scan.Connected(w.now, w.makers[0].id.ID()) },
		"heard":     func() { w.hear(sender.Event{}) },
		"turn":      func() { _ = w.scan.Turn(w.now) },
		"frauds":    func() { w.scan.Frauds() },
		"refused":   func() { w.scan.Refused() },
		"doubts":    func() { w.scan.Doubts() },
		"want":      func() { w.want() },
	} {
		w.calls = 0
		if call(); w.calls == 0 {
			t.Errorf("%s keeps no slot out", name)
		}
	}
}

// doubted is what is said of makers: by kinds, how many.
func (w *town) doubted() (n [4]int) {
	for _, d := range w.scan.Doubts() {
		n[d.Kind]++
	}
	return n
}

// TestDoubts: each thing that there can be against a maker is found, told once with what to do, and
// listed; after a restart nobody is told of proofs again.
func TestDoubts(t *testing.T) {
	for name, row := range map[string]struct {
		do      func(w *town)
		kind    scan.Kind
		notices int
		after   bool // a restart it is still known
	}{
		"two bulletins": {func(w *town) {
			id := w.makers[2].id
			b := bulletin.Body{Network: w.genesis.ID(), Maker: id.ID(), Slot: 3}
			one := b.Sign(id.PrivateKey())
			b.Entries = []box.Entry{{1}}
			proof := bulletin.NewFraud(one, b.Sign(id.PrivateKey()))
			if err := w.makers[0].Accuse(proof); err != nil {
				w.Fatal(err)
			}
		}, scan.False, 1, true},
		"no holder": {func(w *town) {
			for n := range uint64(8) {
				x := w.box(n)
				at, others := w.holders(x)
				w.write(x, at[0], others[len(others)-1])
			}
		}, scan.Stranger, 1, false},
		"silent": {func(w *town) { w.makers[2].mute = true }, scan.Silent, 0, false},
	} {
		w := newTown(t, 4)
		w.pass(12)
		if d := w.doubted(); d != [4]int{} {
			t.Fatalf("%s: at first %v", name, d)
		}
		row.do(w)
		w.pass(40)
		notices := w.person.Notices()
		if d := w.doubted(); d[row.kind] == 0 || len(notices) < row.notices ||
			row.notices == 0 && len(notices) > 0 {
			t.Errorf("%s: doubts %v, told %+v", name, d, notices)
		}
		for i, n := range notices {
			if n.What == "" || n.Do == "" || row.kind == scan.False && i > 0 {
				t.Errorf("%s: told %+v", name, notices)
			}
		}
		w.pass(5)
		if again := w.person.Notices(); row.kind != scan.Stranger && len(again) > 0 {
			t.Errorf("%s: told again %+v", name, again)
		}
		w.start()
		if d := w.doubted(); (d[row.kind] > 0) != row.after || len(w.person.Notices()) > 0 {
			t.Errorf("%s: after a restart %v", name, d)
		}
	}
}

// TestFalseHoldersNeedNotList: of a box of which one holder is false the other one is all that an
// author waits for.
func TestFalseHoldersNeedNotList(t *testing.T) {
	for _, lied := range []bool{false, true} {
		w := newTown(t, 3)
		w.pass(12)
		x := w.box(1)
		at, _ := w.holders(x)
		liar := w.makers[at[1]]
		if lied {
			id := liar.id
			b := bulletin.Body{Network: w.genesis.ID(), Maker: id.ID(), Slot: 3}
			one := b.Sign(id.PrivateKey())
			b.Entries = []box.Entry{{1}}
			if err := w.makers[0].Accuse(bulletin.NewFraud(one,
				b.Sign(id.PrivateKey()))); err != nil {
				t.Fatal(err)
			}
			w.pass(1)
		}
		w.want(x)
		w.write(x, at...)
		w.pass(30)
		listed, of := map[directory.NodeID]bool{}, 0
		for _, a := range w.reader.answers {
			if a.Kind == person.Listed {
				listed[a.Holder], of = true, a.Holders
			}
		}
		if want := map[bool]int{true: 1, false: 2}[lied]; len(listed) != want || of != want {
			t.Errorf("a liar: %t, listed by %v of %d", lied, listed, of)
		}
		if _, found := w.said(); found == 0 {
			t.Errorf("a liar: %t, and the box did not come", lied)
		}
	}
}
