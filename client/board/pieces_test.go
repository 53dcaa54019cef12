package board

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
)

// small has replies carry 140 bytes, so that answers have pieces.
func (w *bench) small() {
	d := w.document()
	d.Parameters.BoxPlaintext = 128
	w.board.SetDocument(d)
}

// reply is what an honest provider says to a question about something.
func (w *bench) reply(q box.Question, whole []byte) box.Reply {
	size := w.board.pieceSize()
	data, ok := bulletin.Piece(whole, size, int(q.Piece))
	if !ok {
		w.t.Fatalf("there is no piece %d", q.Piece)
	}
	return box.Reply{Status: box.StatusBulletin, Ask: q,
		Pieces: uint16(bulletin.Pieces(whole, size)), Data: data}
}

func (w *bench) answered(by int, q box.Question, r box.Reply) {
	w.t.Helper()
	if err := w.board.Answered(w.now, w.authors[by].id, q, r, &w.told); err != nil {
		w.t.Fatal(err)
	}
}

// hidden has a roll of 40 boxes lack here, and no bulletins to make it of.
func hidden(t *testing.T) (w *bench, q box.Question, roll bulletin.SignedRoll) {
	w = newBench(t, 5)
	w.small()
	w.at(0)
	w.connect()
	w.quiet(0, 9)
	for s := box.Slot(10); s < 20; s++ {
		w.at(s)
		w.sign(2, s, "abcd")
	}
	w.quiet(20, 247)
	roll = w.close(2, 0)
	w.quiet(248, 270)
	if !w.board.hole(0) {
		t.Fatal("there is no hole")
	}
	return w, box.Question{Kind: bulletin.AskRoll, Maker: 2, Number: 0}, roll
}

// TestRollOfManyPieces: a roll that does not fit into one reply is asked for piece by piece, at who
// gave the first one, beside what is lacking else, and taken when all is here.
func TestRollOfManyPieces(t *testing.T) {
	w, want, roll := hidden(t)
	w.told = News{}
	rng := rand.New(rand.NewPCG(1, 2))
	asked := 0
	for ; w.board.hole(0) && asked < 20; asked++ {
		ask, ok := w.board.Question(w.now, rng)
		q := ask.What
		q.Piece = 0
		if !ok || q != want || ask.Of != w.authors[3].id && asked > 0 {
			if q.Kind == bulletin.AskRoll || len(w.board.assemblies) == 0 {
				t.Fatalf("question %d is %+v", asked, ask)
			}
			continue
		}
		if n := len(w.told.Listed); n > 0 {
			t.Fatalf("%d are listed by a part of a roll", n)
		}
		w.answered(3, ask.What, w.reply(ask.What, roll.Marshal()))
	}
	if n := len(w.told.Listed); n != 40 || w.board.hole(0) || len(w.board.assemblies) > 0 {
		t.Errorf("%d of 40 are listed after %d questions", n, asked)
	}
	w.counted(map[Reason]uint64{Gap: 1})
}

// TestPiecesThatDoNotFit are dropped and counted, and bring nothing; those of an honest provider
// between them do.
func TestPiecesThatDoNotFit(t *testing.T) {
	w, q, roll := hidden(t)
	w.told = News{}
	raw := roll.Marshal()
	first := w.reply(q, raw)
	second := q
	second.Piece = 1
	change := func(r box.Reply, by func(*box.Reply)) box.Reply { by(&r); return r }
	tries := uint64(0)
	for name, bad := range map[string]box.Reply{
		"of more pieces": change(w.reply(second, raw), func(r *box.Reply) { r.Pieces++ }),
		"short":          change(w.reply(second, raw), func(r *box.Reply) { r.Data = r.Data[1:] }),
		"empty":          change(w.reply(second, raw), func(r *box.Reply) { r.Data = nil }),
		"not there":      {Status: box.StatusNotFound},
	} {
		w.answered(1, q, first)
		w.answered(0, q, first)
		if n := len(w.board.assemblies); n != 2 {
			t.Fatalf("%s: %d assemblies", name, n)
		}
		w.answered(1, second, bad)
		tries++
		if n := len(w.board.assemblies); n != 1 {
			t.Errorf("%s: %d assemblies left", name, n)
		}
		w.counted(map[Reason]uint64{Gap: 1, Answer: tries})
	}
	for _, r := range []box.Reply{{Status: box.StatusBulletin, Pieces: 65535, Data: first.Data},
		{Status: box.StatusBulletin, Pieces: 257, Data: first.Data}} {
		w.answered(1, q, r)
		tries++
	}
	w.counted(map[Reason]uint64{Gap: 1, Answer: tries})
	other := box.Question{Kind: bulletin.AskRoll, Maker: 1}
	w.answered(1, other, w.reply(other, raw)) // nobody waits for that one
	forged := append([]byte(nil), raw...)
	forged[len(forged)-70] ^= 1
	for piece := range uint16(first.Pieces) {
		p := q
		p.Piece = piece
		w.answered(4, p, w.reply(p, forged))
	}
	if len(w.told.Listed) > 0 || !w.board.hole(0) || len(w.board.assemblies) != 1 {
		t.Fatalf("%d were listed, %d assemblies", len(w.told.Listed), len(w.board.assemblies))
	}
	for piece := uint16(1); piece < first.Pieces; piece++ {
		p := q
		p.Piece = piece
		w.answered(0, p, w.reply(p, raw))
	}
	if len(w.told.Listed) != 40 || w.board.hole(0) {
		t.Errorf("the control: %d are listed", len(w.told.Listed))
	}
}

// TestStalledAnswersEnd: who gives one piece and no more is not asked for ever.
func TestStalledAnswersEnd(t *testing.T) {
	w, q, roll := hidden(t)
	w.answered(1, q, w.reply(q, roll.Marshal()))
	rng := rand.New(rand.NewPCG(1, 2))
	if w.askedOf(rng, 1) < 100 {
		t.Error("the control: others are asked for the rest")
	}
	for s := box.Slot(271); s < 271+stalledSlots; s += 10 {
		w.board.state.Newest = s + 1
	}
	w.board.state.Newest += 10
	if n := w.askedOf(rng, 1); n > 60 {
		t.Errorf("%d of 100 questions go to who says no more", n)
	}
}

func (w *bench) askedOf(rng *rand.Rand, by int) (n int) {
	for range 100 {
		if ask, ok := w.board.Question(w.now, rng); ok && ask.Of == w.authors[by].id {
			n++
		}
	}
	return n
}

// TestHashesOfManyPieces: of a list of hashes only the pieces are asked for that a head covers, and
// a fork is found by them.
func TestHashesOfManyPieces(t *testing.T) {
	const makers, forked = 90, 30
	w := newBench(t, makers)
	w.small()
	w.at(0)
	w.connect()
	w.quiet(0, 9)
	w.at(10)
	lie := body(w, forked, 10, w.authors[forked].last, "z")
	for m := range makers {
		if b := w.sign(m, 10, ""); m != forked {
			w.send(b)
		}
	}
	w.send(lie)
	for by := range 3 {
		w.attest(by, 10)
	}
	var list []bulletin.Hash
	for _, a := range w.authors {
		list = append(list, a.signed[10].Hash())
	}
	whole := bulletin.HashList(list)
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := map[uint16]bool{}
	for range 200 {
		ask, ok := w.board.Question(w.now, rng)
		if !ok || ask.What.Maker != bulletin.AllMakers {
			break
		}
		pieces[ask.What.Piece] = true
		w.answered(2, ask.What, w.reply(ask.What, whole))
	}
	if n := len(pieces); n < 64*32/140 || n > 64*32/140+2 {
		t.Errorf("%d of %d pieces were asked for", n, bulletin.Pieces(whole, 140))
	}
	w.quiet(11, 16, forked)
	if n := w.asked(rng, forked, 10); n != 100 {
		t.Errorf("the other body is asked for %d times of 100", n)
	}
}

// torn is hidden without all that leads there.
func torn(t *testing.T) (w *bench, q box.Question, roll bulletin.SignedRoll) {
	w = newBench(t, 5)
	w.small()
	w.at(270)
	w.connect()
	w.board.state.Newest = 270
	r := bulletin.Roll{Network: testNetwork, Maker: w.authors[2].id}
	for i := range 40 {
		r.Entries = append(r.Entries, bulletin.RollEntry{Entry: box.Entry{byte(i)}, At: uint8(i)})
	}
	w.board.maker(r.Maker).tear(0, 0)
	w.board.want(lacking{maker: r.Maker, roll: true})
	return w, box.Question{Kind: bulletin.AskRoll, Maker: 2}, r.Sign(w.authors[2].private)
}

// FuzzPieces: whatever pieces come, from anybody, in any order: no more is kept than there may be,
// nothing is listed that is not signed, and an honest provider's answer is whole in the end.
func FuzzPieces(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 2, 2, 3})
	f.Add([]byte{1, 0, 5, 140, 1, 1, 5, 140, 1, 2, 5, 3})
	f.Fuzz(func(t *testing.T, raw []byte) {
		w, q, roll := torn(t)
		whole := roll.Marshal()
		for ; len(raw) >= 4; raw = raw[4:] {
			p := q
			p.Piece = uint16(raw[1])
			w.answered(int(raw[0]%4), p, box.Reply{Status: box.StatusBulletin, Ask: p,
				Pieces: binary.BigEndian.Uint16([]byte{raw[0] / 128, raw[2]}),
				Data:   make([]byte, raw[3])})
			kept := 0
			for _, a := range w.board.assemblies {
				kept += len(a.parts) * w.board.pieceSize()
				if a.next() < 0 {
					t.Fatal("one that is whole is kept")
				}
			}
			if len(w.board.assemblies) > mostAssembled ||
				kept > mostAssembled*mostPieces*w.board.pieceSize() {
				t.Fatalf("%d bytes of %d are kept", kept, len(w.board.assemblies))
			}
		}
		if len(w.told.Listed) > 0 {
			t.Fatal("listed by nobody's word")
		}
		w.board.assemblies = nil
		for i := range bulletin.Pieces(whole, w.board.pieceSize()) {
			p := q
			p.Piece = uint16(i)
			w.answered(4, p, w.reply(p, whole))
		}
		if len(w.told.Listed) != 40 {
			t.Fatalf("%d are listed", len(w.told.Listed))
		}
	})
}
