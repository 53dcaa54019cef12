package sphinx_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/katzenpost/hpqc/kem/xwing"
	"gitlab.com/yawning/aez.git"
	"golang.org/x/crypto/chacha20"
)

// The oracle is the format once more, straight from the text of docs/sphinx.md:
// plain, slow, copying, and sharing no code with the package or with
// internal/suite. It panics where the package returns errors.
type oracle struct {
	kem         bool
	hops        int
	userPayload int
}

type oracleKeys struct{ mac, stream, iv, wide, blind []byte }

// oracleHop is a hop as its sender and as itself know it.
type oracleHop struct {
	id, secret, public []byte
	commands           []byte // without NextNodeHop
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (o oracle) element() int {
	if o.kem {
		return 1120
	}
	return 32
}

func (o oracle) block() int {
	if o.kem {
		return 65 + 17 + 1120
	}
	return 65 + 17
}

func (o oracle) header() int { return 2 + o.element() + o.hops*o.block() + 32 }
func (o oracle) surb() int   { return o.header() + 32 + 64 }

func derive(secret []byte) oracleKeys {
	k := must(hkdf.Expand(sha256.New, secret, "katzenpost-kdf-v0-hkdf-sha256", 160))
	return oracleKeys{mac: k[:32], stream: k[32:64], iv: k[64:80], wide: k[80:128],
		blind: k[128:160]}
}

func keystream(k oracleKeys, n int) []byte {
	out := make([]byte, n)
	cipher.NewCTR(must(aes.NewCipher(k.stream)), k.iv).XORKeyStream(out, out)
	return out
}

func sum(k oracleKeys, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	h.Write(bytes.Join(parts, nil))
	return h.Sum(nil)
}

func seal(key, nonce, plain []byte) []byte { return aez.Encrypt(key, nonce, nil, 0, plain, nil) }

func unseal(key, nonce, sealed []byte) []byte {
	out, ok := aez.Decrypt(key, nonce, nil, 0, sealed, nil)
	if !ok {
		panic("AEZ without expansion cannot fail")
	}
	return out
}

func dh(scalar, point []byte) []byte {
	k := must(ecdh.X25519().NewPrivateKey(scalar))
	return must(k.ECDH(must(ecdh.X25519().NewPublicKey(point))))
}

func factor(k oracleKeys) []byte {
	out := make([]byte, 32)
	must(chacha20.NewUnauthenticatedCipher(k.blind, make([]byte, 12))).XORKeyStream(out, out)
	return out
}

func (o oracle) open(secret, public, element []byte) []byte {
	if !o.kem {
		return dh(secret, element)
	}
	key := must(xwing.Scheme().UnmarshalBinaryPrivateKey(append(bytes.Clone(public), secret...)))
	return must(xwing.Scheme().Decapsulate(key, element))
}

// agree returns the element and the keys of every hop.
func (o oracle) agree(path []oracleHop) (elements [][]byte, keys []oracleKeys) {
	if o.kem {
		for _, h := range path {
			public := must(xwing.Scheme().UnmarshalBinaryPublicKey(h.public))
			ct, secret, err := xwing.Scheme().Encapsulate(public)
			elements, keys = append(elements, ct), append(keys, derive(must(secret, err)))
		}
		return elements, keys
	}
	scalar := random(32)
	element := must(ecdh.X25519().NewPrivateKey(scalar)).PublicKey().Bytes()
	for _, h := range path {
		secret := dh(scalar, h.public)
		for _, k := range keys {
			secret = dh(factor(k), secret)
		}
		elements, keys = append(elements, element), append(keys, derive(secret))
		element = dh(factor(keys[len(keys)-1]), element)
	}
	return elements, keys
}

func random(n int) []byte {
	b := make([]byte, n)
	must(rand.Read(b))
	return b
}

func xor(a, b []byte) []byte {
	out := bytes.Clone(a)
	for i := range out {
		out[i] ^= b[i]
	}
	return out
}

// makeHeader works by walking forwards to learn the filler, then backwards.
func (o oracle) makeHeader(path []oracleHop) ([]byte, []oracleKeys) {
	elements, keys := o.agree(path)
	size, total := o.block(), o.hops*o.block()
	// What hop i finds behind the sender's blocks: i blocks of filler. A hop
	// appends a block of zeros and decrypts everything.
	filler := []byte{}
	fillers := [][]byte{filler}
	for i := range path[:len(path)-1] {
		padded := append(bytes.Clone(filler), make([]byte, size)...)
		stream := keystream(keys[i], total+size)
		filler = xor(padded, stream[total+size-len(padded):])
		fillers = append(fillers, filler)
	}
	info, mac := random((o.hops-len(path))*size), []byte(nil)
	for i := len(path) - 1; i >= 0; i-- {
		block := bytes.Clone(path[i].commands)
		if i < len(path)-1 {
			block = append(append(append(block, 1), path[i+1].id...), mac...)
		}
		block = append(block, make([]byte, 82-len(block))...)
		if o.kem && i < len(path)-1 {
			block = append(block, elements[i+1]...)
		}
		block = append(block, make([]byte, size-len(block))...)
		info = append(block, info...)
		info = xor(info, keystream(keys[i], len(info)))
		mac = sum(keys[i], []byte{0, 0}, elements[i], info, fillers[i])
	}
	return bytes.Join([][]byte{{0, 0}, elements[0], info, mac}, nil), keys
}

func (o oracle) makePacket(path []oracleHop, payload []byte) []byte {
	header, keys := o.makeHeader(path)
	body := append(make([]byte, 32), payload...)
	for i := len(keys) - 1; i >= 0; i-- {
		body = seal(keys[i].wide, keys[i].iv, body)
	}
	return append(header, body...)
}

func (o oracle) payload(surb, user []byte) []byte {
	flags := []byte{0, 0}
	if surb != nil {
		flags[0] = 1
	} else {
		surb = make([]byte, o.surb())
	}
	padding := make([]byte, o.userPayload-len(user))
	return bytes.Join([][]byte{flags, surb, user, padding}, nil)
}

// makeSURB returns the keys as the text has them: hops in reverse, payload last.
func (o oracle) makeSURB(path []oracleHop) (surb []byte, keys [][]byte) {
	header, hopKeys := o.makeHeader(path)
	last := random(64)
	for i := len(hopKeys) - 1; i >= 0; i-- {
		keys = append(keys, append(bytes.Clone(hopKeys[i].wide), hopKeys[i].iv...))
	}
	return bytes.Join([][]byte{header, path[0].id, last}, nil), append(keys, last)
}

func (o oracle) reply(surb, payload []byte) (packet, first []byte) {
	h := o.header()
	key := surb[h+32:]
	body := seal(key[:48], key[48:], append(make([]byte, 32), payload...))
	return append(bytes.Clone(surb[:h]), body...), surb[h : h+32]
}

func (o oracle) openReply(keys [][]byte, body []byte) []byte {
	for _, k := range keys[:len(keys)-1] {
		body = seal(k[:48], k[48:], body)
	}
	k := keys[len(keys)-1]
	body = unseal(k[:48], k[48:], body)
	if !bytes.Equal(body[:32], make([]byte, 32)) {
		panic("reply with a bad tag")
	}
	return body[32:]
}

// peel returns the commands of this hop (82 bytes), and the next packet if the
// commands name a next hop, or else the decrypted body.
func (o oracle) peel(hop oracleHop, packet []byte) (commands, next []byte, err error) {
	e, total := o.element(), o.hops*o.block()
	element, info, mac := packet[2:2+e], packet[2+e:2+e+total], packet[2+e+total:o.header()]
	k := derive(o.open(hop.secret, hop.public, element))
	if !bytes.Equal(mac, sum(k, packet[:2], element, info)) {
		return nil, nil, fmt.Errorf("oracle: MAC")
	}
	info = xor(append(bytes.Clone(info), make([]byte, o.block())...), keystream(k, total+o.block()))
	commands, body := info[:82], unseal(k.wide, k.iv, packet[o.header():])
	at := nextHopAt(commands)
	if at < 0 {
		return commands, body, nil
	}
	if o.kem {
		element = info[82:o.block()]
	} else {
		element = dh(factor(k), element)
	}
	return commands, bytes.Join([][]byte{{0, 0}, element, info[o.block():], commands[at+33 : at+65],
		body}, nil), nil
}

// nextHopAt finds NextNodeHop among the commands.
func nextHopAt(commands []byte) int {
	length := map[byte]int{0x02: 33, 0x03: 17, 0x80: 5}
	for at := 0; at < len(commands) && commands[at] != 0; {
		if commands[at] == 1 {
			return at
		}
		at += length[commands[at]]
	}
	return -1
}
