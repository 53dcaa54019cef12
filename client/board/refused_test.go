package board

import (
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// TestRefused: each kind of bad bulletin is counted and changes nothing; the good one after it is
// taken.
func TestRefused(t *testing.T) {
	w := newBench(t, 3)
	w.at(9)
	w.connect()
	w.at(10)
	first := w.sign(0, 10, "a")
	w.send(first)
	big := "bcdefghijklmnopqrstuv" // 21, and 16 are the most
	for name, c := range map[string]struct {
		bad    bulletin.Bulletin
		reason Reason
	}{
		"twice":           {first, Repeated},
		"oversized":       {body(w, 0, 11, first.Hash(), big), Oversized},
		"of a later slot": {body(w, 0, 17, first.Hash(), "b"), Future},
		"forged":          {forged(body(w, 0, 11, first.Hash(), "b")), Signature},
		"another network": {elsewhere(w, 0, 11, first.Hash()), Signature},
	} {
		w.told = News{}
		before := w.board.counts
		w.links = bulletin.NewLinks()
		w.board.stream = bulletin.NewParser(100)
		w.send(c.bad)
		before[c.reason]++
		if w.board.counts != before || len(w.told.Listed)+len(w.told.Pairs) > 0 {
			t.Errorf("%s: %v, %+v", name, w.board.Counts(), w.told)
		}
	}
	w.send(w.sign(0, 11, "b"), w.sign(1, 11, "b"))
	w.wants("b@11 by 0@11+1@11")
}

func body(w *bench, m int, s box.Slot, previous bulletin.Hash, entries string) bulletin.Bulletin {
	other := &bench{t: w.t, authors: []*author{{id: w.authors[m].id, last: previous,
		private: w.authors[m].private, signed: map[box.Slot]bulletin.Bulletin{}}}}
	return other.sign(0, s, entries)
}

func forged(b bulletin.Bulletin) bulletin.Bulletin {
	b.Signature[7] ^= 1
	return b
}

func elsewhere(w *bench, m int, s box.Slot, previous bulletin.Hash) bulletin.Bulletin {
	b := body(w, m, s, previous, "b").Body
	b.Network = directory.NetworkID{9}
	return b.Sign(w.authors[m].private)
}

// TestNoMaker: a provider that does not store has no index, whoever signs.
func TestNoMaker(t *testing.T) {
	w := newBench(t, 2)
	w.at(9)
	w.connect()
	w.at(10)
	b := w.sign(0, 10, "a")
	w.raw(bulletin.AppendBulletin(nil, bulletin.NewLinks(), 2, b))
	w.raw(bulletin.AppendRoll(nil, 2, w.close(0, 0)))
	w.counted(map[Reason]uint64{NoMaker: 2})
	w.raw(bulletin.AppendBulletin(nil, bulletin.NewLinks(), 1, b)) // of another maker
	w.counted(map[Reason]uint64{NoMaker: 2, Signature: 1})
}

// TestGarbledStream: nothing is taken behind what does not parse, until the next connection.
func TestGarbledStream(t *testing.T) {
	w := newBench(t, 2)
	w.at(9)
	w.connect()
	w.at(10)
	w.raw([]byte{7, 0, 0, 0})
	w.send(w.sign(0, 10, "a"))
	w.counted(map[Reason]uint64{Stream: 1})
	w.connect()
	w.send(w.authors[0].signed[10], w.sign(1, 10, "a"))
	w.wants("a@10 by 0@10+1@10")
}

// TestUnlinked: a record that follows what was never in this stream is refused alone.
func TestUnlinked(t *testing.T) {
	w := newBench(t, 2)
	w.at(9)
	w.connect()
	w.at(12)
	links := bulletin.NewLinks()
	lost := bulletin.AppendBulletin(nil, links, 0, w.sign(0, 10, "a"))
	w.raw(bulletin.AppendBulletin(nil, links, 0, w.sign(0, 11, "b")))
	w.counted(map[Reason]uint64{Unlinked: 1})
	w.raw(lost)
	w.send(w.sign(1, 11, "ab"))
	w.wants("a@11 by 0@10+1@11")
}

// TestFork: two bodies for one slot are proof, and their maker is not heard any more, after a
// restart neither.
func TestFork(t *testing.T) {
	w := newBench(t, 3)
	w.at(9)
	w.connect()
	w.at(10)
	first := w.sign(0, 10, "a")
	second := body(w, 0, 10, bulletin.Hash{}, "b")
	w.send(first, second)
	if len(w.told.Frauds) != 1 || w.told.Frauds[0].Verify(testNetwork) != nil {
		t.Fatalf("%+v", w.told.Frauds)
	}
	w.turn()
	w.load()
	w.connect()
	w.send(w.sign(0, 11, "c"), w.sign(1, 11, "abc"))
	w.counted(map[Reason]uint64{Fraudster: 1})
	if all := w.board.Frauds(); len(all) != 1 || all[0].Verify(testNetwork) != nil {
		t.Errorf("kept are %+v", all)
	}
	w.wants("a@11 by 0@10+1@11") // what it said before stands, as others' word is needed anyway
}

// TestWrongPrevious: a body that follows another one than is here is taken, and there is a hole
// until that one is here.
func TestWrongPrevious(t *testing.T) {
	w := newBench(t, 2)
	w.at(0)
	w.connect()
	w.quiet(0, 99)
	w.at(101)
	hidden := w.sign(0, 100, "a")
	w.send(w.sign(0, 101, "b"), w.sign(1, 100, "a"), w.sign(1, 101, "b"))
	w.wants("b@101 by 0@101+1@101")
	w.counted(map[Reason]uint64{Gap: 1})
	w.quiet(102, 248)
	if !w.board.hole(0) {
		t.Error("there is no hole")
	}
	w.send(hidden)
	w.wants("a@100 by 1@100+0@100 withheld") // long ago: late, and with nobody
	w.quiet(249, 257)
	if rate, ok := w.board.Rate(); !ok || rate != 2/(240*15.) || w.board.hole(0) {
		t.Errorf("rate %g, %t", rate, ok)
	}
	w.send(body(w, 0, 50, bulletin.Hash{}, "z"), forged(w.authors[0].signed[60]))
	w.counted(map[Reason]uint64{Gap: 1, Fork: 1, Fraudster: 1})
}

// TestBackdated: what a maker signs later for a slot that it skipped is refused.
func TestBackdated(t *testing.T) {
	w := newBench(t, 2)
	w.at(0)
	w.connect()
	w.at(12)
	first := w.sign(0, 10, "")
	w.send(first, w.sign(0, 12, ""))
	w.send(body(w, 0, 11, first.Hash(), "a"), w.sign(1, 11, "a"))
	w.wants("")
	w.counted(map[Reason]uint64{Backdated: 1})
}

// TestStaleBulletins: what has left the window comes in rolls only.
func TestStaleBulletins(t *testing.T) {
	w := newBench(t, 2)
	w.at(0)
	w.connect()
	old := w.sign(0, 0, "a")
	w.at(480)
	w.send(w.sign(1, 480, ""), old)
	w.counted(map[Reason]uint64{Past: 1})
}

// TestSlowClock: a bulletin of a slot that has ended elsewhere is taken, if the clock is a minute
// slow; but not if it is slower.
func TestSlowClock(t *testing.T) {
	for slow, want := range map[time.Duration]int{0: 1, time.Minute: 1, 61 * time.Second: 0} {
		w := newBench(t, 2)
		w.at(9)
		w.connect()
		w.at(10)
		w.now = w.now.Add(-slow)
		w.send(w.sign(0, 10, "a"))
		if len(w.told.Listed) != want {
			t.Errorf("%s slow: %v", slow, w.board.Counts())
		}
	}
}

// TestForgedRolls: what no maker signed is no roll; the control is the same one as it was signed.
func TestForgedRolls(t *testing.T) {
	w := newBench(t, 2)
	w.at(500)
	w.connect()
	w.at(501)
	signed := w.close(0, 1)
	forged := signed
	forged.Signature[7] ^= 1
	for _, r := range []bulletin.SignedRoll{forged, signed} {
		w.sendRoll(0, r)
		w.counted(map[Reason]uint64{Signature: 1})
	}
	if m := w.board.makers[w.authors[0].id]; !m.rolled[1] {
		t.Error("control: the roll is refused")
	}
}
