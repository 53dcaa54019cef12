package provider

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// wires are links between all printers of a press.
type wires struct {
	*press
	links map[[2]int]*[2]*Spread // dialler, acceptor
	cut   map[[2]int]bool
	bytes int // other than zero
}

func newWires(t *testing.T, n int) *wires {
	w := &wires{press: newPress(t, n), links: map[[2]int]*[2]*Spread{}, cut: map[[2]int]bool{}}
	for i := range n {
		w.dial(i)
	}
	return w
}

// dial makes the links of one anew, as after its start.
func (w *wires) dial(i int) {
	for j := range w.makers {
		for _, l := range [][2]int{{i, j}, {j, i}} {
			if i != j {
				a, b := w.makers[l[0]], w.makers[l[1]]
				w.links[l] = &[2]*Spread{a.Spread(b.id.ID(), true), b.Spread(a.id.ID(), false)}
			}
		}
	}
}

// pass lets a slot pass: bulletins are made, and then frames go over all links.
func (w *wires) pass(silent ...int) {
	w.Helper()
	w.at = w.at.Add(slotLength)
	for i, p := range w.makers {
		if !slices.Contains(silent, i) {
			p.make()
		}
	}
	end := w.at.Add(slotLength)
	for at := w.makers[0].NextFrame(w.at); at.Before(end); at = w.makers[0].NextFrame(at) {
		for i := range w.makers {
			for j := range w.makers {
				if i != j && !w.cut[[2]int{i, j}] && !slices.Contains(silent, i) &&
					!slices.Contains(silent, j) {
					w.exchange(i, j)
				}
			}
		}
	}
	for _, p := range w.makers {
		p.persist()
	}
}

func (w *wires) exchange(i, j int) {
	frame := make([]byte, protocol.BulletinFrame)
	l := w.links[[2]int{i, j}]
	l[0].Frame(w.makers[i].now(), frame)
	w.bytes += len(frame) - bytes.Count(frame, []byte{0})
	if refused, err := l[1].Take(w.makers[j].now(), frame); err != nil || refused != nil {
		w.Errorf("%d to %d: %v, %v", i, j, refused, err)
	}
	l[1].Frame(w.makers[j].now(), frame)
	if refused, err := l[0].Take(w.makers[i].now(), frame); err != nil || refused != nil {
		w.Errorf("%d answers %d: %v, %v", j, i, refused, err)
	}
}

// same says whether all have the same bulletins in memory.
func (w *wires) same() bool {
	for _, p := range w.makers[1:] {
		for _, maker := range w.makers {
			a, b := w.makers[0].chain(maker.id.ID()).known, p.chain(maker.id.ID()).known
			if !slices.EqualFunc(a, b, func(x, y *known) bool { return x.hash == y.hash }) {
				return false
			}
		}
	}
	return true
}

func TestSpread(t *testing.T) {
	w := newWires(t, 3)
	for n := range 20 {
		w.makers[n%3].write(uint64(n), 0)
		w.pass()
		if !w.same() {
			t.Fatalf("slot %d is not everywhere at its end", n)
		}
	}
	if n := len(w.makers[0].log); n != 60 || w.makers[0].Missing() != 0 {
		t.Errorf("%d bulletins, %d holes", n, w.makers[0].Missing())
	}
}

// TestAbsence: one that was down asks for what it missed, of each maker and each slot, and the
// others for nothing: it has nothing of those slots.
func TestAbsence(t *testing.T) {
	w := newWires(t, 3)
	w.pass()
	for range 30 {
		w.pass(2)
	}
	w.makers[2].start()
	w.dial(2)
	for range 4 {
		w.pass()
	}
	if own := w.makers[2].chain(w.makers[2].id.ID()).known; len(own) != 4 || !w.same() {
		t.Errorf("%d own bulletins, all the same: %v", len(own), w.same())
	}
}

// TestThird: what a link does not bring comes over others.
func TestThird(t *testing.T) {
	w := newWires(t, 3)
	w.cut[[2]int{0, 1}], w.cut[[2]int{1, 0}] = true, true
	for range 12 {
		w.pass()
	}
	for _, p := range w.makers {
		for _, maker := range w.makers {
			if c := p.chain(maker.id.ID()); len(c.known) < 12-2*lateAfter-1 || len(c.gaps) > 0 {
				t.Errorf("%d bulletins, %d holes", len(c.known), len(c.gaps))
			}
		}
	}
}

// TestSpreadRolls: rolls come to everybody, those of before an absence too.
func TestSpreadRolls(t *testing.T) {
	w := newWires(t, 2)
	const period = protocol.RollSlots
	for n := range 2*period + 30 {
		if n == 20 {
			w.cut[[2]int{0, 1}] = true // 0 hears of nothing: it neither asks nor is told
			w.cut[[2]int{1, 0}] = true
		}
		w.pass()
	}
	if w.makers[0].chain(w.makers[1].id.ID()).rolls[0] {
		t.Fatal("the control: a roll came over no link")
	}
	clear(w.cut)
	for range 12 {
		w.pass()
	}
	for i, p := range w.makers {
		other := w.makers[1-i]
		for n := range uint32(2) {
			raw, ok, err := p.kept(KeptRoll, n, other.id.ID())
			r, wrong := bulletin.ParseSignedRoll(raw)
			if !ok || err != nil || wrong != nil || r.Number != n || r.Maker != other.id.ID() {
				t.Errorf("roll %d of the other: %v, %v, %v", n, ok, err, wrong)
			}
		}
	}
	for range 4 {
		w.pass()
	}
	w.bytes = 0
	w.pass()
	if w.bytes > 4*350 { // two bulletins, and no questions
		t.Errorf("%d bytes in a slot when all is said", w.bytes)
	}
}

// fork has a maker sign a second body for its last slot.
func (p *printer) fork() bulletin.Bulletin {
	b := p.chain(p.id.ID()).newest().Body
	b.Entries = append(b.Entries, box.Entry{255, 255})
	return b.Sign(p.id.PrivateKey())
}

// TestProofsTravel: who finds two bodies for one slot tells all others, and their clients; each
// verifies it, and none takes anything of that maker any more, over restarts if the proof was kept.
func TestProofsTravel(t *testing.T) {
	w := newWires(t, 4)
	w.pass()
	liar := w.makers[3]
	follower := w.connect(w.makers[1])
	if err := w.makers[0].Take(w.at, liar.fork()); !errors.Is(err, errFraud) {
		t.Fatal(err)
	}
	if n := len(w.makers[1].Frauds()); n != 0 {
		t.Fatal("the control: a proof went over no link")
	}
	w.pass(3)
	w.pass(3)
	w.makers[2].start()
	w.makers[2].Convicted(w.makers[1].Frauds())
	next := liar.make()
	for i, p := range w.makers[:3] {
		if len(p.Frauds()) != 1 || p.Frauds()[0].Verify(w.genesis.ID()) != nil ||
			p.Frauds()[0].A.Maker != liar.id.ID() {
			t.Errorf("%d has %v", i, p.Frauds())
		}
		if err := p.Take(w.at, *next); !errors.Is(err, errFraud) {
			t.Errorf("%d takes more of the liar: %v", i, err)
		}
	}
	for range 3 {
		follower.read(w.makers[1], 0, 5000, 3)
	}
	if len(follower.proofs) != 1 || follower.proofs[0].Verify(w.genesis.ID()) != nil {
		t.Errorf("a client was told %v", follower.proofs)
	}
}

// TestLiarFallsSilent: whose own two bodies come back to it signs no more.
func TestLiarFallsSilent(t *testing.T) {
	w := newWires(t, 2)
	w.pass()
	liar := w.makers[0]
	if err := w.makers[1].Take(w.at, liar.fork()); !errors.Is(err, errFraud) {
		t.Fatal(err)
	}
	w.exchange(1, 0)
	w.at = w.at.Add(slotLength)
	if liar.make() != nil || w.makers[1].make() == nil {
		t.Error("the liar goes on, or the other one does not")
	}
}

// TestFalseProofs change nothing: of a stranger, of another network, of one body, of two slots.
func TestFalseProofs(t *testing.T) {
	w := newPress(t, 2)
	w.slot()
	p, other := w.makers[0], w.makers[1]
	one, two := other.chain(other.id.ID()).newest().Bulletin, other.fork()
	later, alien := two.Body, two.Body
	later.Slot++
	alien.Network[0] ^= 1
	stranger := directory.NewIdentity([32]byte{99})
	foreign, second := one.Body, two.Body
	foreign.Maker, second.Maker = stranger.ID(), stranger.ID()
	unsigned := two
	unsigned.Signature[0] ^= 1
	for name, f := range map[string]bulletin.Fraud{
		"one body":  bulletin.NewFraud(one, one),
		"two slots": bulletin.NewFraud(one, later.Sign(other.id.PrivateKey())),
		"elsewhere": bulletin.NewFraud(one, alien.Sign(other.id.PrivateKey())),
		"no maker": bulletin.NewFraud(foreign.Sign(stranger.PrivateKey()),
			second.Sign(stranger.PrivateKey())),
		"not signed": bulletin.NewFraud(one, unsigned),
	} {
		if err := p.Accuse(f); err == nil || len(p.Frauds()) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := p.Stats().Refused; n != 5 {
		t.Errorf("%d of 5 were counted", n)
	}
	for range 2 {
		if err := p.Accuse(bulletin.NewFraud(one, two)); err != nil || len(p.Frauds()) != 1 {
			t.Errorf("the control: %v, %v", err, p.Frauds())
		}
	}
}

// overlong has a maker sign two bodies for its last slot that list so many boxes.
func (p *printer) overlong(entries int) bulletin.Fraud {
	b := p.chain(p.id.ID()).newest().Body
	b.Entries = make([]box.Entry, entries)
	one := b.Sign(p.id.PrivateKey())
	b.Entries = append(b.Entries, box.Entry{1})
	return bulletin.NewFraud(one, b.Sign(p.id.PrivateKey()))
}

// TestLongProofs: what lists more than a maker may is not taken as proof, by which a liar could
// have the links of whoever takes it broken; and one that was taken under other parameters breaks
// none.
func TestLongProofs(t *testing.T) {
	w := newWires(t, 3)
	w.pass()
	p, liar := w.makers[0], w.makers[2]
	if err := p.Accuse(liar.overlong(600)); !errors.Is(err, bulletin.ErrOversized) {
		t.Errorf("a proof that lists 600 boxes: %v", err)
	}
	proof := liar.overlong(protocol.MaxBulletinEntries - 1)
	p.Convicted([]bulletin.Fraud{proof})
	follower := w.connect(p)
	follower.read(p, 0, 5000, 100)
	if len(p.Frauds()) != 1 || len(follower.proofs) != 1 {
		t.Errorf("of %d proofs a client was told %d", len(p.Frauds()), len(follower.proofs))
	}
	spread, back := p.Spread(w.makers[1].id.ID(), true), w.makers[1].Spread(p.id.ID(), false)
	frame := make([]byte, protocol.BulletinFrame)
	for range 40 {
		spread.Frame(w.at, frame)
		if _, err := back.Take(w.at, frame); err != nil {
			t.Fatal("another provider ends the link:", err)
		}
	}
}

// TestFrameTimes: at the same times of every slot, by no moment of anything else.
func TestFrameTimes(t *testing.T) {
	p := newPress(t, 1).makers[0]
	seen := map[box.Slot]int{}
	for at := p.NextFrame(epoch0); at.Before(epoch0.Add(5 * slotLength)); at = p.NextFrame(at) {
		slot := p.calendar.Slot(at)
		seen[slot]++
		if in := at.Sub(p.calendar.Begins(slot)) % p.FrameEvery(); in != p.FrameEvery()/2 {
			t.Errorf("a frame at %s", in)
		}
	}
	for slot, n := range seen {
		if n != 8 {
			t.Errorf("slot %d has %d frames", slot, n)
		}
	}
}

// TestLongSlotsKeepLinks: frames come often enough for a link to live, however long a slot is.
func TestLongSlotsKeepLinks(t *testing.T) {
	p := newPress(t, 1).makers[0]
	for every, want := range map[time.Duration]time.Duration{
		10 * time.Millisecond: 1250 * time.Microsecond, 15 * time.Second: 1875 * time.Millisecond,
		8 * time.Minute: time.Minute, time.Hour: time.Minute,
	} {
		p.calendar.Every = every
		if got := p.FrameEvery(); got != want {
			t.Errorf("slots of %s: a frame every %s, not %s", every, got, want)
		}
	}
}

// TestHostileFrames: what does not parse ends the link.
func TestHostileFrames(t *testing.T) {
	w := newPress(t, 2)
	q := question{askBulletins, w.makers[1].id.ID(), 3, 5}
	for name, row := range map[string]struct {
		frame   []byte
		dialled bool
		want    error
	}{
		"nothing":           {make([]byte, 100), false, nil},
		"a question":        {appendSpread(nil, spreadQuestion, q.marshal()), false, nil},
		"half a record":     {[]byte{0, 0, spreadBulletin, 0, 0, 99, 1, 2}, false, nil},
		"asked by an asked": {appendSpread(nil, spreadQuestion, q.marshal()), true, ErrSpread},
		"unknown type":      {appendSpread(nil, 9, nil), false, ErrSpread},
		"too long":          {[]byte{spreadBulletin, 0xff, 0xff, 0xff}, false, ErrSpread},
		"no bulletin": {appendSpread(nil, spreadBulletin, make([]byte, 200)), false,
			ErrSpread},
		"no roll":        {appendSpread(nil, spreadRoll, make([]byte, 200)), false, ErrSpread},
		"short question": {appendSpread(nil, spreadQuestion, []byte{1}), false, ErrSpread},
		"backwards": {appendSpread(nil, spreadQuestion, question{askBulletins, q.maker, 5,
			3}.marshal()), false, ErrSpread},
		"no proof": {appendSpread(nil, spreadProof, make([]byte, 200)), false, ErrSpread},
		"of no kind": {appendSpread(nil, spreadQuestion, question{7, q.maker, 3,
			5}.marshal()), false, ErrSpread},
	} {
		s := w.makers[0].Spread(w.makers[1].id.ID(), row.dialled)
		if _, err := s.Take(w.at, row.frame); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, not %v", name, err, row.want)
		}
	}
	s := w.makers[0].Spread(w.makers[1].id.ID(), false)
	for range 2 * mostQuestions {
		if _, err := s.Take(w.at, appendSpread(nil, spreadQuestion, q.marshal())); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.waiting) != mostQuestions {
		t.Errorf("%d questions wait", len(s.waiting))
	}
}

// FuzzSpread holds that no bytes of another provider bring more than errors, and that a refused
// bulletin changes nothing.
func FuzzSpread(f *testing.F) {
	f.Add([]byte{spreadBulletin, 0, 0, 1, 0}, true)
	f.Add(appendSpread(nil, spreadQuestion, question{kind: askRoll}.marshal()), false)
	f.Add(appendSpread(nil, spreadRoll, make([]byte, 169)), false)
	f.Add(appendSpread(nil, spreadProof, make([]byte, 340)), true)
	f.Fuzz(func(t *testing.T, raw []byte, dialled bool) {
		w := newPress(t, 2)
		p := w.makers[0]
		s := p.Spread(w.makers[1].id.ID(), dialled)
		for len(raw) > 0 {
			n := min(len(raw), 50)
			if _, err := s.Take(w.at, raw[:n]); err != nil {
				break
			}
			raw = raw[n:]
		}
		frame := make([]byte, protocol.BulletinFrame)
		s.Frame(w.at, frame)
		if len(p.log) != 0 || len(p.fresh) != 0 {
			t.Error("something was taken")
		}
	})
}
