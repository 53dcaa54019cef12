package bulletin

import (
	"encoding/binary"
	"errors"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Types of records; what is between records, and behind the last, is type 0: single zero bytes.
const (
	recordPad      = 0
	recordBulletin = 1 // the previous hash is the implied one: see Links
	recordLinked   = 2 // the previous hash is in it
	recordRoll     = 3
	recordTokens   = 4 // no bulletin: what a holder gave the client of this connection
	recordFraud    = 5 // length of the first 4 ‖ first ‖ second: Fraud.Marshal
)

const (
	recordHead  = 1 + 3 // type ‖ length of the data
	recordStart = 2 + 4 // maker ‖ slot or number, in the data
)

// ErrStream says that a stream of records does not parse; nothing of it is taken any more.
var ErrStream = errors.New("stream of bulletins does not parse")

// Record is a bulletin or a roll as it stands in the stream of a connection: without what the other
// side knows, and with an index for the maker; or a batch of write tokens, or a proof of fraud that
// is to be verified, then nothing else.
type Record struct {
	Maker     uint16 // index among the makers of the slot, or of the roll
	IsRoll    bool
	Tokens    *Tokens
	Fraud     *Fraud
	bulletin  Bulletin // without network and maker, and without Previous if it is implied
	roll      SignedRoll
	following bool // the previous hash is implied
}

// Tokens is a holder's answer to the question for tokens that the client of this connection asked.
type Tokens struct {
	Day    uint32
	Holder directory.NodeID
	Answer []byte // evaluated elements and a proof; not looked at here
}

// Slot is that of a bulletin's record; the first one of a roll's.
func (r Record) Slot() box.Slot {
	if r.IsRoll {
		return FirstSlot(r.roll.Number)
	}
	return r.bulletin.Slot
}

// Number is that of the roll, or of the one in which the bulletin lies.
func (r Record) Number() uint32 {
	if r.IsRoll {
		return r.roll.Number
	}
	return RollNumber(r.bulletin.Slot)
}

// Bulletin puts a record together with what was left out. ok is false if it leaves out the hash of
// a body that was never in this stream.
func (r Record) Bulletin(n directory.NetworkID, maker directory.NodeID, links *Links) (b Bulletin,
	ok bool) {
	b, ok = r.bulletin, true
	b.Network, b.Maker = n, maker
	if r.following {
		b.Previous, ok = links.implied(maker, b.Slot)
	}
	if ok {
		links.passed(b)
	}
	return b, ok
}

// Roll puts the record of a roll together with what was left out.
func (r Record) Roll(n directory.NetworkID, maker directory.NodeID) SignedRoll {
	s := r.roll
	s.Network, s.Maker = n, maker
	return s
}

// AppendBulletin appends the record of a bulletin, as short as what this stream had before allows.
func AppendBulletin(out []byte, links *Links, index uint16, b Bulletin) []byte {
	data := binary.BigEndian.AppendUint16(nil, index)
	data = binary.BigEndian.AppendUint32(data, uint32(b.Slot))
	kind := byte(recordBulletin)
	if implied, ok := links.implied(b.Maker, b.Slot); !ok || implied != b.Previous {
		kind = recordLinked
		data = append(data, b.Previous[:]...)
	}
	links.passed(b)
	data = b.appendListed(data)
	return appendRecord(out, kind, append(data, b.Signature[:]...))
}

// AppendRoll appends the record of a roll.
func AppendRoll(out []byte, index uint16, r SignedRoll) []byte {
	data := binary.BigEndian.AppendUint16(nil, index)
	data = binary.BigEndian.AppendUint32(data, r.Number)
	data = append(data, r.Previous[:]...)
	data = r.appendListed(data)
	return appendRecord(out, recordRoll, append(data, r.Signature[:]...))
}

// AppendTokens appends the record of an answer: day 4 ‖ holder 32 ‖ answer.
func AppendTokens(out []byte, t Tokens) []byte {
	data := binary.BigEndian.AppendUint32(nil, t.Day)
	data = append(data, t.Holder[:]...)
	return appendRecord(out, recordTokens, append(data, t.Answer...))
}

// TokensSize is how many bytes of a stream bring so many tokens.
func TokensSize(n int) int {
	return len(AppendTokens(nil, Tokens{})) + n*protocol.TokenElement + protocol.TokenProof
}

func parseTokens(data []byte) (r Record, err error) {
	const head = 4 + 32
	n := (len(data) - head - protocol.TokenProof) / protocol.TokenElement
	if n < 1 || len(data) != head+n*protocol.TokenElement+protocol.TokenProof {
		return r, ErrMalformed
	}
	return Record{Tokens: &Tokens{Day: binary.BigEndian.Uint32(data),
		Holder: directory.NodeID(data[4:]), Answer: append([]byte(nil), data[head:]...)}}, nil
}

// AppendFraud appends the record of a proof.
func AppendFraud(out []byte, f Fraud) []byte {
	return appendRecord(out, recordFraud, f.Marshal())
}

func appendRecord(out []byte, kind byte, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	out[len(out)-recordHead] = kind // lengths have three bytes
	return append(out, data...)
}

// Parser cuts the bytes of one connection into records; they run across frames. It holds one record
// at most.
type Parser struct {
	most   int // entries of a bulletin
	rest   []byte
	broken bool
}

// NewParser is for a new connection. most is MaxEntries; it bounds what a record may be.
func NewParser(most int) *Parser { return &Parser{most: most} }

// Feed takes the stream's bytes of one frame. What parses comes back even if what follows does not:
// then the error is ErrStream, at this call and at all later ones.
func (p *Parser) Feed(raw []byte) (records []Record, err error) {
	if p.broken {
		return nil, ErrStream
	}
	p.rest = append(p.rest, raw...)
	at := 0
	for {
		for at < len(p.rest) && p.rest[at] == recordPad {
			at++
		}
		r, size, err := p.cut(p.rest[at:])
		if err != nil {
			p.broken, p.rest = true, nil
			return records, ErrStream
		}
		if size == 0 {
			break
		}
		records = append(records, r)
		at += size
	}
	p.rest = append([]byte(nil), p.rest[at:]...)
	return records, nil
}

// cut takes the first record; size 0: it is not whole yet.
func (p *Parser) cut(b []byte) (r Record, size int, err error) {
	if len(b) < recordHead {
		return r, 0, nil
	}
	kind, length := b[0], int(binary.BigEndian.Uint32(b)&0xffffff)
	if length > p.limit(kind) {
		return r, 0, ErrMalformed
	}
	if len(b) < recordHead+length {
		return r, 0, nil
	}
	r, err = parseRecord(kind, b[recordHead:recordHead+length])
	return r, recordHead + length, err
}

// limit is the most data of a record of a kind; nothing fits one that there is not.
func (p *Parser) limit(kind byte) int {
	const most = recordStart + 2*len(Hash{}) + signatureSize
	switch kind {
	case recordTokens:
		return 4 + 32 + protocol.MostTokens*protocol.TokenElement + protocol.TokenProof
	case recordPad, recordBulletin, recordLinked:
		return most + entrySize*p.most
	case recordRoll:
		return most + protocol.RollSlots*rollEntrySize*p.most
	case recordFraud:
		return MostFraud
	}
	return -1
}

func parseRecord(kind byte, data []byte) (r Record, err error) {
	if kind == recordTokens {
		return parseTokens(data)
	}
	if kind == recordFraud {
		f, err := ParseFraud(data)
		return Record{Fraud: &f}, err
	}
	data, signature, err := cutSignature(data)
	if err != nil || len(data) < recordStart {
		return r, ErrMalformed
	}
	r.Maker, r.IsRoll = binary.BigEndian.Uint16(data), kind == recordRoll
	r.following = kind == recordBulletin
	number, data := binary.BigEndian.Uint32(data[2:]), data[recordStart:]
	var previous Hash
	if !r.following {
		if len(data) < len(previous) {
			return r, ErrMalformed
		}
		previous, data = Hash(data[:len(previous)]), data[len(previous):]
	}
	if r.IsRoll {
		r.roll = SignedRoll{Roll{Number: number, Previous: previous}, signature}
		return r, r.roll.parseListed(data)
	}
	r.bulletin = Bulletin{Body{Slot: box.Slot(number), Previous: previous}, signature}
	return r, r.bulletin.parseListed(data)
}
