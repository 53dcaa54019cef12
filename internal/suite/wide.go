package suite

import "gitlab.com/yawning/aez.git"

// WideKey is a 48-byte AEZ key and its 16-byte nonce.
type WideKey [64]byte

// wideMin is the shortest block, in bytes, that the wide-block cipher takes
// here: AEZ treats shorter ones in another way, and packets have none.
const wideMin = 32

// WideEncrypt enciphers b in place as one block: AEZ v5, no associated data, no
// expansion. It panics on less than wideMin bytes.
func (e *Engine) WideEncrypt(key *WideKey, b []byte) { e.wideBlock(key, b, 0) }

// WideDecrypt undoes WideEncrypt in place. Any change to the ciphertext makes
// all of the result random.
func (e *Engine) WideDecrypt(key *WideKey, b []byte) { e.wideBlock(key, b, 1) }

func (e *Engine) wideBlock(key *WideKey, b []byte, d int) {
	if len(b) < wideMin {
		panic("suite: wide block shorter than 32 bytes")
	}
	if hasAES {
		e.wide.cipher(key, b, d)
		return
	}
	widePortable(key, b, d)
}

// widePortable runs the reference module, in constant time on every machine
// and in place, with about nine small allocations.
func widePortable(key *WideKey, b []byte, d int) {
	if d == 0 {
		aez.Encrypt(key[:48], key[48:], nil, 0, b, b[:0])
		return
	}
	aez.Decrypt(key[:48], key[48:], nil, 0, b, b[:0])
}
