package link

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"testing"

	"filippo.io/edwards25519"
)

// smallOrder lists every encoding of a point of order 1, 2, 4 or 8, canonical
// or not (the list of libsodium's ge25519_has_small_order, sign bit cleared).
var smallOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

func TestUnsoundKeysAreRefused(t *testing.T) {
	for _, text := range smallOrder {
		raw, _ := hex.DecodeString(text)
		for range 2 {
			if err := PublicKey(raw).check(); !errors.Is(err, errBadKey) {
				t.Errorf("%x: %v", raw, err)
			}
			raw[31] ^= 0x80
		}
	}
	points := 0
	for k := range byte(19) { // p + k, the second spelling of k
		second := PublicKey(bytes.Repeat([]byte{0xff}, 32))
		second[0], second[31] = 0xed+k, 0x7f
		if _, err := new(edwards25519.Point).SetBytes(second[:]); err == nil {
			points++
		}
		if err := second.check(); !errors.Is(err, errBadKey) {
			t.Errorf("p + %d: %v", k, err)
		}
	}
	if points < 5 {
		t.Errorf("control: %d second spellings are points", points)
	}
	notAPoint := PublicKey{2}
	if err := notAPoint.check(); !errors.Is(err, errBadKey) {
		t.Errorf("no point: %v", err)
	}
	for n := range byte(50) {
		if err := seed(n).Public().check(); err != nil {
			t.Errorf("control: %v", err)
		}
	}
}

func TestSecretsAndKeysStayOutOfLogs(t *testing.T) {
	s := seed(1)
	public := s.Public()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("x", "seed", s, "key", public)
	fmt.Fprintf(&out, "%v %+v %x %s %#v", s, s, s, s, s)
	for _, secret := range []string{hex.EncodeToString(s[:4]), string(s[:]), fmt.Sprint(s[:2]),
		public.String()[:8]} {
		if bytes.Contains(out.Bytes(), []byte(secret)) {
			t.Errorf("%q shows in %s", secret, out.String())
		}
	}
	fmt.Fprint(&out, public)
	if !bytes.Contains(out.Bytes(), []byte(public.String())) {
		t.Error("control: the search finds nothing at all")
	}
}

func TestHost(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7:1":              "192.0.2.7",
		"[::ffff:192.0.2.7]:99":    "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64",
		"[2001:db8:1:2::9]:2":      "2001:db8:1:2::/64",
		"[2001:db8:1:3::9]:2":      "2001:db8:1:3::/64",
		"[fe80::1%eth0]:2":         "fe80::/64",
		"somebody":                 "somebody",
	} {
		if got := host(pipeAddr(addr)); got != want {
			t.Errorf("%s counts as %s, want %s", addr, got, want)
		}
	}
	tcp := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 5}
	if got := host(tcp); got != "192.0.2.7" {
		t.Errorf("a TCP address counts as %s", got)
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	c := new(Counters)
	c.add(sent, 3)
	for r, n := range c.All() {
		if (n == 3) != (r == sent) || r.String() == "" || seen[r.String()] {
			t.Errorf("reason %d is %q, counted %d", r, r, n)
		}
		seen[r.String()] = true
	}
	if len(seen) != int(reasons) {
		t.Errorf("%d labels for %d reasons", len(seen), reasons)
	}
	for k, want := range map[Kind]string{Packets: "packets", Directory: "directory", 0: "kind(0)",
		9: "kind(9)"} {
		if k.String() != want {
			t.Errorf("kind %d is %q", uint8(k), k)
		}
	}
}
