package suite

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"testing"

	"golang.org/x/crypto/hkdf"
	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

func seeded(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

func fill(rng *rand.ChaCha8, b []byte) []byte {
	rng.Read(b)
	return b
}

// The lengths cross every boundary of the assembly: groups of 128 and 256
// bytes, pairs, fragments below and above 16 bytes.
func TestStreamMatchesStandardLibrary(t *testing.T) {
	rng, e := seeded(1), NewEngine()
	for n := range 700 {
		var key StreamKey
		fill(rng, key[:])
		plain := fill(rng, make([]byte, n))
		got, want := bytes.Clone(plain), bytes.Clone(plain)
		e.XORStream(&key, got)
		xorStreamPortable(&key, want)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: streams differ", n)
		}
		if n >= 16 && bytes.Equal(got, plain) {
			t.Fatalf("%d bytes: nothing was enciphered", n)
		}
	}
}

// The counter carries from its low half into its high half, and wraps.
func TestStreamCounterCarries(t *testing.T) {
	e := NewEngine()
	for _, iv := range [][]byte{
		{15: 0xfc, 8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff},
		bytes.Repeat([]byte{0xff}, 16),
	} {
		var key StreamKey
		copy(key[32:], iv)
		got, want := make([]byte, 300), make([]byte, 300)
		e.XORStream(&key, got)
		xorStreamPortable(&key, want)
		if !bytes.Equal(got, want) {
			t.Errorf("IV %x: streams differ", iv)
		}
	}
}

func TestWideMatchesModule(t *testing.T) {
	rng, e := seeded(2), NewEngine()
	for n := wideMin; n < 1400; n++ {
		checkWide(t, e, fill(rng, make([]byte, n)), WideKey(fill(rng, make([]byte, 64))))
	}
	checkWide(t, e, fill(rng, make([]byte, 40_960)), WideKey(fill(rng, make([]byte, 64))))
}

func checkWide(t *testing.T, e *Engine, plain []byte, key WideKey) {
	t.Helper()
	got, want := bytes.Clone(plain), bytes.Clone(plain)
	e.WideEncrypt(&key, got)
	widePortable(&key, want, 0)
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes: ciphertexts differ", len(plain))
	}
	e.WideDecrypt(&key, got)
	widePortable(&key, want, 1)
	if !bytes.Equal(got, plain) || !bytes.Equal(want, plain) {
		t.Fatalf("%d bytes: does not decrypt to the plaintext", len(plain))
	}
}

// One changed bit anywhere must change about half of all bits everywhere.
func TestWideDiffuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(64, 600).Draw(t, "length")
		at := rapid.IntRange(0, n*8-1).Draw(t, "bit")
		b := make([]byte, n)
		key, e := WideKey{1}, NewEngine()
		e.WideEncrypt(&key, b)
		b[at/8] ^= 1 << (at % 8)
		e.WideDecrypt(&key, b)
		if zeros := bytes.Count(b, []byte{0}); zeros > n/8+8 {
			t.Fatalf("%d of %d bytes survive", zeros, n)
		}
	})
}

func TestWideRefusesShortBlocks(t *testing.T) {
	defer func() {
		if got := recover(); got != "suite: wide block shorter than 32 bytes" {
			t.Errorf("31 bytes: %v", got)
		}
	}()
	NewEngine().WideEncrypt(&WideKey{}, make([]byte, wideMin-1))
}

func TestAuthenticateIsHMAC(t *testing.T) {
	rng, e := seeded(3), NewEngine()
	for n := range 200 {
		key := [32]byte(fill(rng, make([]byte, 32)))
		a, b := fill(rng, make([]byte, n)), fill(rng, make([]byte, 3*n))
		h := hmac.New(sha256.New, key[:])
		h.Write(a)
		h.Write(b)
		want := h.Sum(nil)
		if got := e.Authenticate(&key, a, b); !bytes.Equal(got[:], want) {
			t.Fatal("not HMAC-SHA-256")
		}
		whole := append(a, b...)
		if !e.Verify(&key, whole, want) {
			t.Fatal("a good MAC is refused")
		}
		want[n%32] ^= 1
		if e.Verify(&key, whole, want) {
			t.Fatal("a bad MAC is accepted")
		}
	}
	if e.Verify(&[32]byte{}, nil, nil) {
		t.Error("an empty MAC is accepted")
	}
}

func TestHopKeysAreHKDFExpand(t *testing.T) {
	rng, e := seeded(4), NewEngine()
	for range 50 {
		secret := [32]byte(fill(rng, make([]byte, 32)))
		want := make([]byte, 160)
		if _, err := io.ReadFull(hkdf.Expand(sha256.New, secret[:], []byte(kdfInfo)),
			want); err != nil {
			t.Fatal(err)
		}
		var k HopKeys
		e.expand.hopKeys(&secret, &k, true)
		got := bytes.Join([][]byte{k.MAC[:], k.Stream[:], k.wide[:], k.blind[:]}, nil)
		if !bytes.Equal(got, want) {
			t.Fatal("not HKDF-Expand")
		}
		if w := k.Wide(); !bytes.Equal(w[:48], want[80:128]) || !bytes.Equal(w[48:], want[64:80]) {
			t.Fatal("the wide-block key is cut wrongly")
		}
		k.blind = [32]byte{} // without blinding all else is the same, whatever the call before left
		var without HopKeys
		if e.expand.hopKeys(&secret, &without, false); without != k {
			t.Fatal("without blinding: other keys")
		}
	}
}
