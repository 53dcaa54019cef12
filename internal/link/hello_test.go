package link

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestHelloVector is the worked example of docs/link.md.
func TestHelloVector(t *testing.T) {
	var network, exporter [32]byte
	for i := range network {
		network[i], exporter[i] = byte(i), byte(0x80+i)
	}
	h := hello{kind: Exchange, frameSize: 22862, binding: bind(network, exporter, roleDialler)}
	got := h.marshal()
	plain := sha256.Sum256([]byte("murmuration/link/v1" + string(network[:]) + string(exporter[:]) +
		"d"))
	want := "030200000000594e" + hex.EncodeToString(plain[:]) + strings.Repeat("00", 24)
	if hex.EncodeToString(got[:]) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
	const published = "030200000000594e" +
		"3b45d574982d837406cb27ac86bbede3aa3868e55912b4bf83198e094af31e12" +
		"000000000000000000000000000000000000000000000000"
	if want != published {
		t.Errorf("docs/link.md prints %s", published)
	}
}

func TestBindingSeparates(t *testing.T) {
	a, b := [32]byte{1}, [32]byte{2}
	seen := map[binding]bool{}
	for _, v := range []binding{bind(a, b, 'd'), bind(a, b, 'a'), bind(b, a, 'd'), bind(a, a, 'd'),
		bind(b, b, 'd')} {
		if seen[v] {
			t.Error("two different connections, networks or roles have one binding")
		}
		seen[v] = true
	}
	if first, again := bind(a, b, 'd'), bind(a, b, 'd'); first != again {
		t.Error("control: the binding is not a function of its input")
	}
}

func TestHelloRefusals(t *testing.T) {
	good := hello{kind: Packets, frameSize: maxFrame}.marshal()
	if _, err := parseHello(good); err != nil {
		t.Fatalf("control: %v", err)
	}
	for name, spoil := range map[string]func(*[helloSize]byte){
		"version 0":      func(b *[helloSize]byte) { b[0] = 0 },
		"version 2":      func(b *[helloSize]byte) { b[0] = 2 },
		"clock":          func(b *[helloSize]byte) { b[56] = 1 },
		"kind 0":         func(b *[helloSize]byte) { b[1] = 0 },
		"kind 6":         func(b *[helloSize]byte) { b[1] = byte(kinds) },
		"answer 3":       func(b *[helloSize]byte) { b[2] = byte(answers) },
		"invitation":     func(b *[helloSize]byte) { b[55] = 1 }, // to a packets link
		"reserved":       func(b *[helloSize]byte) { b[3] = 1 },
		"frame size 0":   func(b *[helloSize]byte) { clear(b[4:8]) },
		"frame too long": func(b *[helloSize]byte) { b[7] = 1 },
	} {
		b := good
		spoil(&b)
		if _, err := parseHello(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good = hello{kind: Exchange, answer: Uninvited, frameSize: 1,
		invitation: Invitation{1}}.marshal()
	if _, err := parseHello(good); err != nil {
		t.Errorf("control: an answer and an invitation: %v", err)
	}
}

func FuzzParseHello(f *testing.F) {
	for k := range kinds + 1 {
		b := hello{kind: k, frameSize: 22862, binding: binding{byte(k)}}.marshal()
		f.Add(b[:])
	}
	f.Add([]byte("GET / HTTP/1.1\r\nHost: murmuration.example\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHello(bytes.NewReader(b))
		if err != nil {
			return
		}
		if again := h.marshal(); !bytes.Equal(again[:], b[:helloSize]) {
			t.Errorf("two spellings of one hello:\n%x\n%x", b[:helloSize], again)
		}
	})
}

// welcomed tells whether a stranger who says these bytes inside the channel is let in.
func welcomed(t *testing.T, said []byte) (in bool) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(1)
		fabric := NewFabric()
		tr, _ := fabric.Transport(cfg)
		l, err := tr.Listen("node")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		end, _ := fabric.connect(seed(2).Public(), "node")
		end.Write(said)
		end.SetDeadline(time.Now().Add(2 * defaultHandshakeTimeout))
		answer := make([]byte, 2*helloSize)
		n := 0
		for err == nil {
			var k int
			k, err = end.Read(answer[n:])
			n += k
		}
		if n != 0 && n != helloSize {
			t.Errorf("a stranger got %d bytes", n)
		}
		in = cfg.Counters.Get(accepted) != 0
	})
	return in
}

// diallers is what a dialler says on the connection of welcomed.
func diallers() hello {
	return hello{kind: Packets, frameSize: testFrame,
		binding: bind(testConfig(1).Network, [32]byte{7: 1}, roleDialler)}
}

// TestWelcomeRefusals: a hello that is the dialler's own is let in, and not one that says more than
// a dialler does.
func TestWelcomeRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*hello)
		want  bool
	}{
		"control":          {func(*hello) {}, true},
		"other frame size": {func(h *hello) { h.frameSize++ }, false},
		"other network":    {func(h *hello) { h.binding[31] ^= 1 }, false},
		"answer":           {func(h *hello) { h.answer = Uninvited }, false},
		"clock":            {func(h *hello) { h.clock = 0x303030303030 }, false},
		"invitation":       {func(h *hello) { h.invitation[0] = 1 }, false},
	} {
		h := diallers()
		c.spoil(&h)
		if b := h.marshal(); welcomed(t, b[:]) != c.want {
			t.Errorf("%s: let in: %v", name, !c.want)
		}
	}
}

// FuzzWelcome sends what a stranger may say. Without the network id and the exporter no bytes get
// it in.
func FuzzWelcome(f *testing.F) {
	good := diallers().marshal()
	f.Add(good[:], byte(39))
	f.Add(bytes.Repeat([]byte{0}, 100), byte(0))
	f.Fuzz(func(t *testing.T, said []byte, flip byte) {
		said = bytes.Clone(said)
		if len(said) >= 40 && bytes.Equal(said[8:40], good[8:40]) {
			said[8+flip%32] ^= 1 // which no stranger can know
		}
		if welcomed(t, said) {
			t.Errorf("accepted %x", said)
		}
	})
}
