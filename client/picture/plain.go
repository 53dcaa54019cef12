package picture

import (
	"encoding/binary"
	"errors"
)

// errPlain says that a file is not one that this package made.
var errPlain = errors.New("not a plain JPEG file")

// Plain says of which size a JPEG file is that has nothing but picture in it, as this package
// writes them: tables, one frame, one scan. It decodes nothing, and refuses every file that has a
// place for something else, or something behind its end.
func Plain(jpeg []byte) (width, height int, err error) {
	end, scans := 2, 0
	for s := range jpegSegments(jpeg) {
		if scans == 0 && end != s.end-len(s.data)-4 {
			return 0, 0, errPlain // something stands between two segments
		}
		end = s.end
		switch s.marker {
		case markerDQT, markerDHT:
		case markerSOF0:
			if width != 0 || len(s.data) < 6 {
				return 0, 0, errPlain
			}
			height = int(binary.BigEndian.Uint16(s.data[1:]))
			width = int(binary.BigEndian.Uint16(s.data[3:]))
		case markerSOS:
			scans++
		case markerEOI:
			if scans != 1 || width == 0 || height == 0 || end != len(jpeg) {
				return 0, 0, errPlain
			}
			return width, height, nil
		default:
			return 0, 0, errPlain
		}
	}
	return 0, 0, errPlain
}
