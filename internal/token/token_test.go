package token

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/cloudflare/circl/group"
)

// vectors are those of RFC 9497, appendix A.1.2, in the form of the RFC's own data.
type vectors struct {
	PkSm, SkSm, Seed, KeyInfo string
	Vectors                   []struct {
		Batch                                                   int
		Blind, BlindedElement, EvaluationElement, Input, Output string
		Proof                                                   struct{ Proof, R string }
	}
}

func unhex(t *testing.T, list string) (all [][]byte) {
	t.Helper()
	for part := range strings.SplitSeq(list, ",") {
		raw, err := hex.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}

func scalar(t *testing.T, raw []byte) group.Scalar {
	t.Helper()
	s := suite.Group().NewScalar()
	if err := s.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestVectors: keys, blinding, evaluation with proof, and finalizing give the bytes of RFC 9497.
func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/rfc9497.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil || len(v.Vectors) != 3 {
		t.Fatalf("%d vectors, %v", len(v.Vectors), err)
	}
	key, err := derive(unhex(t, v.Seed)[0], unhex(t, v.KeyInfo)[0])
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public()
	secret, _ := key.secret.MarshalBinary()
	if hex.EncodeToString(public[:]) != v.PkSm || hex.EncodeToString(secret) != v.SkSm {
		t.Fatalf("the key pair is %x, %x", secret, public)
	}
	for _, c := range v.Vectors {
		var blinds []group.Scalar
		for _, b := range unhex(t, c.Blind) {
			blinds = append(blinds, scalar(t, b))
		}
		batch, err := blind(unhex(t, c.Input), blinds, public)
		if err != nil {
			t.Fatal(err)
		}
		request, err := batch.Request()
		if want := bytes.Join(unhex(t, c.BlindedElement), nil); err != nil ||
			!bytes.Equal(request, want) {
			t.Errorf("blinded: %x, want %x", request, want)
		}
		blinded, _ := elements(request)
		evaluated, proof, err := key.evaluate(blinded, scalar(t, unhex(t, c.Proof.R)[0]))
		if err != nil {
			t.Fatal(err)
		}
		said, _ := proof.MarshalBinary()
		if hex.EncodeToString(said) != c.Proof.Proof {
			t.Errorf("the proof is %x", said)
		}
		outputs, err := batch.outputs(evaluated, said)
		if got := bytes.Join(outputs, nil); err != nil ||
			!bytes.Equal(got, bytes.Join(unhex(t, c.Output), nil)) {
			t.Errorf("outputs: %x, %v", got, err)
		}
	}
}

// seeded is the same chance each time.
func seeded(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

func issued(t *testing.T, key *Key, chance byte, n int) (*Batch, []byte) {
	t.Helper()
	batch, err := NewBatch(seeded(chance), key.Public(), n)
	if err != nil {
		t.Fatal(err)
	}
	request, err := batch.Request()
	if err != nil || len(request) != 32*n {
		t.Fatalf("%d bytes, %v", len(request), err)
	}
	answer, err := key.Issue(seeded(chance+1), request)
	if err != nil || len(answer) != 32*n+64 {
		t.Fatalf("%d bytes, %v", len(answer), err)
	}
	return batch, answer
}

// TestBatch: what was issued is good with that key, and with no other day's.
func TestBatch(t *testing.T) {
	key, _ := NewKey([32]byte{1}, [32]byte{2}, 3)
	tomorrow, _ := NewKey([32]byte{1}, [32]byte{2}, 4)
	elsewhere, _ := NewKey([32]byte{1}, [32]byte{3}, 3)
	batch, answer := issued(t, key, 1, 32)
	tokens, err := batch.Finish(answer)
	if err != nil || len(tokens) != 32 {
		t.Fatalf("%d tokens, %v", len(tokens), err)
	}
	seen := map[Token]bool{}
	for _, one := range tokens {
		if seen[one] || !key.Good(one) {
			t.Fatalf("%x", one)
		}
		seen[one] = true
	}
	if tomorrow.Good(tokens[0]) || elsewhere.Good(tokens[0]) || key.Good(Token{}) {
		t.Error("a token is good where it was not issued")
	}
	spoiled := tokens[1]
	spoiled[31] ^= 1
	if key.Good(spoiled) {
		t.Error("a token with another byte is good")
	}
}

// TestKeys: a holder's keys are those of its identity, network and day, and stay the same.
func TestKeys(t *testing.T) {
	keys := NewKeys([32]byte{1}, [32]byte{2})
	seen := map[PublicKey]uint32{}
	for _, day := range []uint32{7, 8, 9, 10, 11, 12, 7, 12} {
		key, err := keys.Of(day)
		if err != nil {
			t.Fatal(err)
		}
		if old, ok := seen[key.Public()]; ok && old != day {
			t.Errorf("days %d and %d have one key", old, day)
		}
		seen[key.Public()] = day
	}
	if len(seen) != 6 {
		t.Errorf("six days have %d keys", len(seen))
	}
	for _, other := range []*Keys{NewKeys([32]byte{1}, [32]byte{3}),
		NewKeys([32]byte{2}, [32]byte{2})} {
		if key, err := other.Of(7); err != nil || seen[key.Public()] != 0 {
			t.Errorf("another holder's key is the same, %v", err)
		}
	}
	again, err := NewKeys([32]byte{1}, [32]byte{2}).Of(7)
	if err != nil || seen[again.Public()] != 7 {
		t.Errorf("after a restart the key is another, %v", err)
	}
}

// TestSizes: one token, and as many as may be, and an answer is for as many as were asked for.
func TestSizes(t *testing.T) {
	key, _ := NewKey([32]byte{1}, [32]byte{2}, 3)
	for _, n := range []int{1, 8, MostTokens} {
		batch, answer := issued(t, key, byte(n), n)
		if tokens, err := batch.Finish(answer); err != nil || len(tokens) != n {
			t.Errorf("%d tokens for %d, %v", len(tokens), n, err)
		}
		_, other := issued(t, key, byte(n), n%MostTokens+1)
		if _, err := batch.Finish(other); !errors.Is(err, ErrMalformed) {
			t.Errorf("an answer for another number than %d: %v", n, err)
		}
	}
}

// TestNobodyIsMarked: a holder that answers with another key than the one it published, or mixes
// two keys in one batch, or repeats another's answer, has no proof.
func TestNobodyIsMarked(t *testing.T) {
	key, _ := NewKey([32]byte{1}, [32]byte{}, 1)
	marked, _ := NewKey([32]byte{9}, [32]byte{}, 1)
	batch, answer := issued(t, key, 1, 32)
	if _, err := batch.Finish(answer); err != nil {
		t.Fatalf("control: %v", err)
	}
	request, _ := batch.Request()
	other, err := marked.Issue(seeded(7), request)
	if err != nil {
		t.Fatal(err)
	}
	mixed := bytes.Clone(answer)
	copy(mixed[5*elementSize:6*elementSize], other[5*elementSize:])
	_, anothers := issued(t, key, 50, 32)
	swapped := bytes.Clone(answer)
	copy(swapped, answer[elementSize:2*elementSize])
	copy(swapped[elementSize:], answer[:elementSize])
	for name, bad := range map[string][]byte{"another key": other, "one of another key": mixed,
		"another's answer": anothers, "another order": swapped} {
		if _, err := batch.Finish(bad); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRequestsTellNothing: the same client asks twice, and no element of the one is in the other;
// blinding makes two requests for the same nonces different.
func TestRequestsTellNothing(t *testing.T) {
	key, _ := NewKey([32]byte{1}, [32]byte{}, 1)
	nonces := [][]byte{{1, 15: 1}}
	draw := func(n byte) []byte {
		r, err := drawScalar(seeded(n))
		if err != nil {
			t.Fatal(err)
		}
		b, err := blind(nonces, []group.Scalar{r}, key.Public())
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := b.Request()
		return raw
	}
	if bytes.Equal(draw(1), draw(2)) {
		t.Error("two requests for one nonce are the same")
	}
	if !bytes.Equal(draw(1), draw(1)) {
		t.Error("control: the randomness that is given is not all that there is")
	}
}

// TestMalformed: sizes, elements that are none, zero, and keys that are none.
func TestMalformed(t *testing.T) {
	key, _ := NewKey([32]byte{1}, [32]byte{}, 1)
	batch, answer := issued(t, key, 1, 32)
	request, _ := batch.Request()
	zero := bytes.Clone(request)
	clear(zero[:elementSize])
	wild := bytes.Clone(request)
	for i := range elementSize {
		wild[i] = 0xff
	}
	for name, bad := range map[string][]byte{"nothing": nil, "short": request[1:],
		"long": append(bytes.Clone(request), 0), "zero": zero, "no element": wild} {
		if _, err := key.Issue(seeded(1), bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("request with %s: %v", name, err)
		}
	}
	for _, n := range []int{0, -1, MostTokens + 1} {
		if _, err := NewBatch(seeded(1), key.Public(), n); !errors.Is(err, ErrMalformed) {
			t.Errorf("a batch of %d: %v", n, err)
		}
	}
	if _, err := key.Issue(seeded(1), bytes.Repeat(request, 9)); !errors.Is(err, ErrMalformed) {
		t.Errorf("a request of 288: %v", err)
	}
	noProof := bytes.Clone(answer)
	for i := RequestSize(32); i < AnswerSize(32); i++ {
		noProof[i] = 0
	}
	for name, bad := range map[string][]byte{"nothing": nil, "short": answer[1:],
		"no element": append(wild, answer[RequestSize(32):]...), "a proof of zeros": noProof} {
		if _, err := batch.Finish(bad); err == nil {
			t.Errorf("answer with %s was taken", name)
		}
	}
	for _, bad := range []PublicKey{{}, {31: 0xff}} {
		if _, err := NewBatch(seeded(1), bad, 1); err == nil {
			t.Errorf("the key %x was taken", bad)
		}
	}
}

// FuzzIssue: a holder answers any 8,192 bytes with as many or refuses them, and one client's bytes
// are no other's.
func FuzzElements(f *testing.F) {
	key, _ := NewKey([32]byte{1}, [32]byte{}, 1)
	public := key.Public()
	f.Add(public[:])
	f.Add(make([]byte, elementSize))
	f.Fuzz(func(t *testing.T, raw []byte) {
		raw = raw[:len(raw)/elementSize*elementSize]
		all, err := elements(raw)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range all {
			again, _ = appendElement(again, e)
		}
		if !bytes.Equal(again, raw) {
			t.Errorf("two spellings of one element:\n%x\n%x", raw, again)
		}
	})
}

func BenchmarkIssue(b *testing.B) {
	key, _ := NewKey([32]byte{1}, [32]byte{}, 1)
	batch, _ := NewBatch(seeded(1), key.Public(), 32)
	request, _ := batch.Request()
	for b.Loop() {
		if _, err := key.Issue(seeded(2), request); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFinish(b *testing.B) {
	key, _ := NewKey([32]byte{1}, [32]byte{}, 1)
	batch, _ := NewBatch(seeded(1), key.Public(), 32)
	request, _ := batch.Request()
	answer, _ := key.Issue(seeded(2), request)
	for b.Loop() {
		if _, err := batch.Finish(answer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	key, _ := NewKey([32]byte{1}, [32]byte{}, 1)
	for b.Loop() {
		key.Good(Token{1})
	}
}
