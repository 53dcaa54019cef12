package box_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"murmuration/internal/box"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func chacha(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func newCap(t testing.TB, seed byte) *box.WriteCap {
	t.Helper()
	w, err := box.NewWriteCap(chacha(seed))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// vectors loads one of hpqc v0.0.84's files (testvectors/bacap).
func vectors[T any](t *testing.T, name string) []T {
	t.Helper()
	data, err := os.ReadFile("testdata/bacap_" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []T }
	if err := json.Unmarshal(data, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	return file.Vectors
}

func TestIndexVectors(t *testing.T) {
	type vector struct {
		Name      string
		Initial   string `json:"initial_index_hex"`
		AdvanceTo uint64 `json:"advance_to"`
		Expected  string `json:"expected_index_hex"`
	}
	for _, v := range vectors[vector](t, "message_box_index") {
		i, err := box.ParseIndex(unhex(v.Initial))
		if err != nil {
			t.Fatal(err)
		}
		steps := i
		for steps.Number() < v.AdvanceTo {
			steps = steps.Next()
		}
		far, err := i.AdvanceTo(v.AdvanceTo)
		if err != nil || far != steps || hex.EncodeToString(far.Marshal()) != v.Expected {
			t.Errorf("%s: another index, %v", v.Name, err)
		}
	}
}

func TestIDVectors(t *testing.T) {
	type vector struct {
		Name      string
		WriteCap  string `json:"writecap_hex"`
		AdvanceBy uint64 `json:"advance_by"`
		Context   string `json:"ctx_hex"`
		Use       bool   `json:"use_context"`
		Expected  string `json:"expected_box_id_hex"`
	}
	checked := 0
	for _, v := range vectors[vector](t, "box_id") {
		w, err := box.ParseWriteCap(unhex(v.WriteCap))
		if err != nil {
			t.Fatal(err)
		}
		i, err := w.Start().Advance(v.AdvanceBy)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Use {
			continue
		}
		checked++
		id := box.IDInContext(w.ReadCap(), i, unhex(v.Context))
		if hex.EncodeToString(id[:]) != v.Expected {
			t.Errorf("%s: another id", v.Name)
		}
	}
	if checked == 0 {
		t.Error("no vector uses a context")
	}
}

func TestSealVectors(t *testing.T) {
	type vector struct {
		Name       string
		WriteCap   string `json:"writecap_hex"`
		AdvanceBy  uint64 `json:"advance_by"`
		Context    string `json:"ctx_hex"`
		Plaintext  string `json:"plaintext_hex"`
		ID         string `json:"expected_box_id_hex"`
		Ciphertext string `json:"expected_ciphertext_hex"`
		Signature  string `json:"expected_signature_hex"`
	}
	for _, v := range vectors[vector](t, "encrypt") {
		w, err := box.ParseWriteCap(unhex(v.WriteCap))
		if err != nil {
			t.Fatal(err)
		}
		i, err := w.Start().Advance(v.AdvanceBy)
		if err != nil {
			t.Fatal(err)
		}
		want := box.Box{ID: box.ID(unhex(v.ID)), Signature: box.Signature(unhex(v.Signature)),
			Ciphertext: unhex(v.Ciphertext)}
		if got := box.SealInContext(w, i, unhex(v.Context), unhex(v.Plaintext)); !got.Equal(want) {
			t.Errorf("%s: another box", v.Name)
		}
		if err := want.Verify(); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

// TestSealedAsByBACAP: our cipher is bacap's, at every length up to five blocks and at a box's.
func TestSealedAsByBACAP(t *testing.T) {
	w, r, ctx := newCap(t, 7), chacha(8), box.Context(box.NetworkID{3}, 9)
	lengths := []int{8256}
	for n := range 5*16 + 1 {
		lengths = append(lengths, n)
	}
	i := w.Start()
	for _, n := range lengths {
		text := make([]byte, n)
		r.Read(text)
		b := w.Seal(i, box.NetworkID{3}, 9, text)
		if want := box.SealByBACAP(w, i, ctx, text); !b.Equal(want) {
			t.Fatalf("%d bytes: %x, and not %x", n, b, want)
		}
		if got, err := w.ReadCap().Open(i, box.NetworkID{3}, 9, b); err != nil ||
			!bytes.Equal(got, text) {
			t.Fatalf("%d bytes do not open: %v", n, err)
		}
		i = i.Next()
	}
}

func TestContext(t *testing.T) {
	got := box.Context(box.NetworkID(bytes.Repeat([]byte{0xab}, 32)), 0x0102)
	want := "murmuration/box/v1" + strings.Repeat("\xab", 32) + "\x01\x02"
	if string(got) != want {
		t.Errorf("context is %q, want %q", got, want)
	}
}

func TestSealAndOpen(t *testing.T) {
	w := newCap(t, 1)
	r, err := box.ParseReadCap(w.ReadCap().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	network, day := box.NetworkID{1}, box.Day(9)
	at := w.Start().Next()
	plaintext := small.Split(1, []byte("hello"))[0].Marshal(small)
	b := w.Seal(at, network, day, plaintext)
	if len(b.Ciphertext) != small.CiphertextSize() || b.Verify() != nil ||
		b.ID != r.ID(at, network, day) {
		t.Fatal("the sealed box is not what its reader looks for")
	}
	if got, err := r.Open(at, network, day, b); err != nil || !bytes.Equal(got, plaintext) {
		t.Fatalf("Open: %v", err)
	}
	if !b.Equal(w.Seal(at, network, day, plaintext)) {
		t.Error("sealing twice gives two boxes")
	}
	stone := w.Tombstone(at, network, day)
	if stone.ID != b.ID || stone.Verify() != nil {
		t.Error("the tombstone is for another box")
	}
	if _, err := r.Open(at, network, day, stone); !errors.Is(err, box.ErrTombstone) {
		t.Errorf("opening a tombstone: %v", err)
	}
}

// TestOpenRefuses: a box opens only at its own index, network and day, and whole.
func TestOpenRefuses(t *testing.T) {
	w := newCap(t, 1)
	r, at := w.ReadCap(), w.Start()
	network, day := box.NetworkID{1}, box.Day(9)
	b := w.Seal(at, network, day, []byte("hello"))
	changed := func(f func(*box.Box)) box.Box {
		c := b
		c.Ciphertext = bytes.Clone(b.Ciphertext)
		f(&c)
		return c
	}
	_, errIndex := r.Open(at.Next(), network, day, b)
	_, errNetwork := r.Open(at, box.NetworkID{2}, day, b)
	_, errDay := r.Open(at, network, day+1, b)
	_, errCap := newCap(t, 2).ReadCap().Open(at, network, day, b)
	for _, err := range []error{errIndex, errNetwork, errDay, errCap} {
		if !errors.Is(err, box.ErrBadID) {
			t.Errorf("a box of another place: %v", err)
		}
	}
	moved := w.Seal(at, network, day+1, []byte("hello")) // yesterday's bytes under today's id
	for name, c := range map[string]box.Box{
		"ciphertext": changed(func(c *box.Box) { c.Ciphertext[0] ^= 1 }),
		"signature":  changed(func(c *box.Box) { c.Signature[0] ^= 1 }),
		"emptied":    changed(func(c *box.Box) { c.Ciphertext = nil }),
		"other day": changed(func(c *box.Box) {
			c.Ciphertext, c.Signature = moved.Ciphertext,
				moved.Signature
		}),
		"its stone": changed(func(c *box.Box) {
			c.Ciphertext, c.Signature = nil,
				w.Tombstone(at, network, day+1).Signature
		}),
	} {
		if _, err := r.Open(at, network, day, c); !errors.Is(err, box.ErrBadSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Open(at, network, day, b); err != nil {
		t.Errorf("control: unchanged, %v", err)
	}
}

// TestIDsAreUnlinked: nothing repeats over indices, days and networks.
func TestIDsAreUnlinked(t *testing.T) {
	seen := map[box.ID]bool{}
	for seed := range byte(3) {
		w := newCap(t, seed)
		at := w.Start()
		for range 4 {
			for day := range box.Day(4) {
				for network := range byte(2) {
					seen[w.ReadCap().ID(at, box.NetworkID{network}, day)] = true
				}
			}
			at = at.Next()
		}
	}
	if len(seen) != 3*4*4*2 {
		t.Errorf("%d ids, want %d", len(seen), 3*4*4*2)
	}
}

func TestCapabilitiesRoundTrip(t *testing.T) {
	w := newCap(t, 1)
	again, err := box.ParseWriteCap(w.Marshal())
	if err != nil || !bytes.Equal(again.Marshal(), w.Marshal()) || again.Start() != w.Start() {
		t.Errorf("write capability: %v", err)
	}
	later := w.Start().Next().Next()
	r, err := box.ParseReadCap(w.ReadCap().At(later).Marshal())
	if err != nil || r.Start() != later || w.At(later).Start() != later {
		t.Errorf("rebased capability: %v", err)
	}
	if box.WriteCapSize != 168 || box.ReadCapSize != 136 || box.IndexSize != 104 {
		t.Error("sizes are others than docs/box.md says")
	}
}

// TestStartIndices: below 2^63, and not small, which a wrong mask would show.
func TestStartIndices(t *testing.T) {
	high := 0
	for seed := range byte(64) {
		n := newCap(t, seed).Start().Number()
		if n >= 1<<63 {
			t.Fatalf("start index %d", n)
		}
		if n > 1<<61 {
			high++
		}
	}
	if high < 32 {
		t.Errorf("only %d of 64 start indices are above 2^61", high)
	}
}

func TestAdvanceLimits(t *testing.T) {
	at := newCap(t, 1).Start()
	if _, err := at.Advance(box.MaxAdvance + 1); !errors.Is(err, box.ErrTooFar) {
		t.Errorf("too far: %v", err)
	}
	if _, err := at.AdvanceTo(at.Number() - 1); err == nil {
		t.Error("an index went back")
	}
	if _, err := at.AdvanceTo(1<<64 - 1); !errors.Is(err, box.ErrTooFar) {
		t.Errorf("to the end: %v", err)
	}
	if same, err := at.AdvanceTo(at.Number()); err != nil || same != at {
		t.Errorf("to where it is: %v", err)
	}
	if same, err := at.Advance(0); err != nil || same != at {
		t.Errorf("by nothing: %v", err)
	}
}

func TestBadCapabilities(t *testing.T) {
	w := newCap(t, 1)
	write, read := w.Marshal(), w.ReadCap().Marshal()
	flip := func(b []byte, at int) []byte { b = bytes.Clone(b); b[at] ^= 0x80; return b }
	for name, err := range map[string]error{
		"short write cap": second(box.ParseWriteCap(write[1:])),
		"public half":     second(box.ParseWriteCap(flip(write, 40))),
		"private half":    second(box.ParseWriteCap(flip(write, 3))),
		"short read cap":  second(box.ParseReadCap(read[1:])),
		"empty read cap":  second(box.ParseReadCap(nil)),
		"zero key":        second(box.ParseReadCap(append(make([]byte, 32), read[32:]...))),
		"identity key": second(box.ParseReadCap(append(append([]byte{1}, make([]byte, 31)...),
			read[32:]...))),
		"short index": second(box.ParseIndex(read[33:])),
	} {
		if !errors.Is(err, box.ErrBadCapability) {
			t.Errorf("%s: %v", name, err)
		}
	}
	huge := bytes.Clone(read)
	copy(huge[32:40], bytes.Repeat([]byte{0xff}, 8))
	if err := second(box.ParseReadCap(huge)); !errors.Is(err, box.ErrBadCapability) {
		t.Errorf("an index at its end: %v", err)
	}
	if _, err := box.NewWriteCap(strings.NewReader("too little")); err == nil {
		t.Error("a capability from ten bytes")
	}
	if _, err := box.RandomID(strings.NewReader("too little")); err == nil {
		t.Error("an id from ten bytes")
	}
}

// TestNumbersEnd before a sequence could run over.
func TestNumbersEnd(t *testing.T) {
	const end = uint64(1)<<63 + uint64(1)<<62
	raw := newCap(t, 1).Start().Marshal()
	cases := map[uint64]bool{0: true, end - 1: true, end: false, 1<<64 - 1: false}
	for number, good := range cases {
		binary.LittleEndian.PutUint64(raw, number)
		i, err := box.ParseIndex(raw)
		if good != (err == nil) || good && i.Number() != number ||
			!good && i != (box.Index{}) {
			t.Errorf("number %#x: %v", number, err)
		}
	}
	whole := newCap(t, 1).Marshal()
	binary.LittleEndian.PutUint64(whole[64:], end)
	if _, err := box.ParseWriteCap(whole); err == nil {
		t.Error("a sequence that begins at its end")
	}
}

// TestCapabilitiesHaveOneLength.
func TestCapabilitiesHaveOneLength(t *testing.T) {
	w := newCap(t, 1)
	for name, row := range map[string]struct {
		raw   []byte
		parse func([]byte) error
	}{
		"write": {w.Marshal(), func(b []byte) error { return second(box.ParseWriteCap(b)) }},
		"read": {
			w.ReadCap().Marshal(), func(b []byte) error { return second(box.ParseReadCap(b)) },
		},
		"index": {w.Start().Marshal(), func(b []byte) error { return second(box.ParseIndex(b)) }},
	} {
		if err := row.parse(row.raw); err != nil {
			t.Errorf("the control, %s: %v", name, err)
		}
		for n := range row.raw {
			if row.parse(row.raw[:n]) == nil {
				t.Errorf("%s: %d bytes of %d were taken", name, n, len(row.raw))
			}
		}
		if row.parse(append(row.raw, 0)) == nil {
			t.Errorf("%s: a byte too many was taken", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func FuzzCapabilities(f *testing.F) {
	w := newCap(f, 1)
	f.Add(w.Marshal())
	f.Add(w.ReadCap().Marshal())
	f.Add(w.Start().Marshal())
	f.Add(make([]byte, box.ReadCapSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if i, err := box.ParseIndex(b); err == nil {
			if !bytes.Equal(i.Marshal(), b) || i.Next().Number() != i.Number()+1 {
				t.Fatal("index has a second spelling, or no next")
			}
		}
		if w, err := box.ParseWriteCap(b); err == nil {
			if !bytes.Equal(w.Marshal(), b) {
				t.Fatal("write capability has a second spelling")
			}
			_ = w.Tombstone(w.Start(), box.NetworkID{}, 1)
		}
		if r, err := box.ParseReadCap(b); err == nil {
			if !bytes.Equal(r.Marshal(), b) {
				t.Fatal("read capability has a second spelling")
			}
			if err := r.ID(r.Start(), box.NetworkID{}, 1).Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestRandomIDs(t *testing.T) {
	rng, seen := chacha(1), map[box.ID]bool{}
	for range 100 {
		id, err := box.RandomID(rng)
		if err != nil || id.Check() != nil || seen[id] {
			t.Fatalf("decoy id: %v, %v", err, id.Check())
		}
		seen[id] = true
	}
}

// TestNothingSecretIsLogged: what a careless log line would print.
func TestNothingSecretIsLogged(t *testing.T) {
	w := newCap(t, 1)
	id := w.ReadCap().ID(w.Start(), box.NetworkID{}, 1)
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("x", "write", w, "read", w.ReadCap(), "index", w.Start(), "id", id)
	for _, secret := range []string{fmt.Sprint([32]byte(id)), hex.EncodeToString(id[:]),
		hex.EncodeToString(w.Marshal()[:16])} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("logged: %s", out.String())
		}
	}
	if strings.Count(out.String(), "[") != 4 {
		t.Errorf("logged: %s", out.String())
	}
}

func BenchmarkSeal(b *testing.B) {
	w := newCap(b, 1)
	plaintext := make([]byte, box.DefaultFormat.Plaintext)
	for b.Loop() {
		w.Seal(w.Start(), box.NetworkID{}, 1, plaintext)
	}
}

func BenchmarkVerify(b *testing.B) {
	w := newCap(b, 1)
	sealed := w.Seal(w.Start(), box.NetworkID{}, 1, make([]byte, box.DefaultFormat.Plaintext))
	for b.Loop() {
		if err := sealed.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}
