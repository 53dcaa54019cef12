package sphinx

import (
	"bytes"
	"testing"

	"murmuration/internal/suite"
)

// A stranger's bytes never open: nobody can make a MAC without the hop's
// public key and the right format.
func fuzzUnwrap(f *testing.F, name string) {
	p := mustParams(f, name, 3, 32, true)
	r := newRoute(f, p, seeded(1), 2)
	good := mustNew(f, p, r, []byte("hello"))
	f.Add([]byte{}, uint16(0))
	f.Add([]byte{1}, uint16(1))
	f.Add(bytes.Repeat([]byte{0xff}, 40), uint16(p.HeaderSize()-40))
	f.Add([]byte{0x80}, uint16(p.PacketSize()-1))
	u, packet := NewUnwrapper(p), make([]byte, p.PacketSize())
	f.Fuzz(func(t *testing.T, change []byte, at uint16) {
		copy(packet, good)
		xorAt(packet, int(at), change)
		header := bytes.Equal(packet[:p.HeaderSize()], good[:p.HeaderSize()])
		body := bytes.Equal(packet[p.HeaderSize():], good[p.HeaderSize():])
		_, err := u.Unwrap(r.keys[0], packet)
		if (err == nil) != header {
			t.Fatalf("header unchanged: %v, but %v", header, err)
		}
		if err != nil {
			return
		}
		if _, err = u.Unwrap(r.keys[1], packet); (err == nil) != body {
			t.Fatalf("body unchanged: %v, but %v", body, err)
		}
	})
}

func xorAt(b []byte, at int, change []byte) {
	for i := range change {
		b[(at+i)%len(b)] ^= change[i]
	}
}

func FuzzUnwrapXWing(f *testing.F)  { fuzzUnwrap(f, "xwing") }
func FuzzUnwrapX25519(f *testing.F) { fuzzUnwrap(f, "x25519") }

// forge makes a packet for one hop with an authentic header around any routing
// info, as a hostile sender can.
func forge(t testing.TB, p *Params, to *suite.PublicKey, routing, body []byte) []byte {
	t.Helper()
	e, keys := suite.NewEngine(), make([]suite.HopKeys, 1)
	packet := make([]byte, p.PacketSize())
	v := p.view(packet)
	copy(v.routing, routing)
	copy(v.body, body)
	if err := e.Offer(seeded(5), []*suite.PublicKey{to}, v.element, keys); err != nil {
		t.Fatal(err)
	}
	e.XORStream(&keys[0].Stream, v.routing)
	mac := e.Authenticate(&keys[0].MAC, v.authenticated, nil)
	copy(v.mac, mac[:])
	wide := keys[0].Wide()
	e.WideEncrypt(&wide, v.body)
	return packet
}

// FuzzHostileSender: authentic headers with any content give an error or a
// sensible result, and change no packet that they refuse for its commands.
func FuzzHostileSender(f *testing.F) {
	f.Add(block(command(cmdRecipient, 32)), make([]byte, 40))
	f.Add(block(command(cmdDelay, 4), command(cmdNextHop, 64)), []byte{1})
	f.Add(block(command(cmdSURBReply, 16), command(cmdRecipient, 32)), []byte{0})
	f.Add(block(command(0x77, 3)), []byte{})
	var params []*Params
	var keys []*suite.PrivateKey
	for _, name := range suite.Names() {
		p := mustParams(f, name, 2, 32, true)
		params, keys = append(params, p), append(keys, newRoute(f, p, seeded(1), 1).keys[0])
	}
	f.Fuzz(func(t *testing.T, routing, body []byte) {
		for i, p := range params {
			checkHostile(t, p, keys[i], forge(t, p, keys[i].Public(), routing, body))
		}
	})
}

func checkHostile(t *testing.T, p *Params, key *suite.PrivateKey, packet []byte) {
	t.Helper()
	before := bytes.Clone(packet)
	r, err := NewUnwrapper(p).Unwrap(key, packet)
	switch {
	case err == ErrCommands:
		if !bytes.Equal(packet, before) {
			t.Error("a refused packet was changed")
		}
	case err == ErrTag:
		if !isZero(packet) {
			t.Error("a packet with a bad tag is still there")
		}
	case err != nil:
		t.Errorf("an authentic header gives %v", err)
	default:
		checkResult(t, p, r)
	}
}

func checkResult(t *testing.T, p *Params, r Result) {
	t.Helper()
	want := map[Kind]int{Forward: 0, Deliver: p.PayloadSize(), Reply: p.BodySize()}
	if n, known := want[r.Kind]; !known || len(r.Payload) != n || r.Delay < 0 ||
		r.Delay > maxDelay {
		t.Errorf("%v with %d bytes after %v", r.Kind, len(r.Payload), r.Delay)
	}
	if r.Kind == Deliver {
		if surb, _, err := p.ParsePayload(r.Payload); err == nil && surb != nil {
			_, _, _ = p.FromSURB(surb, nil) // a hostile SURB may be refused, no more
		}
	}
}

// A hostile ciphertext for the last hop is refused like other padding.
func TestLastBlockEndsInZeros(t *testing.T) {
	p := mustParams(t, "xwing", 2, 32, true)
	key := newRoute(t, p, seeded(1), 1).keys[0]
	routing := append(block(command(cmdRecipient, 32)), make([]byte, 1120)...)
	if _, err := NewUnwrapper(p).Unwrap(key, forge(t, p, key.Public(), routing, nil)); err != nil {
		t.Fatalf("control: %v", err)
	}
	routing[len(routing)-1] = 1
	if _, err := NewUnwrapper(p).Unwrap(key,
		forge(t, p, key.Public(), routing, nil)); err != ErrCommands {
		t.Errorf("a ciphertext behind the last commands: %v", err)
	}
}

func FuzzParseCommands(f *testing.F) {
	f.Add(block(command(cmdRecipient, 32), command(cmdSURBReply, 16)))
	f.Add(block(command(cmdDelay, 4), command(cmdNextHop, 64)))
	f.Add([]byte{cmdDelay})
	f.Fuzz(func(t *testing.T, b []byte) {
		var c, again commands
		if c.parse(b) != nil || len(b) != commandsSize {
			return
		}
		out := make([]byte, commandsSize)
		c.put(out)
		if err := again.parse(out); err != nil || again != c {
			t.Errorf("%x reads back as %+v instead of %+v, %v", b, again, c, err)
		}
	})
}

func FuzzParsePayload(f *testing.F) {
	p := mustParams(f, "x25519", 2, 32, true)
	f.Add(make([]byte, p.PayloadSize()))
	f.Add(append([]byte{1}, make([]byte, p.PayloadSize()-1)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		surb, user, err := p.ParsePayload(b)
		if err != nil {
			return
		}
		again := make([]byte, p.PayloadSize())
		if err := p.putPayload(again, surb, user); err != nil || !bytes.Equal(again, b) {
			t.Errorf("a payload with two spellings, %v", err)
		}
	})
}

func FuzzSURB(f *testing.F) {
	params := []*Params{mustParams(f, "x25519", 2, 32, true), mustParams(f, "xwing", 2, 32, true)}
	for _, p := range params {
		surb, _, err := p.NewSURB(seeded(1), newRoute(f, p, seeded(2), 2).forReply(SURBID{}).hops)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(surb)
		f.Add(make([]byte, p.SURBSize()))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range params {
			packet, _, err := p.FromSURB(b, []byte("reply"))
			if (err == nil) != (p.checkSURB(b) == nil) {
				t.Error("CheckSURB and FromSURB disagree")
			}
			if err == nil && len(packet) != p.PacketSize() {
				t.Errorf("a packet of %d bytes", len(packet))
			}
		}
	})
}

func FuzzOpenReply(f *testing.F) {
	p := mustParams(f, "x25519", 2, 32, true)
	f.Add(make([]byte, p.BodySize()), byte(2))
	f.Add([]byte{}, byte(0))
	f.Fuzz(func(t *testing.T, body []byte, n byte) {
		keys := make(SURBKeys, n%8)
		for i := range keys {
			keys[i][0] = byte(i) // the same key twice would undo itself
		}
		if _, err := p.OpenReply(keys, body); err == nil {
			t.Error("a stranger's reply opens")
		}
	})
}
