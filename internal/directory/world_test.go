package directory

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"murmuration/internal/suite"
)

var testStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// identity is the same one for the same name, always.
func identity(name string) *Identity {
	return NewIdentity(sha256.Sum256([]byte("identity " +
		name)))
}

// testParameters are short epochs with small keys: 4 s, x25519.
func testParameters(t testing.TB) Parameters {
	t.Helper()
	p, err := Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	p.MeanHopDelay, p.HopDelayLimit = 5*time.Millisecond, 50*time.Millisecond
	p.EpochLength, p.Grace = 4*time.Second, time.Second
	p.SlowDelay, p.FetchDelay = 0, 10*p.MeanHopDelay
	return p
}

// testGenesis has n authorities a1 … an, which are its entries too.
func testGenesis(t testing.TB, n int) *Genesis {
	t.Helper()
	var list []Authority
	for i := range n {
		name := fmt.Sprintf("a%d", i+1)
		list = append(list, Authority{Name: name, ID: identity(name).ID(),
			Addr: fmt.Sprintf("127.0.0.1:%d", 7001+i)})
	}
	g, err := NewGenesis("test", testStart, testParameters(t), list, list)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func testKey(t testing.TB, suiteName, node string, e Epoch) []byte {
	t.Helper()
	s, err := suite.ByName(suiteName)
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.NewPrivateKey(sha256.Sum256(fmt.Appendf(nil, "key %s %d", node, e)))
	if err != nil {
		t.Fatal(err)
	}
	return k.Public().Bytes()
}

// describe is the signed descriptor of a node whose name tells its role: m… a mix, else a storing
// provider.
func describe(t testing.TB, g *Genesis, name string, e Epoch,
	change ...func(*Descriptor)) *Descriptor {
	t.Helper()
	d := &Descriptor{
		Network: g.ID(), ID: identity(name).ID(), Role: RoleProvider, Name: name,
		Addr: "127.0.0.1:4000", Epoch: e, Storing: true, Capacity: 1000, Packets: 12345,
	}
	if name[0] == 'm' {
		d.Role, d.Storing = RoleMix, false
	}
	for i := range d.Keys {
		d.Keys[i] = testKey(t, g.Parameters.Suite, name, e+Epoch(i))
	}
	for _, f := range change {
		f(d)
	}
	d.Sign(identity(name))
	return d
}

// testDocument is a document of the named nodes, mixes dealt to the layers in turn, signed by all
// authorities.
func testDocument(t testing.TB, g *Genesis, e Epoch, previous Digest, names ...string) *Document {
	t.Helper()
	today := g.Schedule().DayOf(g.Schedule().StartOf(e))
	d := &Document{Network: g.ID(), Epoch: e, Previous: previous, Parameters: g.Parameters}
	var storing []NodeID
	mixes := 0
	for _, name := range names {
		s := describe(t, g, name, e)
		n := Node{ID: s.ID, Role: s.Role, Name: s.Name, Addr: s.Addr, Keys: s.Keys,
			Packets: twoDigits(s.Packets)}
		if n.Role == RoleMix {
			n.Layer = 1 + mixes%g.Parameters.Layers
			mixes++
		} else {
			storing = append(storing, n.ID)
		}
		d.Nodes = append(d.Nodes, n)
	}
	slices.SortFunc(d.Nodes, func(a, b Node) int { return compareIDs(a.ID, b.ID) })
	slices.SortFunc(storing, compareIDs)
	d.Storing = []StoringSet{{today, storing}, {today + 1, storing}}
	signAll(g, d)
	return d
}

func signAll(g *Genesis, d *Document) {
	d.Signatures = nil
	for i := range g.Authorities {
		d.Sign(identity(fmt.Sprintf("a%d", i+1)))
	}
}

var someNodes = []string{"m1", "m2", "m3", "m4", "m5", "m6", "a1", "p2", "p3"}
