package kem

import (
	"bytes"
	"errors"
	"testing"
)

// TestSecretArrives at the owner of the key, and at nobody else.
func TestSecretArrives(t *testing.T) {
	seed, other := bytes.Repeat([]byte{1}, SeedSize), bytes.Repeat([]byte{2}, SeedSize)
	key := Public(seed)
	if err := Check(key); err != nil {
		t.Fatal(err)
	}
	secret, ciphertext, err := Encapsulate(key, bytes.Repeat([]byte{3}, DrawSize))
	if err != nil || len(ciphertext) != CipherSize || len(key) != KeySize {
		t.Fatalf("%d bytes, %v", len(ciphertext), err)
	}
	if got, err := Decapsulate(seed, ciphertext); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("the owner has another secret: %v", err)
	}
	if got, err := Decapsulate(other, ciphertext); err == nil && bytes.Equal(got, secret) {
		t.Error("so has somebody else")
	}
}

// TestKeysThatCannotBeUsed are refused before.
func TestKeysThatCannotBeUsed(t *testing.T) {
	good := Public(bytes.Repeat([]byte{1}, SeedSize))
	high, small := bytes.Clone(good), bytes.Clone(good)
	high[0], high[1] = 0xff, 0xff // a coefficient above the modulus
	clear(small[KeySize-32:])     // the point of order 1
	for name, key := range map[string][]byte{
		"empty": nil, "short": good[1:], "long": append(good, 0), "high": high, "small": small,
	} {
		if err := Check(key); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Check(good); err != nil {
		t.Errorf("the control: %v", err)
	}
}
