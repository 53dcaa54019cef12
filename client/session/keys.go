package session

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"murmuration/client/kem"
)

const (
	keySize    = kem.KeySize
	cipherSize = kem.CipherSize
	drawSize   = kem.DrawSize
)

// label begins the info of every derivation; what it is for follows.
const label = "murmuration/session/v1 "

// derive is HKDF with SHA-256.
func derive(secret, salt []byte, use string, info []byte, size int) []byte {
	out, err := hkdf.Key(sha256.New, secret, salt, label+use+string(info), size)
	if err != nil {
		panic("session: " + err.Error()) // sizes are constants
	}
	return out
}

// mac is HMAC with SHA-256.
func mac(key [32]byte, use string, data []byte) [32]byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(label + use))
	h.Write(data)
	return [32]byte(h.Sum(nil))
}

// draw reads a key, or seeds.
func draw(random io.Reader, size int) ([]byte, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("drawing keys of a session: %w", err)
	}
	return b, nil
}

// checkKey refuses keys that X-Wing cannot work with.
func checkKey(key []byte) error {
	if kem.Check(key) != nil {
		return ErrMalformed
	}
	return nil
}

// decapsulate takes a secret out of a ciphertext that somebody made.
func decapsulate(seed, ciphertext []byte) ([]byte, error) {
	secret, err := kem.Decapsulate(seed, ciphertext)
	if err != nil {
		return nil, ErrForged
	}
	return secret, nil
}

// next takes the key that is due and moves on.
func (c *Chain) next() (key [32]byte) {
	key = mac(c.Key, "message", nil)
	c.skip()
	return key
}

// skip forgets the next key, which is not worked out.
func (c *Chain) skip() {
	c.Key = mac(c.Key, "chain", nil)
	c.Counter++
}

// at takes the key of a counter and forgets those before it.
func (c *Chain) at(counter uint32) (key [32]byte, err error) {
	if counter < c.Counter {
		return key, ErrForged
	}
	if counter-c.Counter > mostSkipped {
		return key, ErrLost
	}
	for c.Counter < counter {
		c.skip()
	}
	return c.next(), nil
}

func hexShort(b [32]byte) string { return hex.EncodeToString(b[:4]) }
