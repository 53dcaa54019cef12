package durable_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"murmuration/internal/durable"
	"murmuration/internal/durable/durabletest"
)

const cell = recordSize + 8

// TestOrderIsChecked: records that changed places are damage, though each is whole.
func TestOrderIsChecked(t *testing.T) {
	b := bytes.Clone(filled(t, 3, 4).Bytes())
	one, two := b[durable.LogHeaderSize:][:cell], b[durable.LogHeaderSize+cell:][:cell]
	kept := bytes.Clone(one)
	copy(one, two)
	copy(two, kept)
	if err := open(durabletest.New(b), int64(len(b)), ignore); !errors.Is(err,
		durable.ErrCorrupt) {
		t.Errorf("two records changed places: %v", err)
	}
}

// TestTornGroups: whatever the power cut left of the last group is cut off and counted.
func TestTornGroups(t *testing.T) {
	whole := filled(t, 3, 4).Bytes()
	last := durable.LogHeaderSize + 3*cell
	for name, c := range map[string]struct {
		tear    func(b []byte) []byte
		n, lost int
	}{
		"half a record":      {func(b []byte) []byte { return b[:len(b)-cell/2] }, 6, 1},
		"one byte of one":    {func(b []byte) []byte { return b[:last+1] }, 3, 1},
		"a whole record":     {func(b []byte) []byte { return b[:len(b)-cell] }, 6, 0},
		"zeros for the last": {func(b []byte) []byte { clear(b[len(b)-cell:]); return b }, 6, 1},
		"all of it":          {func(b []byte) []byte { clear(b[last:]); return b }, 3, 4},
		"its first, and noise behind": {func(b []byte) []byte {
			b[last] ^= 1
			copy(b[last+2*cell:], bytes.Repeat([]byte{0xff}, cell))
			return b
		}, 3, 4},
		"one, and a half": {func(b []byte) []byte {
			b[last+cell] ^= 1
			return b[:len(b)-1]
		}, 4, 3},
	} {
		f := durabletest.New(c.tear(bytes.Clone(whole)))
		l, n, err := openOn(f)
		if err != nil || int(n) != c.n || l.Dropped() != c.lost ||
			f.Size() != int64(durable.LogHeaderSize+c.n*cell) {
			t.Errorf("%s: %d records, %v", name, n, err)
		}
	}
}

// TestHeaders: it is said what is wrong with one.
func TestHeaders(t *testing.T) {
	head := filled(t).Bytes()
	for at, want := range map[int]string{0: "not a file of this kind", 7: "not a file of this kind",
		8: "header is not of 20-byte records", 11: "header is not of 20-byte records",
		12: "header checksum", 15: "header checksum"} {
		f := durabletest.New(head)
		f.Bytes()[at] ^= 1
		if err := open(f, f.Size(), ignore); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("byte %d: %v, want %s", at, err, want)
		}
	}
}

// TestSyncOfNothing touches no disk.
func TestSyncOfNothing(t *testing.T) {
	f := durabletest.New(nil)
	l, _, err := openOn(f)
	if err != nil {
		t.Fatal(err)
	}
	before := f.Syncs
	if err := l.Sync(); err != nil || f.Syncs != before {
		t.Errorf("%d fsyncs, %v", f.Syncs-before, err)
	}
}

// TestSyncFails at the write as at the fsync, and nothing may be taken for durable.
func TestSyncFails(t *testing.T) {
	whole := filled(t, 2).Bytes()
	for _, call := range []string{"write", "sync"} {
		f := durabletest.New(whole)
		l, err := durable.OpenLogFile(failing{f, call}, "the log", f.Size(), recordSize, ignore)
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(l.Append(record(2)), l.Sync())
		if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "the log") {
			t.Errorf("failing %s: %v", call, err)
		}
	}
}

// TestNewMark is in both slots: a tear of the first write leaves the other, whatever it brings.
func TestNewMark(t *testing.T) {
	_, content := newMark(t)
	for slot := range 2 {
		torn := bytes.Clone(content)
		copy(torn[4096*slot+8:], bytes.Repeat([]byte{0xff}, 8)) // a high value, not whole
		m, err := durable.OpenMarkFile(durabletest.New(torn), "test")
		if err != nil || m.Value() != 0 {
			t.Errorf("without slot %d: %v", slot, err)
		}
	}
}
