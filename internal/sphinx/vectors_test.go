package sphinx

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"murmuration/internal/suite"
)

// unhex is a byte string that JSON spells in hex.
type unhex []byte

func (h *unhex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func readVectors(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// vector is one packet's journey as others have published it.
type vector struct {
	p        *Params
	keys     []*suite.PrivateKey
	ids      []NodeID
	commands [][]byte // of each hop, without NextNodeHop
	packets  [][]byte // before each hop
	payload  []byte
}

func (v *vector) addHop(t *testing.T, id, secret, public []byte) {
	t.Helper()
	key, err := v.p.Suite().NewPrivateKey([32]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key.Public().Bytes(), public) {
		t.Fatal("public key differs from the published one")
	}
	v.keys = append(v.keys, key)
	v.ids = append(v.ids, NodeID(id))
}

// unwrapAll peels the packet hop by hop and compares everything on the way.
func (v *vector) unwrapAll(t *testing.T) Result {
	t.Helper()
	u := NewUnwrapper(v.p)
	packet := bytes.Clone(v.packets[0])
	for i, key := range v.keys {
		r, err := u.Unwrap(key, packet)
		if err != nil {
			t.Fatalf("hop %d: %v", i, err)
		}
		if got := spell(r); !bytes.Equal(got, v.commands[i]) {
			t.Errorf("hop %d: commands %x instead of %x", i, got, v.commands[i])
		}
		if i == len(v.keys)-1 {
			return r
		}
		if r.Kind != Forward || r.Next != v.ids[i+1] {
			t.Errorf("hop %d: %v to %x", i, r.Kind, r.Next)
		}
		if !bytes.Equal(packet, v.packets[i+1]) {
			t.Fatalf("hop %d: the next packet differs from the published one", i)
		}
	}
	panic("a vector without hops")
}

// spell writes the commands that a result stands for, without NextNodeHop.
func spell(r Result) []byte {
	c := commands{hasDelay: r.Delay > 0, delay: r.Delay}
	c.hasRecipient, c.recipient = r.Kind != Forward, r.Recipient
	c.hasSURB, c.surbID = r.Kind == Reply, r.SURBID
	block := make([]byte, commandsSize)
	c.put(block)
	n := 0
	if c.hasDelay {
		n += 5
	}
	if c.hasRecipient {
		n += 33
	}
	if c.hasSURB {
		n += 17
	}
	return block[:n]
}

type classicVector struct {
	Nodes []struct{ ID, PrivateKey unhex }
	Path  []struct {
		ID, PublicKey unhex
		Commands      []unhex
	}
	Packets []unhex
	Payload unhex
}

func TestVectorsClassic(t *testing.T) {
	var vectors []classicVector
	readVectors(t, "testdata/sphinx_x25519_forward.json", &vectors)
	if len(vectors) != 5 {
		t.Fatalf("%d vectors instead of 5", len(vectors))
	}
	for _, c := range vectors {
		t.Run(fmt.Sprintf("%d hops", len(c.Path)), func(t *testing.T) {
			v := vector{p: mustParams(t, "x25519", 5, len(c.Payload), false)}
			for i, hop := range c.Path {
				v.addHop(t, hop.ID, c.Nodes[i].PrivateKey, hop.PublicKey)
				v.commands = append(v.commands, join(hop.Commands))
				v.packets = append(v.packets, c.Packets[i])
			}
			r := v.unwrapAll(t)
			_, user, err := v.p.ParsePayload(r.Payload)
			if err != nil || r.Kind != Deliver || !bytes.Equal(user, c.Payload) {
				t.Errorf("delivered %v %x, %v", r.Kind, user, err)
			}
		})
	}
}

func join(parts []unhex) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

type katzenpostVector struct {
	Suite, Kind string
	Geometry    struct {
		Hops, HeaderLength, RoutingInfoLength, PerHopRoutingInfoLength int
		SURBLength, ForwardPayloadLength, PacketLength                 int
	}
	Nodes                             []struct{ ID, Secret, PublicKey unhex }
	Commands                          [][]unhex
	Packets                           []unhex
	Payload, Surb, SurbKeys, FirstHop unhex
}

func TestVectorsKatzenpost(t *testing.T) {
	var vectors []katzenpostVector
	readVectors(t, "testdata/sphinx_katzenpost_5hops.json", &vectors)
	if len(vectors) != 7 {
		t.Fatalf("%d vectors instead of 7", len(vectors))
	}
	for _, k := range vectors {
		t.Run(fmt.Sprintf("%s %s %d hops", k.Suite, k.Kind, len(k.Nodes)), func(t *testing.T) {
			v := vector{p: mustParams(t, k.Suite, k.Geometry.Hops, 103, true), payload: k.Payload}
			k.checkGeometry(t, v.p)
			for i, n := range k.Nodes {
				v.addHop(t, n.ID, n.Secret, n.PublicKey)
				v.commands = append(v.commands, join(k.Commands[i]))
				v.packets = append(v.packets, k.Packets[i])
			}
			if k.Kind == "surb" {
				k.checkReply(t, &v)
				return
			}
			if r := v.unwrapAll(t); r.Kind != Deliver || !bytes.Equal(r.Payload, k.Payload) {
				t.Errorf("delivered %v %x", r.Kind, r.Payload)
			}
		})
	}
}

func (k *katzenpostVector) checkGeometry(t *testing.T, p *Params) {
	t.Helper()
	g := k.Geometry
	g.Hops, g.HeaderLength, g.RoutingInfoLength = p.Hops(), p.HeaderSize(), p.routingSize()
	g.PerHopRoutingInfoLength, g.SURBLength = p.blockSize(), p.SURBSize()
	g.ForwardPayloadLength, g.PacketLength = p.PayloadSize(), p.PacketSize()
	if g != k.Geometry {
		t.Errorf("geometry %+v instead of %+v", g, k.Geometry)
	}
}

func (k *katzenpostVector) checkReply(t *testing.T, v *vector) {
	t.Helper()
	packet, first, err := v.p.FromSURB(k.Surb, k.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if first != NodeID(k.FirstHop) || first != v.ids[0] || !bytes.Equal(packet, v.packets[0]) {
		t.Fatal("the packet from the SURB differs from the published one")
	}
	r := v.unwrapAll(t)
	if r.Kind != Reply || len(r.Payload) != v.p.BodySize() {
		t.Fatalf("%v with %d bytes", r.Kind, len(r.Payload))
	}
	got, err := v.p.OpenReply(parseSURBKeys(k.SurbKeys), r.Payload)
	if err != nil || !bytes.Equal(got, k.Payload) {
		t.Errorf("opened %x, %v", got, err)
	}
}

func parseSURBKeys(b []byte) (keys SURBKeys) {
	for ; len(b) > 0; b = b[surbKeySize:] {
		keys = append(keys, suite.WideKey(b[:surbKeySize]))
	}
	return keys
}

func mustParams(t testing.TB, name string, hops, user int, slot bool) *Params {
	t.Helper()
	s, err := suite.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewParams(s, hops, user, slot)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
