package box_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

// small keeps the messages of property tests short.
var small = box.Format{Plaintext: 128}

func TestSizes(t *testing.T) {
	f := box.DefaultFormat
	for name, got := range map[string][2]int{
		"content":    {f.ContentSize(), 8192},
		"plaintext":  {f.Plaintext, 8256},
		"ciphertext": {f.CiphertextSize(), 8272},
		"request":    {f.RequestSize(), 8404},
		"reply":      {f.ReplySize(), 8404},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is %d bytes, want %d", name, got[0], got[1])
		}
	}
	if f.Validate() != nil || (box.Format{Plaintext: 127}).Validate() == nil ||
		(box.Format{Plaintext: 1<<20 + 1}).Validate() == nil {
		t.Error("Validate has other limits than it says")
	}
}

func drawBox(t *rapid.T, size int) box.Box {
	return boxtest.Box(rapid.Uint64Range(0, 50).Draw(t, "n"), rapid.Byte().Draw(t, "mark"), size)
}

func drawRequest(t *rapid.T) box.Request {
	r := box.Request{Op: box.Op(rapid.ByteRange(2, 6).Draw(t, "op"))}
	switch r.Op {
	case box.OpDigest:
		r.Epoch = rapid.Uint64().Draw(t, "epoch")
		return r
	case box.OpFetch:
		r.Fetch = drawFetch(t)
		return r
	case box.OpBulletin:
		r.Ask = drawQuestion(t)
		r.Proof = rapid.SliceOfN(rapid.Byte(), 0, small.ProofSize()).Draw(t, "proof")
		return r
	}
	r.Day = box.Day(rapid.Uint16().Draw(t, "day"))
	switch r.Op {
	case box.OpTombstone:
		r.Box = drawBox(t, 0)
	case box.OpWrite:
		r.Box = drawBox(t, small.CiphertextSize())
		r.Hold = rapid.Byte().Draw(t, "hold")
		r.Token = box.Token(drawBox(t, 0).ID)
	}
	return r
}

func drawFetch(t *rapid.T) box.FetchKey {
	return box.FetchKey{Slot: box.Slot(rapid.Uint32().Draw(t, "slot")),
		Entry: box.EntryOf(drawBox(t, 0).ID), N: rapid.Byte().Draw(t, "nth")}
}

func drawQuestion(t *rapid.T) box.Question {
	return box.Question{Kind: rapid.Byte().Draw(t, "kind"),
		Maker:  rapid.Uint16().Draw(t, "maker"),
		Number: rapid.Uint32().Draw(t, "number"), Piece: rapid.Uint16().Draw(t, "piece")}
}

func drawReply(t *rapid.T) box.Reply {
	r := box.Reply{Status: box.Status(rapid.IntRange(1, 9).Draw(t, "status")),
		Head: box.Head(drawBox(t, 0).ID)}
	switch r.Status {
	case box.StatusDigest:
		r.Epoch, r.Digest = rapid.Uint64().Draw(t, "epoch"), [32]byte(drawBox(t, 0).ID)
		return r
	case box.StatusBulletin:
		r.Ask = drawQuestion(t)
		r.Ask.Piece %= 100
		r.Pieces = r.Ask.Piece + rapid.Uint16Range(1, 100).Draw(t, "pieces")
		r.Data = rapid.SliceOfN(rapid.Byte(), 0, small.PieceSize()).Draw(t, "data")
		return r
	}
	r.Day = box.Day(rapid.Uint16().Draw(t, "day"))
	switch r.Status {
	case box.StatusFound, box.StatusConflict:
		r.Box = drawBox(t, small.CiphertextSize())
	case box.StatusTombstoned:
		r.Box = drawBox(t, 0)
	default:
		r.Box.ID = drawBox(t, 0).ID
	}
	return r
}

func TestRequestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRequest(t)
		b := want.Marshal(small)
		got, err := box.ParseRequest(small, b)
		if err != nil || len(b) != small.RequestSize() {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		if got.Op != want.Op || got.Day != want.Day || got.Epoch != want.Epoch ||
			got.Hold != want.Hold || got.Fetch != want.Fetch || got.Ask != want.Ask ||
			!bytes.Equal(got.Proof, want.Proof) || !got.Box.Equal(want.Box) {
			t.Fatal("another request came back")
		}
		if err := got.Verify(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReplyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawReply(t)
		b := want.Marshal(small)
		got, err := box.ParseReply(small, b)
		if err != nil || len(b) != small.ReplySize() {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		if got.Status != want.Status || got.Day != want.Day || got.Epoch != want.Epoch ||
			got.Digest != want.Digest || got.Head != want.Head || got.Ask != want.Ask ||
			got.Pieces != want.Pieces || !bytes.Equal(got.Data, want.Data) ||
			!got.Box.Equal(want.Box) {
			t.Fatal("another reply came back")
		}
	})
}

// TestOneSpelling flips each byte of each message: it is refused, or it is another message.
func TestOneSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		request, reply := drawRequest(t).Marshal(small), drawReply(t).Marshal(small)
		at := rapid.IntRange(0, len(request)-1).Draw(t, "at")
		mask := rapid.ByteRange(1, 255).Draw(t, "mask")
		request[at] ^= mask
		reply[at] ^= mask
		if r, err := box.ParseRequest(small, request); err == nil &&
			!bytes.Equal(r.Marshal(small), request) {
			t.Fatalf("request byte %d has a second spelling", at)
		}
		if r, err := box.ParseReply(small, reply); err == nil &&
			!bytes.Equal(r.Marshal(small), reply) {
			t.Fatalf("reply byte %d has a second spelling", at)
		}
	})
}

func TestMalformed(t *testing.T) {
	fetch := box.Request{Op: box.OpFetch, Fetch: box.FetchKey{Slot: 7}}.Marshal(small)
	for name, change := range map[string]func(b []byte) []byte{
		"empty":            func([]byte) []byte { return nil },
		"short":            func(b []byte) []byte { return b[:len(b)-1] },
		"long":             func(b []byte) []byte { return append(b, 0) },
		"unknown code":     func(b []byte) []byte { b[0] = 99; return b },
		"code zero":        func(b []byte) []byte { b[0] = 0; return b },
		"hold":             func(b []byte) []byte { b[1] = 1; return b },
		"unused signature": func(b []byte) []byte { b[36] = 1; return b },
		"unused body":      func(b []byte) []byte { b[len(b)-1] = 1; return b },
	} {
		b := change(bytes.Clone(fetch))
		if _, err := box.ParseRequest(small, b); !errors.Is(err, box.ErrMalformed) {
			t.Errorf("request, %s: %v", name, err)
		}
		if len(b) > 0 && b[0] == byte(box.OpFetch) {
			b[0] = byte(box.StatusNotFound)
		}
		if _, err := box.ParseReply(small, b); !errors.Is(err, box.ErrMalformed) {
			t.Errorf("reply, %s: %v", name, err)
		}
	}
	if _, err := box.ParseRequest(small, fetch); err != nil {
		t.Errorf("control: unchanged, %v", err)
	}
	fetch[0] = 1 // retired
	if _, err := box.ParseRequest(small, fetch); !errors.Is(err, box.ErrMalformed) {
		t.Errorf("a read by id: %v", err)
	}
}

func TestVerify(t *testing.T) {
	good := boxtest.Box(1, 'a', small.CiphertextSize())
	other := boxtest.Box(2, 'a', small.CiphertextSize())
	stone := boxtest.Box(1, 0, 0)
	flipped := box.Box{ID: good.ID, Signature: good.Signature,
		Ciphertext: bytes.Clone(good.Ciphertext)}
	flipped.Ciphertext[5] ^= 1
	for name, test := range map[string]struct {
		r    box.Request
		want error
	}{
		"write":     {box.Request{Op: box.OpWrite, Box: good}, nil},
		"tombstone": {box.Request{Op: box.OpTombstone, Box: stone}, nil},
		"digest":    {box.Request{Op: box.OpDigest}, nil},
		"another's signature": {box.Request{Op: box.OpWrite,
			Box: box.Box{ID: good.ID, Signature: other.Signature,
				Ciphertext: good.Ciphertext}}, box.ErrBadSignature},
		"flipped": {box.Request{Op: box.OpWrite, Box: flipped}, box.ErrBadSignature},
		"data's sig. for stone": {box.Request{Op: box.OpTombstone,
			Box: box.Box{ID: good.ID, Signature: good.Signature}}, box.ErrBadSignature},
	} {
		if err := test.r.Verify(); !errors.Is(err, test.want) ||
			(err == nil) != (test.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// TestSignatureThatFitsAll: under the identity as key one signature fits every message, so that
// the id itself must be refused.
func TestSignatureThatFitsAll(t *testing.T) {
	b := box.Box{ID: box.ID{1}, Signature: box.Signature{1}, Ciphertext: []byte("anything")}
	if !ed25519.Verify(b.ID[:], b.Ciphertext, b.Signature[:]) {
		t.Fatal("the control: the standard verifier refuses it")
	}
	if err := b.Verify(); !errors.Is(err, box.ErrBadID) {
		t.Errorf("%v", err)
	}
}

// TestBoxesAreEqualInAll: id, signature and ciphertext.
func TestBoxesAreEqualInAll(t *testing.T) {
	b := boxtest.Box(1, 'a', small.CiphertextSize())
	id, signature, ciphertext := b, b, b
	id.ID[7] ^= 1
	signature.Signature[63] ^= 1
	ciphertext.Ciphertext = bytes.Clone(b.Ciphertext)
	if !b.Equal(ciphertext) {
		t.Error("the control: a copy is another box")
	}
	ciphertext.Ciphertext[9] ^= 1
	for i, other := range []box.Box{id, signature, ciphertext, {}} {
		if b.Equal(other) || other.Equal(b) {
			t.Errorf("box %d is said to be the same", i)
		}
	}
}

// TestBadIDs: the eight points of small order, their other spellings, and what is no point at all.
func TestBadIDs(t *testing.T) {
	p := func(first, last byte, between byte) (id box.ID) {
		for i := range id {
			id[i] = between
		}
		id[0], id[31] = first, last
		return id
	}
	ids := []box.ID{
		{},                  // order 4
		p(1, 0, 0),          // the identity
		p(0xec, 0x7f, 0xff), // order 2
		p(0, 0x80, 0),       // order 4
		p(1, 0x80, 0),       // identity with the sign bit
		p(0xee, 0x7f, 0xff), // identity, not reduced
		p(0xed, 0x7f, 0xff), // order 4, not reduced
		p(0xed, 0xff, 0xff), // the same with the sign bit
		p(0xff, 0xff, 0xff), // not reduced, with the sign bit
		// order 8
		box.ID(unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
		box.ID(unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
		p(2, 0, 0), // not on the curve
	}
	for _, id := range ids {
		if err := id.Check(); !errors.Is(err, box.ErrBadID) {
			t.Errorf("%x: %v", id[:], err)
		}
		if err := (box.Request{Op: box.OpTombstone, Box: box.Box{ID: id}}).Verify(); !errors.Is(
			err, box.ErrBadID) {
			t.Errorf("%x: a tombstone of it is %v", id[:], err)
		}
	}
	if err := boxtest.Box(1, 0, 0).ID.Check(); err != nil {
		t.Errorf("control: a good id is %v", err)
	}
}

func FuzzRequest(f *testing.F) {
	for _, r := range []box.Request{
		{Op: box.OpWrite, Day: 2, Box: boxtest.Box(1, 'a', small.CiphertextSize())},
		{Op: box.OpTombstone, Day: 2, Box: boxtest.Box(1, 0, 0)},
		{Op: box.OpDigest, Epoch: 7},
		{Op: box.OpFetch, Fetch: box.FetchKey{Slot: 7, Entry: box.Entry{1}, N: 1}},
		{Op: box.OpBulletin, Ask: box.Question{Kind: 1, Maker: 2, Number: 3, Piece: 4}},
		{Op: box.OpBulletin, Ask: box.Question{Kind: 3}, Proof: []byte{1, 0}},
	} {
		f.Add(r.Marshal(small))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := box.ParseRequest(small, b)
		if err != nil {
			return
		}
		_ = r.Verify()
		if !bytes.Equal(r.Marshal(small), b) {
			t.Fatal("second spelling")
		}
	})
}

func FuzzReply(f *testing.F) {
	for _, r := range []box.Reply{
		{Status: box.StatusFound, Day: 1, Box: boxtest.Box(1, 'a', small.CiphertextSize())},
		{Status: box.StatusNotFound, Day: 2, Box: box.Box{ID: boxtest.Box(1, 0, 0).ID}},
		{Status: box.StatusTombstoned, Day: 2, Box: boxtest.Box(1, 0, 0)},
		{Status: box.StatusDigest, Epoch: 7, Digest: [32]byte{1}, Head: box.Head{1}},
		{Status: box.StatusConflict, Box: boxtest.Box(1, 'a', small.CiphertextSize())},
		{Status: box.StatusBulletin, Ask: box.Question{Kind: 1, Piece: 1}, Pieces: 2,
			Data: []byte("abc")},
	} {
		f.Add(r.Marshal(small))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := box.ParseReply(small, b); err == nil && !bytes.Equal(r.Marshal(small), b) {
			t.Fatal("second spelling")
		}
	})
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "content")
		var back []byte
		records := small.Split(box.Kind(rapid.ByteRange(1, 255).Draw(t, "kind")), content)
		for i, want := range records {
			b := want.Marshal(small)
			got, err := box.ParseRecord(small, b)
			if err != nil || len(b) != small.Plaintext {
				t.Fatalf("part %d: %d bytes, %v", i, len(b), err)
			}
			if got.Kind != want.Kind || got.Part != uint32(i) ||
				got.Parts != uint32(len(records)) || got.Hash != want.Hash {
				t.Fatalf("part %d came back as another", i)
			}
			back = append(back, got.Content...)
		}
		if !bytes.Equal(back, content) {
			t.Fatal("another content came back")
		}
	})
}

func TestMalformedRecords(t *testing.T) {
	good := small.Split(1, []byte("hello"))[0].Marshal(small)
	put := func(at int, v uint32) func([]byte) {
		return func(b []byte) { binary.BigEndian.PutUint32(b[at:], v) }
	}
	for name, change := range map[string]func([]byte){
		"version":        func(b []byte) { b[0] = 2 },
		"kind zero":      func(b []byte) { b[1] = 0 },
		"reserved":       func(b []byte) { b[2] = 1 },
		"part = parts":   put(4, 1),
		"no parts":       put(8, 0),
		"length":         put(12, 65),
		"length, 32 bit": put(12, 0xffffffff),
		"shorter":        put(12, 4),
		"room":           func(b []byte) { b[60] = 1 },
		"padding":        func(b []byte) { b[127] = 1 },
	} {
		b := bytes.Clone(good)
		change(b)
		if _, err := box.ParseRecord(small, b); !errors.Is(err, box.ErrBadRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := box.ParseRecord(small, good[:127]); !errors.Is(err, box.ErrBadRecord) {
		t.Errorf("short: %v", err)
	}
	if _, err := box.ParseRecord(small, good); err != nil {
		t.Errorf("control: unchanged, %v", err)
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(small.Split(1, []byte("hello"))[0].Marshal(small))
	f.Add(small.Split(9, make([]byte, 100))[1].Marshal(small))
	f.Add(make([]byte, small.Plaintext))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := box.ParseRecord(small, b); err == nil && !bytes.Equal(r.Marshal(small), b) {
			t.Fatal("second spelling")
		}
	})
}
