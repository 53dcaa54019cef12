package directory

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// lone drives a lone authority from one moment to another, while all nodes hand in descriptors, and
// gives what it makes.
func lone(t *testing.T, v *Voter, g *Genesis, from, to time.Time) (made []*Document) {
	t.Helper()
	told := Epoch(0)
	for now := from; now.Before(to); now = now.Add(g.Parameters.EpochLength / 16) {
		e, _ := g.Schedule().Epoch(now)
		for of := e; of <= e+1 && told != e; of++ {
			for _, name := range someNodes {
				_ = v.Add(now, describe(t, g, name, of)) // what was decided is refused
			}
		}
		told = e
		if _, d, _ := drive(t, v, now); d != nil {
			made = append(made, d)
		}
	}
	return made
}

func epochsOf(docs []*Document) (all []Epoch) {
	for _, d := range docs {
		all = append(all, d.Epoch)
	}
	return all
}

// TestSignedAhead: an authority whose clock was hours ahead, for longer than it takes to believe
// it, goes on within a minute of being right, over a restart, too. What it signed ahead never
// serves, for those who have it and for those who see it later; for no epoch is there a second
// document. The control is an authority that does not know which epochs it left out.
func TestSignedAhead(t *testing.T) {
	g := testGenesis(t, 1)
	length := g.Parameters.EpochLength
	old := testDocument(t, g, 3, Digest{1}, someNodes...)
	at := func(e Epoch) time.Time { return g.Schedule().StartOf(e) }
	const wrong, right = 5000, 4000
	v := newVoter(t, g, "a1", at(wrong), func(c *VoterConfig) { c.Latest = old })
	ahead := lone(t, v, g, at(wrong), at(wrong).Add(2*uncheckedWindow))
	if len(ahead) == 0 {
		t.Fatal("control: nothing is signed ahead")
	}
	last := ahead[len(ahead)-1]
	for _, restart := range []bool{false, true} {
		v, chain := v, chainOf(t, g, old, last)
		if restart {
			record, err := ParseRecord(v.record.Marshal())
			if err != nil {
				t.Fatal(err)
			}
			v = newVoter(t, g, "a1", at(right), func(c *VoterConfig) {
				c.Held, c.Latest, c.Record = []*Document{old}, last, record
			})
		} else {
			v = copyVoter(t, v, g)
		}
		made := lone(t, v, g, at(right), at(right).Add(uncheckedWindow+2*length))
		if len(made) == 0 || made[0].Epoch > right+Epoch((uncheckedWindow+length)/length) ||
			!slices.Contains(made[0].Void, Voided{last.Epoch, last.Digest()}) {
			t.Fatalf("restart %v: epochs %d are made", restart, epochsOf(made))
		}
		for _, d := range made {
			if err := chain.Accept(d); err != nil {
				t.Errorf("restart %v: who has what was signed ahead: %v", restart, err)
			}
		}
		if chain.Latest() != made[len(made)-1] || chain.Document(last.Epoch) != nil {
			t.Errorf("restart %v: the latest is of epoch %d", restart, chain.Latest().Epoch)
		}
		if err := chain.Accept(last); !errors.Is(err, ErrVoid) {
			t.Errorf("restart %v: what is void: %v", restart, err)
		}
		later := lone(t, v, g, at(ahead[0].Epoch-4), at(last.Epoch+4))
		for _, d := range later {
			if slices.Contains(epochsOf(ahead), d.Epoch) {
				t.Errorf("restart %v: a second document of epoch %d", restart, d.Epoch)
			}
			if err := chain.Accept(d); err != nil {
				t.Errorf("restart %v: epoch %d: %v", restart, d.Epoch, err)
			}
		}
		if n := len(later); n == 0 || later[n-1].Epoch < last.Epoch+3 {
			t.Errorf("restart %v: when its time had come, epochs %d", restart, epochsOf(later))
		}
	}
	unknown := *v.record
	unknown.Signed = nil
	v = newVoter(t, g, "a1", at(right), func(c *VoterConfig) {
		c.Latest, c.Record = last, &unknown
	})
	if made := lone(t, v, g, at(right), at(right).Add(uncheckedWindow+2*length)); len(made) > 0 {
		t.Errorf("control: epochs %d are signed, perhaps again", epochsOf(made))
	}
}

// copyVoter is one with the state of another, in memory.
func copyVoter(t *testing.T, v *Voter, g *Genesis) *Voter {
	t.Helper()
	c := *v
	c.chain = chainOf(t, g)
	for _, e := range v.chain.Epochs() {
		if err := c.chain.Accept(v.chain.Document(e)); err != nil {
			t.Fatal(err)
		}
	}
	c.ready = map[Epoch]map[NodeID]*Descriptor{}
	return &c
}

func chainOf(t *testing.T, g *Genesis, docs ...*Document) *Chain {
	t.Helper()
	c, _ := NewChain(g, nil)
	for _, d := range docs {
		if err := c.Accept(d); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestVoidNeedsAMajority: what fewer than more than half of the votes call void serves, and what a
// document before said is said again as long as it matters.
func TestVoidNeedsAMajority(t *testing.T) {
	one, other := Voided{20, Digest{1}}, Voided{21, Digest{2}}
	votes := []*Vote{{Void: []Voided{one}}, {Void: []Voided{one, other}}, {Void: []Voided{one}}, {}}
	var o Outcome
	if got := o.void(nil, 7, votes); !slices.Equal(got, []Voided{one}) || len(o.Notes) != 1 {
		t.Errorf("void are %v", got)
	}
	before := &Document{Epoch: 21, Void: []Voided{{19, Digest{3}}, one, {22, Digest{4}}}}
	if got := o.void(before, 22, nil); !slices.Equal(got, []Voided{one}) {
		t.Errorf("said again are %v", got)
	}
	for _, bad := range [][]Voided{{one, one}, {other, one}, {{7, Digest{1}}}, {{4, Digest{1}}},
		make([]Voided, mostVoid+1)} {
		if checkVoid(7, bad) == nil {
			t.Errorf("%v is taken", bad[:min(2, len(bad))])
		}
	}
	if err := checkVoid(7, []Voided{{5, Digest{1}}, one}); err != nil {
		t.Error(err)
	}
}

// TestRecordRemembersWhatWasLeftOut, up to a number of gaps, of which the oldest are forgotten as
// if there was nothing to make.
func TestRecordRemembersWhatWasLeftOut(t *testing.T) {
	g := testGenesis(t, 1)
	var r *Record
	for _, e := range []Epoch{5, 6, 40, 7, 9, 8} {
		r = newRecord(testDocument(t, g, e, Digest{}, someNodes...), r)
	}
	if want := []Span{{5, 9}, {40, 40}}; !slices.Equal(r.Signed, want) || r.check() != nil {
		t.Errorf("signed are %v", r.Signed)
	}
	if r.covers(4) || !r.covers(7) || r.covers(39) || !(&Record{Epoch: 9}).covers(2) {
		t.Error("other epochs are said to be signed")
	}
	d := testDocument(t, g, 0, Digest{}, someNodes...)
	for e := Epoch(50); e < 50+4*mostSpans; e += 2 {
		d.Epoch = e
		r = newRecord(d, r)
	}
	if len(r.Signed) != mostSpans || r.Signed[0].First != 5 || !r.covers(60) ||
		r.covers(d.Epoch-1) {
		t.Errorf("%d spans from %v on", len(r.Signed), r.Signed[0])
	}
	for _, bad := range [][]Span{{{5, 9}}, {{9, 5}}, {{0, 3}, {4, d.Epoch}},
		{{9, d.Epoch}, {3, 4}}} {
		r := &Record{Epoch: d.Epoch, Signed: bad}
		if r.Sum = r.sum(); r.check() == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

// TestContradictionOfVoid: a document and one that says that it is void do not contradict each
// other; without those words they do.
func TestContradictionOfVoid(t *testing.T) {
	g := testGenesis(t, 1)
	ahead := testDocument(t, g, 9, Digest{1}, someNodes...)
	for _, void := range []bool{false, true} {
		d := testDocument(t, g, 8, Digest{2}, someNodes...)
		if void {
			d.Void, d.Signatures = []Voided{{9, ahead.Digest()}}, nil
			d.Sign(identity("a1"))
		}
		err := (&Contradiction{d, ahead}).Verify(g)
		if (err == nil) == void {
			t.Errorf("void %v: %v", void, err)
		}
		if c := chainOf(t, g, d); void != errors.Is(c.Accept(ahead), ErrVoid) {
			t.Errorf("void %v: a chain says %v", void, c.Accept(ahead))
		}
	}
}
