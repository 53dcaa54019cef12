package pgstore

import (
	"encoding/binary"
	"errors"
)

// errWire is that of a database which does not answer what it was asked.
var errWire = errors.New("the database answered what nobody asked for")

// array is bytea[] in PostgreSQL's binary form: dimensions 4 ‖ has nulls 4 ‖ type of elements 4,
// and if there are any, length 4 ‖ first index 4 and each element behind its length.
func array(elements [][]byte) []byte {
	const bytea = 17
	size := 20
	for _, e := range elements {
		size += 4 + len(e)
	}
	b := make([]byte, 0, size)
	dimensions := uint32(1)
	if len(elements) == 0 {
		dimensions = 0
	}
	b = binary.BigEndian.AppendUint32(b, dimensions)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, bytea)
	if len(elements) == 0 {
		return b
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(elements)))
	b = binary.BigEndian.AppendUint32(b, 1)
	for _, e := range elements {
		b = binary.BigEndian.AppendUint32(b, uint32(len(e)))
		b = append(b, e...)
	}
	return b
}

// bigint is a number of 8 bytes, as PostgreSQL takes it and gives it.
func bigint(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func parseBigint(b []byte) (uint64, error) {
	if len(b) != 8 || b[0] >= 0x80 {
		return 0, errWire
	}
	return binary.BigEndian.Uint64(b), nil
}

// text takes what PostgreSQL calls text, of a length that people's words have.
func text(b []byte) string { return string(b[:min(len(b), 200)]) }
