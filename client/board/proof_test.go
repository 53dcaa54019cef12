package board

import (
	"math/rand/v2"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// fork is two bodies of a maker for one slot.
func (w *bench) fork(m int, s box.Slot) bulletin.Fraud {
	last := w.authors[m].last
	return bulletin.NewFraud(body(w, m, s, last, "x"), body(w, m, s, last, "y"))
}

// TestProofsAreTaken from the stream, verified, each once, and kept; what proves nothing is counted
// and changes nothing.
func TestProofsAreTaken(t *testing.T) {
	w := newBench(t, 3)
	w.at(0)
	w.connect()
	w.quiet(0, 19)
	w.at(20)
	good, unsigned := w.fork(1, 5), w.fork(0, 5)
	unsigned.B.Signature[9] ^= 1
	stranger := directory.NewIdentity([32]byte{77})
	by := func(s box.Slot) bulletin.Bulletin {
		return bulletin.Body{Network: testNetwork, Maker: stranger.ID(), Slot: 5,
			Entries: []box.Entry{{byte(s)}}}.Sign(stranger.PrivateKey())
	}
	same := w.authors[0].signed[5]
	for _, f := range []bulletin.Fraud{unsigned, bulletin.NewFraud(by(1), by(2)),
		{A: same, B: same}, bulletin.NewFraud(same, w.authors[0].signed[6])} {
		w.raw(bulletin.AppendFraud(nil, f))
	}
	w.counted(map[Reason]uint64{Proof: 3, NoMaker: 1})
	if len(w.told.Frauds) > 0 || len(w.board.Frauds()) > 0 || len(w.board.ids) != 3 {
		t.Fatalf("by no proof: %+v", w.told.Frauds)
	}
	w.raw(bulletin.AppendFraud(bulletin.AppendFraud(nil, good), good))
	w.counted(map[Reason]uint64{Proof: 3, NoMaker: 1, Repeated: 1})
	w.turn()
	w.load()
	if len(w.told.Frauds) != 1 || len(w.board.Frauds()) != 1 ||
		!w.board.False(w.authors[1].id) || w.board.False(w.authors[0].id) {
		t.Errorf("told are %+v, kept %+v", w.told.Frauds, w.board.Frauds())
	}
}

// TestFalseMakersAreNotWaitedFor: what one holder lists counts alone when the other one is false,
// from 8 slots before that on, after a restart too.
func TestFalseMakersAreNotWaitedFor(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newBench(t, 3)
		w.at(0)
		w.connect()
		w.quiet(0, 19)
		for s := box.Slot(20); s < 40; s++ {
			w.at(s)
			entries := map[box.Slot]string{20: "a", 35: "b"}[s]
			w.send(w.sign(0, s, entries), w.sign(1, s, ""), w.sign(2, s, ""))
			w.turn()
		}
		w.wants("")
		w.raw(bulletin.AppendFraud(nil, w.fork(1, 5)))
		w.turn()
		if restart {
			w.load()
			w.connect()
		}
		for s := box.Slot(40); s < 50; s++ {
			w.at(s)
			w.send(w.sign(0, s, ""), w.sign(2, s, ""))
			w.turn()
		}
		w.wants("b@43 by 0@35")
		if !w.board.Silent(w.authors[1].id) || w.board.Silent(w.authors[0].id) {
			t.Error("who is false is asked for boxes, or who is not is not")
		}
	}
}

// TestProofsAreHandedOver: one that was found here goes to three others, in the place of questions
// that everybody asks, to each once, and neither to the liar nor to the own provider; one that the
// own provider passed on goes nowhere.
func TestProofsAreHandedOver(t *testing.T) {
	for _, found := range []bool{true, false} {
		w := newBench(t, 7)
		w.at(0)
		w.connect()
		w.board.Connected(w.now, w.authors[0].id)
		w.quiet(0, 19)
		w.at(20)
		proof := w.fork(1, 20)
		if found {
			w.send(proof.A, proof.B)
		} else {
			w.raw(bulletin.AppendFraud(nil, proof))
		}
		rng := rand.New(rand.NewPCG(1, 2))
		handed := map[directory.NodeID]int{}
		for range 40 {
			ask, ok := w.board.Question(w.now, rng)
			if !ok || ask.Of == w.authors[0].id || ask.Of == w.authors[1].id {
				t.Fatalf("asked is %+v", ask)
			}
			if ask.What != (box.Question{Kind: bulletin.HandProof}) {
				continue
			}
			f, err := bulletin.ParseFraud(ask.Proof)
			if err != nil || f.Verify(testNetwork) != nil {
				t.Fatalf("handed over is %+v, %v", f, err)
			}
			if rng.IntN(2) == 0 { // else nothing comes back
				handed[ask.Of]++
				err := w.board.Answered(w.now, ask.Of, ask.What, box.Reply{
					Status: box.StatusBulletin, Ask: ask.What, Pieces: 1}, &w.told)
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if want := map[bool]int{true: 3}[found]; len(handed) != want {
			t.Errorf("%d got it, found here: %t", len(handed), found)
		}
		for id, n := range handed {
			if n != 1 {
				t.Errorf("%s got it %d times", id, n)
			}
		}
	}
}
