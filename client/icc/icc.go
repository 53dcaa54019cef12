// Package icc is the colours of a picture: it reads ICC profiles (ICC.1:2022) of matrices and tone
// curves, and turns what is meant by them into sRGB. Cameras and screens of today have wider
// colours than sRGB (Display P3, Adobe RGB), and without their profile these look pale.
//
// It is pure. Profiles of tables (printers, CMYK) it does not read: ErrTable says so. It must not
// trust a length, an offset or a number in a profile.
package icc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxProfile is the longest profile that is read, in bytes. Those of matrices have some hundred, or
// some thousand.
const MaxProfile = 1 << 20

// Faults of profiles.
var (
	// ErrTable says that a profile describes its colours by tables, which are not read here.
	ErrTable = errors.New("a colour profile of tables")

	errProfile = errors.New("malformed colour profile")
)

// Sizes and places in a profile, of section 7 of the specification.
const (
	headerSize = 128
	tagSize    = 12
	maxTags    = 100
	maxCurve   = 1 << 12 // entries of a curve that is a table; those of scanners have as many
)

// Profile is how numbers of a picture mean colours.
type Profile struct {
	Gray   bool     // one curve, and no matrix
	curves [3]curve // to linear light, 0 to 1
	matrix matrix   // linear light to XYZ under D50, by columns of red, green, blue
}

// Parse reads a profile.
func Parse(b []byte) (*Profile, error) {
	if len(b) < headerSize+4 || len(b) > MaxProfile || !bytes.Equal(b[36:40], []byte("acsp")) {
		return nil, fmt.Errorf("%w: no header", errProfile)
	}
	tags, err := readTags(b)
	if err != nil {
		return nil, err
	}
	switch space, connection := string(b[16:20]), string(b[20:24]); {
	case space == "GRAY" && tags["kTRC"] != nil:
		return parseGray(tags)
	case space != "RGB " || connection != "XYZ " || tags["rXYZ"] == nil:
		return nil, ErrTable
	}
	return parseMatrix(tags)
}

// readTags finds the data of each tag; the first of two of one name counts.
func readTags(b []byte) (map[string][]byte, error) {
	count := binary.BigEndian.Uint32(b[headerSize:])
	table := b[headerSize+4:]
	if count > maxTags || int(count)*tagSize > len(table) {
		return nil, fmt.Errorf("%w: %d tags", errProfile, count)
	}
	tags := map[string][]byte{}
	for i := range int(count) {
		entry := table[i*tagSize:]
		name := string(entry[:4])
		from := uint64(binary.BigEndian.Uint32(entry[4:]))
		size := uint64(binary.BigEndian.Uint32(entry[8:]))
		if from+size > uint64(len(b)) || size < 8 {
			return nil, fmt.Errorf("%w: tag %q lies outside", errProfile, name)
		}
		if tags[name] == nil {
			tags[name] = b[from : from+size]
		}
	}
	return tags, nil
}

func parseGray(tags map[string][]byte) (*Profile, error) {
	c, err := parseCurve(tags["kTRC"])
	return &Profile{Gray: true, curves: [3]curve{c, c, c}}, err
}

func parseMatrix(tags map[string][]byte) (*Profile, error) {
	p := &Profile{}
	for i, colour := range []string{"r", "g", "b"} {
		column, err := parseXYZ(tags[colour+"XYZ"])
		if err != nil {
			return nil, err
		}
		if p.curves[i], err = parseCurve(tags[colour+"TRC"]); err != nil {
			return nil, err
		}
		for row := range 3 {
			p.matrix[row][i] = column[row]
		}
	}
	return p, nil
}

// parseXYZ reads an XYZType with one value (10.31).
func parseXYZ(b []byte) (v [3]float64, err error) {
	if len(b) < 20 || string(b[:4]) != "XYZ " {
		return v, fmt.Errorf("%w: no colour", errProfile)
	}
	for i := range v {
		v[i] = fixed(b[8+4*i:])
		if v[i] < -4 || v[i] > 4 {
			return v, fmt.Errorf("%w: a colour of %f", errProfile, v[i])
		}
	}
	return v, nil
}

// fixed reads an s15Fixed16Number (4.6).
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / (1 << 16) }
