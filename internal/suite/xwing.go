package suite

import (
	"crypto/sha3"
	"crypto/subtle"

	curve "github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/pke/kyber/kyber768"
)

// xwingLabel is the domain separator of the X-Wing combiner, section 5.3.
const xwingLabel = `\.//^\`

// xwingState is the scratch of X-Wing: FIPS 203 over circl's vectorised
// public-key encryption. We wrap that layer, not circl's own X-Wing, because
// its key types hide the secret polynomials behind pointers that cannot be
// erased.
type xwingState struct {
	g      *sha3.SHA3  // 512, FIPS 203's G
	h      *sha3.SHA3  // 256, the combiner
	j      *sha3.SHAKE // 256, FIPS 203's J
	m      [32]byte
	kr     [64]byte // shared key ‖ encryption randomness
	reject [32]byte
	again  [mlkemCipherSize]byte
	x      struct{ scalar, point, shared [X25519Size]byte }
}

func newXWingState() xwingState {
	return xwingState{g: sha3.New512(), h: sha3.New256(), j: sha3.NewSHAKE256()}
}

// decapsulate sets out to the shared secret in ct (1,120 bytes). A forged
// ML-KEM part yields a secret that nobody else knows, as FIPS 203 wants it.
func (w *xwingState) decapsulate(out *[sharedSize]byte, k *PrivateKey, ct []byte) error {
	w.x.point = [X25519Size]byte(ct[mlkemCipherSize:])
	if !multiply(&w.x.shared, (*[X25519Size]byte)(&k.x), &w.x.point) {
		return ErrDegenerate
	}
	w.openMLKEM(k, ct[:mlkemCipherSize])
	w.combine(out, &k.public.x)
	return nil
}

// openMLKEM leaves the ML-KEM secret in w.kr[:32]: FIPS 203, algorithm 18.
func (w *xwingState) openMLKEM(k *PrivateKey, ct []byte) {
	k.m.DecryptTo(w.m[:], ct)
	w.expand(&k.public.mHash)
	k.public.m.EncryptTo(w.again[:], w.m[:], w.kr[32:])
	zeroUpper()
	w.j.Reset()
	w.j.Write(k.z[:])
	w.j.Write(ct)
	w.j.Read(w.reject[:])
	differ := 1 - subtle.ConstantTimeCompare(ct, w.again[:])
	subtle.ConstantTimeCopy(differ, w.kr[:32], w.reject[:])
}

// expand sets w.kr = G(m ‖ H(public key)).
func (w *xwingState) expand(mHash *[32]byte) {
	w.g.Reset()
	w.g.Write(w.m[:])
	w.g.Write(mHash[:])
	w.g.Sum(w.kr[:0])
}

// encapsulate makes the ciphertext for k from 64 bytes of randomness, and the
// secret in it.
func (w *xwingState) encapsulate(out *[sharedSize]byte, k *PublicKey, ct []byte,
	seed *[xwingEncapSeedSize]byte) error {
	copy(w.m[:], seed[:32])
	copy(w.x.scalar[:], seed[32:])
	w.expand(&k.mHash)
	k.m.EncryptTo(ct[:mlkemCipherSize], w.m[:], w.kr[32:])
	curve.KeyGen((*curve.Key)(&w.x.point), (*curve.Key)(&w.x.scalar))
	copy(ct[mlkemCipherSize:], w.x.point[:])
	if !multiply(&w.x.shared, &w.x.scalar, (*[X25519Size]byte)(&k.x)) {
		return ErrDegenerate
	}
	w.combine(out, &k.x)
	return nil
}

func (w *xwingState) combine(out *[sharedSize]byte, public *curve.Key) {
	w.h.Reset()
	w.h.Write(w.kr[:32])
	w.h.Write(w.x.shared[:])
	w.h.Write(w.x.point[:])
	w.h.Write(public[:])
	w.h.Write(xwingLabelBytes)
	w.h.Sum(out[:0])
}

var xwingLabelBytes = []byte(xwingLabel)

func (w *xwingState) erase() {
	clear(w.m[:])
	clear(w.kr[:])
	clear(w.reject[:])
	clear(w.x.scalar[:])
	clear(w.x.shared[:])
	w.g.Reset()
	w.h.Reset()
	w.j.Reset()
}

// Sizes that this file takes for granted.
var (
	_ [mlkemPublicSize]byte = [kyber768.PublicKeySize]byte{}
	_ [mlkemCipherSize]byte = [kyber768.CiphertextSize]byte{}
)
