package board

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// TestQuestions are about what has ended, and never for the own provider.
func TestQuestions(t *testing.T) {
	w := newBench(t, 3)
	rng := rand.New(rand.NewPCG(1, 2))
	if _, ok := w.board.Question(w.now, rng); ok {
		t.Error("a question about nothing")
	}
	w.at(0)
	w.board.Connected(w.now, w.authors[1].id)
	w.links = bulletin.NewLinks()
	w.quiet(0, 30)
	asked := map[uint16]bool{}
	for range 100 {
		ask, ok := w.board.Question(w.now, rng)
		q := ask.What
		if !ok || ask.Of == w.authors[1].id || q.Number > 30 || q.Maker > 2 || ask.Proof != nil {
			t.Fatalf("%+v, %t", q, ok)
		}
		asked[q.Maker] = true
	}
	if len(asked) != 3 {
		t.Errorf("asked about %d makers", len(asked))
	}
}

// TestSilenceIsAttested: a provider that withholds one maker's bulletins does not make it silent,
// nor do others by one word; two do.
func TestSilenceIsAttested(t *testing.T) {
	for name, c := range map[string]struct {
		lie    func(w *bench, s box.Slot)
		silent bool
	}{
		"others have it": {func(w *bench, s box.Slot) { w.attest(0, s); w.attest(1, s) }, false},
		"nobody says":    {func(w *bench, s box.Slot) {}, false},
		"one lacks it":   {func(w *bench, s box.Slot) { w.attest(0, s, 2); w.attest(1, s) }, false},
		"one speaks":     {func(w *bench, s box.Slot) { w.attest(0, s, 2) }, false},
		"two lack it": {
			func(w *bench, s box.Slot) { w.attest(0, s, 2); w.attest(1, s, 2) }, true,
		},
		"one had it": {
			func(w *bench, s box.Slot) { w.attest(0, s, 2); w.attest(1, s-4) }, false,
		},
	} {
		w := newBench(t, 3)
		w.at(0)
		w.connect()
		w.quiet(0, 20)
		for s := box.Slot(21); s <= 40; s++ {
			w.at(s)
			w.sign(2, s, "")
			w.send(w.sign(0, s, ""), w.sign(1, s, ""))
			c.lie(w, s)
			w.turn()
		}
		if got := w.board.Silent(w.authors[2].id); got != c.silent {
			t.Errorf("%s: silent %t", name, got)
		}
	}
}

// TestWithheld: a pair is late if two others named its maker for a slot three beyond it before it
// came.
func TestWithheld(t *testing.T) {
	for name, c := range map[string]struct {
		attested []box.Slot // by makers 0, 1, …
		want     string
	}{
		"by two":       {[]box.Slot{24, 23}, " withheld"},
		"by one":       {[]box.Slot{24, 22}, ""},
		"two too soon": {[]box.Slot{22, 22}, ""},
		"by nobody":    {nil, ""},
	} {
		w := newBench(t, 3)
		w.at(0)
		w.connect()
		w.quiet(0, 19)
		w.board.heads = newHeads()
		w.at(26)
		for s := box.Slot(20); s <= 26; s++ {
			w.sign(2, s, map[box.Slot]string{20: "a"}[s])
			w.send(w.sign(0, s, map[box.Slot]string{20: "a"}[s]))
		}
		for by, s := range c.attested {
			w.attest(by, s)
		}
		w.send(w.authors[2].signed[20])
		if got, want := w.pairs(), "a@20 by 0@20+2@20"+c.want; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestWithholding: what the provider of this client keeps back is counted by the word of two
// others.
func TestWithholding(t *testing.T) {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.quiet(0, 60)
	if kept, of := w.board.Withholding(); kept != 0 || of < 100 {
		t.Errorf("control: %d of %d withheld", kept, of)
	}
	for s := box.Slot(61); s <= 100; s++ {
		w.at(s)
		w.sign(2, s, "")
		w.send(w.sign(0, s, ""), w.sign(1, s, ""))
		w.attest(0, s)
		w.attest(1, s)
		w.turn()
	}
	kept, of := w.board.Withholding()
	if kept < 30 || kept > 40 || of < 3*kept {
		t.Errorf("%d of %d withheld", kept, of)
	}
	w.board.Connected(w.now, directory.NodeID{98})
	w.turn()
	if kept, of := w.board.Withholding(); kept != 0 || of != 0 {
		t.Errorf("another provider withheld %d of %d", kept, of)
	}
	for _, c := range []struct {
		expected     uint64 // of the next day
		withheld, of uint64
	}{{0, 40, 400}, {100, 30, 400}, {400, 0, 400}, {500, 0, 500}} {
		w.board.guard = guarded{own: w.board.own, today: passed{400, 40}}
		w.now = testStart.Add(24 * time.Hour)
		w.turn()
		w.board.guard.today = passed{expected: c.expected}
		if kept, of := w.board.Withholding(); kept != c.withheld || of != c.of {
			t.Errorf("after %d of the next day %d of %d", c.expected, kept, of)
		}
	}
	w.now = w.now.Add(48 * time.Hour)
	w.turn()
	if _, of := w.board.Withholding(); of != 0 {
		t.Errorf("on the day after a day without any %d", of)
	}
}

// TestLacking: what others have and what lies in a gap is asked for, and is late when it comes.
func TestLacking(t *testing.T) {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.quiet(0, 19)
	w.at(20)
	hidden := w.sign(2, 20, "a")
	w.send(w.sign(0, 20, "a"), w.sign(1, 20, ""))
	w.attest(0, 20)
	rng := rand.New(rand.NewPCG(1, 2))
	if got := w.asked(rng, 2, 20); got > 10 {
		t.Errorf("%d of 100 questions are about what may still come", got)
	}
	w.quiet(21, 25)
	if got := w.asked(rng, 2, 20); got != 100 {
		t.Errorf("%d of 100 questions are about what is missing", got)
	}
	w.answer(0, box.Question{Kind: 1, Maker: 2, Number: 20}, hidden.Marshal())
	w.wants("a@20 by 0@20+2@20 withheld")
	if got := w.asked(rng, 2, 20); got > 10 {
		t.Errorf("%d of 100 questions are about what is here", got)
	}
}

// asked counts the questions of 100 that are about a bulletin.
func (w *bench) asked(rng *rand.Rand, maker uint16, slot uint32) (n int) {
	for range 100 {
		ask, ok := w.board.Question(w.now, rng)
		if q := ask.What; ok && q.Maker == maker && q.Number == slot {
			n++
		}
	}
	return n
}

func (w *bench) answer(by int, q box.Question, data []byte) {
	w.t.Helper()
	err := w.board.Answered(w.now, w.authors[by].id, q,
		box.Reply{Status: box.StatusBulletin, Ask: q, Pieces: 1, Data: data}, &w.told)
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestForkIsFound: a provider shows its clients another chain of a maker that helps it. When three
// others attest the true one, the list of hashes is asked for, then the body: proof.
func TestForkIsFound(t *testing.T) {
	w := newBench(t, 5)
	w.at(0)
	w.connect()
	w.quiet(0, 19)
	w.at(20)
	before := w.authors[2].last
	lie := body(w, 2, 20, before, "z")
	w.send(w.sign(0, 20, ""), w.sign(1, 20, ""), lie, w.sign(3, 20, ""), w.sign(4, 20, ""))
	w.sign(2, 20, "a")
	rng := rand.New(rand.NewPCG(1, 2))
	all := box.Question{Kind: bulletin.AskBulletin, Maker: bulletin.AllMakers, Number: 20}
	for by := range 3 {
		if by > 0 && w.asked(rng, bulletin.AllMakers, 20) > 0 {
			t.Fatalf("by the word of %d", by)
		}
		w.attest(by, 20)
	}
	ask, ok := w.board.Question(w.now, rng)
	if ask.What != all || ask.Of != w.authors[2].id || !ok {
		t.Fatalf("asked is %+v", ask)
	}
	var list []bulletin.Hash
	for _, a := range w.authors {
		list = append(list, a.signed[20].Hash())
	}
	forgedList := append([]bulletin.Hash{{1}}, list[1:]...)
	w.answer(2, all, bulletin.HashList(forgedList))
	w.counted(map[Reason]uint64{Head: 3, Answer: 1})
	w.attest(2, 20)
	w.answer(2, all, bulletin.HashList(list))
	w.quiet(21, 24, 2)
	if got := w.asked(rng, 2, 20); got != 0 {
		t.Error("asked too soon")
	}
	w.quiet(25, 25, 2)
	if got := w.asked(rng, 2, 20); got != 100 {
		t.Errorf("asked %d times", got)
	}
	w.answer(3, box.Question{Kind: 1, Maker: 2, Number: 20}, w.authors[2].signed[20].Marshal())
	if len(w.told.Frauds) != 1 || w.told.Frauds[0].Verify(testNetwork) != nil {
		t.Errorf("%+v", w.told.Frauds)
	}
}

// TestForeignAnswers prove nothing and change nothing.
func TestForeignAnswers(t *testing.T) {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.quiet(0, 9)
	w.at(10)
	b := w.sign(2, 10, "a")
	q := box.Question{Kind: 1, Maker: 2, Number: 10}
	for i, c := range []struct {
		q    box.Question
		data []byte
	}{
		{q, b.Marshal()[1:]}, {box.Question{Kind: 1, Maker: 1, Number: 10}, b.Marshal()},
		{box.Question{Kind: 1, Maker: 2, Number: 11}, b.Marshal()},
		{box.Question{Kind: 1, Maker: 7, Number: 10}, b.Marshal()},
		{box.Question{Kind: 1, Maker: bulletin.AllMakers, Number: 10}, make([]byte, 96)},
		{box.Question{Kind: 1, Maker: bulletin.AllMakers, Number: 10}, make([]byte, 95)},
	} {
		w.answer(0, c.q, c.data)
		w.counted(map[Reason]uint64{Answer: uint64(i + 1)})
	}
	if len(w.told.Listed) != 0 {
		t.Error(fmt.Sprint(w.told))
	}
	w.answer(0, q, b.Marshal())
	if len(w.told.Listed) != 1 {
		t.Error("control: a good answer is not taken")
	}
}

// TestCutLinksAreWatched: a provider that withholds, and cuts the link every minute, is counted
// like one that does not; who was away for long begins anew.
func TestCutLinksAreWatched(t *testing.T) {
	for _, away := range []box.Slot{1, 40} {
		w := newBench(t, 3)
		w.at(0)
		w.connect()
		w.quiet(0, 20)
		for s := box.Slot(21); s <= 100; s++ {
			w.at(s)
			if s%away == 0 {
				w.board.Connected(w.now, w.board.own)
			}
			for m := range w.authors {
				w.sign(m, s, "")
			}
			if away == 1 || s%away < 20 {
				w.raw(nil)
				w.attest(0, s)
				w.attest(1, s)
				w.turn()
			}
		}
		kept, of := w.board.Withholding()
		if want := away == 1; want != (kept > 150) || kept > of {
			t.Errorf("away for %d slots: %d of %d", away, kept, of)
		}
	}
}

// TestCutLinksSettle: a provider that cuts the link every minute, and sends old rolls anew each
// time, has sent what it has once these bring nothing for long; who is often away waits for more.
func TestCutLinksSettle(t *testing.T) {
	for _, away := range []box.Slot{4, 20} {
		w := newBench(t, 3)
		w.at(0)
		w.connect()
		w.quiet(0, bulletin.FirstSlot(1)-1)
		old := w.close(0, 0)
		first := bulletin.FirstSlot(1)
		settled := box.Slot(0)
		for s := first; s <= first+100; s++ {
			w.at(s)
			gone := away > youngSlots && s%away >= 4
			if (s-first)%away%4 == 0 && !gone {
				w.connect()
				w.sendRoll(0, old)
			}
			b := w.sign(0, s, "")
			if !gone {
				w.send(b)
			}
			if settled == 0 && w.board.Settled() {
				settled = s
			}
		}
		want := map[box.Slot]box.Slot{4: first + 1 + cutSlots, 20: 0}[away]
		if settled != want {
			t.Errorf("away for %d slots: settled in slot %d", away, settled)
		}
	}
}
