package daystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"murmuration/internal/durable"
)

const keyHeader = "murmuration box day key 1\n"

// keyText is the key file: a header, the key in hexadecimal, and a check of it, since under a wrong
// key every box would seem never written.
func keyText(key []byte) []byte {
	check := sha256.Sum256(append([]byte(keyHeader), key...))
	return fmt.Appendf(nil, "%s%x\n%x\n", keyHeader, key, check[:8])
}

func (d *dayDB) readKey() error {
	text, err := durable.ReadFile(filepath.Join(d.dir, "key"), 1024)
	if err != nil {
		return fmt.Errorf("reading the day's key: %w", err)
	}
	digits, ok := strings.CutPrefix(string(text), keyHeader)
	if !ok || len(digits) < 64 {
		return fmt.Errorf("reading the day's key: %w", durable.ErrForeign)
	}
	key, err := hex.DecodeString(digits[:64])
	if err != nil || string(keyText(key)) != string(text) {
		return fmt.Errorf("reading the day's key: %w", durable.ErrCorrupt)
	}
	return d.setKey(key)
}

func (d *dayDB) setKey(key []byte) (err error) {
	if d.name, err = hkdf.Expand(sha256.New, key, "murmuration box day names", 32); err != nil {
		return err
	}
	seal, err := hkdf.Expand(sha256.New, key, "murmuration box day seal", 32)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(seal)
	if err != nil {
		return err
	}
	d.seal, err = cipher.NewGCMWithRandomNonce(block)
	return err
}
