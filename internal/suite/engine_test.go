package suite

import (
	"testing"

	curve "github.com/cloudflare/circl/dh/x25519"
	circl "github.com/cloudflare/circl/kem/xwing"
)

// Each hop derives from its element what the sender derived for it, and under
// x25519 makes the next hop's element out of its own.
func TestHopsFollowTheOffer(t *testing.T) {
	for _, s := range all {
		t.Run(s.Name(), func(t *testing.T) {
			const hops = 6
			path, private := make([]*PublicKey, hops), make([]*PrivateKey, hops)
			for i := range path {
				private[i] = key(t, s, &[32]byte{byte(i + 1)})
				path[i] = private[i].Public()
			}
			n, keys := s.ElementSize(), make([]HopKeys, hops)
			elements := make([]byte, hops*n)
			if err := NewEngine().Offer(seeded(1), path, elements, keys); err != nil {
				t.Fatal(err)
			}
			e, element := NewEngine(), elements[:n]
			for i := range private {
				if got := string(elements[i*n : (i+1)*n]); !s.KEM() && got != string(element) {
					t.Fatalf("hop %d: blinding leads elsewhere", i)
				}
				element = elements[i*n : (i+1)*n : (i+1)*n]
				follow(t, e, private[i], element, &keys[i])
			}
		})
	}
}

func follow(t *testing.T, e *Engine, k *PrivateKey, element []byte, want *HopKeys) {
	t.Helper()
	var got HopKeys
	if err := e.Accept(k, element, &got); err != nil || got != *want {
		t.Fatalf("hop and sender differ on keys: %v", err)
	}
	if k.suite.KEM() {
		return
	}
	if err := e.Blind(&got, element); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkAccept is a hop's key agreement and key derivation, beside circl's
// bare operation in "bare".
func BenchmarkAccept(b *testing.B) {
	for _, s := range all {
		k, element, e := key(b, s, &[32]byte{1}), make([]byte, s.ElementSize()), NewEngine()
		keys := make([]HopKeys, 1)
		if err := e.Offer(seeded(1), []*PublicKey{k.Public()}, element, keys); err != nil {
			b.Fatal(err)
		}
		b.Run(s.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Accept(k, element, &keys[0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("xwing/bare", func(b *testing.B) {
		private, public := circl.DeriveKeyPair(make([]byte, 32))
		ct, secret := make([]byte, xWingCipherSize), make([]byte, sharedSize)
		public.EncapsulateTo(ct, secret, make([]byte, 64))
		for b.Loop() {
			private.DecapsulateTo(secret, ct)
		}
	})
	b.Run("x25519/bare", func(b *testing.B) {
		scalar, point, secret := curve.Key{1}, curve.Key{9}, curve.Key{}
		for b.Loop() {
			curve.Shared(&secret, &scalar, &point)
		}
	})
}

// BenchmarkWide compares the wide block with the module that it replaces.
func BenchmarkWide(b *testing.B) {
	key, e, buf := WideKey{1}, NewEngine(), make([]byte, 10_000)
	for name, f := range map[string]func(){
		"ours":   func() { e.WideDecrypt(&key, buf) },
		"module": func() { widePortable(&key, buf, 1) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

// BenchmarkStream compares the stream with the standard library.
func BenchmarkStream(b *testing.B) {
	key, e, buf := StreamKey{1}, NewEngine(), make([]byte, 7212)
	for name, f := range map[string]func(){
		"ours":   func() { e.XORStream(&key, buf) },
		"stdlib": func() { xorStreamPortable(&key, buf) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

// BenchmarkStreamAfterKEM shows what zeroUpper is for: how much longer SSE code
// takes behind circl's, with the upper vector registers dirty.
func BenchmarkStreamAfterKEM(b *testing.B) {
	private, public := circl.DeriveKeyPair(make([]byte, 32))
	ct, secret := make([]byte, xWingCipherSize), make([]byte, sharedSize)
	public.EncapsulateTo(ct, secret, make([]byte, 64))
	key, e, buf := StreamKey{1}, NewEngine(), make([]byte, 100_000)
	for name, guard := range map[string]func(){"clean": zeroUpper, "dirty": func() {}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				private.DecapsulateTo(secret, ct)
				guard()
				e.XORStream(&key, buf)
			}
		})
	}
}
