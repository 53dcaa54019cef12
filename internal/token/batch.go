package token

import (
	"fmt"
	"io"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"
)

// Batch is what a client keeps from asking for tokens until the answer comes.
type Batch struct {
	key     *oprf.PublicKey
	nonces  [][]byte
	data    *oprf.FinalizeData
	request *oprf.EvaluationRequest
}

// NewBatch draws the nonces of a batch of n tokens, 1 to MostTokens, and what blinds them to the
// holder whose key it is.
func NewBatch(random io.Reader, public PublicKey, n int) (*Batch, error) {
	if n < 1 || n > MostTokens {
		return nil, ErrMalformed
	}
	nonces, blinds := make([][]byte, n), make([]group.Scalar, n)
	for i := range nonces {
		nonces[i] = make([]byte, nonceSize)
		if _, err := io.ReadFull(random, nonces[i]); err != nil {
			return nil, fmt.Errorf("drawing nonces: %w", err)
		}
		var err error
		if blinds[i], err = drawScalar(random); err != nil {
			return nil, err
		}
	}
	return blind(nonces, blinds, public)
}

// blind is Blind of RFC 9497, section 3.3.1, for many inputs.
func blind(inputs [][]byte, blinds []group.Scalar, public PublicKey) (*Batch, error) {
	b := &Batch{key: new(oprf.PublicKey), nonces: inputs}
	if err := b.key.UnmarshalBinary(suite, public[:]); err != nil {
		return nil, fmt.Errorf("reading a token key: %w", err)
	}
	var err error
	b.data, b.request, err = oprf.NewVerifiableClient(suite, b.key).DeterministicBlind(inputs,
		blinds)
	return b, err
}

// Request is what the holder gets.
func (b *Batch) Request() (raw []byte, err error) {
	for _, e := range b.request.Elements {
		if raw, err = appendElement(raw, e); err != nil {
			return nil, err
		}
	}
	return raw, nil
}

// Finish takes the answer, and gives the tokens if it proves that they were made with the key that
// everybody else's are: a holder cannot give somebody tokens that it would know them by.
func (b *Batch) Finish(answer []byte) ([]Token, error) {
	n := len(b.nonces)
	if len(answer) != AnswerSize(n) {
		return nil, ErrMalformed
	}
	evaluated, err := elements(answer[:RequestSize(n)])
	if err != nil {
		return nil, err
	}
	outputs, err := b.outputs(evaluated, answer[RequestSize(n):])
	if err != nil {
		return nil, err
	}
	tokens := make([]Token, len(outputs))
	for i, out := range outputs {
		copy(tokens[i][:nonceSize], b.nonces[i])
		copy(tokens[i][nonceSize:], out)
	}
	return tokens, nil
}

// outputs is Finalize of RFC 9497, section 3.3.2.
func (b *Batch) outputs(evaluated []group.Element, proof []byte) ([][]byte, error) {
	e := &oprf.Evaluation{Elements: evaluated, Proof: new(dleq.Proof)}
	if err := e.Proof.UnmarshalBinary(suite.Group(), proof); err != nil {
		return nil, ErrMalformed
	}
	outputs, err := oprf.NewVerifiableClient(suite, b.key).Finalize(b.data, e)
	if err != nil {
		return nil, ErrProof
	}
	return outputs, nil
}
