package trace

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// A trace file, all numbers little-endian:
//
//	header, 32 bytes
//	  0  magic     8   "murtrace"
//	  8  version   2   1
//	 10  record    2   20, bytes per record
//	 12  nodes     4
//	 16  clients   4   nodes + clients at most 2^31 - 1
//	 20  start     8   Unix nanoseconds of time zero; 0 for a simulation
//	 28  reserved  4   zero
//	record, 20 bytes each: at 8, from 4, to 4, size 4; times never fall
//	trailer, 20 bytes: all ones 8, number of records 8, CRC-32C of the records 4
//
// A file without its trailer was cut short: what stands in it can be read, and the
// end is then errTruncated rather than io.EOF.
const (
	version     = 1
	headerSize  = 32
	recordSize  = 20
	trailerMark = math.MaxUint64
)

var magic = [8]byte{'m', 'u', 'r', 't', 'r', 'a', 'c', 'e'}

// errTruncated says that a trace ends without its trailer.
var errTruncated = errors.New("trace ends without its trailer")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is what a trace file says about itself.
type Header struct {
	Parties
	Start int64 // Unix nanoseconds of time zero; 0 for a simulation
}

func (h Header) check() error {
	if h.Nodes < 0 || h.Clients < 0 || int64(h.Nodes)+int64(h.Clients) > math.MaxInt32 {
		return fmt.Errorf("%d nodes and %d clients", h.Nodes, h.Clients)
	}
	if h.Start < 0 {
		return fmt.Errorf("start %d before 1970", h.Start)
	}
	return nil
}

// Writer writes a trace file. It is used by one goroutine.
type Writer struct {
	w     *bufio.Writer
	head  Header
	last  int64
	count uint64
	sum   uint32
	rec   [recordSize]byte
	done  bool
}

// NewWriter writes the header and returns a Writer. Close it to write the trailer;
// it does not close w.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("writing trace header: %w", err)
	}
	t := &Writer{w: bufio.NewWriterSize(w, 1<<16), head: h}
	b := make([]byte, 0, headerSize)
	b = append(b, magic[:]...)
	b = binary.LittleEndian.AppendUint16(b, version)
	b = binary.LittleEndian.AppendUint16(b, recordSize)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.Nodes))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.Clients))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Start))
	b = binary.LittleEndian.AppendUint32(b, 0)
	if _, err := t.w.Write(b); err != nil {
		return nil, fmt.Errorf("writing trace header: %w", err)
	}
	return t, nil
}

// Add writes one event. Events must not go back in time.
func (t *Writer) Add(e Event) error {
	if t.done {
		return errors.New("writing trace: closed")
	}
	if err := t.head.Parties.check(e, t.last); err != nil {
		return fmt.Errorf("writing trace: %w", err)
	}
	b := t.rec[:]
	binary.LittleEndian.PutUint64(b, uint64(e.At))
	binary.LittleEndian.PutUint32(b[8:], uint32(e.From))
	binary.LittleEndian.PutUint32(b[12:], uint32(e.To))
	binary.LittleEndian.PutUint32(b[16:], uint32(e.Size))
	if _, err := t.w.Write(b); err != nil {
		return fmt.Errorf("writing trace: %w", err)
	}
	t.last = e.At
	t.count++
	t.sum = crc32.Update(t.sum, castagnoli, b)
	return nil
}

// Close writes the trailer and flushes. Closing again does nothing.
func (t *Writer) Close() error {
	if t.done {
		return nil
	}
	t.done = true
	b := t.rec[:]
	binary.LittleEndian.PutUint64(b, trailerMark)
	binary.LittleEndian.PutUint64(b[8:], t.count)
	binary.LittleEndian.PutUint32(b[16:], t.sum)
	if _, err := t.w.Write(b); err != nil {
		return fmt.Errorf("writing trace trailer: %w", err)
	}
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("writing trace trailer: %w", err)
	}
	return nil
}

// Reader reads a trace file and checks every field of it. Its memory does not
// depend on what the file says.
type Reader struct {
	Header Header
	r      *bufio.Reader
	limit  uint64
	last   int64
	count  uint64
	sum    uint32
	rec    [recordSize]byte
	err    error
}

// newReader reads the header. More than limit events are an error; 0 is no limit.
func newReader(r io.Reader, limit uint64) (*Reader, error) {
	t := &Reader{r: bufio.NewReaderSize(r, 1<<16), limit: limit}
	if limit == 0 {
		t.limit = math.MaxUint64
	}
	var b [headerSize]byte
	if _, err := io.ReadFull(t.r, b[:]); err != nil {
		return nil, fmt.Errorf("reading trace header: %w", err)
	}
	if err := t.parseHeader(b); err != nil {
		return nil, fmt.Errorf("reading trace header: %w", err)
	}
	return t, nil
}

func (t *Reader) parseHeader(b [headerSize]byte) error {
	if [8]byte(b[:8]) != magic {
		return errors.New("not a trace file")
	}
	if v := binary.LittleEndian.Uint16(b[8:]); v != version {
		return fmt.Errorf("version %d, this program reads %d", v, version)
	}
	if n := binary.LittleEndian.Uint16(b[10:]); n != recordSize {
		return fmt.Errorf("records of %d bytes instead of %d", n, recordSize)
	}
	if n := binary.LittleEndian.Uint32(b[28:]); n != 0 {
		return fmt.Errorf("reserved field is %d", n)
	}
	t.Header.Nodes = int32(binary.LittleEndian.Uint32(b[12:]))
	t.Header.Clients = int32(binary.LittleEndian.Uint32(b[16:]))
	t.Header.Start = int64(binary.LittleEndian.Uint64(b[20:]))
	return t.Header.check()
}

// Next returns the next event, io.EOF after a good trailer, errTruncated where the
// file stops without one. An error, once returned, stays.
func (t *Reader) Next() (Event, error) {
	if t.err != nil {
		return Event{}, t.err
	}
	e, err := t.next()
	if err != nil && err != io.EOF {
		err = fmt.Errorf("reading trace record %d: %w", t.count, err)
	}
	t.err = err
	return e, err
}

func (t *Reader) next() (Event, error) {
	b := t.rec[:]
	if _, err := io.ReadFull(t.r, b); err == io.EOF || err == io.ErrUnexpectedEOF {
		return Event{}, errTruncated
	} else if err != nil {
		return Event{}, err
	}
	if binary.LittleEndian.Uint64(b) == trailerMark {
		return Event{}, t.trailer(b)
	}
	e := Event{
		At:   int64(binary.LittleEndian.Uint64(b)),
		From: int32(binary.LittleEndian.Uint32(b[8:])),
		To:   int32(binary.LittleEndian.Uint32(b[12:])),
		Size: int32(binary.LittleEndian.Uint32(b[16:])),
	}
	if err := t.Header.Parties.check(e, t.last); err != nil {
		return Event{}, err
	}
	if t.count >= t.limit {
		return Event{}, fmt.Errorf("more than %d events", t.limit)
	}
	t.last = e.At
	t.count++
	t.sum = crc32.Update(t.sum, castagnoli, b)
	return e, nil
}

// trailer checks the last record; io.EOF is the good outcome.
func (t *Reader) trailer(b []byte) error {
	if n := binary.LittleEndian.Uint64(b[8:]); n != t.count {
		return fmt.Errorf("trailer counts %d records, the file has %d", n, t.count)
	}
	if sum := binary.LittleEndian.Uint32(b[16:]); sum != t.sum {
		return errors.New("checksum does not match")
	}
	if _, err := t.r.ReadByte(); err == nil {
		return errors.New("bytes after the trailer")
	}
	return io.EOF
}

// ReadAll reads a whole trace into memory, at most limit events.
func ReadAll(r io.Reader, limit uint64) (Header, []Event, error) {
	t, err := newReader(r, limit)
	if err != nil {
		return Header{}, nil, err
	}
	var events []Event
	for {
		e, err := t.Next()
		if err == io.EOF {
			return t.Header, events, nil
		}
		if err != nil {
			return t.Header, events, err
		}
		events = append(events, e)
	}
}
