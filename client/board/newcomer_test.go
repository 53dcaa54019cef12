package board

import (
	"maps"
	"math/rand/v2"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// old is a network of five rolls, in each of which each maker listed one box.
func old(t *testing.T) *bench {
	w := newBench(t, 5)
	for s := box.Slot(0); s <= 1210; s++ {
		for m := range w.authors {
			if n, ok := bulletin.CarriesRoll(s); ok {
				w.close(m, n)
			}
			entries := ""
			if s%240 == 100 {
				entries = string(rune('a' + 5*int(s/240) + m))
			}
			w.sign(m, s, entries)
		}
	}
	return w
}

// newcomer is a client that is new there, and has read the current roll's slots.
func newcomer(t *testing.T, there *bench) *bench {
	w := newBench(t, 5)
	for m, a := range there.authors {
		again := *a
		again.signed, again.rolls = maps.Clone(a.signed), maps.Clone(a.rolls)
		w.authors[m] = &again
	}
	w.at(1210)
	w.connect()
	w.board.Connected(w.now, w.authors[0].id)
	for s := box.Slot(1200); s <= 1210; s++ {
		for _, a := range w.authors {
			w.send(a.signed[s])
		}
	}
	return w
}

// past sends all rolls, newest first, as change has them; nil is none.
func (w *bench) past(change func(m int, r bulletin.SignedRoll) *bulletin.SignedRoll) {
	for n := uint32(4); n != ^uint32(0); n-- {
		for m, a := range w.authors {
			r := a.rolls[n]
			if sent := change(m, r); sent != nil {
				w.sendRoll(m, *sent)
			}
		}
	}
	w.quiet(1211, 1230)
}

// lie is another roll that the maker signs in the place of its own.
func (w *bench) lie(m int, r bulletin.SignedRoll) *bulletin.SignedRoll {
	r.Entries = []bulletin.RollEntry{{Entry: box.Entry{'!'}, At: 7}}
	signed := r.Roll.Sign(w.authors[m].private)
	return &signed
}

// TestHistoryOfANewcomer is not what the first provider says that it is: what is withheld of it and
// what is false is noticed by the makers' own signatures, asked for at others, and counted against
// the provider. What is honest is asked of nobody.
func TestHistoryOfANewcomer(t *testing.T) {
	there := old(t)
	type change = func(w *bench, m int, r bulletin.SignedRoll) *bulletin.SignedRoll
	without := func(is func(m int, n uint32) bool) change {
		return func(_ *bench, m int, r bulletin.SignedRoll) *bulletin.SignedRoll {
			if is(m, r.Number) {
				return nil
			}
			return &r
		}
	}
	falsely := func(is func(m int, n uint32) bool) change {
		return func(w *bench, m int, r bulletin.SignedRoll) *bulletin.SignedRoll {
			if is(m, r.Number) {
				return w.lie(m, r)
			}
			return &r
		}
	}
	for name, row := range map[string]struct {
		change  change
		holes   int // at first
		differ  uint64
		foreign int // rolls that others gave in the end
	}{
		"honest":  {without(func(int, uint32) bool { return false }), 0, 0, 0},
		"one":     {without(func(m int, n uint32) bool { return m == 2 && n == 2 }), 1, 0, 1},
		"oldest":  {without(func(_ int, n uint32) bool { return n == 0 }), 5, 0, 5},
		"newest":  {without(func(_ int, n uint32) bool { return n == 4 }), 5, 0, 5},
		"a maker": {without(func(m int, _ uint32) bool { return m == 3 }), 1, 0, 5},
		"all":     {without(func(int, uint32) bool { return true }), 5, 0, 25},
		"one is false": {falsely(func(m int, n uint32) bool { return m == 2 && n == 2 }), 1, 1,
			1},
		"the newest are": {falsely(func(_ int, n uint32) bool { return n == 4 }), 5, 5, 5},
		"behind a gap": {func(w *bench, m int, r bulletin.SignedRoll) *bulletin.SignedRoll {
			switch {
			case m == 2 && r.Number == 3:
				return nil
			case m == 2 && r.Number == 2:
				return w.lie(m, r)
			}
			return &r
		}, 1, 1, 2},
	} {
		w := newcomer(t, there)
		w.past(func(m int, r bulletin.SignedRoll) *bulletin.SignedRoll {
			return row.change(w, m, r)
		})
		if n := w.holes(); n != row.holes {
			t.Errorf("%s: %d holes, want %d", name, n, row.holes)
		}
		foreign := w.fill(false)
		listed := map[byte]int{}
		for _, l := range w.told.Listed {
			listed[l.Entry[0]]++
		}
		for e := byte('a'); e < 'a'+25; e++ {
			if listed[e] != 1 {
				t.Errorf("%s: %c was listed %d times", name, e, listed[e])
			}
		}
		if foreign != row.foreign || w.holes() > 0 || w.board.Counts()[Differs] != row.differ {
			t.Errorf("%s: %d rolls of others, want %d; %d holes; %v", name, foreign, row.foreign,
				w.holes(), w.board.Counts())
		}
		if kept, of := w.board.Withholding(); kept != uint64(240*row.foreign) || of < kept {
			t.Errorf("%s: %d of %d withheld", name, kept, of)
		}
	}
}

// TestMakerBlamesNobody: a maker that gives its rolls to clients alone makes them think nothing of
// their provider. In the control another one gives the same rolls.
func TestMakerBlamesNobody(t *testing.T) {
	there := old(t)
	for _, alone := range []bool{true, false} {
		w := newcomer(t, there)
		w.past(func(m int, r bulletin.SignedRoll) *bulletin.SignedRoll {
			if m == 2 {
				return nil
			}
			return &r
		})
		rolls := w.fill(alone)
		kept, _ := w.board.Withholding()
		if rolls != 5 || alone && kept > 0 || !alone && kept != 5*240 {
			t.Errorf("alone: %t, %d rolls, %d withheld", alone, rolls, kept)
		}
	}
}

// fill asks others for what is lacking until there is nothing, and says how many rolls they gave;
// makers says that these were the makers of the rolls, and else they were not.
func (w *bench) fill(makers bool) (rolls int) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		if w.holes() == 0 {
			break
		}
		ask, ok := w.board.Question(w.now, rng)
		if q := ask.What; ok && q.Kind == bulletin.AskRoll {
			r, ok := w.authors[q.Maker].rolls[q.Number]
			if !ok || ask.Of == w.authors[0].id {
				w.t.Fatalf("asked is %+v", ask)
			}
			from := int(q.Maker)
			if !makers {
				from = 1 + from%(len(w.authors)-1)
			}
			w.answer(from, q, r.Marshal())
			rolls++
		}
		w.quiet(w.board.state.Newest+1, w.board.state.Newest+1)
	}
	return rolls
}

// TestHistoryBeginsAnew: a maker that lost its disk has no rolls before that to ask for; the
// control says that it has.
func TestHistoryBeginsAnew(t *testing.T) {
	there := old(t)
	for _, anew := range []bool{true, false} {
		w := newcomer(t, there)
		w.past(func(m int, r bulletin.SignedRoll) *bulletin.SignedRoll {
			if m == 2 && r.Number < 4 {
				return nil
			}
			if m == 2 && anew {
				r.Previous = bulletin.Hash{}
				signed := r.Roll.Sign(w.authors[m].private)
				w.board.maker(r.Maker).hashes[4] = signed.Hash()
				return &signed
			}
			return &r
		})
		if n := w.holes(); n != map[bool]int{true: 0, false: 1}[anew] {
			t.Errorf("anew: %t, %d holes", anew, n)
		}
	}
}
