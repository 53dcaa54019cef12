package suite

import (
	"bytes"
	"crypto/ecdh"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	circl "github.com/cloudflare/circl/kem/xwing"
	hpqc "github.com/katzenpost/hpqc/kem/xwing"
)

func key(t testing.TB, s *Suite, seed *[32]byte) *PrivateKey {
	t.Helper()
	k, err := s.NewPrivateKey(*seed)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNames(t *testing.T) {
	if got := Names(); !reflect.DeepEqual(got, []string{"xwing", "x25519"}) {
		t.Errorf("names %v", got)
	}
	for name, want := range map[string][2]int{"xwing": {1216, 1120}, "x25519": {32, 32}} {
		s, err := ByName(name)
		if err != nil || s.Name() != name || s.KEM() != (name == "xwing") {
			t.Fatalf("%s: %v, %v", name, s, err)
		}
		if got := [2]int{s.publicKeySize(), s.ElementSize()}; got != want {
			t.Errorf("%s: sizes %v instead of %v", name, got, want)
		}
	}
	_, err := ByName("null")
	if err == nil || !strings.Contains(err.Error(), "xwing, x25519") {
		t.Errorf("an unknown name gives %v", err)
	}
}

// crypto/ecdh is another implementation of RFC 7748.
func TestX25519MatchesStandardLibrary(t *testing.T) {
	rng, e := seeded(4), NewEngine()
	for range 50 {
		seed := [32]byte(fill(rng, make([]byte, 32)))
		theirs, err := ecdh.X25519().NewPrivateKey(seed[:])
		if err != nil {
			t.Fatal(err)
		}
		ours, peer := key(t, x25519, &seed), key(t, x25519, &[32]byte{9})
		if !bytes.Equal(ours.Public().Bytes(), theirs.PublicKey().Bytes()) {
			t.Fatal("public keys differ")
		}
		peerPublic, err := ecdh.X25519().NewPublicKey(peer.Public().Bytes())
		if err != nil {
			t.Fatal(err)
		}
		want, err := theirs.ECDH(peerPublic)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.agree(ours, peer.Public().Bytes()); err != nil ||
			!bytes.Equal(e.shared[:], want) {
			t.Fatalf("secret %x instead of %x, %v", e.shared, want, err)
		}
	}
}

// Our X-Wing has the keys of hpqc's from the same seed, and each opens what the
// other sealed. circl's opens ours too.
func TestXWingIsTheSameScheme(t *testing.T) {
	rng, e, scheme := seeded(5), NewEngine(), hpqc.Scheme()
	for range 20 {
		seed := [32]byte(fill(rng, make([]byte, 32)))
		ours := key(t, xwing, &seed)
		raw := ours.Public().Bytes()
		theirPublic, err := scheme.UnmarshalBinaryPublicKey(raw)
		if err != nil {
			t.Fatal(err)
		}
		ct, secret, err := scheme.Encapsulate(theirPublic)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.agree(ours, ct); err != nil || !bytes.Equal(e.shared[:], secret) {
			t.Fatalf("we open theirs as %x instead of %x, %v", e.shared, secret, err)
		}
		theirs, err := scheme.UnmarshalBinaryPrivateKey(append(bytes.Clone(raw), seed[:]...))
		if err != nil {
			t.Fatal(err)
		}
		ct = seal(t, e, ours.Public(), rng)
		if got, err := scheme.Decapsulate(theirs, ct); err != nil ||
			!bytes.Equal(got, e.shared[:]) {
			t.Fatalf("they open ours as %x instead of %x, %v", got, e.shared, err)
		}
		_, circlPublic := circl.DeriveKeyPairPacked(seed[:])
		if !bytes.Equal(circlPublic, raw) || !bytes.Equal(circl.Decapsulate(ct, seed[:]),
			e.shared[:]) {
			t.Fatal("circl disagrees")
		}
	}
}

// seal leaves the secret in e.shared.
func seal(
	t *testing.T, e *Engine, k *PublicKey, rng interface{ Read([]byte) (int, error) },
) []byte {
	t.Helper()
	var seed [xwingEncapSeedSize]byte
	if _, err := rng.Read(seed[:]); err != nil {
		t.Fatal(err)
	}
	ct := make([]byte, xWingCipherSize)
	if err := e.x.encapsulate(&e.shared, k, ct, &seed); err != nil {
		t.Fatal(err)
	}
	return ct
}

// A changed ML-KEM part gives the secret of implicit rejection, as in circl.
func TestXWingImplicitRejection(t *testing.T) {
	rng, e := seeded(6), NewEngine()
	seed := [32]byte{7}
	k := key(t, xwing, &seed)
	ct := seal(t, e, k.Public(), rng)
	good := e.shared
	for i := range mlkemCipherSize {
		ct[i] ^= 0x10
		if err := e.agree(k, ct); err != nil {
			t.Fatal(err)
		}
		if e.shared == good || !bytes.Equal(e.shared[:], circl.Decapsulate(ct, seed[:])) {
			t.Fatalf("byte %d: wrong secret of rejection", i)
		}
		ct[i] ^= 0x10
	}
	if err := e.agree(k, ct); err != nil || e.shared != good {
		t.Error("control: the unchanged ciphertext does not open")
	}
}

// degenerate lists encodings that no key and no element may have: points of
// small order with all their spellings, and non-canonical encodings.
func degenerate() (points [][32]byte) {
	points = append(points, smallOrder[:]...)
	for i := byte(0xed); i != 0; i++ { // p to 2^255-1: second spellings of 0 to 18
		b := smallOrder[4]
		b[0] = i
		points = append(points, b)
	}
	for _, p := range append(slices.Clone(points), [32]byte{9}) {
		p[31] |= 0x80
		points = append(points, p)
	}
	return points
}

func TestDegeneratePointsAreRefused(t *testing.T) {
	e, rng := NewEngine(), seeded(8)
	for _, s := range all {
		k := key(t, s, &[32]byte{1})
		element := key(t, x25519, &[32]byte{2}).Public().Bytes()
		if s.KEM() {
			element = seal(t, e, k.Public(), rng)
		}
		var keys HopKeys
		if err := e.Accept(k, element, &keys); err != nil {
			t.Fatalf("control: %s refuses a good element: %v", s.Name(), err)
		}
		for _, p := range degenerate() {
			public := k.Public().Bytes()
			copy(public[len(public)-32:], p[:])
			if _, err := s.ParsePublicKey(public); !errors.Is(err, ErrDegenerate) {
				t.Errorf("%s public key %x: %v", s.Name(), p, err)
			}
			copy(element[len(element)-32:], p[:])
			if err := e.Accept(k, element, &keys); !errors.Is(err, ErrDegenerate) ||
				keys != (HopKeys{}) {
				t.Errorf("%s element %x: %v", s.Name(), p, err)
			}
			if err := s.ValidElement(element); !errors.Is(err, ErrDegenerate) {
				t.Errorf("%s element %x: %v", s.Name(), p, err)
			}
			if err := e.Blind(&HopKeys{}, p[:]); !errors.Is(err, ErrDegenerate) {
				t.Errorf("blinding %x: %v", p, err)
			}
		}
	}
}

// The greatest canonical encodings next to p are not refused.
func TestCanonicalPointsAreAccepted(t *testing.T) {
	for _, low := range []byte{0xeb, 0xea, 0x00} {
		p := smallOrder[4]
		p[0] = low
		if _, err := x25519.ParsePublicKey(p[:]); err != nil {
			t.Errorf("%x: %v", p, err)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	for _, s := range all {
		k := key(t, s, &[32]byte{3})
		raw := k.Public().Bytes()
		got, err := s.ParsePublicKey(raw)
		if err != nil || !got.equal(k.Public()) || got.Suite() != s {
			t.Fatalf("%s: %v", s.Name(), err)
		}
		raw[0] ^= 1 // the key has its own copy
		if got.equal(nil) || !bytes.Equal(got.Bytes(), k.Public().Bytes()) {
			t.Errorf("%s: the key shares the caller's bytes", s.Name())
		}
		for _, n := range []int{0, 31, s.publicKeySize() - 1, s.publicKeySize() + 1} {
			if _, err := s.ParsePublicKey(make([]byte, n)); !errors.Is(err, errSize) {
				t.Errorf("%s key of %d bytes: %v", s.Name(), n, err)
			}
		}
	}
	raw := key(t, xwing, &[32]byte{3}).Public().Bytes()
	raw[0], raw[1] = 0xff, raw[1]|0x0f // a coefficient of 4095, beyond q = 3329
	if _, err := xwing.ParsePublicKey(raw); !errors.Is(err, errEncoding) {
		t.Errorf("a coefficient beyond the modulus: %v", err)
	}
}

func TestEraseReallyErases(t *testing.T) {
	for _, s := range all {
		k := key(t, s, &[32]byte{4})
		element := make([]byte, s.ElementSize())
		var sent, got HopKeys
		e := NewEngine()
		if err := e.Offer(seeded(9), []*PublicKey{k.Public()}, element,
			[]HopKeys{sent}); err != nil {
			t.Fatal(err)
		}
		if err := e.Accept(k, element, &got); err != nil {
			t.Fatal(err)
		}
		useAll(e, &got)
		if e.shared == [32]byte{} || hashBuffer(t, &e.mac).IsZero() {
			t.Error("control: the engine holds no secret before Erase")
		}
		e.Erase()
		checkErased(t, e)
		k.Erase()
		if k.x != [32]byte{} || k.z != [32]byte{} || k.m != nil && !reflect.ValueOf(*k.m).IsZero() {
			t.Errorf("%s: the secret is still in memory", s.Name())
		}
		if err := e.Accept(k, element, &got); !errors.Is(err, ErrErased) || got != (HopKeys{}) {
			t.Errorf("%s: an erased key works: %v", s.Name(), err)
		}
	}
}

// useAll leaves keys in every part of the engine.
func useAll(e *Engine, keys *HopKeys) {
	wide, b := keys.Wide(), make([]byte, 500)
	e.XORStream(&keys.Stream, b)
	e.WideEncrypt(&wide, b)
	e.Authenticate(&keys.MAC, b, nil)
}

// hashBuffer looks into crypto/sha256, which keeps the end of its input.
func hashBuffer(t *testing.T, m *mac) reflect.Value {
	t.Helper()
	x := reflect.ValueOf(m.h).Elem().FieldByName("x")
	if !x.IsValid() {
		t.Fatal("crypto/sha256 has changed: look where it buffers its input now")
	}
	return x
}

func checkErased(t *testing.T, e *Engine) {
	t.Helper()
	if !hashBuffer(t, &e.mac).IsZero() || !hashBuffer(t, &e.expand.mac).IsZero() {
		t.Error("a hash holds the end of its input")
	}
	x := e.x
	for name, v := range map[string]any{
		"shared": e.shared, "point": e.point, "factor": e.factor, "fresh": e.fresh,
		"stream": e.stream, "wide": e.wide, "mac block": e.mac.block, "mac": e.mac.sum,
		"kdf block": e.expand.mac.block, "kdf": e.expand.out, "kdf mac": e.expand.mac.sum,
		"m": x.m, "kr": x.kr, "reject": x.reject, "scalar": x.x.scalar, "dh": x.x.shared,
	} {
		if !reflect.ValueOf(v).IsZero() {
			t.Errorf("%s is still in memory", name)
		}
	}
}

func TestOfferRefusesMisuse(t *testing.T) {
	a, b := key(t, xwing, &[32]byte{1}).Public(), key(t, x25519, &[32]byte{1}).Public()
	e, keys := NewEngine(), make([]HopKeys, 2)
	elements := make([]byte, 2*xWingCipherSize)
	if err := e.Offer(seeded(1), []*PublicKey{a, b}, elements, keys); !errors.Is(err, ErrSuite) {
		t.Errorf("two suites on one path: %v", err)
	}
	if err := e.Offer(seeded(1), []*PublicKey{a, a}, elements[1:], keys); !errors.Is(err, errSize) {
		t.Errorf("short elements: %v", err)
	}
	if err := e.Offer(seeded(1), nil, nil, nil); !errors.Is(err, errSize) {
		t.Errorf("empty path: %v", err)
	}
	for _, k := range []*PublicKey{a, b} {
		short := strings.NewReader("too short")
		path := []*PublicKey{k, k}
		if e.Offer(short, path, make([]byte, 2*k.Suite().ElementSize()), keys) == nil {
			t.Errorf("%s: a generator that ends gives keys", k.Suite().Name())
		}
	}
}

func FuzzParsePublicKey(f *testing.F) {
	for _, s := range all {
		f.Add(key(f, s, &[32]byte{1}).Public().Bytes())
	}
	for _, p := range degenerate() {
		f.Add(p[:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range all {
			k, err := s.ParsePublicKey(b)
			if err == nil && !bytes.Equal(k.Bytes(), b) {
				t.Error("a key with two spellings")
			}
			if err == nil && !usable(s, k) {
				t.Error("a parsed key is of no use")
			}
		}
	})
}

func usable(s *Suite, k *PublicKey) bool {
	element, keys := make([]byte, s.ElementSize()), make([]HopKeys, 1)
	err := NewEngine().Offer(seeded(1), []*PublicKey{k}, element, keys)
	return err == nil && s.ValidElement(element) == nil
}

func FuzzAccept(f *testing.F) {
	for _, s := range all {
		f.Add(make([]byte, s.ElementSize()))
		f.Add(bytes.Repeat([]byte{0x55}, s.ElementSize()))
	}
	keys := []*PrivateKey{key(f, xwing, &[32]byte{1}), key(f, x25519, &[32]byte{1})}
	e := NewEngine()
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, k := range keys {
			var got HopKeys
			err := e.Accept(k, b, &got)
			if valid := k.suite.ValidElement(b); !errors.Is(err, valid) {
				t.Errorf("Accept says %v, ValidElement %v", err, valid)
			}
			if (err == nil) == (got == HopKeys{}) {
				t.Error("keys without success, or success without keys")
			}
		}
	})
}
