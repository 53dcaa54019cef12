package sphinx

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"murmuration/internal/suite"
)

// The sizes that docs/sphinx.md prints.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		suite                      string
		user, header, packet, surb int
	}{
		{"xwing", 2000, 7164, 16458, 7260},
		{"x25519", 2000, 476, 3082, 572},
		{"xwing", 8404, 7164, 22862, 7260},
		{"x25519", 8404, 476, 9486, 572},
	} {
		p := mustParams(t, c.suite, 5, c.user, true)
		if p.HeaderSize() != c.header || p.PacketSize() != c.packet || p.SURBSize() != c.surb {
			t.Errorf("%+v: header %d, packet %d, SURB %d", c, p.HeaderSize(), p.PacketSize(),
				p.SURBSize())
		}
		if p.HeaderSize()+p.BodySize() != p.PacketSize() || p.PayloadSize() != 2+c.surb+c.user ||
			p.UserPayload() != c.user {
			t.Errorf("%+v: body %d, payload %d", c, p.BodySize(), p.PayloadSize())
		}
	}
}

func TestNewParamsRefuses(t *testing.T) {
	s, _ := suite.ByName("x25519")
	for _, c := range []struct{ hops, user int }{{0, 1}, {-1, 1}, {33, 1}, {5, -1},
		{5, 1<<24 + 1}} {
		if _, err := NewParams(s, c.hops, c.user, true); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	if _, err := NewParams(nil, 5, 1, true); err == nil {
		t.Error("no suite is accepted")
	}
}

// bothSuites runs f with a small payload under each suite.
func bothSuites(t *testing.T, f func(t *testing.T, p *Params)) {
	for _, name := range suite.Names() {
		t.Run(name, func(t *testing.T) { f(t, mustParams(t, name, 5, 64, true)) })
	}
}

func mustNew(t testing.TB, p *Params, r route, user []byte) []byte {
	t.Helper()
	packet, err := p.New(seeded(77), r.hops, nil, user)
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func TestNewRefusesPaths(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		other := "x25519"
		if !p.Suite().KEM() {
			other = "xwing"
		}
		foreign := newRoute(t, mustParams(t, other, 5, 64, true), seeded(9), 1).hops[0].Key
		for name, spoil := range map[string]func(h []Hop) []Hop{
			"no hops":        func(h []Hop) []Hop { return nil },
			"too many hops":  func(h []Hop) []Hop { return append(h, h...) },
			"no key":         func(h []Hop) []Hop { h[1].Key = nil; return h },
			"foreign key":    func(h []Hop) []Hop { h[1].Key = foreign; return h },
			"negative delay": func(h []Hop) []Hop { h[0].Delay = -time.Millisecond; return h },
			"delay too long": func(h []Hop) []Hop {
				h[0].Delay = maxDelay +
					time.Millisecond
				return h
			},
			"half a ms":       func(h []Hop) []Hop { h[0].Delay = time.Millisecond / 2; return h },
			"early recipient": func(h []Hop) []Hop { h[0].Recipient = new(RecipientID); return h },
			"early SURB ID":   func(h []Hop) []Hop { h[0].SURBID = new(SURBID); return h },
			"no recipient":    func(h []Hop) []Hop { h[2].Recipient = nil; return h },
			"SURB ID":         func(h []Hop) []Hop { h[2].SURBID = new(SURBID); return h },
		} {
			path := spoil(newRoute(t, p, seeded(1), 3).hops)
			dst := []byte("kept")
			got, err := p.AppendNew(dst, seeded(2), path, nil, nil)
			if !errors.Is(err, errPath) || string(got) != "kept" {
				t.Errorf("%s: %v, %d bytes", name, err, len(got))
			}
			if name == "SURB ID" {
				continue // this is what a SURB needs
			}
			if len(path) > 2 && path[2].Recipient != nil {
				path[2].SURBID = new(SURBID)
			}
			if surb, keys, err := p.NewSURB(seeded(2), path); !errors.Is(err, errPath) ||
				surb != nil || keys != nil {
				t.Errorf("%s, as a SURB: %v", name, err)
			}
		}
		r := newRoute(t, p, seeded(1), 5)
		r.hops[0].Delay = maxDelay
		if got, err := p.AppendNew([]byte("kept"), seeded(2), r.hops, nil, nil); err != nil ||
			len(got) != 4+p.PacketSize() {
			t.Errorf("control: %v", err)
		}
		if _, _, err := p.NewSURB(seeded(2), r.hops); !errors.Is(err, errPath) {
			t.Errorf("SURB without an ID: %v", err)
		}
	})
}

func TestNewRefusesPayloads(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		r := newRoute(t, p, seeded(1), 2)
		if _, err := p.New(seeded(2), r.hops, nil, make([]byte, 65)); !errors.Is(err, errSize) {
			t.Errorf("65 user bytes: %v", err)
		}
		for _, n := range []int{0, 1, p.SURBSize() - 1, p.SURBSize() + 1} {
			if _, err := p.New(seeded(2), r.hops, make([]byte, n), nil); !errors.Is(err, errSize) {
				t.Errorf("SURB of %d bytes: %v", n, err)
			}
		}
		if _, err := p.New(strings.NewReader("short"), r.hops, nil, nil); err == nil {
			t.Error("a generator that ends makes a packet")
		}
		back := newRoute(t, p, seeded(1), 2).forReply(SURBID{1})
		if _, _, err := p.NewSURB(strings.NewReader(strings.Repeat("x", 70)),
			back.hops); err == nil {
			t.Error("a generator that ends makes a SURB")
		}
		noSlot, err := NewParams(p.Suite(), 5, 64, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := noSlot.New(seeded(2), r.hops, make([]byte, p.SURBSize()), nil); !errors.Is(err,
			errSize) {
			t.Errorf("SURB without a slot: %v", err)
		}
	})
}

func TestUnwrapRefusals(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		r, u := newRoute(t, p, seeded(1), 2), NewUnwrapper(p)
		good := mustNew(t, p, r, nil)
		point := adSize + p.Suite().ElementSize() - suite.X25519Size
		erased := newRoute(t, p, seeded(3), 1).keys[0]
		erased.Erase()
		other := newRoute(t, mustParams(t, otherSuite(p), 5, 64, true), seeded(3), 1).keys[0]
		for _, c := range []struct {
			name  string
			key   *suite.PrivateKey
			spoil func(b []byte) []byte
			want  error
		}{
			{"short", r.keys[0], func(b []byte) []byte { return b[1:] }, errSize},
			{"long", r.keys[0], func(b []byte) []byte { return append(b, 0) }, errSize},
			{"empty", r.keys[0], func(b []byte) []byte { return nil }, errSize},
			{"version", r.keys[0], func(b []byte) []byte { b[1] = 1; return b }, errVersion},
			{"zero point", r.keys[0],
				func(b []byte) []byte { clear(b[point : point+32]); return b }, ErrDegenerate},
			{"second spelling", r.keys[0], func(b []byte) []byte { b[point+31] |= 0x80; return b },
				ErrDegenerate},
			{"other hop's key", r.keys[1], func(b []byte) []byte { return b }, ErrMAC},
			{"erased key", erased, func(b []byte) []byte { return b }, suite.ErrErased},
			{"other suite's key", other, func(b []byte) []byte { return b }, suite.ErrSuite},
		} {
			packet := c.spoil(bytes.Clone(good))
			before := bytes.Clone(packet)
			got, err := u.Unwrap(c.key, packet)
			if !errors.Is(err, c.want) || !reflect.ValueOf(got).IsZero() {
				t.Errorf("%s: %v, %+v", c.name, err, got)
			}
			if !bytes.Equal(packet, before) {
				t.Errorf("%s: the packet was changed", c.name)
			}
		}
		if _, err := u.Unwrap(r.keys[0], good); err != nil {
			t.Errorf("control: %v", err)
		}
	})
}

func otherSuite(p *Params) string {
	if p.Suite().KEM() {
		return "x25519"
	}
	return "xwing"
}

// Who changes a payload on the way gets it wiped at the last hop.
func TestChangedPayloadIsWiped(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		r, u := newRoute(t, p, seeded(1), 1), NewUnwrapper(p)
		// The capacity behind the packet belongs to somebody else.
		buffer := append(mustNew(t, p, r, []byte("secret")), 0xaa)
		packet := buffer[:p.PacketSize()]
		packet[len(packet)-1] ^= 1
		if _, err := u.Unwrap(r.keys[0], packet); err != ErrTag {
			t.Fatal(err)
		}
		if !isZero(packet) || buffer[len(packet)] != 0xaa {
			t.Error("not exactly the packet was wiped")
		}
	})
}

func TestUnwrapperKeepsNoSecret(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		r, u := newRoute(t, p, seeded(1), 2), NewUnwrapper(p)
		packet := mustNew(t, p, r, nil)
		v := p.view(packet)
		if err := u.open(r.keys[0], &v); err != nil || u.keys == (suite.HopKeys{}) ||
			isZero(u.routing) {
			t.Fatal("control: open leaves its keys for the rest of Unwrap")
		}
		for i := range 2 {
			if _, err := u.Unwrap(r.keys[i], packet); err != nil {
				t.Fatal(err)
			}
			checkForgotten(t, u)
		}
		if _, err := u.Unwrap(r.keys[0], packet); err == nil {
			t.Error("a packet opens twice")
		}
		checkForgotten(t, u)
	})
}

func checkForgotten(t *testing.T, u *Unwrapper) {
	t.Helper()
	if u.keys != (suite.HopKeys{}) || u.wide != (suite.WideKey{}) || !isZero(u.routing) ||
		u.cmds != (commands{}) {
		t.Error("the unwrapper remembers")
	}
}

func TestSURBKeysErase(t *testing.T) {
	p := mustParams(t, "x25519", 5, 64, true)
	_, keys, err := p.NewSURB(seeded(1), newRoute(t, p, seeded(2), 3).forReply(SURBID{1}).hops)
	if err != nil || len(keys) != 4 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	if keys.erase(); keys[0] != (suite.WideKey{}) || keys[3] != (suite.WideKey{}) {
		t.Error("keys are still there")
	}
}

func TestRepliesRefused(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		r := newRoute(t, p, seeded(1), 1).forReply(SURBID{1})
		surb, keys, err := p.NewSURB(seeded(2), r.hops)
		if err != nil {
			t.Fatal(err)
		}
		element := p.Suite().ElementSize()
		for want, spoil := range map[error]func(b []byte) []byte{
			errSize:       func(b []byte) []byte { return b[1:] },
			errVersion:    func(b []byte) []byte { b[0] = 1; return b },
			ErrDegenerate: func(b []byte) []byte { clear(b[2 : 2+element]); return b },
		} {
			if _, _, err := p.FromSURB(spoil(bytes.Clone(surb)), nil); !errors.Is(err, want) {
				t.Errorf("%v instead of %v", err, want)
			}
		}
		if _, _, err := p.FromSURB(append(bytes.Clone(surb), 0), nil); !errors.Is(err, errSize) {
			t.Errorf("a long SURB: %v", err)
		}
		if _, _, err := p.FromSURB(surb, make([]byte, p.PayloadSize()+1)); !errors.Is(err,
			errSize) {
			t.Errorf("a long reply: %v", err)
		}
		body := unwrapReply(t, p, r, surb)
		for _, k := range []SURBKeys{nil, keys[:1], make(SURBKeys, p.Hops()+2)} {
			if _, err := p.OpenReply(k, bytes.Clone(body)); !errors.Is(err, errSize) {
				t.Errorf("%d keys: %v", len(k), err)
			}
		}
		wrong := bytes.Clone(body)
		if _, err := p.OpenReply(make(SURBKeys, 2), wrong); err != ErrTag || !isZero(wrong) {
			t.Errorf("wrong keys: %v", err)
		}
		if _, err := p.OpenReply(keys, body); err != nil {
			t.Errorf("control: %v", err)
		}
	})
}

func unwrapReply(t *testing.T, p *Params, r route, surb []byte) []byte {
	t.Helper()
	packet, _, err := p.FromSURB(surb, []byte("reply"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewUnwrapper(p).Unwrap(r.keys[0], packet)
	if err != nil || got.Kind != Reply || got.SURBID != (SURBID{1}) {
		t.Fatalf("%+v, %v", got, err)
	}
	return got.Payload
}

// A packet that cannot be finished leaves no plaintext in the caller's buffer.
func TestFailedNewLeavesNothing(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		buffer, r := make([]byte, p.PacketSize()), newRoute(t, p, seeded(1), 2)
		user := bytes.Repeat([]byte("secret"), 10)
		if _, err := p.AppendNew(buffer[:0], strings.NewReader("short"), r.hops, nil,
			user); err == nil || !isZero(buffer) {
			t.Errorf("%v, %x", err, buffer)
		}
		if _, err := p.AppendNew(buffer[:0], seeded(1), r.hops, nil, user); err != nil ||
			isZero(buffer) {
			t.Errorf("control: %v", err)
		}
	})
}

// A sender's randomness decides every byte of a packet.
func TestSameSeedSamePacket(t *testing.T) {
	bothSuites(t, func(t *testing.T, p *Params) {
		r := newRoute(t, p, seeded(1), 3)
		a, b := mustNew(t, p, r, nil), mustNew(t, p, r, nil)
		c, err := p.New(seeded(78), r.hops, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) || bytes.Equal(a, c) {
			t.Error("packets do not follow their seeds")
		}
	})
}

func TestKindString(t *testing.T) {
	if got := []string{Forward.String(), Deliver.String(), Reply.String(),
		Kind(0).String()}; !reflect.DeepEqual(got, []string{"forward", "deliver", "reply",
		"unknown"}) {
		t.Error(got)
	}
}
