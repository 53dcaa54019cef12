package result

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

const npyMagic = "\x93NUMPY\x01\x00"

// npy is numpy's format 1.0 of a vector of little-endian float64: magic, length of the header,
// header padded with spaces to a multiple of 64 bytes in all, numbers.
func npy(values []float64) []byte {
	header := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }", len(values))
	header += strings.Repeat(" ", 63-(len(npyMagic)+2+len(header))%64) + "\n"
	out := make([]byte, 0, len(npyMagic)+2+len(header)+8*len(values))
	out = append(out, npyMagic...)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(header)))
	out = append(out, header...)
	for _, v := range values {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
	}
	return out
}

var npyShape = regexp.MustCompile(
	`^\{'descr': '<f8', 'fortran_order': False, 'shape': \((\d+),\), \} *\n$`)

// parseNpy reads what npy wrote and nothing else.
func parseNpy(b []byte) ([]float64, error) {
	if len(b) < len(npyMagic)+2 || string(b[:len(npyMagic)]) != npyMagic {
		return nil, errors.New("not a .npy of version 1.0")
	}
	b = b[len(npyMagic):]
	n := int(binary.LittleEndian.Uint16(b))
	if len(b) < 2+n {
		return nil, errors.New("truncated .npy header")
	}
	shape := npyShape.FindSubmatch(b[2 : 2+n])
	if shape == nil {
		return nil, errors.New("not a .npy of one little-endian float64 vector")
	}
	b = b[2+n:]
	if count, err := strconv.Atoi(string(shape[1])); err != nil || count != len(b)/8 ||
		len(b)%8 != 0 {
		return nil, fmt.Errorf(".npy of %s numbers has %d bytes of them", shape[1], len(b))
	}
	values := make([]float64, len(b)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return values, nil
}
