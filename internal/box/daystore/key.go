package daystore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"murmuration/internal/box/dayform"
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
	d.form, err = dayform.New(key)
	return err
}
