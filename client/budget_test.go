package client

import (
	"math"
	"testing"

	"murmuration/internal/directory"
	"murmuration/sim/theory"
)

// TestEntropyIsTheTheorys: the entropy that a client prints is that of the closed form, for what
// the least busy layer carried; without traffic there is none.
func TestEntropyIsTheTheorys(t *testing.T) {
	p, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	doc := &directory.Document{Parameters: p}
	for i := range 2 * p.Layers {
		doc.Nodes = append(
			doc.Nodes, directory.Node{Role: directory.RoleMix, Layer: 1 + i/2, Packets: 9_000_000},
		)
	}
	doc.Nodes[0].Packets = 1_000_000
	want, err := theory.Stratified{
		Layers: p.Layers, Width: 2, Rate: 10_000_000 / p.EpochLength.Seconds(),
		MeanHop: p.MeanHopDelay.Seconds(),
	}.Entropy()
	if got := entropyOf(doc); err != nil || math.Abs(got-want) > 1e-9 {
		t.Errorf("the entropy is %v, in theory %v (%v)", got, want, err)
	}
	for i := range doc.Nodes {
		doc.Nodes[i].Packets = 0
	}
	if got := entropyOf(doc); got != 0 {
		t.Errorf("without traffic the entropy is %v", got)
	}
}

// TestBudget holds what docs/client.md says of the defaults: about 390 MB a day, each way.
func TestBudget(t *testing.T) {
	for suite, packet := range map[string]int{"xwing": 22_862, "x25519": 9_486} {
		p, err := directory.Defaults(suite)
		if err != nil {
			t.Fatal(err)
		}
		b := BudgetOf(p)
		if b.FrameBytes != packet+32 || b.BytesPerDay < 385e6 || b.BytesPerDay > 400e6 {
			t.Errorf("%s: frames of %d bytes, %.0f bytes a day", suite, b.FrameBytes, b.BytesPerDay)
		}
		if b.Free < 1.2*1000 || b.Bulletins > b.Free/10 {
			t.Errorf("%s: bulletins take %.0f of %.0f bytes a second", suite, b.Bulletins, b.Free)
		}
	}
}

// TestBudgetOfTokens: 320 of them from ten providers, in some 11 kB of the 150 MB and more that are
// free a day, and none where none are needed.
func TestBudgetOfTokens(t *testing.T) {
	p, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	p.WriteTokens = 300
	const one = 4 + 4 + 32 + 32*32 + 64
	if b := BudgetOf(p); b.Tokens != 320 || b.TokenAsks != 10 || b.TokenBytes != 10*one {
		t.Errorf("%d tokens in %d bytes for %d questions", b.Tokens, b.TokenBytes, b.TokenAsks)
	}
	p.WriteTokens = 0
	if b := BudgetOf(p); b.Tokens+b.TokenAsks+b.TokenBytes != 0 {
		t.Errorf("where none are needed: %d tokens in %d bytes", b.Tokens, b.TokenBytes)
	}
}

// TestBudgetOfReading: what the event engine measures for 1,000 people on the default network
// (configs/sim/answer-latency.toml: 117 s) is what its parts add up to, and a network in which
// everybody fetches everything has its bound by the slots.
func TestBudgetOfReading(t *testing.T) {
	p, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	b := BudgetOf(p)
	if s := b.PostRead.Seconds(); s < 0.9*117 || s > 1.1*117 {
		t.Errorf("a post is read after %.0f s", s)
	}
	if s := b.PostSlow.Seconds(); s < 294-26 || s > 294+26 {
		t.Errorf("a slow post is read after %.0f s", s)
	}
	if b.Whole != 270 || b.Crowd != 180 {
		t.Errorf("everything up to %d people, else %.0f others", b.Whole, b.Crowd)
	}
	p.Clients = b.Whole
	if b := BudgetOf(p); b.Crowd != float64(p.Clients) {
		t.Errorf("of %d people %.0f fetch a box", p.Clients, b.Crowd)
	}
}
