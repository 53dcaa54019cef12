package council

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"murmuration/internal/directory"
)

// wire is one end of a link in memory, which hands on what is put into it.
type wire struct {
	in   [][]byte
	out  [][]byte
	fail error // what Receive says when nothing is left
}

func (w *wire) Send(frames ...[]byte) error {
	for _, f := range frames {
		w.out = append(w.out, bytes.Clone(f))
	}
	return nil
}

func (w *wire) Receive(frame []byte) error {
	if len(w.in) == 0 {
		return w.fail
	}
	copy(frame, w.in[0])
	w.in = w.in[1:]
	return nil
}

// words are a signature, and a vote of one frame and of some.
func words(t testing.TB) []Word {
	t.Helper()
	by := directory.NewIdentity(sha256.Sum256([]byte("a1")))
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	signature := &directory.Endorsement{Epoch: 7, Digest: directory.Digest{1},
		Signature: directory.Signature{By: by.ID()}}
	list := []Word{{Signature: signature}}
	for _, nodes := range []int{0, 120} {
		v := &directory.Vote{Epoch: 8, By: by.ID(), Parameters: par}
		for i := range nodes {
			d := &directory.Descriptor{ID: directory.NodeID{byte(i)}, Name: "m",
				Addr: "127.0.0.1:1"}
			for k := range d.Keys {
				d.Keys[k] = make([]byte, 32)
			}
			v.Listings = append(v.Listings, directory.Listing{Descriptor: d})
		}
		v.Sign(by)
		list = append(list, Word{Vote: &directory.Relay{Vote: v}})
	}
	return list
}

// TestWordsArrive: whatever is said is heard, word for word, and answered when it was heard.
func TestWordsArrive(t *testing.T) {
	said := words(t)
	there := &wire{fail: io.EOF}
	for _, w := range said {
		there.in = append(there.in, w.Frames()...)
	}
	if n := len(there.in); n < 4 {
		t.Fatalf("%d frames: no word of several", n)
	}
	var heard []Word
	if err := Hear(there, func(w Word) { heard = append(heard, w) }); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if len(heard) != len(said) || len(there.out) != len(said) {
		t.Fatalf("%d said, %d heard, %d answered", len(said), len(heard), len(there.out))
	}
	for i := range said {
		if !same(said[i].Frames(), heard[i].Frames()) || heard[i].Epoch() != said[i].Epoch() {
			t.Errorf("word %d is heard as something else", i)
		}
		if err := Send(&wire{in: there.out[i:]}, said[i].Frames()); err != nil {
			t.Error(err)
		}
	}
	if err := Send(&wire{fail: io.EOF}, said[0].Frames()); !errors.Is(err, io.EOF) {
		t.Errorf("without an answer: %v", err)
	}
	if err := Send(&wire{in: said[0].Frames()}, said[0].Frames()); !errors.Is(err, errAnswer) {
		t.Errorf("answered with a word: %v", err)
	}
}

func same(a, b [][]byte) bool { return bytes.Equal(bytes.Join(a, nil), bytes.Join(b, nil)) }

// TestBadFramesEndTheLink: nothing is heard of what has another spelling or comes out of order.
func TestBadFramesEndTheLink(t *testing.T) {
	long := words(t)[2].Frames()
	short := words(t)[0].Frames()
	change := func(at int, to byte) [][]byte {
		f := bytes.Clone(short[0])
		f[at] = to
		return [][]byte{f}
	}
	for name, frames := range map[string][][]byte{
		"a piece missing":       append(long[:1:1], long[2:]...),
		"the same piece twice":  append(long[:1:1], long...),
		"a word inside another": append(long[:1:1], short...),
		"an answer":             {answer()},
		"another kind":          change(0, 3),
		"reserved bytes":        change(1, 1),
		"padding":               change(FrameSize-1, 1),
		"no pieces":             change(11, 0),
		"more pieces":           change(8, 0xff),
		"more data":             change(12, 0xff),
		"no data":               {make([]byte, FrameSize)},
		"a vote as a signature": change(0, byte(kindVote)),
	} {
		heard := 0
		err := Hear(&wire{in: frames, fail: io.EOF}, func(Word) { heard++ })
		if !errors.Is(err, directory.ErrMalformed) || heard != 0 {
			t.Errorf("%s: %d heard, %v", name, heard, err)
		}
	}
}

func answer() []byte {
	b := make([]byte, FrameSize)
	frame{kind: kindHeard}.put(b)
	return b
}

// FuzzFrame: what is taken has one spelling, and nothing panics.
func FuzzFrame(f *testing.F) {
	for _, w := range words(f) {
		f.Add(w.Frames()[0][:200])
	}
	f.Add(answer()[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		in := make([]byte, FrameSize)
		copy(in, b)
		got, err := parseFrame(in)
		if err != nil {
			return
		}
		out := make([]byte, FrameSize)
		got.put(out)
		if !bytes.Equal(in, out) {
			t.Fatalf("%x is written as %x", in[:40], out[:40])
		}
	})
}

// FuzzWords feeds whole conversations: what is heard is what its own frames say again.
func FuzzWords(f *testing.F) {
	for i, w := range words(f)[:2] {
		f.Add(w.Frames()[0][frameHead:400], byte(1+i))
	}
	f.Fuzz(func(t *testing.T, raw []byte, k byte) {
		if len(raw) == 0 || len(raw) > 4*pieceSize {
			return
		}
		word, err := parse(kind(k), raw)
		if err != nil {
			return
		}
		frames := word.Frames()
		there := &wire{in: frames, fail: io.EOF}
		heard := 0
		_ = Hear(there, func(w Word) {
			heard++
			if !same(w.Frames(), frames) {
				t.Fatal("heard otherwise than it was said")
			}
		})
		if heard != 1 {
			t.Fatalf("%d heard", heard)
		}
	})
}
