package bulletin

import (
	"bytes"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of bulletins, rolls, proofs and the records of a stream is
// refused, or has one spelling, and costs little.
func TestHostileForms(t *testing.T) {
	b := listed(3, Hash{}, box.Entry{1}, box.Entry{1})
	roll := Roll{Entries: []RollEntry{{At: 239}}}.Sign(privateKey(1))
	links := NewLinks()
	stream := AppendBulletin(nil, links, 1, listed(3, Hash{1}, box.Entry{1}))
	stream = AppendRoll(stream, 2, Roll{Number: 1}.Sign(privateKey(1)))
	stream = AppendTokens(stream, Tokens{Answer: make([]byte, 96)})
	hostile.Feed(t,
		hostile.Decoder{Name: "bulletin", Most: MostBytes(67), Samples: [][]byte{
			b.Marshal(), listed(248, Hash{5}, box.Entry{1}).Marshal()},
			Again: func(raw []byte) ([]byte, error) {
				b, err := Parse(raw)
				_ = b.Verify(testNetwork, 10)
				return b.Marshal(), err
			}},
		hostile.Decoder{Name: "roll", Most: 64 << 10, Samples: [][]byte{roll.Marshal()},
			Again: func(raw []byte) ([]byte, error) {
				r, err := ParseSignedRoll(raw)
				_ = r.Verify(testNetwork, 10)
				return r.Marshal(), err
			}},
		hostile.Decoder{Name: "fraud", Most: 64 << 10,
			Samples: [][]byte{NewFraud(listed(3, Hash{}), listed(3, Hash{1})).Marshal()},
			Again: func(raw []byte) ([]byte, error) {
				fraud, err := ParseFraud(raw)
				_ = fraud.Verify(testNetwork)
				return fraud.Marshal(), err
			}},
		hostile.Decoder{Name: "hash list", Most: 64 << 10,
			Samples: [][]byte{HashList([]Hash{{1}, {}})},
			Again: func(raw []byte) ([]byte, error) {
				list, err := ParseHashList(raw)
				return HashList(list), err
			}},
		hostile.Decoder{Name: "stream", Most: 64 << 10, Samples: [][]byte{stream},
			Again: func(raw []byte) ([]byte, error) {
				_, err := NewParser(3).Feed(bytes.Clone(raw))
				return nil, err
			}})
}
