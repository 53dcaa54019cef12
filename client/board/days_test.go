package board

import (
	"math/rand/v2"
	"slices"
	"testing"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// TestOutOfOrder: earlier slots that come between new ones complete the same pairs.
func TestOutOfOrder(t *testing.T) {
	w := newBench(t, 3)
	w.at(9)
	w.connect()
	var all []bulletin.Bulletin
	for s := box.Slot(10); s < 20; s++ {
		all = append(all, w.sign(0, s, string(rune('a'+s-10))), w.sign(1, s, string(rune('a'+s-9))))
	}
	w.at(19)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		w.store, w.told = newBench(t, 3).store, News{}
		w.load()
		w.connect()
		w.board.state.Since = 10
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		w.send(all...)
		w.wants("b@11 by 1@10+0@11, c@12 by 1@11+0@12, d@13 by 1@12+0@13, " +
			"e@14 by 1@13+0@14, f@15 by 1@14+0@15, g@16 by 1@15+0@16, h@17 by 1@16+0@17, " +
			"i@18 by 1@17+0@18, j@19 by 1@18+0@19")
	}
}

// TestSilentMaker: while a maker is silent, what another one lists counts 8 slots later, once.
func TestSilentMaker(t *testing.T) {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.quiet(0, 20)
	w.at(21)
	w.send(w.sign(0, 21, "a"), w.sign(1, 21, ""), w.sign(2, 21, ""))
	w.quiet(22, 50)
	w.wants("") // nobody is silent: one listing is no pair, whatever its age
	w.at(51)
	w.send(w.sign(0, 51, "b"), w.sign(1, 51, ""), w.sign(2, 51, ""))
	w.quiet(52, 53)
	w.at(54)
	w.send(w.sign(0, 54, "c"), w.sign(1, 54, ""))
	w.quiet(55, 60, 2)
	if w.board.Silent(w.authors[2].id) {
		t.Error("silent after 7 slots")
	}
	w.wants("")
	w.quiet(61, 61, 2)
	if !w.board.Silent(w.authors[2].id) || w.board.Silent(w.authors[1].id) {
		t.Error("who is silent after 8 slots")
	}
	w.wants("b@59 by 0@51")
	w.quiet(62, 62, 2)
	w.wants("c@62 by 0@54")
	w.at(63)
	w.send(w.sign(2, 63, "c"), w.sign(0, 63, ""), w.sign(1, 63, ""))
	if w.board.Silent(w.authors[2].id) {
		t.Error("silent although it spoke")
	}
	w.wants("") // it was counted
	w.at(64)
	w.send(w.sign(1, 64, "c"))
	w.wants("c@64 by 0@54+1@64") // a maker more
}

// TestHistory: pairs are found again when they have left memory, those too that one maker listed
// alone, and those whose second maker came hours later; and what was counted alone is not counted
// again after a restart.
func TestHistory(t *testing.T) {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.at(1)
	w.send(w.sign(0, 1, "ab"), w.sign(1, 1, "a"), w.sign(2, 1, ""))
	w.quiet(2, 20)
	w.at(21)
	w.send(w.sign(0, 21, "c"), w.sign(1, 21, ""))
	w.quiet(22, 40, 2)
	w.wants("a@1 by 0@1+1@1, c@29 by 0@21")
	w.load()
	w.connect()
	w.quiet(41, 60, 2)
	w.wants("")
	w.history(0, "a@1 by 0@1+1@1, c@29 by 0@21")
	w.quiet(61, 999, 2)
	w.at(1000)
	w.send(w.sign(0, 1000, ""), w.sign(1, 1000, ""), w.sign(2, 1000, "bc"))
	w.wants("b@1000 by 0@1+2@1000")
	w.history(4, "b@1000 by 0@1+2@1000")
	w.quiet(1001, 1500)
	for range 2 {
		w.history(0, "a@1 by 0@1+1@1, c@29 by 0@21")
		w.history(4, "b@1000 by 0@1+2@1000")
		w.history(5, "")
		w.load()
	}
}

func (w *bench) history(roll uint32, want string) {
	w.t.Helper()
	pairs, err := w.board.History(roll)
	w.take(News{Pairs: pairs}, err)
	w.wants(want)
}

// TestNewClient: it takes the rolls that there are, newest first, tells of what was before its time
// as of nothing that it missed, and knows the rate before all are here.
func TestNewClient(t *testing.T) {
	w := newBench(t, 2)
	w.quietAway(0, 739, map[box.Slot]string{7: "a", 300: "b", 500: "cd", 722: "e"})
	w.at(739)
	w.connect()
	if got := w.board.Position(w.now); got != 0 {
		t.Errorf("a new client wants roll %d", got)
	}
	if _, ok := w.board.Rate(); ok {
		t.Error("there is a rate without any roll")
	}
	for s := box.Slot(720); s < 740; s++ {
		w.send(w.authors[0].signed[s], w.authors[1].signed[s])
	}
	w.rolls(2)
	if _, ok := w.board.Rate(); ok {
		t.Error("a roll is whole before anything older came")
	}
	w.rolls(1)
	if rate, ok := w.board.Rate(); !ok || rate != 2/(240*15.) {
		t.Errorf("rate %g, %t", rate, ok)
	}
	w.wants("b@300 by 0@300+1@300, c@500 by 0@500+1@500, d@500 by 0@500+1@500, " +
		"e@722 by 0@722+1@722")
	w.rolls(0)
	w.quiet(740, 750)
	if got := w.board.Position(w.now); got != 1 {
		t.Errorf("then it wants roll %d", got)
	}
	if w.board.Behind() {
		t.Error("a new client was away")
	}
	w.counted(map[Reason]uint64{})
}

// rolls sends those of a number.
func (w *bench) rolls(n uint32) {
	w.t.Helper()
	for m, a := range w.authors {
		w.sendRoll(m, a.rolls[n])
	}
}

// TestAbsence: what was listed while the client was away is told as missed, what comes after is
// not, and all of it once, over a restart, and a second break in the middle.
func TestAbsence(t *testing.T) {
	w := newBench(t, 2)
	w.at(0)
	w.connect()
	w.quiet(0, 300)
	w.quietAway(301, 999, map[box.Slot]string{310: "a", 600: "b", 900: "c", 998: "d"})
	w.load()
	w.at(999)
	w.connect()
	if got := w.board.Position(w.now); got != 0 {
		t.Errorf("wants roll %d on", got)
	}
	w.at(1000)
	w.send(w.sign(0, 1000, "e"), w.sign(1, 1000, "e"))
	w.wants("e@1000 by 0@1000+1@1000")
	for s := box.Slot(960); s < 1000; s++ {
		w.send(w.authors[0].signed[s], w.authors[1].signed[s])
	}
	w.wants("d@998 by 0@998+1@998 missed")
	w.rolls(3)
	w.wants("c@900 by 0@900+1@900 missed")
	if !w.board.Behind() {
		t.Error("all is in")
	}
	w.turn()
	w.load() // broken off
	w.connect()
	w.at(1001)
	w.send(w.sign(0, 1001, "f"), w.sign(1, 1001, "f"))
	w.wants("f@1001 by 0@1001+1@1001")
	for s := box.Slot(960); s < 1001; s++ {
		w.send(w.authors[0].signed[s], w.authors[1].signed[s])
	}
	for n := uint32(3); n != ^uint32(0); n-- {
		w.rolls(n)
	}
	w.wants("a@310 by 0@310+1@310 missed, b@600 by 0@600+1@600 missed")
	w.quiet(1002, 1020)
	if w.board.Behind() || w.board.Position(w.now) != 2 {
		t.Errorf("behind %t, wants roll %d", w.board.Behind(), w.board.Position(w.now))
	}
	w.send(w.sign(0, 1021, "g"), w.sign(1, 1021, "g"))
	w.wants("g@1021 by 0@1021+1@1021")
}

// quietAway has all makers sign, and the client away; what is listed is listed by all.
func (w *bench) quietAway(from, to box.Slot, listed map[box.Slot]string) {
	for s := from; s <= to; s++ {
		for m := range w.authors {
			w.sign(m, s, listed[s])
			if (s+1)%240 == 0 {
				w.close(m, uint32(s)/240)
			}
		}
	}
}

// TestShortBreak: after at most 8 slots nothing is missed.
func TestShortBreak(t *testing.T) {
	for slots, want := range map[box.Slot]string{8: "a@103 by 0@103+1@103",
		9: "a@103 by 0@103+1@103 missed"} {
		w := newBench(t, 2)
		w.at(0)
		w.connect()
		w.quiet(0, 100)
		w.quietAway(101, 100+slots, map[box.Slot]string{103: "a"})
		w.at(100 + slots)
		w.connect()
		for s := box.Slot(101); s <= 100+slots; s++ {
			w.send(w.authors[0].signed[s], w.authors[1].signed[s])
		}
		w.wants(want)
	}
}

// TestDayWithoutBulletins: a network that stood still for two days goes on, and nobody waits for
// what was never signed.
func TestDayWithoutBulletins(t *testing.T) {
	w := newBench(t, 2)
	w.at(0)
	w.connect()
	w.quiet(0, 250)
	later := box.Slot(250 + 2*5760)
	w.at(later)
	w.connect()
	w.quiet(later, later+20)
	if w.board.Behind() {
		t.Error("still waits")
	}
	this := bulletin.RollNumber(later)
	if got := w.board.Position(w.now); got != this-2 {
		t.Errorf("wants roll %d, of %d", got, this)
	}
	if rate, ok := w.board.Rate(); rate != 0 || !ok {
		t.Errorf("rate %g, %t", rate, ok)
	}
	w.at(later + 21)
	w.send(w.sign(0, later+21, "a"), w.sign(1, later+21, "a"))
	if got := w.pairs(); got != "a@11791 by 0@11791+1@11791" {
		t.Error(got)
	}
	w.counted(map[Reason]uint64{})
}

// TestRestart: what was told before is not told again, the newest hour is known, and a listing
// waits for its second maker for days.
func TestRestart(t *testing.T) {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.at(1)
	w.send(w.sign(0, 1, "ab"), w.sign(1, 1, "a"))
	w.quiet(2, 1000)
	w.at(1001)
	w.send(w.sign(0, 1001, "xy"), w.sign(1, 1001, "x"))
	w.turn()
	w.pairs()
	rate, _ := w.board.Rate()
	w.load()
	if again, ok := w.board.Rate(); again != rate || !ok {
		t.Errorf("rate %g, before %g", again, rate)
	}
	w.connect()
	w.send(w.authors[0].signed[1001], w.authors[1].signed[1001])
	w.wants("")
	w.counted(map[Reason]uint64{Repeated: 2})
	w.send(w.sign(2, 1002, "by"))
	w.wants("b@1002 by 0@1+2@1002, y@1002 by 0@1001+2@1002")
	if p, ok := w.board.Young(rand.New(rand.NewPCG(1, 1))); !ok || p.Slot < 1001 {
		t.Errorf("%+v, %t", p, ok)
	}
}

// TestDecoys: young ones are drawn among the pairs of the last 8 slots, old ones are the nearest to
// a slot, from memory and from the disk.
func TestDecoys(t *testing.T) {
	w := newBench(t, 2)
	rng := rand.New(rand.NewPCG(1, 2))
	if _, ok := w.board.Young(rng); ok {
		t.Error("a decoy of nothing")
	}
	if _, ok := w.board.Nearest(5, rng); ok {
		t.Error("a decoy of nothing")
	}
	w.at(0)
	w.connect()
	listed := map[box.Slot]string{10: "a", 12: "bc", 700: "d", 1500: "e", 1508: "f", 1509: "g"}
	for s := box.Slot(0); s <= 1515; s++ {
		w.at(s)
		w.send(w.sign(0, s, listed[s]), w.sign(1, s, listed[s]))
		if s%10 == 0 {
			w.turn()
		}
	}
	w.drawn("fg", func() (Pair, bool) { return w.board.Young(rng) })
	for slot, want := range map[box.Slot]string{0: "a", 10: "a", 11: "abc", 300: "bc", 500: "d",
		1099: "d", 1101: "e", 1504: "ef", 5000: "g"} {
		w.drawn(want, func() (Pair, bool) { return w.board.Nearest(slot, rng) })
	}
	w.turn()
	w.load()
	w.drawn("bc", func() (Pair, bool) { return w.board.Nearest(13, rng) })
	w.drawn("g", func() (Pair, bool) { return w.board.Nearest(1515, rng) })
}

// drawn wants each of these, and no others.
func (w *bench) drawn(want string, draw func() (Pair, bool)) {
	w.t.Helper()
	got := map[byte]bool{}
	for range 60 {
		if p, ok := draw(); ok {
			got[p.Entry[0]] = true
		}
	}
	var letters []byte
	for e := range got {
		letters = append(letters, e)
	}
	slices.Sort(letters)
	if string(letters) != want {
		w.t.Errorf("drawn were %q, want %q", letters, want)
	}
}

// TestWholeDay: a day is read when its last listings are: more than two hours after it.
func TestWholeDay(t *testing.T) {
	w := newBench(t, 1)
	for _, c := range []struct {
		whole uint32 // rolls
		want  box.Day
	}{{0, 0}, {24, 0}, {26, 0}, {27, 1}, {50, 1}, {51, 2}} {
		for n := range c.whole {
			w.board.period(n).Whole = true
		}
		w.board.state.Newest = bulletin.FirstSlot(c.whole + 10)
		w.at(w.board.state.Newest)
		if got := w.board.WholeDay(w.now); got != c.want {
			t.Errorf("with %d rolls the days before %d are whole, want %d", c.whole, got, c.want)
		}
	}
}

// TestRetention: what is older than the boxes is dropped, from the disk too.
func TestRetention(t *testing.T) {
	w := newBench(t, 2)
	w.at(0)
	w.connect()
	w.at(1)
	w.send(w.sign(0, 1, "ab"), w.sign(1, 1, "a"))
	w.quiet(2, 800)
	if p, err := w.board.History(0); err != nil || len(p) != 1 {
		t.Fatalf("control: %+v, %v", p, err)
	}
	w.at(16 * 5760)
	w.turn()
	w.turn()
	w.load()
	if p, err := w.board.History(0); err != nil || len(p) != 0 || len(w.board.periods) != 0 {
		t.Errorf("%+v, %v, %d periods", p, err, len(w.board.periods))
	}
	if err := w.store.View(func(tx *store.Tx) error {
		for _, n := range []string{name(0, w.authors[0].id[:])} {
			if has, err := tx.Has(bucketRolls, n); has || err != nil {
				t.Errorf("a roll is kept, %v", err)
			}
		}
		if has, err := tx.Has(bucketSingles, name(0, nil)); has || err != nil {
			t.Errorf("a listing is kept, %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
