package directory

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// since is the epoch from which the successors of these tests sign.
const since = 5

// propose has a5 in the place of a4, or a6 in that of a5.
func propose(t testing.TB, g *Genesis) *Succession {
	t.Helper()
	goes, comes := "a4", "a5"
	if g.before != nil {
		goes, comes = "a5", "a6"
	}
	authorities := slices.DeleteFunc(slices.Clone(g.Authorities),
		func(a Authority) bool { return a.Name == goes })
	authorities = append(authorities,
		Authority{Name: comes, ID: identity(comes).ID(), Addr: "127.0.0.1:7005"})
	s, err := g.Propose(g.succession.after()+since, authorities, authorities)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// after is the epoch of the one before, 0 for none.
func (s *Succession) after() Epoch {
	if s == nil {
		return 0
	}
	return s.Since
}

// testDraft is the file of a succession that so many of four have signed.
func testDraft(t testing.TB, g *Genesis, signed int) []byte {
	t.Helper()
	s := propose(t, g)
	for _, a := range []string{"a1", "a2", "a3", "a4"}[:signed] {
		s.Sign(identity(a))
	}
	return g.Draft(s)
}

// draft is a proposed succession as it was read.
type draft struct {
	g *Genesis
	s *Succession
}

func (d draft) Marshal() []byte { return d.g.Draft(d.s) }

func draftOf(b []byte) (draft, error) {
	g, s, err := ParseDraft(b)
	return draft{g, s}, err
}

// TestSuccession: with as many signatures as a document needs, and no fewer, a genesis goes on with
// other authorities, of the same network; whoever trusts the first trusts the second, and not the
// other way round.
func TestSuccession(t *testing.T) {
	g := testGenesis(t, 4)
	if _, err := ParseGenesis(testDraft(t, g, 2)); !errors.Is(err, ErrFewConsents) {
		t.Errorf("two of four: %v", err)
	}
	next, err := ParseGenesis(testDraft(t, g, 3))
	if err != nil {
		t.Fatal(err)
	}
	if next.ID() != g.ID() || next.At(since-1).ID() != g.ID() || next.At(since) != next {
		t.Error("it is another network")
	}
	if _, ok := next.At(since - 1).Authority(identity("a4").ID()); !ok {
		t.Error("a4 is gone before its time")
	}
	if next.Follows(g) != nil || !errors.Is(g.Follows(next), ErrNotSuccessor) ||
		!errors.Is(testGenesis(t, 1).Follows(g), ErrNotSuccessor) {
		t.Error("who goes on from whom")
	}
	forged := propose(t, g)
	for _, name := range []string{"a1", "a2", "a3"} {
		forged.Sign(identity(name))
	}
	forged.Signatures[1].Bytes[3] ^= 1
	if _, err := ParseGenesis(g.Draft(forged)); !errors.Is(err, ErrSignature) {
		t.Errorf("a forged signature: %v", err)
	}
	stranger := propose(t, g)
	for _, name := range []string{"a1", "a2", "a5"} {
		stranger.Sign(identity(name))
	}
	if _, err := ParseGenesis(g.Draft(stranger)); err == nil {
		t.Error("one who comes signs their own coming")
	}
	// a second one needs the new authorities, not the old
	again := propose(t, next)
	for _, name := range []string{"a1", "a2", "a5"} {
		again.Sign(identity(name))
	}
	last, err := ParseGenesis(next.Draft(again))
	if err != nil || last.Follows(next) != nil || last.Follows(g) != nil {
		t.Fatalf("the second succession: %v", err)
	}
	back, err := ParseGenesis(last.Marshal())
	if err != nil || back.Follows(last) != nil {
		t.Errorf("written and read again: %v", err)
	}
}

// TestSuccessionBySteps: more than half of the authorities stay, and nobody is there twice. One
// that goes and one that comes are fine.
func TestSuccessionBySteps(t *testing.T) {
	g := testGenesis(t, 4)
	a := g.Authorities
	comes := Authority{Name: "a5", ID: identity("a5").ID(), Addr: "127.0.0.1:7005"}
	twin := comes
	twin.Name = strings.ToUpper(a[0].Name)
	near := comes
	near.Addr = a[0].Addr
	for name, c := range map[string]struct {
		next []Authority
		good bool
	}{
		"one goes":            {slices.Clone(a[1:]), true},
		"one for another":     {append(slices.Clone(a[1:]), comes), true},
		"one stays":           {slices.Clone(a[:1]), false},
		"half stay":           {append(slices.Clone(a[2:]), comes), false},
		"one name for two":    {append(slices.Clone(a), twin), false},
		"one address for two": {append(slices.Clone(a), near), false},
	} {
		if _, err := g.Propose(since, c.next, c.next); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDocumentsOverASuccession: a chain takes those of the old authorities before it and those of
// the new ones from it on, and none the other way round.
func TestDocumentsOverASuccession(t *testing.T) {
	g := testGenesis(t, 4)
	next, err := ParseGenesis(testDraft(t, g, 3))
	if err != nil {
		t.Fatal(err)
	}
	of := func(e Epoch, previous Digest, signers ...string) *Document {
		d := testDocument(t, g, e, previous, someNodes...)
		d.Signatures = nil
		for _, name := range signers {
			d.Sign(identity(name))
		}
		return d
	}
	chain, _ := NewChain(next, nil)
	before := of(since-1, Digest{}, "a2", "a3", "a4")
	after := of(since, before.Digest(), "a1", "a2", "a5")
	for _, wrong := range []*Document{of(since-1, Digest{}, "a1", "a2", "a5"),
		of(since, before.Digest(), "a2", "a3", "a4")} {
		if err := chain.Accept(wrong); !errors.Is(err, errIllFormed) {
			t.Errorf("epoch %d: %v", wrong.Epoch, err)
		}
	}
	for _, right := range []*Document{before, after} {
		if err := chain.Accept(right); err != nil {
			t.Errorf("epoch %d: %v", right.Epoch, err)
		}
	}
}

// TestVotersOverASuccession: who comes does not vote before, who goes does not after.
func TestVotersOverASuccession(t *testing.T) {
	g := testGenesis(t, 4)
	next, err := ParseGenesis(testDraft(t, g, 3))
	if err != nil {
		t.Fatal(err)
	}
	for name, votes := range map[string][]bool{
		"a1": {true, true}, "a4": {true, false}, "a5": {false, true},
	} {
		v := newVoter(t, next, name, testStart)
		for i, e := range []Epoch{since - 2, since - 1} { // in which the next one's is made
			at := next.Schedule().EndOf(e, PhaseDescriptors).Add(time.Millisecond)
			did, _, _ := drive(t, v, at)
			if slices.Contains(did, DoVote) != votes[i] {
				t.Errorf("%s in epoch %d: %v", name, e, did)
			}
		}
	}
}

func FuzzSuccession(f *testing.F) { fuzzForm(f, "succession") }
func FuzzSuccessor(f *testing.F)  { fuzzForm(f, "successor") }
