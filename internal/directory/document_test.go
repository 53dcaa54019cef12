package directory

import (
	"bytes"
	"errors"
	"testing"
)

func TestDocumentRoundTrip(t *testing.T) {
	g := testGenesis(t, 4)
	d := testDocument(t, g, 5, Digest{1}, someNodes...)
	if err := d.Verify(g); err != nil {
		t.Fatal(err)
	}
	b := d.Marshal()
	back, err := ParseDocument(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Verify(g); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Marshal(), b) || back.Digest() != d.Digest() {
		t.Fatal("document changed on its way")
	}
}

// Each change makes a document that a client must refuse, and says why. The control is the
// unchanged document, which Verify takes.
func TestDocumentVerifyRefuses(t *testing.T) {
	g := testGenesis(t, 4)
	cases := []struct {
		name   string
		change func(d *Document)
		unsign bool // keep the signatures as they were before the change
		want   error
	}{
		{"unchanged", func(*Document) {}, false, nil},
		{"three of four signatures", func(d *Document) { d.Signatures = d.Signatures[1:] }, true,
			nil},
		{"two of four signatures", func(d *Document) { d.Signatures = d.Signatures[2:] }, true,
			ErrFewSignatures},
		{"no signature", func(d *Document) { d.Signatures = nil }, true, ErrFewSignatures},
		{"one authority four times", func(d *Document) {
			for i := range d.Signatures {
				d.Signatures[i] = d.Signatures[0]
			}
		}, true, errIllFormed},
		{"signed by a stranger", func(d *Document) { d.Sign(identity("stranger")) }, true,
			errIllFormed},
		{"a signature of another",
			func(d *Document) { d.Signatures[0].Bytes = d.Signatures[1].Bytes }, true,
			ErrSignature},
		{"changed after signing", func(d *Document) { d.Nodes[0].Addr = "10.0.0.1:1" }, true,
			ErrSignature},
		{"other network", func(d *Document) { d.Network[0] ^= 1 }, false, ErrOtherNetwork},
		{"out of order", func(d *Document) { d.Nodes[0], d.Nodes[1] = d.Nodes[1], d.Nodes[0] },
			false, errIllFormed},
		{"listed twice", func(d *Document) { d.Nodes[1] = d.Nodes[0] }, false, errIllFormed},
		{"empty layer", func(d *Document) {
			for i := range d.Nodes {
				d.Nodes[i].Layer = min(d.Nodes[i].Layer, 2)
			}
		}, false, errIllFormed},
		{"only probation in a layer", func(d *Document) {
			for i := range d.Nodes {
				d.Nodes[i].Probation = d.Nodes[i].Layer == 3
			}
		}, false, errIllFormed},
		{"no provider", func(d *Document) {
			for i := range d.Nodes {
				d.Nodes[i].Probation = d.Nodes[i].Role == RoleProvider
			}
		}, false, errIllFormed},
		{"mix in layer 4", func(d *Document) { firstMix(d).Layer = 4 }, false, errIllFormed},
		{"bad name", func(d *Document) { d.Nodes[0].Name = "\x1b[2J" }, false, errIllFormed},
		{"bad address", func(d *Document) { d.Nodes[0].Addr = "nowhere" }, false, errIllFormed},
		{"small-order identity", func(d *Document) { d.Nodes[0].ID = NodeID{1} }, false,
			errIllFormed},
		{"key of small order", func(d *Document) { d.Nodes[0].Keys[1] = make([]byte, 32) }, false,
			errIllFormed},
		{"key of the other suite", func(d *Document) { d.Nodes[0].Keys[1] = make([]byte, 1216) },
			false, errIllFormed},
		{"same key twice", func(d *Document) { d.Nodes[0].Keys[2] = d.Nodes[0].Keys[0] }, false,
			errIllFormed},
		{"precise packet count", func(d *Document) { d.Nodes[0].Packets = 12345 }, false,
			errIllFormed},
		{"other suite", func(d *Document) { d.Parameters.Suite = "xwing" }, false, errIllFormed},
		{"other epoch length", func(d *Document) { d.Parameters.EpochLength *= 2 }, false,
			errIllFormed},
		{"contradicting parameters", func(d *Document) { d.Parameters.HopDelayLimit *= 100 }, false,
			errIllFormed},
		{"far future", func(d *Document) { d.Epoch = 1 << 60 }, false, errIllFormed},
		{"no storing set for tomorrow", func(d *Document) { d.Storing = d.Storing[:1] }, false,
			errIllFormed},
		{"no storing set", func(d *Document) { d.Storing = nil }, false, errIllFormed},
		{"storing set of the day after tomorrow", func(d *Document) { d.Storing[1].Day++ }, false,
			errIllFormed},
		{"empty storing set", func(d *Document) { d.Storing[0].Nodes = nil }, false, errIllFormed},
		{"storing set out of order", func(d *Document) {
			d.Storing[0].Nodes = []NodeID{d.Storing[0].Nodes[1], d.Storing[0].Nodes[0]}
		}, false, errIllFormed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := testDocument(t, g, 5, Digest{}, someNodes...)
			c.change(d)
			if !c.unsign {
				signAll(g, d)
			}
			if err := d.Verify(g); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func firstMix(d *Document) *Node {
	for i := range d.Nodes {
		if d.Nodes[i].Role == RoleMix {
			return &d.Nodes[i]
		}
	}
	return nil
}

func TestLookups(t *testing.T) {
	g := testGenesis(t, 1)
	d := testDocument(t, g, 5, Digest{}, someNodes...)
	if n := len(d.Layer(1)) + len(d.Layer(2)) + len(d.Layer(3)); n != 6 || len(d.Providers()) != 3 {
		t.Fatalf("%d mixes, %d providers", n, len(d.Providers()))
	}
	id := identity("m2").ID()
	if n, ok := d.Node(id); !ok || n.Name != "m2" {
		t.Fatalf("m2 is %v, %v", n, ok)
	}
	for e := Epoch(5); e < 8; e++ {
		k, err := d.Key(id, e)
		if err != nil || !bytes.Equal(k.Bytes(), testKey(t, "x25519", "m2", e)) {
			t.Fatalf("key of epoch %d: %v", e, err)
		}
	}
	for _, e := range []Epoch{4, 8} {
		if _, err := d.Key(id, e); !errors.Is(err, errNotValid) || d.ValidAt(e) {
			t.Fatalf("epoch %d: %v", e, err)
		}
	}
	if _, err := d.Key(NodeID{}, 5); !errors.Is(err, errUnknownNode) {
		t.Fatal(err)
	}
	if len(d.StoringOn(0)) != 3 || len(d.StoringOn(1)) != 3 || d.StoringOn(2) != nil {
		t.Fatal("storing sets")
	}
	firstMix(d).Probation = true
	if n := len(d.Layer(1)) + len(d.Layer(2)) + len(d.Layer(3)); n != 5 {
		t.Fatalf("%d mixes carry traffic, one of six is on probation", n)
	}
}

func TestChain(t *testing.T) {
	g := testGenesis(t, 1)
	d5 := testDocument(t, g, 5, Digest{}, someNodes...)
	d4 := testDocument(t, g, 4, Digest{}, someNodes...)
	other5 := testDocument(t, g, 5, Digest{}, someNodes[:8]...)
	d6 := testDocument(t, g, 6, d5.Digest(), someNodes...)
	other6 := testDocument(t, g, 6, d5.Digest(), someNodes[:8]...)
	loose6 := testDocument(t, g, 6, Digest{9}, someNodes...)
	later9 := testDocument(t, g, 9, Digest{9}, someNodes...)
	bad7 := testDocument(t, g, 7, d6.Digest(), someNodes...)
	bad7.Signatures = nil
	cases := []struct {
		held, next *Document
		want       error
	}{
		{nil, d6, nil}, {d5, d5, nil}, {d5, d6, nil}, {d5, later9, nil},
		{d6, d4, ErrOlder}, {d6, other5, ErrBrokenChain}, {d6, other6, ErrTwoDocuments},
		{d5, loose6, ErrBrokenChain}, {d6, bad7, ErrFewSignatures},
	}
	for i, c := range cases {
		chain, err := NewChain(g, c.held)
		if err != nil {
			t.Fatal(err)
		}
		if err := chain.Accept(c.next); !errors.Is(err, c.want) {
			t.Errorf("case %d: got %v, want %v", i, err, c.want)
		}
		want := c.next
		if c.want != nil {
			want = c.held
		}
		if chain.Latest() != want {
			t.Errorf("case %d: holds the wrong document", i)
		}
	}
	if _, err := NewChain(g, bad7); !errors.Is(err, ErrFewSignatures) {
		t.Error("a kept document is not trusted without its signatures")
	}
	chain, err := NewChain(g, d6)
	if err := errors.Join(err, chain.Accept(d5)); err != nil || chain.Latest() != d6 ||
		chain.Document(5) != d5 {
		t.Errorf("the document that the latest one names: %v", err)
	}
	if chain.InForce(5) != d5 || chain.InForce(8) != d6 || chain.InForce(9) != nil ||
		chain.InForce(4) != nil {
		t.Error("the wrong documents are in force")
	}
	if chain.Forget(6); chain.Document(5) != nil || chain.Document(6) != d6 ||
		chain.Digest(6) != d6.Digest() {
		t.Error("the wrong documents were forgotten")
	}
}
