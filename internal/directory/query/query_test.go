package query

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"murmuration/internal/directory"
)

// FuzzFrame holds that each frame has one spelling.
func FuzzFrame(f *testing.F) {
	buf := make([]byte, FrameSize)
	for _, fr := range []frame{
		{op: opLatest}, {op: opDocument, epoch: 9, piece: 3},
		{op: opSubmit, piece: 1, pieces: 2, data: []byte("x")},
		{op: opPiece, epoch: 2, pieces: 1, data: make([]byte, pieceSize)},
		{op: opRefused, reason: directory.RefusedKeys},
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

// FuzzServer sends a stranger's frames, one after the other, to one connection.
func FuzzServer(f *testing.F) {
	f.Add(byte(3), uint32(0), uint32(2), []byte("x"), byte(3), uint32(1), uint32(2))
	f.Add(byte(1), uint32(0), uint32(0), []byte(nil), byte(2), uint32(7), uint32(0))
	f.Fuzz(func(t *testing.T, op1 byte, piece1, pieces1 uint32, data []byte, op2 byte, piece2,
		pieces2 uint32) {
		d := server{library: &library{epoch: 1, whole: []byte("a document")}}
		data = data[:min(len(data), pieceSize)]
		for _, q := range []frame{{op: op(op1), piece: piece1, pieces: pieces1, data: data},
			{op: op(op2), piece: piece2, pieces: pieces2, data: data}} {
			answer, err := d.answer(q)
			if err == nil && answer.check() != nil {
				t.Fatalf("%v answers with %v", q, answer)
			}
			if len(d.intake) > directory.MaxDescriptor {
				t.Fatalf("holds %d bytes", len(d.intake))
			}
		}
	})
}

// The worked example of docs/directory.md is what the code does.
func TestExampleOfTheSpecification(t *testing.T) {
	spec, err := os.ReadFile("../../../docs/directory.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(spec), " Example\n")
	var hexes []string
	for _, m := range regexp.MustCompile("`([0-9a-f ]+)`").FindAllStringSubmatch(example, -1) {
		hexes = append(hexes, strings.ReplaceAll(m[1], " ", ""))
	}
	whole := bytes.Repeat([]byte{5}, 5000)
	buf := make([]byte, FrameSize)
	head := func(f frame, n int) string {
		f.put(buf)
		return hex.EncodeToString(buf[:n])
	}
	d := server{library: &library{epoch: 7, whole: whole}}
	first, _ := d.answer(frame{op: opLatest})
	second, _ := d.answer(frame{op: opDocument, epoch: 7, piece: 1})
	got := []string{
		head(frame{op: opLatest}, 1), head(first, frameHead),
		head(frame{op: opDocument, epoch: 7, piece: 1}, frameHead), head(second, frameHead),
		hex.EncodeToString(directory.Admissions{}.Marshal()),
	}
	if strings.Join(got, "\n") != strings.Join(hexes, "\n") {
		t.Errorf("the code gives\n%s\nthe specification says\n%s", strings.Join(got, "\n"),
			strings.Join(hexes, "\n"))
	}
	if maxRequests != 4120 || len(first.data) != 4076 || len(second.data) != 924 {
		t.Errorf("%d requests, pieces of %d and %d bytes", maxRequests, len(first.data),
			len(second.data))
	}
}

// founded is a library that has a genesis.
type founded struct {
	library
	genesis []byte
}

func (f *founded) Genesis() []byte { return f.genesis }

// TestFetchGenesis: a genesis comes over piece by piece, of any size that one may have; a larger
// one is not taken, and nothing comes from who has none to give.
func TestFetchGenesis(t *testing.T) {
	fetch := func(from Library) (got []byte, err error) {
		converse(from, func(c Conn) { got, err = FetchGenesis(c) })
		return got, err
	}
	for _, size := range []int{1, pieceSize, pieceSize + 1, directory.MaxGenesis} {
		whole := bytes.Repeat([]byte{7}, size)
		if got, err := fetch(&founded{genesis: whole}); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("%d bytes: %d came, %v", size, len(got), err)
		}
	}
	large := bytes.Repeat([]byte{7}, directory.MaxGenesis+1)
	if _, err := fetch(&founded{genesis: large}); !errors.Is(err, directory.ErrMalformed) {
		t.Errorf("one that is too large: %v", err)
	}
	if got, err := fetch(&library{}); err == nil {
		t.Errorf("who has none gives %d bytes", len(got))
	}
}
