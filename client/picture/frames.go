package picture

import (
	"bytes"
	"encoding/binary"
)

// still says whether a file has more than one picture that follow each other, and is the file of
// the first one, where a decoder does not find that by itself.
func still(file []byte) (first []byte, animated bool) {
	switch {
	case bytes.HasPrefix(file, []byte("GIF8")):
		return file, gifFrames(file) > 1
	case bytes.HasPrefix(file, []byte(pngMagic)):
		for c := range pngChunks(file) {
			switch {
			case c.name == "acTL" && len(c.data) >= 4:
				return file, binary.BigEndian.Uint32(c.data) > 1
			case c.name == "IDAT":
				return file, false
			}
		}
	}
	for c := range webpChunks(file) {
		if c.name == "ANMF" && len(c.data) > frameHeader {
			return stillWebP(c.data), true
		}
	}
	return file, false
}

// frameHeader is the size of what stands before the chunks of a frame: x, y, width, height and
// duration, of three bytes each, and flags.
const frameHeader = 16

// stillWebP makes a file of a frame.
func stillWebP(frame []byte) []byte {
	extended := make([]byte, 10) // flags, reserved, width and height
	copy(extended[4:], frame[6:12])
	var body []byte
	for c := range riffChunks(frame, frameHeader) {
		if c.name == "ALPH" {
			extended[0] = 1 << 4
		}
		if c.name == "ALPH" || c.name == "VP8 " || c.name == "VP8L" {
			body = appendChunk(body, c.name, c.data)
		}
	}
	body = append(appendChunk([]byte("WEBP"), "VP8X", extended), body...)
	return appendChunk(nil, "RIFF", body)
}

func appendChunk(b []byte, name string, data []byte) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, name...), uint32(len(data)))
	b = append(b, data...)
	return append(b, make([]byte, len(data)&1)...)
}

// gifFrames counts the pictures of a GIF file, up to two.
func gifFrames(file []byte) (n int) {
	if len(file) < 13 {
		return 0
	}
	at := 13 + colourTable(file[10])
	for at < len(file) && n < 2 {
		switch file[at] {
		case 0x21: // an extension: its label, and blocks
			at = skipBlocks(file, at+2)
		case 0x2c: // a picture: ten bytes, colours, one byte, and blocks
			if n++; at+10 > len(file) {
				return n
			}
			at = skipBlocks(file, at+11+colourTable(file[at+9]))
		default:
			return n
		}
	}
	return n
}

// colourTable is how many bytes of colours the flags announce.
func colourTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (1 + flags&7)
}

// skipBlocks is where the blocks are over that begin at a place.
func skipBlocks(file []byte, at int) int {
	for at < len(file) && file[at] != 0 {
		at += 1 + int(file[at])
	}
	return at + 1
}
