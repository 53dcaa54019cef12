package directory

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestThresholds(t *testing.T) {
	for n, want := range map[int][2]int{1: {0, 1}, 2: {0, 2}, 3: {0, 2}, 4: {1, 3}, 7: {2, 5},
		10: {3, 7}} {
		if g := testGenesis(t, n); g.Fault != want[0] || g.Threshold != want[1] {
			t.Errorf("n=%d: f=%d, t=%d", n, g.Fault, g.Threshold)
		}
	}
}

// The order in which people name authorities does not matter; everything else makes another
// network.
func TestNetworkID(t *testing.T) {
	g := testGenesis(t, 4)
	reversed := []Authority{g.Authorities[3], g.Authorities[2], g.Authorities[1], g.Authorities[0]}
	idOf := func(label string, start time.Time, list []Authority) NetworkID {
		h, err := NewGenesis(label, start, g.Parameters, list, g.Entries)
		if err != nil {
			t.Fatal(err)
		}
		return h.ID()
	}
	if idOf("test", testStart.Add(time.Microsecond), reversed) != g.ID() {
		t.Error("the same network has two names")
	}
	others := map[NetworkID]bool{g.ID(): true}
	for _, id := range []NetworkID{idOf("tesT", testStart, reversed),
		idOf("test", testStart.Add(time.Second), reversed), idOf("test", testStart, reversed[1:])} {
		if others[id] {
			t.Error("two networks have one name")
		}
		others[id] = true
	}
}

func TestGenesisValidate(t *testing.T) {
	cases := map[string]struct {
		change func(g *Genesis)
		says   string
	}{
		"version":        {func(g *Genesis) { g.Version = 2 }, "version 2"},
		"label":          {func(g *Genesis) { g.Label = "my net" }, "label"},
		"nobody":         {func(g *Genesis) { g.Authorities = nil }, "0 authorities"},
		"no entry":       {func(g *Genesis) { g.Entries = nil }, "0 entries"},
		"threshold":      {func(g *Genesis) { g.Threshold = 1 }, "threshold 1"},
		"fault bound":    {func(g *Genesis) { g.Fault = 2 }, "fault bound 2"},
		"twice":          {func(g *Genesis) { g.Authorities[1] = g.Authorities[0] }, "twice"},
		"weak authority": {func(g *Genesis) { g.Authorities[0].ID = NodeID{1} }, "weak"},
		"bad address":    {func(g *Genesis) { g.Entries[0].Addr = "x" }, "host:port"},
		"long ago":       {func(g *Genesis) { g.Start = time.Unix(0, 0) }, "2020"},
		"parameters":     {func(g *Genesis) { g.Parameters.Layers = 0 }, "layers"},
	}
	if err := testGenesis(t, 4).Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		g := testGenesis(t, 4)
		c.change(g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ParseGenesis(g.Marshal()); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
}

func TestApplicationVerify(t *testing.T) {
	g := testGenesis(t, 1)
	cases := []struct {
		name   string
		change func(a *Application)
		signer string
		want   error
	}{
		{"fine", func(*Application) {}, "m7", nil},
		{"network", func(a *Application) { a.Network[5] ^= 1 }, "m7", refusedNetwork},
		{"signer", func(*Application) {}, "m8", refusedSignature},
		{"weak", func(a *Application) { a.ID = NodeID{1} }, "m7", RefusedKeys},
		{"role", func(a *Application) { a.Role = 3 }, "m7", RefusedMalformed},
		{"name", func(a *Application) { a.Name = "" }, "m7", RefusedMalformed},
		{"family", func(a *Application) { a.Family = "a\nb" }, "m7", RefusedMalformed},
		{"contact", func(a *Application) { a.Contact = "x\x1b[2J" }, "m7", RefusedMalformed},
		{"long contact", func(a *Application) { a.Contact = strings.Repeat("x", 201) }, "m7",
			RefusedMalformed},
	}
	for _, c := range cases {
		a := testApplication(g, "m7")
		c.change(a)
		a.Sign(identity(c.signer))
		if err := a.Verify(g); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// A descriptor's signature is no application's.
	a := testApplication(g, "m7")
	a.Signature = identity("m7").sign(labelDescriptor, a.Network, hash(encode(a)))
	if err := a.Verify(g); !errors.Is(err, refusedSignature) {
		t.Error(err)
	}
}

func TestAdmissions(t *testing.T) {
	l := admitAll("m1", "p1", "m2")
	id := identity("p1").ID()
	if a, ok := l.get(id); !ok || a.Role != RoleProvider {
		t.Error(a, ok)
	}
	changed := l.Add(Admission{ID: id, Role: RoleMix, Probation: 9})
	if a, _ := changed.get(id); a.Probation != 9 || len(changed) != 3 {
		t.Error(a)
	}
	if a, _ := l.get(id); a.Probation != 0 {
		t.Error("Add changed the list that it was called on")
	}
	for _, bad := range []Admissions{{l[1], l[0]}, {l[0], l[0]}, {{ID: NodeID{1}, Role: RoleMix}},
		{{ID: id, Role: 7}}} {
		if _, err := ParseAdmissions(bad.Marshal()); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

func TestAddresses(t *testing.T) {
	for s, ok := range map[string]bool{
		"127.0.0.1:1": true, "mix.example.org:65535": true, "[::1]:80": true,
		"[2001:db8::1]:443": true,
		"":                  false, ":80": false, "host": false, "host:": false, "host:0": false,
		"host:65536": false, "host:080": false,
		"host:+80": false, "a b:80": false, "::1:80": false, "[]:80": false, "[host]:80": false,
		"hö:80":     false,
		"host\n:80": false, strings.Repeat("a", 260) + ":80": false,
	} {
		if err := checkAddr(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestIdentityTexts(t *testing.T) {
	i := identity("m1")
	var id NodeID
	text, _ := i.ID().MarshalText()
	if err := id.UnmarshalText(text); err != nil || id != i.ID() {
		t.Error(err)
	}
	for _, bad := range []string{"", "00", string(text) + "0", strings.ToUpper(string(text)),
		strings.Repeat("x", 64)} {
		if err := id.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if err := i.ID().Check(); err != nil {
		t.Error(err)
	}
	high := func(first byte) NodeID { // p − 1 is ec ff … ff 7f
		return NodeID(append(append([]byte{first}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f))
	}
	for _, weak := range []NodeID{{}, {1}, {31: 0x80}, {2}, high(0xec), high(0xee), high(0xff)} {
		if weak.Check() == nil {
			t.Errorf("%s is taken", weak)
		}
	}
}
