package bulletin

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/transcript"
)

// vector is one message: its bytes, and what comes of reading them.
type vector struct {
	Name   string `json:"name"`
	Form   string `json:"form"` // bulletin, roll, fraud, stream, head, hashes
	Bytes  string `json:"bytes"`
	Hash   string `json:"hash,omitempty"` // of the body or roll
	Expect string `json:"expect"`         // accept, or why not
}

// vectorNetwork is 00 01 … 1f; makers have the seeds 01…01 and 02…02; two entries are the most.
func vectorNetwork() (n directory.NetworkID) {
	for i := range n {
		n[i] = byte(i)
	}
	return n
}

// TestVectors: the file has what the code makes, and the code says of it what the file expects.
func TestVectors(t *testing.T) {
	path := filepath.Join("testdata", "vectors.json")
	want, err := json.MarshalIndent(vectors(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if transcript.Rewriting() {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the vectors are not what the code makes (%v): read the diff of -rewrite", err)
	}
	var all []vector
	if err := json.Unmarshal(got, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		raw, err := hex.DecodeString(v.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(v.Form, raw); got != v.Expect {
			t.Errorf("%s: %s, want %s", v.Name, got, v.Expect)
		}
	}
}

func outcome(form string, raw []byte) string {
	err := read(form, raw)
	for name, reason := range map[string]error{"malformed": ErrMalformed, "signature": ErrSignature,
		"oversized": ErrOversized, "no fraud": ErrNoFraud, "stream": ErrStream} {
		if errors.Is(err, reason) {
			return name
		}
	}
	return "accept"
}

func read(form string, raw []byte) error {
	switch form {
	case "bulletin":
		b, err := Parse(raw)
		if err != nil {
			return err
		}
		return b.Verify(vectorNetwork(), 2)
	case "roll":
		r, err := ParseSignedRoll(raw)
		if err != nil {
			return err
		}
		return r.Verify(vectorNetwork(), 2)
	case "fraud":
		f, err := ParseFraud(raw)
		if err != nil {
			return err
		}
		return f.Verify(vectorNetwork())
	case "stream":
		_, err := NewParser(2).Feed(raw)
		return err
	case "hashes":
		_, err := ParseHashList(raw)
		return err
	}
	return nil
}

func vectors() (all []vector) {
	id, private := maker(1)
	_, other := maker(2)
	e := box.EntryOf(box.ID{1})
	body := Body{Network: vectorNetwork(), Maker: id, Slot: 7, Entries: []box.Entry{e, e}}
	first := body.Sign(private)
	roll := Roll{Network: vectorNetwork(), Maker: id}
	roll.Add(body)
	ninth := Body{Network: vectorNetwork(), Maker: id, Slot: 248, Previous: first.Hash(),
		Roll: roll.Hash()}.Sign(private)
	empty := body
	empty.Entries = nil
	twice := empty.Sign(private)
	add := func(name, form string, raw []byte, hash string, expect string) {
		all = append(all, vector{name, form, hex.EncodeToString(raw), hash, expect})
	}
	hexHash := func(h Hash) string { return hex.EncodeToString(h[:]) }
	add("worked example", "bulletin", first.Marshal(), hexHash(first.Hash()), "accept")
	add("with the hash of a roll", "bulletin", ninth.Marshal(), hexHash(ninth.Hash()), "accept")
	add("signed by another", "bulletin", body.Sign(other).Marshal(), hexHash(first.Hash()),
		"signature")
	three := body
	three.Entries = append(three.Entries, box.Entry{255})
	add("one entry too many", "bulletin", three.Sign(private).Marshal(), hexHash(three.Hash()),
		"oversized")
	down := body
	down.Entries = []box.Entry{{2}, {1}}
	add("entries descend", "bulletin", down.Sign(private).Marshal(), "", "malformed")
	add("a byte too many", "bulletin", append(first.Marshal(), 0), "", "malformed")
	signed := roll.Sign(private)
	add("roll", "roll", signed.Marshal(), hexHash(roll.Hash()), "accept")
	add("roll signed as a bulletin", "roll", SignedRoll{roll, first.Signature}.Marshal(),
		hexHash(roll.Hash()), "signature")
	add("two bodies for one slot", "fraud", NewFraud(first, twice).Marshal(), "", "accept")
	add("one body twice", "fraud", NewFraud(first, first).Marshal(), "", "no fraud")
	links := NewLinks()
	stream := append(AppendBulletin(nil, links, 3, first), 0, 0)
	stream = AppendRoll(AppendBulletin(stream, links, 3, ninth), 3, signed)
	add("types 2, 1 and 3, with padding", "stream", stream, "", "accept")
	add("type 4", "stream", AppendTokens(nil, Tokens{7, id, make([]byte, 32+64)}), "", "accept")
	add("type 5", "stream", AppendFraud(nil, NewFraud(first, twice)), "", "accept")
	add("type 6", "stream", append(stream, 6, 0, 0, 70), "", "stream")
	head := NewHead(7, []Hash{first.Hash(), {}, twice.Hash()}).Marshal()
	add("head of the first and the third of three", "head", head[:], "", "accept")
	add("hashes of two makers", "hashes", HashList([]Hash{first.Hash(), {}}), "", "accept")
	add("half a hash", "hashes", make([]byte, 16), "", "malformed")
	return all
}
