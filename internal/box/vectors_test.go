package box_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"murmuration/internal/box"
)

// TestMessageVectors: testdata/messages.json was made from the tables of docs/box.md by other code
// than this package's. Each message parses into what it says, and is written the same.
func TestMessageVectors(t *testing.T) {
	var v struct {
		ID, Signature, Ciphertext, Head, Entry string
		Requests, Replies                      map[string]string
	}
	raw, err := os.ReadFile("testdata/messages.json")
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := box.Box{ID: box.ID(unhex(v.ID)), Signature: box.Signature(unhex(v.Signature)),
		Ciphertext: unhex(v.Ciphertext)}
	address, stone := box.Box{ID: b.ID}, box.Box{ID: b.ID, Signature: b.Signature}
	fetch := box.FetchKey{Slot: 0x01020304, Entry: box.EntryOf(b.ID), N: 2}
	ask := box.Question{Kind: 1, Maker: 0x0203, Number: 0x04050607, Piece: 3}
	const epoch, day = 0x0102030405060708, 0x102
	for name, r := range map[string]box.Request{
		"write": {Op: box.OpWrite, Hold: 41, Day: day, Box: b},
		"paid write": {Op: box.OpWrite, Hold: 41, Day: day, Box: b, Token: box.Token(
			unhex("a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"))},
		"tombstone": {Op: box.OpTombstone, Day: day, Box: stone},
		"digest":    {Op: box.OpDigest, Epoch: epoch},
		"fetch":     {Op: box.OpFetch, Fetch: fetch},
		"bulletin":  {Op: box.OpBulletin, Ask: ask},
	} {
		want := unhex(v.Requests[name])
		_, err := box.ParseRequest(small, want)
		if err != nil || !bytes.Equal(r.Marshal(small), want) {
			t.Errorf("request %s: %v, or it is written in another way", name, err)
		}
	}
	for name, r := range map[string]box.Reply{
		"found":      {Status: box.StatusFound, Day: day, Box: b},
		"not found":  box.Request{Op: box.OpFetch, Fetch: fetch}.Refusal(box.StatusNotFound),
		"stored":     {Status: box.StatusStored, Day: day, Box: address},
		"conflict":   {Status: box.StatusConflict, Day: day, Box: b},
		"unpaid":     {Status: box.StatusUnpaid, Day: day, Box: address},
		"full":       {Status: box.StatusFull, Day: day, Box: address},
		"tombstoned": {Status: box.StatusTombstoned, Day: day, Box: stone},
		"digest": {Status: box.StatusDigest, Epoch: epoch, Digest: [32]byte(
			unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"))},
		"bulletin": {Status: box.StatusBulletin, Ask: ask, Pieces: 5, Data: []byte("data")},
	} {
		r.Head = box.Head(unhex(v.Head))
		want := unhex(v.Replies[name])
		_, err := box.ParseReply(small, want)
		if err != nil || !bytes.Equal(r.Marshal(small), want) {
			t.Errorf("reply %s: %v, or it is written in another way", name, err)
		}
	}
	if e := box.EntryOf(b.ID); !bytes.Equal(e[:], unhex(v.Entry)) {
		t.Errorf("the entry is %x", e)
	}
}
