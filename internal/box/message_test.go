package box_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

// TestUnusedPlaces: each place that one message has no use for, in messages that have one for most;
// the controls are the messages unchanged.
func TestUnusedPlaces(t *testing.T) {
	fetch := box.Request{Op: box.OpFetch, Fetch: box.FetchKey{Slot: 7, Entry: box.Entry{1}, N: 1}}
	ask := box.Request{Op: box.OpBulletin,
		Ask: box.Question{Kind: 1, Maker: 2, Number: 3, Piece: 4}}
	stone := box.Request{Op: box.OpTombstone, Day: 9, Box: boxtest.Box(1, 'a', 0)}
	for name, row := range map[string]struct {
		r  box.Request
		at []int
	}{
		"fetch":    {fetch, []int{1, 2, 3, 14, 35, 36, 99, 100, 131, 132}},
		"bulletin": {ask, []int{1, 2, 3, 13, 35, 36, 99, 100, 131, 132}},
		"delete":   {stone, []int{1, 100, 131, 132}},
	} {
		for _, at := range append(row.at, -1) {
			b := row.r.Marshal(small)
			if at >= 0 {
				b[at] = 1
			}
			if _, err := box.ParseRequest(small, b); errors.Is(err, box.ErrMalformed) != (at >= 0) {
				t.Errorf("%s, byte %d: %v", name, at, err)
			}
		}
	}
	for name, change := range map[string]func(b []byte){
		"control":         func([]byte) {},
		"no pieces":       func(b []byte) { b[133] = 0 },
		"piece past last": func(b []byte) { b[12] = 2 },
		"longer":          func(b []byte) { b[134] = 0xff },
		"shorter":         func(b []byte) { b[135] = 1 },
		"behind":          func(b []byte) { b[139] = 1 },
		"day":             func(b []byte) { b[2] = 1 },
		"signature":       func(b []byte) { b[40] = 1 },
		"question":        func(b []byte) { b[13] = 1 },
	} {
		b := box.Reply{Status: box.StatusBulletin, Ask: box.Question{Kind: 1, Piece: 1}, Pieces: 2,
			Data: []byte("abc")}.Marshal(small)
		change(b)
		if _, err := box.ParseReply(small, b); (err == nil) != (name == "control") {
			t.Errorf("reply, %s: %v", name, err)
		}
	}
}

// TestPieces: as long as two bytes can say, and what is too long is cut.
func TestPieces(t *testing.T) {
	huge := box.Format{Plaintext: 1 << 20}
	for name, row := range map[string][2]int{
		"default": {box.DefaultFormat.PieceSize(), 8268}, "huge": {huge.PieceSize(), 65535},
	} {
		if row[0] != row[1] {
			t.Errorf("%s: pieces of %d bytes, want %d", name, row[0], row[1])
		}
	}
	long := bytes.Repeat([]byte{7}, small.PieceSize()+1)
	r, err := box.ParseReply(small, box.Reply{Status: box.StatusBulletin, Pieces: 1,
		Data: long}.Marshal(small))
	if err != nil || len(r.Data) != small.PieceSize() {
		t.Errorf("a piece of %d bytes, %v", len(r.Data), err)
	}
}

// TestAnswers: which status may answer which operation, and that the reply must be about the same.
func TestAnswers(t *testing.T) {
	b, other := boxtest.Box(1, 'a', small.CiphertextSize()), boxtest.Box(2, 'a', 0)
	address := box.Box{ID: b.ID}
	requests := map[box.Op]box.Request{
		box.OpWrite:     {Op: box.OpWrite, Day: 3, Box: b},
		box.OpTombstone: {Op: box.OpTombstone, Day: 3, Box: address},
		box.OpDigest:    {Op: box.OpDigest, Epoch: 5},
		box.OpFetch:     {Op: box.OpFetch, Fetch: box.FetchKey{Slot: 4, Entry: box.EntryOf(b.ID)}},
		box.OpBulletin:  {Op: box.OpBulletin, Ask: box.Question{Kind: 1, Number: 4}},
	}
	may := map[box.Op][]box.Status{
		box.OpWrite: {box.StatusNotFound, box.StatusStored, box.StatusConflict, box.StatusFull,
			box.StatusTombstoned, box.StatusUnpaid},
		box.OpTombstone: {box.StatusNotFound, box.StatusStored, box.StatusFull},
		box.OpDigest:    {box.StatusDigest},
		box.OpFetch:     {box.StatusFound, box.StatusNotFound, box.StatusTombstoned},
		box.OpBulletin:  {box.StatusNotFound, box.StatusBulletin},
	}
	for op, q := range requests {
		for s := range box.StatusUnpaid + 2 {
			r := q.Refusal(s)
			r.Epoch, r.Ask = q.Epoch, q.Ask
			wrong := r
			wrong.Day, wrong.Epoch, wrong.Ask.Piece, wrong.Box.ID = 9, 9, 9, other.ID
			if op == box.OpFetch && s != box.StatusNotFound {
				r.Box.ID, r.Day = b.ID, 3
			}
			if want := slices.Contains(may[op], s); r.Answers(q) != want || wrong.Answers(q) {
				t.Errorf("operation %d, %s: %v, of another %v", op, s, r.Answers(q),
					wrong.Answers(q))
			}
		}
	}
}
