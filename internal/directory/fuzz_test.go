package directory

import (
	"bytes"
	"testing"
)

// fuzzForm feeds a decoder: no panic, and what is taken is written again the same.
func fuzzForm(f *testing.F, name string) {
	form := forms(f)[name]
	f.Add(form.sample)
	f.Add(form.sample[:len(form.sample)/2])
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if back, err := form.again(b); err == nil && !bytes.Equal(back, b) {
			t.Fatalf("%x is written as %x", b, back)
		}
	})
}

func FuzzGenesis(f *testing.F)     { fuzzForm(f, "genesis") }
func FuzzDescriptor(f *testing.F)  { fuzzForm(f, "descriptor") }
func FuzzApplication(f *testing.F) { fuzzForm(f, "application") }
func FuzzAdmissions(f *testing.F)  { fuzzForm(f, "admissions") }
func FuzzVote(f *testing.F)        { fuzzForm(f, "vote") }
func FuzzRelay(f *testing.F)       { fuzzForm(f, "relay") }
func FuzzRecord(f *testing.F)      { fuzzForm(f, "record") }
func FuzzEndorsement(f *testing.F) { fuzzForm(f, "endorsement") }

// FuzzDocument also verifies what it reads: a stranger's document reaches both.
func FuzzDocument(f *testing.F) {
	g := testGenesis(f, 1)
	d := testDocument(f, g, 3, Digest{}, someNodes...)
	if err := d.Verify(g); err != nil {
		f.Fatal(err)
	}
	f.Add(d.Marshal())
	d.Storing = nil
	f.Add(d.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDocument(b)
		if err != nil {
			return
		}
		if !bytes.Equal(d.Marshal(), b) {
			t.Fatalf("%x is written otherwise", b)
		}
		_ = d.WellFormed(g)
		if d.Verify(g) == nil {
			for e := d.Epoch; d.ValidAt(e); e++ {
				for _, n := range d.Nodes {
					if _, err := d.Key(n.ID, e); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
}

// FuzzFrame holds that each frame has one spelling.
func FuzzFrame(f *testing.F) {
	buf := make([]byte, FrameSize)
	for _, fr := range []frame{
		{op: opLatest}, {op: opDocument, epoch: 9, piece: 3}, {op: opSubmit, piece: 1, pieces: 2, data: []byte("x")},
		{op: opPiece, epoch: 2, pieces: 1, data: make([]byte, pieceSize)}, {op: opRefused, reason: RefusedKeys},
	} {
		fr.put(buf)
		f.Add(bytes.Clone(buf))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := parseFrame(b)
		if err != nil {
			return
		}
		back := make([]byte, FrameSize)
		if fr.put(back); !bytes.Equal(back, b) {
			t.Fatalf("%x is written as %x", b, back)
		}
	})
}

// FuzzDesk sends a stranger's frames, one after the other, to one connection.
func FuzzDesk(f *testing.F) {
	f.Add(byte(3), uint32(0), uint32(2), []byte("x"), byte(3), uint32(1), uint32(2))
	f.Add(byte(1), uint32(0), uint32(0), []byte(nil), byte(2), uint32(7), uint32(0))
	f.Fuzz(func(t *testing.T, op1 byte, piece1, pieces1 uint32, data []byte, op2 byte, piece2, pieces2 uint32) {
		d := desk{library: &shelf{epoch: 1, whole: []byte("a document")}}
		data = data[:min(len(data), pieceSize)]
		for _, q := range []frame{{op: op(op1), piece: piece1, pieces: pieces1, data: data}, {op: op(op2), piece: piece2, pieces: pieces2, data: data}} {
			answer, err := d.answer(q)
			if err == nil && answer.check() != nil {
				t.Fatalf("%v answers with %v", q, answer)
			}
			if len(d.intake) > MaxDescriptor {
				t.Fatalf("holds %d bytes", len(d.intake))
			}
		}
	})
}
