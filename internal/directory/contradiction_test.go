package directory

import (
	"bytes"
	"errors"
	"testing"
)

// TestContradictions: what a chain refuses as a contradiction is evidence that stands by itself.
func TestContradictions(t *testing.T) {
	g := testGenesis(t, 1)
	d5 := testDocument(t, g, 5, Digest{}, someNodes...)
	other5 := testDocument(t, g, 5, Digest{}, someNodes[:8]...)
	d6 := testDocument(t, g, 6, d5.Digest(), someNodes...)
	chain, err := NewChain(g, d5)
	if err != nil {
		t.Fatal(err)
	}
	var proof *Contradiction
	if err := chain.Accept(other5); !errors.As(err, &proof) || !errors.Is(err, ErrTwoDocuments) {
		t.Fatalf("a second document: %v", err)
	}
	raw := proof.Marshal()
	again, err := ParseContradiction(raw)
	if err != nil || !bytes.Equal(again.Marshal(), raw) || again.Verify(g) != nil {
		t.Errorf("evidence that was kept is %v, %v", again, err)
	}
	for i, c := range []struct {
		pair Contradiction
		want error
	}{
		{Contradiction{other5, d6}, nil}, {Contradiction{d5, d6}, errNoContradiction},
		{Contradiction{d5, d5}, errNoContradiction},
		{Contradiction{d6, other5}, errNoContradiction},
	} {
		if err := c.pair.Verify(g); !errors.Is(err, c.want) {
			t.Errorf("pair %d: %v, want %v", i, err, c.want)
		}
	}
	other5.Signatures = nil
	if err := proof.Verify(g); !errors.Is(err, ErrFewSignatures) {
		t.Errorf("a document that nobody signed is evidence: %v", err)
	}
	if _, err := ParseContradiction(raw[:len(raw)-1]); err == nil {
		t.Error("half a contradiction was read")
	}
}
