package durable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// File layout of a Mark: two slots, each at the start of a block of its own so that one torn write
// cannot reach both. A slot is magic 8 ‖ value 8 ‖ CRC-32C of the sixteen 4, big-endian. Writes
// alternate between the two, so the older value stays until the newer one is whole.
const (
	markMagic    = "MURMMRK1"
	markSlotSize = 8 + 8 + 4
	markBlock    = 4096
)

// Mark is a number that only grows, each value fsynced in place. It says what has been
// acknowledged, so that a store that lost its tail can be told from one that never had it. A Mark
// is used by one goroutine at a time.
type Mark struct {
	file  File
	name  string
	value uint64
	next  int64 // slot of the next write
}

// CreateMark makes a mark with value 0 at path, which must not exist.
func CreateMark(path string) error {
	data := make([]byte, markBlock+markSlotSize)
	copy(data, markSlot(0))
	copy(data[markBlock:], markSlot(0))
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("creating mark %s: %w", path, os.ErrExist)
	}
	return WriteFile(path, data, 0o600)
}

// OpenMark opens the mark at path. One damaged slot is a torn write and the other counts; two are
// ErrCorrupt.
func OpenMark(path string) (*Mark, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("opening mark: %w", err)
	}
	m, err := openMarkFile(diskFile{f}, filepath.Base(path))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return m, nil
}

// openMarkFile is OpenMark on a file that is open already.
func openMarkFile(f File, name string) (*Mark, error) {
	m := &Mark{file: f, name: name}
	found := false
	for slot := int64(0); slot < 2; slot++ {
		v, ok, err := readSlot(f, slot)
		if err != nil {
			return nil, fmt.Errorf("opening mark %s: %w", name, err)
		}
		if ok && (!found || v > m.value) {
			m.value, m.next, found = v, 1-slot, true
		}
	}
	if !found {
		return nil, fmt.Errorf("opening mark %s: %w: neither slot is whole", name, ErrCorrupt)
	}
	return m, nil
}

func readSlot(f File, slot int64) (value uint64, ok bool, err error) {
	b := make([]byte, markSlotSize)
	if _, err := f.ReadAt(b, slot*markBlock); err != nil && err != io.EOF {
		return 0, false, err
	}
	v := binary.BigEndian.Uint64(b[8:])
	return v, string(b) == string(markSlot(v)), nil
}

func markSlot(v uint64) []byte {
	b := append(make([]byte, 0, markSlotSize), markMagic...)
	b = binary.BigEndian.AppendUint64(b, v)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// Value is the newest value that is on the disk.
func (m *Mark) Value() uint64 { return m.value }

// Set writes and fsyncs a larger value; a smaller or equal one is a broken invariant.
func (m *Mark) Set(v uint64) error {
	if v <= m.value {
		panic("durable: a mark only grows")
	}
	_, err := m.file.WriteAt(markSlot(v), m.next*markBlock)
	if err == nil {
		err = m.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("setting mark %s: %w", m.name, err)
	}
	m.value, m.next = v, 1-m.next
	return nil
}

// Close closes the file. A second Close does nothing.
func (m *Mark) Close() error {
	if err := m.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
