package box_test

import (
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of requests, replies and records is refused, or has one
// spelling, and costs little.
func TestHostileForms(t *testing.T) {
	var requests, replies [][]byte
	for _, r := range []box.Request{
		{Op: box.OpWrite, Day: 2, Box: boxtest.Box(1, 'a', small.CiphertextSize())},
		{Op: box.OpTombstone, Day: 2, Box: boxtest.Box(1, 0, 0)}, {Op: box.OpDigest, Epoch: 7},
		{Op: box.OpFetch, Fetch: box.FetchKey{Slot: 7, Entry: box.Entry{1}, N: 1}},
		{Op: box.OpBulletin, Ask: box.Question{Kind: 3}, Proof: []byte{1, 0}},
	} {
		requests = append(requests, r.Marshal(small))
	}
	for _, r := range []box.Reply{
		{Status: box.StatusFound, Day: 1, Box: boxtest.Box(1, 'a', small.CiphertextSize())},
		{Status: box.StatusTombstoned, Day: 2, Box: boxtest.Box(1, 0, 0)},
		{Status: box.StatusDigest, Epoch: 7, Digest: [32]byte{1}, Head: box.Head{1}},
		{Status: box.StatusBulletin, Ask: box.Question{Kind: 1, Piece: 1}, Pieces: 2,
			Data: []byte("abc")},
	} {
		replies = append(replies, r.Marshal(small))
	}
	const cap = 1 << 10 // of a small box, with what stands around it
	hostile.Feed(t,
		hostile.Decoder{Name: "request", Most: cap, Samples: requests,
			Again: func(b []byte) ([]byte, error) {
				r, err := box.ParseRequest(small, b)
				if err != nil {
					return nil, err
				}
				return r.Marshal(small), nil
			}},
		hostile.Decoder{Name: "reply", Most: cap, Samples: replies,
			Again: func(b []byte) ([]byte, error) {
				r, err := box.ParseReply(small, b)
				if err != nil {
					return nil, err
				}
				return r.Marshal(small), nil
			}},
		hostile.Decoder{Name: "record", Most: cap,
			Samples: [][]byte{small.Split(1, []byte("hello"))[0].Marshal(small)},
			Again: func(b []byte) ([]byte, error) {
				r, err := box.ParseRecord(small, b)
				if err != nil {
					return nil, err
				}
				return r.Marshal(small), nil
			}})
}
