package box

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"murmuration/internal/protocol"
)

// Kind says what a record's content is; the social layer names the kinds. Zero is refused.
type Kind uint8

const recordVersion = 1

// errBadRecord says that an opened box holds no record of this version.
var errBadRecord = errors.New("malformed record")

// Record is what a box holds: one part of a content that may span many boxes. Its header, 64 bytes:
//
//	version 1 ‖ kind 1 ‖ zero 2 ‖ part 4 ‖ parts 4 ‖ length 4 ‖ hash 32 ‖ zero 16
//
// and behind it the content of this part, then zeros. The last 16 bytes of the header are room for
// later versions.
type Record struct {
	Kind    Kind
	Part    uint32   // from 0
	Parts   uint32   // at least 1
	Hash    [32]byte // SHA-256 of the whole content, all parts in order
	Content []byte   // of this part
}

// Split cuts content into records of one kind. Every part but the last is full; an empty content is
// one empty part.
func (f Format) Split(kind Kind, content []byte) []Record {
	size := f.ContentSize()
	parts := max(1, (len(content)+size-1)/size)
	hash := sha256.Sum256(content)
	records := make([]Record, parts)
	for i := range records {
		part := content[i*size : min((i+1)*size, len(content))]
		records[i] = Record{Kind: kind, Part: uint32(i), Parts: uint32(parts), Hash: hash,
			Content: part}
	}
	return records
}

// Marshal returns the plaintext of a box. A record that ParseRecord would refuse is a broken
// invariant.
func (r Record) Marshal(f Format) []byte {
	if r.Kind == 0 || r.Part >= r.Parts || len(r.Content) > f.ContentSize() {
		panic("box: record out of its bounds")
	}
	b := make([]byte, 0, f.Plaintext)
	b = append(b, recordVersion, byte(r.Kind), 0, 0)
	b = binary.BigEndian.AppendUint32(b, r.Part)
	b = binary.BigEndian.AppendUint32(b, r.Parts)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Content)))
	b = append(b, r.Hash[:]...)
	b = b[:RecordHeaderSize]
	return append(b, r.Content...)[:f.Plaintext]
}

// ParseRecord is the inverse of Marshal and refuses every other spelling with errBadRecord. The
// content is a part of b, not a copy. Whether parts belong together is for their reader to check.
func ParseRecord(f Format, b []byte) (Record, error) {
	if len(b) != f.Plaintext || b[0] != recordVersion {
		return Record{}, errBadRecord
	}
	r := Record{
		Kind:  Kind(b[1]),
		Part:  binary.BigEndian.Uint32(b[4:]),
		Parts: binary.BigEndian.Uint32(b[8:]),
		Hash:  [32]byte(b[16:48]),
	}
	length := binary.BigEndian.Uint32(b[12:])
	if uint64(length) > uint64(f.ContentSize()) || r.Kind == 0 || r.Part >= r.Parts {
		return Record{}, errBadRecord
	}
	end := RecordHeaderSize + int(length)
	if !protocol.Zero(b[2:4]) || !protocol.Zero(b[48:RecordHeaderSize]) || !protocol.Zero(b[end:]) {
		return Record{}, errBadRecord
	}
	r.Content = b[RecordHeaderSize:end:end]
	return r, nil
}
