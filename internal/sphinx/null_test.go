package sphinx

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"murmuration/internal/suite"
)

// nullNetwork is three hops with keys, real parameters, and null ones of the same sizes.
func nullNetwork(t *testing.T, name string) (real, null *Params, keys []*suite.PrivateKey,
	path []Hop) {
	t.Helper()
	s, err := suite.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	if real, err = NewParams(s, 5, 500, true); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		key, err := s.NewPrivateKey([32]byte{9: byte(i + 1)}) // X25519 clamps the first bits
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
		path = append(path, Hop{ID: NodeID{byte(i)}, Key: key.Public(),
			Delay: time.Duration(i) * time.Second})
	}
	path[2].Recipient = &RecipientID{7}
	return real, NullParams(real), keys, path
}

// A null packet is as long as a real one at every hop, and hops learn from it what they learn from
// a real one; so for its reply.
func TestNullPacketsDoWhatRealOnesDo(t *testing.T) {
	for _, name := range suite.Names() {
		real, null, keys, path := nullNetwork(t, name)
		back := []Hop{path[1], path[2]}
		back[1].SURBID = &SURBID{9}
		for _, p := range []*Params{real, null} {
			surb, open, err := p.NewSURB(seeded(1), back)
			if err != nil || len(surb) != real.SURBSize() {
				t.Fatalf("a SURB of %d bytes, %v", len(surb), err)
			}
			packet, err := p.New(seeded(2), path, surb, []byte("a question"))
			if err != nil {
				t.Fatal(err)
			}
			for i, key := range keys {
				r, err := NewUnwrapper(p).Unwrap(key, packet)
				if err != nil || len(packet) != real.PacketSize() || r.Delay != path[i].Delay {
					t.Fatalf("hop %d: %d bytes, delay %v, %v", i, len(packet), r.Delay, err)
				}
				if i < 2 {
					if r.Kind != Forward || r.Next != path[i+1].ID {
						t.Fatalf("hop %d: %v to %x", i, r.Kind, r.Next)
					}
					continue
				}
				got, user, err := p.ParsePayload(r.Payload)
				if err != nil || r.Kind != Deliver || r.Recipient != *path[2].Recipient ||
					string(user[:10]) != "a question" {
					t.Fatalf("delivered %q to %x, %v", user, r.Recipient, err)
				}
				answer(t, p, got, open, keys[1:])
			}
		}
	}
}

func answer(t *testing.T, p *Params, surb []byte, open SURBKeys, keys []*suite.PrivateKey) {
	t.Helper()
	packet, first, err := p.FromSURB(surb, []byte("an answer"))
	if err != nil || first != (NodeID{1}) {
		t.Fatalf("first hop %x, %v", first, err)
	}
	var r Result
	for _, key := range keys {
		if r, err = NewUnwrapper(p).Unwrap(key, packet); err != nil {
			t.Fatal(err)
		}
	}
	if r.Kind != Reply || r.SURBID != (SURBID{9}) {
		t.Fatalf("a reply arrives as %v for %x", r.Kind, r.SURBID)
	}
	wrong := SURBKeys{{}, {}, {1}}
	if _, err := p.OpenReply(wrong, bytes.Clone(r.Payload)); !errors.Is(err, ErrTag) {
		t.Errorf("wrong keys open a reply: %v", err)
	}
	said, err := p.OpenReply(open, r.Payload)
	if err != nil || !bytes.HasPrefix(said, []byte("an answer")) {
		t.Fatalf("the reply says %q, %v", said[:20], err)
	}
}

// Neither kind of packet is taken for the other, a wrong key opens none, and no two hops see one
// tag.
func TestNullPacketsAreNotMistaken(t *testing.T) {
	real, null, keys, path := nullNetwork(t, "x25519")
	for _, p := range []*Params{real, null} {
		packet, err := p.New(seeded(3), path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		other := null
		if p == null {
			other = real
		}
		if _, err := NewUnwrapper(other).Unwrap(keys[0], bytes.Clone(packet)); !errors.Is(err,
			ErrMAC) && !errors.Is(err, ErrDegenerate) {
			t.Errorf("one kind of packet opens as the other: %v", err)
		}
		if _, err := NewUnwrapper(p).Unwrap(keys[1], packet); !errors.Is(err, ErrMAC) {
			t.Errorf("a wrong key opens a packet: %v", err)
		}
		a, err := NewUnwrapper(p).Unwrap(keys[0], packet)
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewUnwrapper(p).Unwrap(keys[1], packet)
		if err != nil || a.Tag == b.Tag {
			t.Errorf("two hops see one tag, %v", err)
		}
	}
}
