package provider

import (
	"errors"
	"slices"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

const slotLength = 10 * time.Second

// press is some providers that make bulletins, without links between them.
type press struct {
	*testing.T
	genesis *directory.Genesis
	doc     *directory.Document
	at      time.Time
	makers  []*printer
}

// printer is one of them.
type printer struct {
	*Bulletins
	store *box.MemStore
	id    *directory.Identity
	w     *press
	ahead time.Duration // of its clock
}

func newPress(t *testing.T, n int) *press {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	par.BulletinEvery, par.Hold = slotLength, 20*time.Second
	w := &press{T: t, at: epoch0, genesis: &directory.Genesis{Start: epoch0, Parameters: par},
		doc: &directory.Document{Parameters: par}}
	var ids []directory.NodeID
	for i := range n {
		p := &printer{store: box.NewMemStore(0), w: w,
			id: directory.NewIdentity([32]byte{byte(i + 1)})}
		ids = append(ids, p.id.ID())
		w.makers = append(w.makers, p)
	}
	slices.SortFunc(ids, func(a, b directory.NodeID) int { return slices.Compare(a[:], b[:]) })
	for day := range uint16(5) {
		w.doc.Storing = append(w.doc.Storing, directory.StoringSet{Day: day, Nodes: ids})
	}
	for _, p := range w.makers {
		p.start()
	}
	return w
}

// start opens the printer's bulletins anew, as after a crash.
func (p *printer) start() {
	b, err := NewBulletins(BulletinsConfig{p.w.genesis, p.id, p.store}, p.now())
	if err != nil {
		p.w.Fatal(err)
	}
	p.Bulletins = b
	b.SetDocument(p.w.doc)
}

func (p *printer) now() time.Time { return p.w.at.Add(p.ahead) }

// write stores a box with a hold.
func (p *printer) write(n uint64, hold time.Duration) box.Listing {
	x := boxtest.Box(n, 'x', 64)
	l := box.Listing{Day: 0, ID: x.ID}
	p.Hold(l, p.now().Add(hold))
	if _, err := p.store.Write(0, x, box.Token{}); err != nil {
		p.w.Fatal(err)
	}
	return l
}

// persist puts what came on the disk.
func (p *printer) persist() {
	for _, r := range p.Fresh() {
		if err := p.store.Keep(r.Day, r.Key, r.Raw); err != nil {
			p.w.Fatal(err)
		}
	}
	p.Kept(len(p.Fresh()))
}

// make makes the bulletin of the slot that ended; nil if there is none.
func (p *printer) make() *bulletin.Bulletin {
	p.w.Helper()
	d, ok, err := p.Draft(p.now())
	if err != nil && !errors.Is(err, ErrAdrift) {
		p.w.Fatal(err)
	}
	p.persist()
	if !ok {
		return nil
	}
	if err := p.store.Publish(d.Day, d.Body.Slot, d.Body.Marshal(), d.Listed); err != nil {
		p.w.Fatal(err)
	}
	p.Sign(d)
	return &p.chain(p.id.ID()).newest().Bulletin
}

// slot lets a slot pass; everybody makes a bulletin, and all hear of it.
func (w *press) slot() {
	w.at = w.at.Add(slotLength)
	for _, p := range w.makers {
		if x := p.make(); x != nil {
			w.tell(p, *x)
		}
	}
}

func (w *press) tell(from *printer, x bulletin.Bulletin) {
	for _, p := range w.makers {
		if p == from {
			continue
		}
		if err := p.Take(p.now(), x); err != nil {
			w.Errorf("slot %d: %v", x.Slot, err)
		}
		p.persist()
	}
}

func entriesOf(listings ...box.Listing) (all []box.Entry) {
	for _, l := range listings {
		all = append(all, box.EntryOf(l.ID))
	}
	slices.SortFunc(all, func(a, b box.Entry) int { return slices.Compare(a[:], b[:]) })
	return all
}

// TestListing: what was written is listed in the first slot that ends after its hold, once; slots
// in which nothing was written have bulletins, too; each names the one before.
func TestListing(t *testing.T) {
	w := newPress(t, 1)
	p := w.makers[0]
	w.at = w.at.Add(time.Second)
	one, two := p.write(1, 0), p.write(2, 3*time.Second)
	late := p.write(3, 12*time.Second)
	p.write(1, 0)                // a repetition
	p.Hold(one, w.at.Add(1<<40)) // and its own hold, which comes too late
	w.at = epoch0
	var previous bulletin.Hash
	for slot, want := range [][]box.Entry{entriesOf(one, two), entriesOf(late), nil, nil} {
		w.at = w.at.Add(slotLength)
		x := p.make()
		if x == nil || x.Slot != box.Slot(slot) || x.Previous != previous ||
			!slices.Equal(x.Entries, want) {
			t.Fatalf("slot %d: %+v, not %v", slot, x, want)
		}
		if err := x.Verify(w.genesis.ID(), 16); err != nil {
			t.Error(err)
		}
		if previous = x.Hash(); p.make() != nil {
			t.Error("a second bulletin for one slot")
		}
	}
	day, found, status, err := p.store.Listed(0, box.EntryOf(two.ID), 0)
	if err != nil || day != 0 || found.ID != two.ID || status != box.StatusFound {
		t.Errorf("fetched by its listing: %v, %v, %v", day, status, err)
	}
}

// TestHoldLeft is what a replica is told.
func TestHoldLeft(t *testing.T) {
	w := newPress(t, 1)
	p := w.makers[0]
	l := p.write(1, 3*time.Second)
	for after, want := range map[time.Duration]uint8{0: 6, 1400 * time.Millisecond: 4,
		3 * time.Second: 0, time.Hour: 0} {
		if got := p.Left(w.at.Add(after), l); got != want {
			t.Errorf("after %s: %d, not %d half seconds", after, got, want)
		}
	}
	if got := p.Left(w.at, box.Listing{Day: 1}); got != 0 {
		t.Errorf("of a box without a hold: %d", got)
	}
}

// TestCap: more than fits into a slot waits its turn, the first first, and then nothing new may
// come.
func TestCap(t *testing.T) {
	w := newPress(t, 1)
	p := w.makers[0]
	var all []box.Listing
	for n := range uint64(fullSlots * protocol.MinBulletinEntries) {
		if p.Full(w.at) {
			t.Fatalf("full after %d", n)
		}
		all = append(all, p.write(n, 0))
	}
	if !p.Full(w.at) {
		t.Error("not full")
	}
	w.at = w.at.Add(slotLength)
	x := p.make()
	if want := entriesOf(all[:protocol.MinBulletinEntries]...); !slices.Equal(x.Entries, want) {
		t.Errorf("%d entries", len(x.Entries))
	}
	if p.Full(w.at) {
		t.Error("full after a slot")
	}
}

// TestRestart: holds are forgotten, nothing else; slots that passed are never made up for, nor that
// of the start.
func TestRestart(t *testing.T) {
	w := newPress(t, 1)
	p := w.makers[0]
	w.at = w.at.Add(slotLength)
	first := p.make()
	l := p.write(1, 50*time.Second)
	w.at = w.at.Add(3 * slotLength)
	p.start()
	for range 2 {
		if x := p.make(); x != nil {
			t.Errorf("a bulletin of slot %d: nothing ran, or others were to be heard", x.Slot)
		}
		w.at = w.at.Add(slotLength)
	}
	x := p.make()
	if x.Slot != 5 || x.Previous != first.Hash() || !slices.Equal(x.Entries, entriesOf(l)) {
		t.Errorf("after a restart: %+v", x)
	}
}

// TestCrashBeforeSigning: the body is on the disk, and nobody saw a signature. It is signed as it
// is; the slot has no other.
func TestCrashBeforeSigning(t *testing.T) {
	w := newPress(t, 1)
	p := w.makers[0]
	l := p.write(1, 0)
	w.at = w.at.Add(slotLength)
	d, ok, err := p.Draft(w.at)
	if !ok || err != nil {
		t.Fatal(err)
	}
	if err := p.store.Publish(d.Day, d.Body.Slot, d.Body.Marshal(), d.Listed); err != nil {
		t.Fatal(err)
	}
	p.start() // the crash
	p.write(2, 0)
	if x := p.make(); x != nil {
		t.Fatalf("another body for slot %d", x.Slot)
	}
	k := p.chain(p.id.ID()).newest()
	if k == nil || k.hash != d.Body.Hash() || !slices.Equal(k.Entries, entriesOf(l)) {
		t.Errorf("what was on the disk is not what is signed: %+v", k)
	}
	w.at = w.at.Add(slotLength)
	_ = p.make() // others are heard first
	w.at = w.at.Add(slotLength)
	if x := p.make(); x == nil || x.Previous != k.hash || len(x.Entries) != 1 {
		t.Errorf("the next one: %+v", x)
	}
}

// TestClockOff: a maker whose clock is more than a slot off the others' lists nothing, and goes on
// when it is right again; one liar does not silence it.
func TestClockOff(t *testing.T) {
	for ahead, want := range map[time.Duration]bool{0: true, slotLength: true, -slotLength: true,
		3 * slotLength: false, -3 * slotLength: false} {
		w := newPress(t, 4)
		p := w.makers[0]
		w.at = w.at.Add(100 * slotLength)
		p.ahead = ahead
		p.start()
		for range 3 {
			_ = p.make()
			for _, q := range w.makers[1:] {
				if x := q.make(); x != nil {
					_ = p.Take(p.now(), *x) // too early, if the clock is behind
				}
			}
			w.at = w.at.Add(slotLength)
		}
		_, ok, err := p.Draft(p.now())
		if ok != want || errors.Is(err, ErrAdrift) == want {
			t.Errorf("%s ahead: lists %v, %v", ahead, ok, err)
		}
		if errors.Is(err, ErrLate) != (!want && ahead > 0) { // as if the others were late
			t.Errorf("%s ahead: %v", ahead, err)
		}
		if p.ahead = 0; want {
			continue
		}
		w.at = w.at.Add(-slotLength)
		w.slot()
		w.slot()
		if x := p.chain(p.id.ID()).newest(); x == nil {
			t.Errorf("%s ahead: silent after the clock was put right", ahead)
		}
	}
}

// TestClockLeaps: a clock that leaps an hour ahead, at a provider that runs or is started, has it
// sign no bulletin of a slot to come: it would be silent until then.
func TestClockLeaps(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newPress(t, 4)
		p := w.makers[0]
		for range 5 {
			w.slot()
		}
		p.ahead = time.Hour
		if restart {
			p.start()
		}
		for range 5 {
			w.at = w.at.Add(slotLength)
			if x := p.make(); x != nil {
				t.Errorf("restarted %v: a bulletin of slot %d", restart, x.Slot)
			}
			for _, q := range w.makers[1:] {
				if err := p.Take(p.now(), *q.make()); err != nil {
					t.Error(err)
				}
			}
		}
		p.ahead = 0
		before := p.Stats().Made
		for range 3 {
			w.slot()
		}
		if made := p.Stats().Made - before; made < 2 {
			t.Errorf("restarted %v: %d bulletins in 3 slots after the clock was put right",
				restart, made)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, row := range []struct {
		of   []int
		want int
	}{{nil, 0}, {[]int{7}, 7}, {[]int{-9, 0}, 0}, {[]int{9, 0}, 0}, {[]int{-9, 0, 9}, 0},
		{[]int{5, 5, 0}, 5}, {[]int{-5, -4, 0, 0}, 0}, {[]int{-5, -3}, -3}} {
		if got := median(row.of); got != row.want {
			t.Errorf("median of %v: %d, not %d", row.of, got, row.want)
		}
	}
}

// TestRefused: what other makers must not do. The control of each is the bulletin as it was made.
func TestRefused(t *testing.T) {
	w := newPress(t, 2)
	p, other := w.makers[0], w.makers[1]
	w.at = w.at.Add(1000 * slotLength)
	stranger := directory.NewIdentity([32]byte{99})
	fill := make([]box.Entry, protocol.MinBulletinEntries+1)
	slot := p.calendar.Slot(w.at) - 1
	for name, row := range map[string]struct {
		change func(x *bulletin.Body)
		by     *directory.Identity
		want   error
	}{
		"control":   {func(*bulletin.Body) {}, other.id, nil},
		"no maker":  {func(x *bulletin.Body) { x.Maker = stranger.ID() }, stranger, errNoMaker},
		"other key": {func(*bulletin.Body) {}, stranger, bulletin.ErrSignature},
		"other network": {func(x *bulletin.Body) { x.Network[0]++ }, other.id,
			bulletin.ErrOtherNetwork},
		"oversized": {func(x *bulletin.Body) { x.Entries = fill }, other.id,
			bulletin.ErrOversized},
		"the future":      {func(x *bulletin.Body) { x.Slot += 2 }, other.id, errTooEarly},
		"the past":        {func(x *bulletin.Body) { x.Slot -= 900 }, other.id, errForgotten},
		"of no known day": {func(x *bulletin.Body) { x.Slot += 1 << 20 }, other.id, errNoMaker},
	} {
		p.start()
		x := bulletin.Body{Network: w.genesis.ID(), Maker: other.id.ID(), Slot: slot}
		row.change(&x)
		err := p.Take(w.at, x.Sign(row.by.PrivateKey()))
		if !errors.Is(err, row.want) || (err == nil) != (p.Stats().Refused == 0) ||
			(err == nil) != (p.Stats().Taken == 1) {
			t.Errorf("%s: %v, not %v; %+v", name, err, row.want, p.Stats())
		}
	}
}

// TestFraud: two bodies of one slot are kept as proof, and their maker is not listened to any more.
func TestFraud(t *testing.T) {
	w := newPress(t, 2)
	p, other := w.makers[0], w.makers[1]
	w.at = w.at.Add(slotLength)
	one := *other.make()
	two := one.Body
	two.Entries = []box.Entry{{1}}
	for range 2 { // once more is none
		if err := p.Take(w.at, one); err != nil || len(p.Frauds()) > 0 {
			t.Fatal(err)
		}
	}
	if err := p.Take(w.at, two.Sign(other.id.PrivateKey())); !errors.Is(err, errFraud) {
		t.Error(err)
	}
	if len(p.Frauds()) != 1 || p.Frauds()[0].Verify(w.genesis.ID()) != nil {
		t.Errorf("proofs: %v", p.Frauds())
	}
	w.at = w.at.Add(slotLength)
	if err := p.Take(w.at, *other.make()); !errors.Is(err, errFraud) {
		t.Errorf("afterwards: %v", err)
	}
}

// TestHeads: providers that have the same say the same, of a slot that ended two slots ago.
func TestHeads(t *testing.T) {
	w := newPress(t, 3)
	for range 6 {
		w.slot()
	}
	a, b := w.makers[0], w.makers[1]
	head := bulletin.ParseHead(a.Head(w.at))
	if a.Head(w.at) != b.Head(w.at) || head.Slot != 3 || head.Makers[0] != 7 {
		t.Errorf("heads %v and %v", head, b.Head(w.at))
	}
	raw, ok := a.Answer(box.Question{Kind: bulletin.AskBulletin, Maker: bulletin.AllMakers,
		Number: 3})
	hashes, err := bulletin.ParseHashList(raw)
	if fits, known := head.Fits(hashes); !ok || err != nil || !fits || !known {
		t.Errorf("the hashes do not fit the head: %v %v", fits, known)
	}
	if h := a.Head(epoch0.Add(slotLength)); h != [32]byte{} {
		t.Errorf("before anything ended: %v", h)
	}
	c := w.makers[2]
	w.at = w.at.Add(slotLength)
	for _, p := range w.makers {
		x := p.make()
		if p != c {
			w.tell(p, *x)
		}
	}
	for range 2 {
		w.slot()
	}
	if x := bulletin.ParseHead(a.Head(w.at)); x.Slot != 6 || a.Head(w.at) == c.Head(w.at) {
		t.Errorf("a head does not show what is missing: slot %d", x.Slot)
	}
}

// TestAnswers: bulletins of any slot that are kept, in memory or on the disk, and rolls.
func TestAnswers(t *testing.T) {
	w := newPress(t, 2)
	for range 3*protocol.RollSlots + protocol.RollHashAt + 1 {
		w.slot()
	}
	makers := w.makers[0].makersOf(1)
	for i, p := range w.makers {
		for _, q := range []box.Question{{Kind: bulletin.AskBulletin, Number: 5},
			{Kind: bulletin.AskBulletin, Number: 727}, {Kind: bulletin.AskRoll, Number: 2},
			{Kind: bulletin.AskBulletin, Number: 729}, {Kind: bulletin.AskRoll, Number: 3},
			{Kind: 9}} {
			index, _ := makers.Index(w.makers[1-i].id.ID())
			own, _ := makers.Index(p.id.ID())
			for _, q.Maker = range []uint16{index, own, 7} {
				raw, ok := p.Answer(q)
				want := q.Kind < 9 && q.Maker != 7 && q.Number != 729 && q.Number != 3 &&
					!(q.Kind == bulletin.AskRoll && q.Maker != own)
				x, err := bulletin.Parse(raw)
				if ok != want || ok && q.Kind == bulletin.AskBulletin &&
					(err != nil || x.Slot != box.Slot(q.Number) ||
						x.Verify(w.genesis.ID(), 16) != nil) {
					t.Errorf("%+v (own %d): %v, %v", q, own, ok, err)
				}
			}
		}
	}
}

// TestRolls: a roll has what the bulletins of its slots had, its hash is in the bulletin of the
// ninth slot after it, and each follows the one before, over restarts, too.
func TestRolls(t *testing.T) {
	w := newPress(t, 1)
	p := w.makers[0]
	var previous bulletin.Hash
	listed := map[box.Entry]box.Slot{}
	rolls := 0
	for range 3*protocol.RollSlots + protocol.RollHashAt + 1 {
		slot := p.calendar.Slot(w.at)
		if slot%7 == 0 {
			listed[box.EntryOf(p.write(uint64(slot), 0).ID)] = slot
		}
		if slot%70 == 1 {
			p.start()
		}
		w.slot()
		carrier := p.chain(p.id.ID()).newest()
		number, ok := bulletin.CarriesRoll(carrier.Slot)
		if !ok {
			continue
		}
		rolls++
		raw, ok := p.Answer(box.Question{Kind: bulletin.AskRoll, Number: number})
		r, err := bulletin.ParseSignedRoll(raw)
		if !ok || err != nil || r.Verify(w.genesis.ID(), 16) != nil || r.Previous != previous ||
			carrier.Roll != r.Hash() {
			t.Fatalf("roll %d: %v, %v, %+v", number, ok, err, r.Roll)
		}
		previous = r.Hash()
		for _, e := range r.Entries {
			if at, ok := listed[e.Entry]; !ok || at != r.Slot(e) {
				t.Errorf("roll %d has %v in slot %d, not %d", number, e.Entry, r.Slot(e), at)
			}
		}
		if n := len(r.Entries); n < protocol.RollSlots/7 {
			t.Errorf("roll %d has %d entries", number, n)
		}
	}
	if rolls != 3 {
		t.Errorf("%d rolls", rolls)
	}
}

// TestListingAfterTheGrace: what was written for yesterday is listed until the grace, the longest
// hold and some slots are over, and not after that; who stores for yesterday only makes bulletins
// as long.
func TestListingAfterTheGrace(t *testing.T) {
	w := newPress(t, 2)
	p, leaving := w.makers[0], w.makers[1]
	for i := range w.doc.Storing[1:] {
		w.doc.Storing[1+i].Nodes = []directory.NodeID{p.id.ID()}
	}
	midnight := box.Day(1).Start(epoch0)
	over := midnight.Add(protocol.WriteGrace + protocol.HoldCap*w.doc.Parameters.Hold +
		protocol.ListingSlots*slotLength)
	for _, row := range []struct {
		at   time.Time
		want bool
	}{{midnight.Add(-slotLength), true}, {midnight.Add(time.Hour), true},
		{over.Add(-slotLength), true}, {over, false}, {over.Add(10 * time.Hour), false}} {
		at, want := row.at, row.want
		w.at = at.Add(-slotLength)
		p.start()
		leaving.start()
		w.at = at
		_, _ = p.make(), leaving.make() // of the slot of the start there is none
		l := p.write(uint64(at.Unix()), 0)
		w.at = w.at.Add(slotLength)
		x := p.make()
		if listed := len(x.Entries) > 0; listed != want {
			t.Errorf("%s after midnight: listed %v", at.Sub(midnight), listed)
		}
		if made := leaving.make() != nil; made != want {
			t.Errorf("%s after midnight: who leaves makes a bulletin: %v", at.Sub(midnight), made)
		}
		_, _, status, err := p.store.Listed(x.Slot, box.EntryOf(l.ID), 0)
		if err != nil || (status == box.StatusFound) != want {
			t.Errorf("%s after midnight: %v, %v", at.Sub(midnight), status, err)
		}
	}
}
