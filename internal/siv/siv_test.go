package siv

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPolyval is the example of RFC 8452 appendix A.
func TestPolyval(t *testing.T) {
	p := newPolyval(fieldOf(unhex(t, "25629347589242761d31f826ba4b757b")))
	p.write(unhex(t, "4f4f95668c83dfb6401762bb2d01a262d1a24ddd2721d006bbe45f20d3c9f362"))
	if got := p.sum.bytes(); hex.EncodeToString(got[:]) != "f7a3b47b846119fae5b7866cf5e5b77e" {
		t.Errorf("%x", got)
	}
}

// TestVectors: RFC 8452 appendix C.2. Other lengths are compared with those of BACAP's vectors in
// internal/box.
func TestVectors(t *testing.T) {
	key, nonce := [KeySize]byte{1}, [NonceSize]byte{3}
	for _, v := range []struct{ data, plaintext, sealed string }{
		{"", "", "07f5f4169bbf55a8400cd47ea6fd400f"},
		{"", "0100000000000000", "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"},
	} {
		got := Seal(&key, &nonce, unhex(t, v.plaintext), unhex(t, v.data))
		if hex.EncodeToString(got) != v.sealed {
			t.Errorf("%s: %x, want %s", v.plaintext, got, v.sealed)
		}
	}
}

// TestEveryBitCounts: nothing opens with one bit changed, anywhere, and nothing that is too short.
func TestEveryBitCounts(t *testing.T) {
	key, nonce := [KeySize]byte{1}, [NonceSize]byte{3}
	text, data := bytes.Repeat([]byte("text"), 9), []byte("data")
	sealed := Seal(&key, &nonce, text, data)
	if got, err := Open(&key, &nonce, sealed, data); err != nil || !bytes.Equal(got, text) {
		t.Fatalf("control: %q, %v", got, err)
	}
	for what, b := range map[string][]byte{
		"key": key[:], "nonce": nonce[:], "ciphertext": sealed, "data": data,
	} {
		for i := range 8 * len(b) {
			b[i/8] ^= 1 << (i % 8)
			if _, err := Open(&key, &nonce, sealed, data); !errors.Is(err, ErrOpen) {
				t.Errorf("bit %d of the %s: %v", i, what, err)
			}
			b[i/8] ^= 1 << (i % 8)
		}
	}
	for n := range TagSize {
		if _, err := Open(&key, &nonce, sealed[:n], data); !errors.Is(err, ErrOpen) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func BenchmarkSeal8KiB(b *testing.B) {
	key, nonce, text := [KeySize]byte{1}, [NonceSize]byte{3}, make([]byte, 8192)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Seal(&key, &nonce, text, nil)
	}
}
