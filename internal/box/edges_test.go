package box_test

import (
	"bytes"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

// TestFormatsEnd where Validate says so.
func TestFormatsEnd(t *testing.T) {
	for size, good := range map[int]bool{127: false, 128: true, 1 << 20: true, 1<<20 + 1: false} {
		if err := (box.Format{Plaintext: size}).Validate(); good != (err == nil) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestStatusesHaveNames, those that nobody knows one for all.
func TestStatusesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for s := range box.StatusUnpaid + 1 {
		seen[s.String()] = true
	}
	if len(seen) != int(box.StatusUnpaid)+1 || box.StatusUnpaid.String() != "unpaid" {
		t.Errorf("the names are %v", seen)
	}
	for _, s := range []box.Status{box.StatusUnpaid + 1, 255} {
		if s.String() != "unknown" {
			t.Errorf("status %d is called %q", s, s)
		}
	}
}

// TestRecordOutOfItsBoundsIsNotWritten: what ParseRecord would refuse panics.
func TestRecordOutOfItsBoundsIsNotWritten(t *testing.T) {
	full := bytes.Repeat([]byte{1}, small.ContentSize())
	for name, row := range map[string]struct {
		r    box.Record
		good bool
	}{
		"control":       {box.Record{Kind: 1, Part: 1, Parts: 2, Content: full}, true},
		"no kind":       {box.Record{Parts: 2, Content: full}, false},
		"past the last": {box.Record{Kind: 1, Part: 2, Parts: 2, Content: full}, false},
		"of none":       {box.Record{Kind: 1}, false},
		"too long":      {box.Record{Kind: 1, Parts: 2, Content: append(full, 1)}, false},
	} {
		written := func() (ok bool) {
			defer func() { ok = recover() == nil }()
			row.r.Marshal(small)
			return
		}()
		if written != row.good {
			t.Errorf("%s: written %v", name, written)
		}
	}
}

// TestSettle is the rule in all its cases, by the room that there is.
func TestSettle(t *testing.T) {
	low, high, stone := boxtest.Box(1, 'a', 64), boxtest.Box(1, 'b', 64), boxtest.Box(1, 0, 0)
	replaced := func(old, next box.Box) bool {
		_, replace := box.Arrival{Old: &old, Next: next, Merge: true}.Settle()
		return replace
	}
	if replaced(low, high) { // the smaller hash wins
		low, high = high, low
	}
	if replaced(low, high) || !replaced(high, low) {
		t.Fatal("between holders, each of two boxes wins or none")
	}
	type outcome struct {
		status  box.Status
		replace bool
	}
	full := outcome{box.StatusFull, false}
	for name, row := range map[string]struct {
		a                      box.Arrival
		plenty, scarce, noRoom outcome
	}{
		"new": {box.Arrival{Next: low}, outcome{box.StatusStored, true}, full, full},
		"new tombstone": {box.Arrival{Next: stone}, outcome{box.StatusStored, true},
			outcome{box.StatusStored, true}, full},
		"the same": {box.Arrival{Old: &low, Next: low}, outcome{box.StatusStored, false},
			outcome{box.StatusStored, false}, outcome{box.StatusStored, false}},
		"deleted": {box.Arrival{Old: &low, Next: stone}, outcome{box.StatusStored, true},
			outcome{box.StatusStored, true}, full},
		"after the end": {box.Arrival{Old: &stone, Next: low}, outcome{box.StatusTombstoned, false},
			outcome{box.StatusTombstoned, false}, outcome{box.StatusTombstoned, false}},
		"another write": {box.Arrival{Old: &high, Next: low}, outcome{box.StatusConflict, false},
			outcome{box.StatusConflict, false}, outcome{box.StatusConflict, false}},
		"a holder's": {box.Arrival{Old: &high, Next: low, Merge: true},
			outcome{box.StatusConflict, true}, full, full},
		"a holder's greater": {box.Arrival{Old: &low, Next: high, Merge: true},
			outcome{box.StatusConflict, false}, outcome{box.StatusConflict, false},
			outcome{box.StatusConflict, false}},
	} {
		for room, want := range map[box.Room]outcome{
			box.Plenty: row.plenty, box.Scarce: row.scarce, box.NoRoom: row.noRoom,
		} {
			row.a.Room = room
			o, replace := row.a.Settle()
			if (outcome{o.Status, replace}) != want {
				t.Errorf("%s, room %d: %v, %v, not %+v", name, room, o.Status, replace, want)
			}
		}
	}
}
