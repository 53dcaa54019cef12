package board

import (
	"slices"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// midnight is the first slot of the second day in TestStoringSetsChange.
const midnight = 480

// changing has makers 0, 1 and 2 on the first day, and 0, 1 and 3 from then on.
func changing(t *testing.T) *bench {
	w := newBench(t, 4)
	w.board.cfg.Calendar.Start = testStart.Add(22 * time.Hour)
	w.now = w.board.cfg.Calendar.Start
	d := w.document()
	for i, s := range d.Storing {
		gone := 3
		if i > 0 {
			gone = 2
		}
		d.Storing[i].Nodes = slices.Delete(slices.Clone(s.Nodes), gone, gone+1)
	}
	w.board.SetDocument(d)
	return w
}

// sendAs sends a bulletin under its maker's index of the slot, or under one that somebody else has.
func (w *bench) sendAs(b bulletin.Bulletin, otherwise uint16) {
	w.t.Helper()
	index, ok := w.board.Makers(b.Slot).Index(b.Maker)
	if !ok {
		index = otherwise
	}
	w.raw(bulletin.AppendBulletin(nil, w.links, index, b))
}

// TestStoringSetsChange: who stores no more lists what it was given for yesterday until two hours
// and the longest hold after midnight, and is not missed afterwards; who stores from midnight on is
// heard from its first slot on.
func TestStoringSetsChange(t *testing.T) {
	w := changing(t)
	w.connect()
	const last = midnight + 480 + 4 + 8 - 1 // two hours, a hold of a minute, 8 slots
	for s := box.Slot(0); s <= 1300; s++ {
		w.at(s)
		for m := range 4 {
			entries := map[box.Slot]string{479: "a", 481: "b", last: "c"}[s]
			if m == 2 && s > last || m == 3 && s < midnight || m < 2 && entries != "" && m == 1 {
				continue
			}
			w.sendAs(w.sign(m, s, entries), 0)
		}
		for m := range 2 {
			w.attest(m, s)
		}
		if s == last+20 && (w.board.Silent(w.authors[2].id) || w.board.Silent(w.authors[3].id)) {
			t.Error("who left is silent, or who came is")
		}
		w.turn()
	}
	w.wants("a@479 by 0@479+2@479, b@481 by 0@481+2@481, b@481 by 0@481+3@481, " +
		"c@971 by 0@971+2@971, c@971 by 0@971+3@971")
	w.counted(map[Reason]uint64{})
	w.sendAs(w.sign(2, 1301, "d"), 1)
	w.counted(map[Reason]uint64{Signature: 1})
	if got := w.board.Position(w.now); got != 3 {
		t.Errorf("wants roll %d", got)
	}
}

// TestRollsOverMidnight: the roll that midnight lies in has the makers of both days, each under its
// index.
func TestRollsOverMidnight(t *testing.T) {
	w := changing(t)
	entries := map[box.Slot]string{479: "a", 490: "b"}
	for s := box.Slot(0); s < 720; s++ {
		for m := range 4 {
			if m != 3 || s >= midnight {
				w.sign(m, s, entries[s])
			}
		}
		if (s+1)%240 == 0 {
			for m := range 4 {
				w.close(m, uint32(s)/240)
			}
		}
	}
	w.at(730)
	w.connect()
	w.board.state.Since = 0
	for m, a := range w.authors {
		makers := w.board.cfg.Calendar.RollMakers(w.board.document, 2)
		index, ok := makers.Index(a.id)
		if !ok {
			t.Fatalf("maker %d has no index", m)
		}
		w.raw(bulletin.AppendRoll(nil, index, a.rolls[2]))
	}
	w.wants("b@490 by 0@490+1@490 withheld, b@490 by 0@490+2@490 withheld, " +
		"b@490 by 0@490+3@490 withheld")
	w.counted(map[Reason]uint64{})
	if len(w.board.Makers(479)) != 3 || len(w.board.Makers(480)) != 4 ||
		w.board.Makers(480)[3] != w.authors[2].id {
		t.Error("makers around midnight")
	}
}

// TestUnknownDay: of a day that the document does not list there are no makers, and nothing is
// taken.
func TestUnknownDay(t *testing.T) {
	w := newBench(t, 2)
	d := w.document()
	d.Storing = d.Storing[1:]
	w.board.SetDocument(d)
	w.connect()
	w.at(10)
	w.send(w.sign(0, 10, "a"), w.sign(1, 10, "a"))
	w.counted(map[Reason]uint64{NoMaker: 2})
	w.board.SetDocument(&directory.Document{Parameters: d.Parameters})
	if _, err := w.board.Turn(w.now); err != nil {
		t.Error(err)
	}
}
