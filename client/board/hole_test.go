package board

import (
	"math/rand/v2"
	"strings"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// away is a bench whose client was away for four rolls, in which its makers listed something.
func away(t *testing.T) *bench {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.quiet(0, 300)
	w.quietAway(301, 1320, map[box.Slot]string{310: "a", 600: "b", 800: "c", 1000: "d", 1210: "e"})
	w.at(1320)
	w.connect()
	return w
}

// news sends what is new, and the current roll's earlier slots.
func (w *bench) news() {
	w.t.Helper()
	w.quiet(1321, 1322)
	for s := box.Slot(1200); s <= 1320; s++ {
		for _, a := range w.authors {
			w.send(a.signed[s])
		}
	}
}

// TestWithheldRolls: a provider that keeps back rolls of an absence, whatever it sends instead,
// does not make the client take them for read: it wants them of the next one.
func TestWithheldRolls(t *testing.T) {
	for name, lie := range map[string]func(w *bench){
		"all of them":  func(w *bench) {},
		"all but two":  func(w *bench) { w.rolls(4); w.rolls(1) },
		"of one maker": func(w *bench) { w.sendRoll(0, w.authors[0].rolls[3]); w.rolls(1) },
		"forged": func(w *bench) {
			for m, a := range w.authors {
				r := bulletin.Roll{Network: testNetwork, Maker: a.id, Number: 4,
					Previous: a.rolls[1].Hash()}
				w.sendRoll(m, bulletin.SignedRoll{Roll: r, Signature: a.rolls[4].Signature})
			}
			w.rolls(1)
		},
	} {
		w := away(t)
		w.news()
		lie(w)
		w.quiet(1323, 1400)
		if w.board.Behind() || w.board.Position(w.now) > 1 {
			t.Errorf("%s: behind %t, wants roll %d", name, w.board.Behind(),
				w.board.Position(w.now))
		}
		w.turn()
		w.load() // a hole outlasts a restart
		w.pairs()
		w.connect()
		w.quiet(1401, 1402)
		for n := uint32(4); n != ^uint32(0); n-- {
			w.rolls(n)
		}
		w.quiet(1403, 1420)
		if w.board.Behind() || w.board.Position(w.now) != 3 {
			t.Errorf("%s, then all: behind %t, wants roll %d", name, w.board.Behind(),
				w.board.Position(w.now))
		}
	}
}

// TestRollsAreAskedFor: what the provider of a client does not give is asked for at others.
func TestRollsAreAskedFor(t *testing.T) {
	w := away(t)
	w.news()
	w.wants("e@1210 by 0@1210+1@1210 missed, e@1210 by 0@1210+2@1210 missed")
	w.quiet(1323, 1360)
	rng := rand.New(rand.NewPCG(1, 2))
	asked := map[box.Question]bool{}
	for i := 0; w.holes() > 0 && i < 200; i++ {
		ask, ok := w.board.Question(w.now, rng)
		q := ask.What
		if !ok || q.Kind != bulletin.AskRoll || asked[q] {
			t.Fatalf("question %d: %+v, asked before: %t", i, q, asked[q])
		}
		asked[q] = true
		if _, made := w.authors[q.Maker].rolls[q.Number]; !made {
			w.close(int(q.Maker), q.Number)
		}
		w.answer(1, q, w.authors[q.Maker].rolls[q.Number].Marshal())
		w.quiet(w.board.state.Newest+1, w.board.state.Newest+9)
	}
	if len(asked) < 12 {
		t.Errorf("%d questions", len(asked))
	}
	told := w.pairs()
	for _, one := range []string{"a@310", "b@600", "c@800", "d@1000"} {
		if !strings.Contains(told, one) {
			t.Errorf("%s was not told: %s", one, told)
		}
	}
}

// holes counts them, but for those of the roll under way.
func (w *bench) holes() (n int) {
	for _, m := range w.board.makers {
		for roll := range m.holes {
			if roll < bulletin.RollNumber(w.board.state.Newest) {
				n++
			}
		}
	}
	return n
}

// TestNobodyHasARoll: a roll that others do not have either is not waited for.
func TestNobodyHasARoll(t *testing.T) {
	w := away(t)
	w.news()
	for n := uint32(4); n != ^uint32(0); n-- {
		for m, a := range w.authors {
			if n != 3 || m != 2 {
				w.sendRoll(m, a.rolls[n])
			}
		}
	}
	w.quiet(1323, 1360)
	q := box.Question{Kind: bulletin.AskRoll, Maker: 2, Number: 3}
	for i, by := range []int{0, 0, 1} {
		if !w.board.hole(3) {
			t.Fatalf("after %d words", i)
		}
		if err := w.board.Answered(w.now, w.authors[by].id, q,
			box.Reply{Status: box.StatusNotFound, Ask: q}, &w.told); err != nil {
			t.Fatal(err)
		}
	}
	if w.board.hole(3) {
		t.Error("still waits")
	}
}

// TestMakerBeginsAnew: who has lost its disk and signs a first bulletin again has signed nothing in
// between that anybody could give.
func TestMakerBeginsAnew(t *testing.T) {
	for name, previous := range map[string]bulletin.Hash{"anew": {}, "control": {1}} {
		w := newBench(t, 3)
		w.at(0)
		w.connect()
		w.quiet(0, 100)
		w.quiet(101, 500, 2)
		w.authors[2].last = previous
		w.quiet(501, 520)
		if got, want := w.board.hole(1), name == "control"; got != want {
			t.Errorf("%s: a hole is %t", name, got)
		}
	}
}

// TestMakerWasAwayToo: what a maker skipped is no hole, in bulletins and in rolls.
func TestMakerWasAwayToo(t *testing.T) {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.quiet(0, 300)
	for s := box.Slot(301); s <= 1320; s++ {
		for m := range w.authors {
			if m == 0 || m == 1 && (s < 500 || s > 1210) {
				w.sign(m, s, "")
			}
			if (s+1)%240 == 0 && (m == 0 || m == 1 && (s < 720)) {
				w.close(m, uint32(s)/240)
			}
		}
	}
	w.at(1320)
	w.connect()
	w.quiet(1321, 1321)
	for s := box.Slot(1200); s <= 1320; s++ {
		for _, a := range w.authors {
			if b, ok := a.signed[s]; ok {
				w.send(b)
			}
		}
	}
	for n := uint32(4); n != ^uint32(0); n-- {
		for m, a := range w.authors {
			if r, ok := a.rolls[n]; ok {
				w.sendRoll(m, r)
			}
		}
	}
	w.quiet(1322, 1439)
	w.close(0, 5)
	w.close(1, 5) // it follows that of number 2
	w.quiet(1440, 1480)
	if n := w.holes(); n != 2 {
		t.Errorf("control: %d holes", n)
	}
	w.sendRoll(1, w.authors[1].rolls[5])
	w.sendRoll(1, w.authors[1].rolls[2])
	if w.holes() > 0 || w.board.Behind() {
		for _, a := range w.authors {
			t.Errorf("still behind: %v", w.board.makers[a.id].holes)
		}
	}
}
