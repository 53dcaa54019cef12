package durable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"syscall"
)

// File layout of a Log, big-endian:
//
//	header   magic 8 ‖ record size 4 ‖ CRC-32C of the twelve 4
//	record   payload (record size) ‖ group 4 ‖ CRC-32C of (index 4 ‖ payload ‖ group) 4
//
// All records of one Sync are a group and carry the index of its first one. A power cut can damage
// the last group only, in any pattern, since the group before was fsynced before it began; a good
// record whose group begins behind a bad one therefore proves damage of another kind.
const (
	logMagic = "MURMLOG1"
	// LogHeaderSize is the size of a log without records, in bytes.
	LogHeaderSize = 8 + 4 + 4
	recordTrailer = 4 + 4
	maxRecordSize = 1 << 16 // keeps a damaged header from asking for memory
)

// zero is what a power cut may leave in place of a header.
var zero = []byte{0}

// Errors of logs and marks.
var (
	ErrForeign = errors.New("not a file of this kind")
	ErrCorrupt = errors.New("file is damaged")
	errLogFull = errors.New("log has 2^32 - 1 records")
	ErrNoSpace = errors.New("no space left on the disk")
)

// Passing says that an error may be over soon, and that what failed can be done again then: the
// disk is full or does not answer, or there are too many open files. It is a reason to wait and to
// tell somebody, and none to end.
func Passing(err error) bool {
	for _, e := range []error{ErrNoSpace, syscall.ENOSPC, syscall.EMFILE, syscall.ENFILE,
		syscall.EIO, syscall.EAGAIN, syscall.EINTR, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Trouble is a passing error for a person: what is wrong, and what they can do.
func Trouble(err error) string {
	switch {
	case errors.Is(err, ErrNoSpace) || noSpace(err):
		return "the disk is full: make room"
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		return "too many files are open: raise the limit (LimitNOFILE, ulimit -n)"
	case errors.Is(err, syscall.EIO):
		return "the disk does not work: look at it, and at the system's log"
	}
	return "the system refuses it for now"
}

// orNoSpace is ErrNoSpace for the system's own ways to say it.
func orNoSpace(err error) error {
	if noSpace(err) {
		return ErrNoSpace
	}
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// File is what a Log or a Mark needs of an *os.File; durabletest has one whose power can be cut.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Log is an append-only file of fixed-size records. Append collects, Sync writes what was collected
// as one group and fsyncs it. A Log is used by one goroutine at a time.
type Log struct {
	file    File
	name    string
	size    int    // of a record's payload
	count   uint32 // records in the file
	dropped int
	pending []byte // whole cells, in order, not yet written
	broken  error  // set by a failed write or fsync: what is on the disk is then unknown
}

// OpenLog opens the log at path, creating it if it is not there, and hands every record to load, in
// order. The slice is load's only until it returns. A torn last group, which nobody was told was
// durable, is cut off (see Dropped); damage before it is ErrCorrupt, another kind of file
// ErrForeign, and neither touches the file.
func OpenLog(path string, recordSize int, load func(record []byte) error) (*Log, error) {
	f, err := openOrMake(path)
	if err != nil {
		return nil, fmt.Errorf("opening log: %w", orNoSpace(err))
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening log: %w", err), f.Close())
	}
	l, err := OpenLogFile(diskFile{f}, path, info.Size(), recordSize, load)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := SyncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// OpenLogFile is OpenLog on a file that is open already and length bytes long. The caller keeps the
// duty to close it if this fails.
func OpenLogFile(
	f File, name string, length int64, recordSize int, load func([]byte) error,
) (*Log, error) {
	if recordSize < 1 || recordSize > maxRecordSize {
		panic("durable: record size out of range")
	}
	l := &Log{file: f, name: name, size: recordSize}
	var err error
	if length < LogHeaderSize {
		err = l.begin(length)
	} else {
		err = l.recover(length, load)
	}
	if err != nil {
		return nil, fmt.Errorf("opening log %s: %w", name, err)
	}
	return l, nil
}

// begin writes the header of a new log. Fewer bytes than a header are left over from a power cut
// during an earlier begin, if they are a beginning of the header or zeros; else they are foreign.
func (l *Log) begin(length int64) error {
	head := l.header()
	got := make([]byte, length)
	if _, err := l.file.ReadAt(got, 0); err != nil && err != io.EOF {
		return err
	}
	if string(got) != string(head[:length]) && bytes.Count(got, zero) < len(got) {
		return ErrForeign
	}
	if _, err := l.file.WriteAt(head, 0); err != nil {
		return orNoSpace(err)
	}
	return l.file.Sync()
}

func (l *Log) header() []byte {
	h := append(make([]byte, 0, LogHeaderSize), logMagic...)
	h = binary.BigEndian.AppendUint32(h, uint32(l.size))
	return binary.BigEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))
}

// cell is the size of a record in the file.
func (l *Log) cell() int64 { return int64(l.size + recordTrailer) }

// sum is the checksum of the record with this index; body is payload ‖ group.
func sum(index uint32, body []byte) uint32 {
	var at [4]byte
	binary.BigEndian.PutUint32(at[:], index)
	return crc32.Update(crc32.Checksum(at[:], castagnoli), castagnoli, body)
}

// Append collects records for the next Sync; it fails only on a log that is broken or has 2^32 - 1
// records.
func (l *Log) Append(records ...[]byte) error {
	if l.broken != nil {
		return l.broken
	}
	for _, r := range records {
		if len(r) != l.size {
			panic("durable: record of the wrong size")
		}
		index := l.Len()
		if index == math.MaxUint32 {
			return errLogFull
		}
		start := len(l.pending)
		l.pending = append(l.pending, r...)
		l.pending = binary.BigEndian.AppendUint32(l.pending, l.count)
		l.pending = binary.BigEndian.AppendUint32(l.pending, sum(index, l.pending[start:]))
	}
	return nil
}

// Sync writes the collected records with one write and one fsync. After an error that is Passing
// the records stay collected for a later Sync, which writes all of them in the same place anew: a
// second fsync alone would prove nothing, since the kernel may have dropped the pages. After any
// other error the log takes nothing more.
func (l *Log) Sync() error {
	if l.broken != nil || len(l.pending) == 0 {
		return l.broken
	}
	at := LogHeaderSize + int64(l.count)*l.cell()
	_, err := l.file.WriteAt(l.pending, at)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		err = fmt.Errorf("syncing log %s: %w", l.name, orNoSpace(err))
		if !Passing(err) {
			l.broken = err
		}
		return err
	}
	l.count = l.Len()
	l.pending = l.pending[:0]
	return nil
}

// Len is the number of records, collected ones included.
func (l *Log) Len() uint32 { return l.count + uint32(int64(len(l.pending))/l.cell()) }

// Dropped is the number of records, whole or begun, of the torn group that OpenLog cut off.
func (l *Log) Dropped() int { return l.dropped }

// Close closes the file without a last Sync. A second Close does nothing.
func (l *Log) Close() error {
	l.broken = os.ErrClosed
	if err := l.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("closing log %s: %w", l.name, err)
	}
	return nil
}
