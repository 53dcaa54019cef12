//go:build amd64 && !purego

package suite

import (
	"crypto/subtle"
	"encoding/binary"
)

// wideState is AEZ v5 (Hoang, Krovetz, Rogaway: "AEZ v5: Authenticated
// Encryption by Enciphering", 2017) for the one case that packets need: a
// 48-byte key, a 16-byte nonce, no associated data, no expansion, 32 bytes or
// more. E(j, i) and the names X, Y, S, Δ are the paper's.
type wideState struct {
	keys [3]block // I, J, L: the keys of the AES rounds
	j    [3]block // J, 2J, 4J
	l    [9]block // 0L to 7L and 0L again: eight pairs take l[1] to l[8]
	i1   block    // 2I

	i     block // of the running group of eight pairs: 2I, 4I, 8I, ...
	sum   block // X, then Y
	s     block // S
	delta block // hash of the nonce
	tmp   block
}

// aes4 sets dst to four AES rounds of src ^ offset, keyed J, I, L, 0.
//
//go:noescape
func aes4(keys *[3]block, dst, offset, src *block)

// aes10 sets dst to ten AES rounds of src ^ offset, keyed I, J, L, and so on.
//
//go:noescape
func aes10(keys *[3]block, dst, offset, src *block)

// pass1x8 and pass2x8 do a pass over eight pairs of blocks, 256 bytes, as often
// as told, and leave in w.i the offset for what follows.
//
//go:noescape
func pass1x8(w *wideState, b *byte, times int)

//go:noescape
func pass2x8(w *wideState, b *byte, times int)

func (a *block) xor(b *block) { subtle.XORBytes(a[:], a[:], b[:]) }

// twice returns 2·a in GF(2^128) with the polynomial x^128 + x^7 + x^2 + x + 1.
func (a *block) twice() (out block) {
	hi, lo := binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
	carry := hi >> 63
	binary.BigEndian.PutUint64(out[:8], hi<<1|lo>>63)
	binary.BigEndian.PutUint64(out[8:], lo<<1^(0x87&-carry))
	return out
}

func plus(a, b *block) (out block) {
	subtle.XORBytes(out[:], a[:], b[:])
	return out
}

// cipher enciphers (d = 0) or deciphers (d = 1) b in place: AEZ-core.
func (w *wideState) cipher(key *WideKey, b []byte, d int) {
	w.init(key)
	n := len(b)
	part := n % 32 // the fragment between the pairs and the last two blocks
	pairs, fragment := b[:n-part-32], b[n-part-32:n-32]
	left, right := (*block)(b[n-32:]), (*block)(b[n-16:])

	w.sum = block{}
	w.pass1(pairs)
	w.hashFragment(fragment)
	w.e0(right, 1+d)
	left.xor(&w.tmp)
	left.xor(&w.delta)
	left.xor(&w.sum)
	aes10(&w.keys, &w.tmp, &w.l[1+d], left)
	right.xor(&w.tmp)
	w.s = plus(left, right)

	w.sum = block{}
	w.pass2(pairs)
	w.maskFragment(fragment)
	w.hashFragment(fragment)
	aes10(&w.keys, &w.tmp, &w.l[2-d], right)
	left.xor(&w.tmp)
	w.e0(left, 2-d)
	right.xor(&w.tmp)
	right.xor(&w.delta)
	right.xor(&w.sum)
	*left, *right = *right, *left
}

func (w *wideState) init(key *WideKey) {
	w.keys = [3]block{block(key[0:]), block(key[16:]), block(key[32:])}
	w.i1 = w.keys[0].twice()
	w.j[0] = w.keys[1]
	w.j[1] = w.j[0].twice()
	w.j[2] = w.j[1].twice()
	w.l[1] = w.keys[2]
	for k := 2; k < 8; k += 2 {
		w.l[k] = w.l[k/2].twice()
		w.l[k+1] = plus(&w.l[k], &w.l[1])
	}
	w.hashNonce((*block)(key[48:]))
}

// hashNonce is AEZ-hash of (τ = 0, nonce): E(3,1)(0) ^ E(4,1)(nonce).
func (w *wideState) hashNonce(nonce *block) {
	offset := plus(&w.i1, &w.l[1])
	three := plus(&w.j[0], &w.j[1])
	three.xor(&offset)
	var zero block
	aes4(&w.keys, &w.delta, &three, &zero)
	four := plus(&w.j[2], &offset)
	aes4(&w.keys, &w.tmp, &four, nonce)
	w.delta.xor(&w.tmp)
}

// e0 sets tmp to E(0, k) of src, for k from 1 to 7.
func (w *wideState) e0(src *block, k int) {
	offset := plus(&w.i1, &w.l[k])
	aes4(&w.keys, &w.tmp, &offset, src)
}

func (w *wideState) pass1(b []byte) {
	w.i = w.i1
	if n := len(b) / 256; n > 0 {
		pass1x8(w, &b[0], n)
		b = b[n*256:]
	}
	for k := 1; len(b) > 0; k++ {
		left, right := (*block)(b), (*block)(b[16:])
		offset := plus(&w.i, &w.l[k])
		offset.xor(&w.j[0])
		aes4(&w.keys, &w.tmp, &offset, right)
		left.xor(&w.tmp)
		aes4(&w.keys, &w.tmp, &w.keys[0], left)
		right.xor(&w.tmp)
		w.sum.xor(right)
		b = b[32:]
	}
}

func (w *wideState) pass2(b []byte) {
	w.i = w.i1
	if n := len(b) / 256; n > 0 {
		pass2x8(w, &b[0], n)
		b = b[n*256:]
	}
	for k := 1; len(b) > 0; k++ {
		left, right := (*block)(b), (*block)(b[16:])
		common := plus(&w.i, &w.l[k])
		offset := plus(&common, &w.j[1])
		aes4(&w.keys, &w.tmp, &offset, &w.s)
		left.xor(&w.tmp)
		right.xor(&w.tmp)
		w.sum.xor(left)
		aes4(&w.keys, &w.tmp, &w.keys[0], right)
		left.xor(&w.tmp)
		common.xor(&w.j[0])
		aes4(&w.keys, &w.tmp, &common, left)
		right.xor(&w.tmp)
		*left, *right = *right, *left
		b = b[32:]
	}
}

// hashFragment adds E(0,4) and E(0,5) of the fragment, padded with 1 0*.
func (w *wideState) hashFragment(b []byte) {
	if len(b) == 0 {
		return
	}
	k := 4
	if len(b) >= 16 {
		w.e0((*block)(b), k)
		w.sum.xor(&w.tmp)
		b, k = b[16:], 5
	}
	var padded block
	padded[copy(padded[:], b)] = 0x80
	w.e0(&padded, k)
	w.sum.xor(&w.tmp)
}

// maskFragment XORs E(-1,4)(S) and E(-1,5)(S) into the fragment.
func (w *wideState) maskFragment(b []byte) {
	for k := 4; len(b) > 0; k++ {
		aes10(&w.keys, &w.tmp, &w.l[k], &w.s)
		b = b[subtle.XORBytes(b, b, w.tmp[:]):]
	}
}

func (w *wideState) erase() { *w = wideState{} }
