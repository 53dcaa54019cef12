package durable

import (
	"encoding/binary"
	"errors"
	"testing"

	"murmuration/internal/durable/durabletest"
)

// TestGroups: a record belongs to the group before it or begins one; others are damage.
func TestGroups(t *testing.T) {
	for _, c := range []struct {
		groups []uint32
		n      uint32
		err    error
	}{
		{[]uint32{0, 0, 2, 2}, 4, nil},
		{[]uint32{0, 1, 2, 3}, 4, nil},
		{[]uint32{0, 0, 2, 0}, 3, nil},           // back into a group that was over: torn
		{[]uint32{0, 0, 1, 1}, 2, nil},           // into one that never began: torn
		{[]uint32{0, 0, 1, 3}, 2, ErrCorrupt},    // and a good group behind
		{[]uint32{0, 9, 0, 0}, 1, nil},           // into one to come
		{[]uint32{7, 0, 0, 0}, 0, nil},           // without a first
		{[]uint32{0, 0, 2, 2, 1}, 4, nil},        // an old one at the end
		{[]uint32{0, 5, 2, 2, 2}, 1, ErrCorrupt}, // what follows was fsynced after it
	} {
		l := &Log{size: 1}
		content := l.header()
		for i, group := range c.groups {
			body := binary.BigEndian.AppendUint32([]byte{byte(i)}, group)
			content = append(content, body...)
			content = binary.BigEndian.AppendUint32(content, sum(uint32(i), body))
		}
		n := uint32(0)
		_, err := OpenLogFile(durabletest.New(content), "test", int64(len(content)), 1,
			func([]byte) error { n++; return nil })
		if n != c.n || !errors.Is(err, c.err) {
			t.Errorf("groups %v: %d records, %v", c.groups, n, err)
		}
	}
}
