// Package token is blind write tokens: each lets one box be written at one holder on one day, and
// nobody can tell to whom it was given. They are the verifiable oblivious pseudorandom function of
// RFC 9497 (ristretto255-SHA512), in batches of up to 256. docs/token.md is the specification.
//
//	request  = n blinded elements                      32 n bytes
//	answer   = n evaluated elements || proof 64        32 n + 64 bytes
//	token    = nonce 16 || first 16 bytes of F(nonce)  32 bytes
//
// It must not know who asks: how many tokens somebody gets is the business of who passes batches
// on.
package token

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"

	"murmuration/internal/protocol"
)

// Sizes (docs/token.md, section "Bytes"): tokens in a batch at most, else bytes.
const (
	MostTokens  = protocol.MostTokens
	nonceSize   = 16
	elementSize = protocol.TokenElement
	proofSize   = protocol.TokenProof
)

// RequestSize is how many bytes ask for n tokens.
func RequestSize(n int) int { return n * elementSize }

// AnswerSize is how many bytes bring n tokens.
func AnswerSize(n int) int { return RequestSize(n) + proofSize }

// Token is what a write shows.
type Token [2 * nonceSize]byte

// PublicKey is a holder's of one day.
type PublicKey [elementSize]byte

// Check says whether tokens can be asked for under a key.
func (p PublicKey) Check() error {
	_, err := elements(p[:])
	return err
}

// ErrMalformed is returned for bytes that are no batch; ErrProof for an answer that was not made
// with the key that the holder has published, or not from what was asked.
var (
	ErrMalformed = errors.New("malformed batch of tokens")
	ErrProof     = errors.New("batch of tokens without a proof")
)

var (
	suite = oprf.SuiteRistretto255
	// proving are the parameters of proofs: RFC 9497, section 3.1, contextString of mode VOPRF.
	proving = dleq.Params{G: suite.Group(), H: suite.Hash(),
		DST: []byte("OPRFV1-\x01-" + suite.Identifier())}
)

// Key is a holder's secret key of one day.
type Key struct {
	secret group.Scalar
	server oprf.VerifiableServer
	public oprf.PublicKey
}

// NewKey derives the key of a day from a secret of the holder, as DeriveKeyPair of RFC 9497.
func NewKey(seed, network [32]byte, day uint32) (*Key, error) {
	info := append([]byte(protocol.TokenLabel), network[:]...)
	return derive(seed[:], binary.BigEndian.AppendUint32(info, day))
}

func derive(seed, info []byte) (*Key, error) {
	private, err := oprf.DeriveKey(suite, oprf.VerifiableMode, seed, info)
	if err != nil {
		return nil, fmt.Errorf("deriving a token key: %w", err)
	}
	raw, err := private.MarshalBinary()
	if err != nil {
		return nil, err
	}
	k := &Key{secret: suite.Group().NewScalar(), public: *private.Public(),
		server: oprf.NewVerifiableServer(suite, private)}
	return k, k.secret.UnmarshalBinary(raw)
}

// Public is what stands in the holder's descriptor.
func (k *Key) Public() (p PublicKey) {
	raw, _ := k.public.MarshalBinary() // cannot fail for a key that was derived
	return PublicKey(raw)
}

// Issue answers a request: as many tokens as it has elements, which the holder will know again and
// not whose they are.
func (k *Key) Issue(random io.Reader, request []byte) (answer []byte, err error) {
	n := len(request) / elementSize
	if n < 1 || n > MostTokens || len(request) != RequestSize(n) {
		return nil, ErrMalformed
	}
	blinded, err := elements(request)
	if err != nil {
		return nil, err
	}
	r, err := drawScalar(random)
	if err != nil {
		return nil, err
	}
	evaluated, proof, err := k.evaluate(blinded, r)
	if err != nil {
		return nil, err
	}
	for _, e := range evaluated {
		if answer, err = appendElement(answer, e); err != nil {
			return nil, err
		}
	}
	raw, err := proof.MarshalBinary()
	return append(answer, raw...), err
}

// evaluate is BlindEvaluate of RFC 9497, section 3.3.2; the proof is made with the scalar r.
func (k *Key) evaluate(blinded []group.Element, r group.Scalar) ([]group.Element, *dleq.Proof,
	error) {
	g := suite.Group()
	evaluated := make([]group.Element, len(blinded))
	for i, e := range blinded {
		evaluated[i] = g.NewElement().Mul(e, k.secret)
	}
	public := g.NewElement().MulGen(k.secret)
	proof, err := dleq.Prover{Params: proving}.ProveBatchWithRandomnessRFC9497(k.secret, public,
		blinded, evaluated, r)
	return evaluated, proof, err
}

// Good says whether a token was issued with this key.
func (k *Key) Good(t Token) bool {
	out, err := k.server.FullEvaluate(t[:nonceSize])
	return err == nil && subtle.ConstantTimeCompare(out[:nonceSize], t[nonceSize:]) == 1
}

// elements reads points one after the other, each in its one spelling and none of them zero.
func elements(raw []byte) ([]group.Element, error) {
	all := make([]group.Element, len(raw)/elementSize)
	for i := range all {
		all[i] = suite.Group().NewElement()
		// ristretto255 has one spelling for each element, and refuses every other
		if err := all[i].UnmarshalBinary(raw[i*elementSize:][:elementSize]); err != nil ||
			all[i].IsIdentity() {
			return nil, ErrMalformed
		}
	}
	return all, nil
}

func appendElement(to []byte, e group.Element) ([]byte, error) {
	raw, err := e.MarshalBinaryCompress()
	return append(to, raw...), err
}

// drawScalar is uniform. The library's own drawing does not take the randomness that it is given.
func drawScalar(random io.Reader) (group.Scalar, error) {
	var wide [64]byte
	if _, err := io.ReadFull(random, wide[:]); err != nil {
		return nil, fmt.Errorf("drawing a scalar: %w", err)
	}
	return suite.Group().HashToScalar(wide[:], []byte("murmuration/token/scalar/v1")), nil
}
