package board

import (
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// FuzzReceive: whatever a provider sends, nothing is told that a maker has not signed.
func FuzzReceive(f *testing.F) {
	w := newBench(&testing.T{}, 3)
	links := bulletin.NewLinks()
	sample := bulletin.AppendBulletin(nil, links, 0, w.sign(0, 0, "ab"))
	sample = bulletin.AppendBulletin(sample, links, 1, w.sign(1, 1, "bb"))
	sample = bulletin.AppendBulletin(sample, links, 0, w.sign(0, 2, "c"))
	for s := box.Slot(3); s < 240; s++ {
		w.sign(2, s, "")
	}
	sample = bulletin.AppendRoll(append(sample, 0), 2, w.close(2, 0))
	f.Add(sample, 500)
	f.Add(sample, 3)
	f.Add([]byte{3, 0, 0, 102}, 1)
	f.Fuzz(func(t *testing.T, raw []byte, step int) {
		w := newBench(t, 3)
		w.at(250)
		w.connect()
		step = max(step, 1)
		for at := 0; at < len(raw); at += step {
			w.raw(raw[at:min(at+step, len(raw))])
		}
		w.turn()
		for _, l := range w.told.Listed {
			if l.Slot > 2 || l.N > 1 || l.Entry[0] < 'a' || l.Entry[0] > 'c' {
				t.Fatalf("told was %+v", l)
			}
		}
		if len(w.told.Listed) > 5 || len(w.told.Frauds) > 0 {
			t.Fatalf("told were %+v", w.told)
		}
	})
}
