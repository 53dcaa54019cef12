package durable

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// recover loads a log of length bytes, at least a header, and cuts a torn last group off.
func (l *Log) recover(length int64, load func([]byte) error) error {
	if err := l.checkHeader(length); err != nil {
		return err
	}
	body := length - LogHeaderSize
	if body/l.cell() > math.MaxUint32-1 {
		return fmt.Errorf("%w: longer than any log", ErrCorrupt)
	}
	r := bufio.NewReaderSize(io.NewSectionReader(l.file, LogHeaderSize, body), 1<<16)
	whole := uint32(body / l.cell())
	good, err := l.loadGood(r, whole, load)
	if err != nil {
		return err
	}
	l.count = good
	if good == whole && body%l.cell() == 0 {
		return nil
	}
	if err := l.checkTorn(r, good, whole); err != nil {
		return err
	}
	return l.cutOff(good, whole, body)
}

func (l *Log) checkHeader(length int64) error {
	head := make([]byte, LogHeaderSize)
	if _, err := l.file.ReadAt(head, 0); err != nil {
		return err
	}
	want := l.header()
	switch {
	case string(head) == string(want):
		return nil
	case bytes.Count(head, zero) == len(head) && length == LogHeaderSize:
		// The power went between the header's write and its fsync; the length reached the disk.
		return l.begin(0)
	case string(head[:len(logMagic)]) != logMagic:
		return ErrForeign
	case string(head[:12]) == string(want[:12]):
		return fmt.Errorf("%w: header checksum", ErrCorrupt)
	}
	return fmt.Errorf("%w: header is not of %d-byte records", ErrCorrupt, l.size)
}

// loadGood hands over records up to the first bad one, which has then been consumed from r, and
// returns their number.
func (l *Log) loadGood(
	r io.Reader, whole uint32, load func([]byte) error,
) (good uint32, err error) {
	cell := make([]byte, l.cell())
	for group := uint32(0); good < whole; good++ {
		if _, err := io.ReadFull(r, cell); err != nil {
			return good, err
		}
		g, ok := check(good, cell)
		if !ok || g != group && g != good {
			break
		}
		if err := load(cell[:l.size]); err != nil {
			return good, err
		}
		group = g
	}
	return good, nil
}

// check verifies one cell and returns the index at which its group begins.
func check(index uint32, cell []byte) (group uint32, ok bool) {
	n := len(cell) - recordTrailer
	return binary.BigEndian.Uint32(cell[n:]), sum(index,
		cell[:n+4]) == binary.BigEndian.Uint32(cell[n+4:])
}

// checkTorn tells a torn last group from damage in the middle.
func (l *Log) checkTorn(r io.Reader, good, whole uint32) error {
	cell := make([]byte, l.cell())
	for i := uint64(good) + 1; i < uint64(whole); i++ {
		if _, err := io.ReadFull(r, cell); err != nil {
			return err
		}
		if group, ok := check(uint32(i), cell); ok && group > good {
			return fmt.Errorf("%w at record %d of %d, with good records behind it", ErrCorrupt,
				good, whole)
		}
	}
	return nil
}

func (l *Log) cutOff(good, whole uint32, body int64) error {
	l.dropped = int(whole - good)
	if body%l.cell() != 0 {
		l.dropped++
	}
	if err := l.file.Truncate(LogHeaderSize + int64(good)*l.cell()); err != nil {
		return err
	}
	return l.file.Sync()
}
