package picture

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// segment is a piece of a picture file: of a JPEG behind its marker, of a PNG or WebP with its
// name.
type segment struct {
	name   string // of a chunk
	marker byte   // of a JPEG
	data   []byte
	end    int // of the file before what comes next
}

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	markerSOF0 = 0xc0
	markerDHT  = 0xc4
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDQT  = 0xdb
	markerAPP0 = 0xe0
	markerCOM  = 0xfe
)

// jpegSegments are those of a JPEG file from the first marker behind SOI to EOI, as far as they are
// whole. What is between a scan's header and the next marker belongs to no segment.
func jpegSegments(file []byte) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		if len(file) < 2 || file[0] != 0xff || file[1] != markerSOI {
			return
		}
		for at := 2; ; {
			at = nextMarker(file, at)
			if at+2 > len(file) {
				return
			}
			s := segment{marker: file[at+1], end: at + 2}
			if s.marker != markerEOI {
				if at+4 > len(file) {
					return
				}
				size := int(binary.BigEndian.Uint16(file[at+2:]))
				if size < 2 || at+2+size > len(file) {
					return
				}
				s.data, s.end = file[at+4:at+2+size], at+2+size
			}
			if !yield(s) || s.marker == markerEOI {
				return
			}
			at = s.end
		}
	}
}

// nextMarker is where the next marker begins that stands alone: not a stuffed byte, and not one of
// those within a scan.
func nextMarker(file []byte, at int) int {
	for ; at+1 < len(file); at++ {
		m := file[at+1]
		if file[at] == 0xff && m != 0 && m != 0xff && m != 1 && (m < 0xd0 || m > markerSOI) {
			return at
		}
	}
	return len(file)
}

const pngMagic = "\x89PNG\r\n\x1a\n"

// pngChunks are those of a PNG file, as far as they are whole; their sums are not looked at.
func pngChunks(file []byte) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		if !bytes.HasPrefix(file, []byte(pngMagic)) {
			return
		}
		for at := len(pngMagic); at+12 <= len(file); {
			size := int64(binary.BigEndian.Uint32(file[at:]))
			if size > int64(len(file)-at-12) {
				return
			}
			end := at + 12 + int(size)
			s := segment{name: string(file[at+4 : at+8]), data: file[at+8 : end-4], end: end}
			if !yield(s) || s.name == "IEND" {
				return
			}
			at = end
		}
	}
}

// webpChunks are those of a WebP file, or of a frame of one, as far as they are whole.
func webpChunks(file []byte) iter.Seq[segment] {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WEBP" {
		return func(func(segment) bool) {}
	}
	return riffChunks(file, 12)
}

func riffChunks(file []byte, at int) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		for at := at; at+8 <= len(file); {
			size := int64(binary.LittleEndian.Uint32(file[at+4:]))
			if size > int64(len(file)-at-8) {
				return
			}
			end := at + 8 + int(size)
			s := segment{name: string(file[at : at+4]), data: file[at+8 : end]}
			s.end = end + int(size&1)
			if !yield(s) {
				return
			}
			at = s.end
		}
	}
}
