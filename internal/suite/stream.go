package suite

import (
	"crypto/aes"
	"crypto/cipher"
)

// StreamKey is an AES-256 key and the 16-byte initial counter block.
type StreamKey [48]byte

// XORStream applies the AES-256-CTR keystream to b, in place.
func (e *Engine) XORStream(key *StreamKey, b []byte) {
	if hasAES {
		e.stream.xor(key, b)
		return
	}
	xorStreamPortable(key, b)
}

// xorStreamPortable is the standard library's; it allocates two objects a key.
func xorStreamPortable(key *StreamKey, b []byte) {
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		panic("suite: AES refuses a 32-byte key: " + err.Error())
	}
	cipher.NewCTR(block, key[32:]).XORKeyStream(b, b)
}
