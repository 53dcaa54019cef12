package pgstore

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"murmuration/internal/box"
	"murmuration/internal/durable"
)

// secret is what names and seals of all days are made with, together with the salt of each, which
// the databases have: so a day is destroyed where the databases are, and what they have says
// nothing without the secret.
type secret [32]byte

const secretHeader = "murmuration box store secret 1\n"

// text is the key file: a header, the secret in hexadecimal, and a check of it, since under a wrong
// one every box would seem never written.
func (k secret) text() []byte {
	check := sha256.Sum256(append([]byte(secretHeader), k[:]...))
	return fmt.Appendf(nil, "%s%x\n%x\n", secretHeader, k[:], check[:8])
}

func parseSecret(text []byte) (k secret, err error) {
	digits, ok := strings.CutPrefix(string(text), secretHeader)
	if !ok || len(digits) < 64 {
		return k, durable.ErrForeign
	}
	raw, err := hex.DecodeString(digits[:64])
	if err != nil || !bytes.Equal(secret(raw).text(), text) {
		return k, durable.ErrCorrupt
	}
	return secret(raw), nil
}

func readSecret(path string) (secret, error) {
	text, err := durable.ReadFile(path, 1024)
	var k secret
	if err == nil {
		k, err = parseSecret(text)
	}
	if err != nil {
		return k, fmt.Errorf("reading the secret of the box store %s: %w\n  restore it from its "+
			"backup: without it nobody can read what is in the databases", path, err)
	}
	return k, nil
}

// makeSecret reads the secret, or makes one if there is none.
func makeSecret(path string) (secret, error) {
	k, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	rand.Read(k[:])
	if err := durable.WriteFile(path, k.text(), 0o600); err != nil {
		return k, fmt.Errorf("keeping the secret of the box store: %w", err)
	}
	return k, nil
}

// proof is what a database of this store has, so that no other's is taken for it.
func (k secret) proof() []byte { return k.derive(nil, "murmuration box store proof") }

// dayKey is the key of a day, from its salt.
func (k secret) dayKey(salt []byte, d box.Day) []byte {
	return k.derive(salt, fmt.Sprintf("murmuration box store day %d", d))
}

func (k secret) derive(salt []byte, info string) []byte {
	key, err := hkdf.Key(sha256.New, k[:], salt, info, 32)
	if err != nil {
		panic("pgstore: HKDF refuses 32 bytes: " + err.Error())
	}
	return key
}
