package directory

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func founder(t testing.TB, f *Founding, name string, change ...func(*Founder)) Founder {
	t.Helper()
	r := Founder{Name: name, Addr: name + ".example.org:9101", Provider: true,
		Nodes: []NodeID{identity("m" + name).ID()}}
	for _, c := range change {
		c(&r)
	}
	r.Sign(identity(name), f.Plan())
	return r
}

func testFounding(t testing.TB, names ...string) *Founding {
	t.Helper()
	f := &Founding{Label: "flock", Start: testStart, Parameters: testParameters(t), Count: 4}
	for _, name := range names {
		if err := f.Enter(founder(t, f, name)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

var fourFounders = []string{"a1", "a2", "a3", "a4"}

// copyOf is what somebody else reads of it.
func copyOf(t testing.TB, f *Founding) *Founding {
	t.Helper()
	back, err := ParseFounding(f.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// TestFoundersInAnyOrder: whatever copies are put together in whatever order, and however often,
// all end with the same genesis, which nobody has before all have signed.
func TestFoundersInAnyOrder(t *testing.T) {
	var last []byte
	for round := range 4 {
		begun := testFounding(t)
		var copies []*Founding
		for i := range fourFounders {
			mine := copyOf(t, begun)
			if err := mine.Enter(founder(t, mine, fourFounders[(i+round)%4])); err != nil {
				t.Fatal(err)
			}
			copies = append(copies, mine)
		}
		all := copyOf(t, begun)
		for range 2 {
			for _, c := range copies {
				if err := all.Merge(copyOf(t, c)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, name := range fourFounders {
			mine := copyOf(t, all)
			if all.Complete() {
				t.Fatalf("complete before %s has signed", fourFounders[i])
			}
			if err := mine.Consent(identity(name)); err != nil {
				t.Fatal(err)
			}
			if err := all.Merge(mine); err != nil {
				t.Fatal(err)
			}
		}
		g, err := copyOf(t, all).Genesis()
		if err != nil || !all.Complete() || g.Threshold != 3 || len(g.Entries) != 4 ||
			len(all.Admitted()) != 8 {
			t.Fatalf("%v, complete %t, %+v", err, all.Complete(), g)
		}
		if last != nil && !bytes.Equal(g.Marshal(), last) {
			t.Fatal("another order, another genesis")
		}
		last = g.Marshal()
	}
}

// TestFoundingRefuses: what somebody else says in a founder's name, and what gives no network.
func TestFoundingRefuses(t *testing.T) {
	f := testFounding(t, "a1", "a2")
	forged := founder(t, f, "a3")
	forged.Addr = "elsewhere.example.org:1"
	foreign := founder(t, &Founding{Label: "other"}, "a3")
	for name, r := range map[string]Founder{
		"changed by another": forged,
		"another plan":       foreign,
		"a name twice":       founder(t, f, "a3", func(r *Founder) { r.Name = "a1" }),
		"a name alike":       founder(t, f, "a3", func(r *Founder) { r.Name = "A-l" }),
		"an address twice": founder(t, f, "a3",
			func(r *Founder) { r.Addr = "a1.example.org:9101" }),
		"no address": founder(t, f, "a3", func(r *Founder) { r.Addr = "here" }),
		"a bad name": founder(t, f, "a3", func(r *Founder) { r.Name = "a b" }),
		"too many":   founder(t, f, "a3", func(r *Founder) { r.Nodes = make([]NodeID, 65) }),
	} {
		if err := f.Enter(r); err == nil || len(f.Founders) != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.Consent(identity("a1")); err == nil {
		t.Error("signed before all were there")
	}
	full := testFounding(t, fourFounders...)
	if err := full.Enter(founder(t, full, "a5")); err == nil {
		t.Error("a fifth of four")
	}
	if err := full.Consent(identity("a5")); err == nil {
		t.Error("a stranger consents")
	}
	if err := full.Merge(testFoundingOf(t, "elsewhere")); !errors.Is(err, ErrOtherPlan) {
		t.Errorf("merged with another plan: %v", err)
	}
	alone := testFounding(t)
	for _, name := range fourFounders {
		_ = alone.Enter(founder(t, alone, name, func(r *Founder) { r.Provider = name < "a3" }))
	}
	if _, err := alone.Genesis(); err == nil {
		t.Error("two providers make a network")
	}
}

// TestFoundingParsesWhatCanBeEntered: what Enter refuses does not come in by a file either.
func TestFoundingParsesWhatCanBeEntered(t *testing.T) {
	f := testFounding(t, "a1", "a2")
	if _, err := ParseFounding(f.Marshal()); err != nil {
		t.Fatalf("the control: %v", err)
	}
	few := *f
	few.Count, few.Founders = 2, nil
	if _, err := ParseFounding(few.Marshal()); err == nil {
		t.Error("a plan that can never be signed")
	}
	at, _ := slices.BinarySearchFunc(f.Founders, identity("a1").ID(),
		func(r Founder, id NodeID) int { return compareIDs(r.ID, id) })
	f.Founders[at] = founder(t, f, "a1", func(r *Founder) { r.Name = "A2" })
	if _, err := ParseFounding(f.Marshal()); err == nil {
		t.Error("two founders of one name")
	}
}

// TestEntryChangedTwice: of two copies in which a founder's entry is changed, neither is taken
// without a word.
func TestEntryChangedTwice(t *testing.T) {
	one, other := testFounding(t, "a1", "a2"), testFounding(t, "a1", "a2")
	for f, addr := range map[*Founding]string{one: "b.example.org:1", other: "c.example.org:1"} {
		moved := founder(t, f, "a1", func(r *Founder) { r.Addr, r.Serial = addr, 1 })
		if err := f.Enter(moved); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Merge(copyOf(t, one)); err != nil {
		t.Errorf("the control: %v", err)
	}
	if err := one.Merge(other); !errors.Is(err, ErrTwice) {
		t.Errorf("merged: %v", err)
	}
}

// TestCompleteChangesNoMore: what all have signed is what it was, and what every copy becomes.
func TestCompleteChangesNoMore(t *testing.T) {
	f := testFounding(t, fourFounders...)
	changed := copyOf(t, f)
	moved := founder(t, f, "a4", func(r *Founder) { r.Addr, r.Serial = "b.example.org:1", 1 })
	if err := changed.Enter(moved); err != nil {
		t.Fatalf("the control: %v", err)
	}
	for _, name := range fourFounders {
		if err := f.Consent(identity(name)); err != nil {
			t.Fatal(err)
		}
	}
	was := f.Marshal()
	for _, err := range []error{f.Enter(moved), f.Merge(changed)} {
		if !errors.Is(err, ErrComplete) {
			t.Errorf("changed: %v", err)
		}
	}
	if err := changed.Merge(copyOf(t, f)); err != nil || !bytes.Equal(changed.Marshal(), was) ||
		!bytes.Equal(f.Marshal(), was) {
		t.Errorf("the copy did not become what all have signed: %v", err)
	}
}

func testFoundingOf(t testing.TB, label string) *Founding {
	f := testFounding(t)
	f.Label = label
	return f
}

// TestChangedMindVoidsConsents: nobody is held to a genesis that they did not see.
func TestChangedMindVoidsConsents(t *testing.T) {
	f := testFounding(t, fourFounders...)
	for _, name := range fourFounders[:3] {
		if err := f.Consent(identity(name)); err != nil {
			t.Fatal(err)
		}
	}
	old := copyOf(t, f)
	moved := founder(t, f, "a4", func(r *Founder) { r.Addr, r.Serial = "b.example.org:1", 1 })
	if err := f.Enter(moved); err != nil || len(f.Consents) != 0 {
		t.Fatalf("%v, %d consents", err, len(f.Consents))
	}
	if err := f.Merge(old); err != nil || len(f.Consents) != 0 {
		t.Errorf("with the old copy: %v, %d consents", err, len(f.Consents))
	}
	if r, _ := f.Founder(identity("a4").ID()); r.Addr != "b.example.org:1" {
		t.Errorf("the old copy moved a4 back to %s", r.Addr)
	}
	spoiled := copyOf(t, old)
	spoiled.Consents = slices.Clone(spoiled.Consents)
	spoiled.Consents[0].Bytes[0] ^= 1
	if _, err := ParseFounding(spoiled.Marshal()); !errors.Is(err, ErrSignature) {
		t.Errorf("a forged consent: %v", err)
	}
	if f.Complete() {
		t.Error("complete without consents")
	}
}

func FuzzFounding(f *testing.F) { fuzzForm(f, "founding") }
