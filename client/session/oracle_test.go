package session

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/mlkem"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/chacha20poly1305"
)

// oracle reads the vectors as docs/session.md says it, with nothing of this package.
type oracle struct {
	t          *testing.T
	seeds      map[string][]byte // of each side's newest key
	id         map[string][]byte
	root, hint []byte
	chains     map[string][]byte
	counters   map[string]uint32
	turn       uint32
	card       []byte
}

// TestOracle: whoever has the specification alone reads what the code writes.
func TestOracle(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	o := &oracle{t: t, seeds: map[string][]byte{}, id: map[string][]byte{},
		chains: map[string][]byte{}, counters: map[string]uint32{}}
	records := 0
	for _, v := range all {
		switch {
		case v.Expect != "accept":
		case v.Form == "knock":
			o.knock(v)
		case v.Form == "answer":
			o.answer(v)
		default:
			o.record(v)
			records++
		}
	}
	if records != 4 {
		t.Errorf("%d records were read", records)
	}
}

func (o *oracle) hex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *oracle) same(what string, got []byte, want string) {
	o.t.Helper()
	if hex.EncodeToString(got) != want {
		o.t.Fatalf("%s: %x instead of %s", what, got, want)
	}
}

// xwing is the secret in a ciphertext, and the key, of a seed: X-Wing, sections 5.2 to 5.5.
func (o *oracle) xwing(seed, ciphertext []byte) (secret, key []byte) {
	expanded := sha3.SumSHAKE256(seed, 96)
	m, err := mlkem.NewDecapsulationKey768(expanded[:64])
	if err != nil {
		o.t.Fatal(err)
	}
	x, err := ecdh.X25519().NewPrivateKey(expanded[64:])
	if err != nil {
		o.t.Fatal(err)
	}
	key = append(m.EncapsulationKey().Bytes(), x.PublicKey().Bytes()...)
	if ciphertext == nil {
		return nil, key
	}
	sm, err := m.Decapsulate(ciphertext[:1088])
	if err != nil {
		o.t.Fatal(err)
	}
	point, err := ecdh.X25519().NewPublicKey(ciphertext[1088:])
	if err != nil {
		o.t.Fatal(err)
	}
	sx, err := x.ECDH(point)
	if err != nil {
		o.t.Fatal(err)
	}
	all := bytes.Join([][]byte{sm, sx, ciphertext[1088:], x.PublicKey().Bytes(),
		[]byte(`\.//^\`)}, nil)
	sum := sha3.Sum256(all)
	return sum[:], key
}

func (o *oracle) derive(secret, salt []byte, use string, size int, info ...[]byte) []byte {
	b, err := hkdf.Key(sha256.New, secret, salt,
		"murmuration/session/v1 "+use+string(bytes.Join(info, nil)), size)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func oracleMAC(key []byte, use string, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("murmuration/session/v1 " + use))
	h.Write(data)
	return h.Sum(nil)
}

func sum(b []byte) []byte {
	s := sha256.Sum256(b)
	return s[:]
}

func (o *oracle) open(key, sealed, bound []byte) []byte {
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		o.t.Fatal(err)
	}
	b, err := aead.Open(nil, make([]byte, 12), sealed, bound)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *oracle) knock(v vector) {
	o.card, o.seeds["a"] = o.hex(v.Bytes), o.hex(v.Random)
	_, key := o.xwing(o.seeds["a"], nil)
	o.same("the key in the card", o.card[142:1358], hex.EncodeToString(key))
	o.same("the start", o.card[70:142], v.Start)
	o.id["a"] = sum(o.card)
	o.same("the id of a", o.id["a"], v.Keys["device a"])
}

func (o *oracle) answer(v vector) {
	b := o.hex(v.Bytes)
	o.same("the card that is answered", b[1:33], hex.EncodeToString(sum(o.card)))
	secret, _ := o.xwing(o.seeds["a"], b[33:1153])
	relation := make([]byte, 32)
	for i := range relation {
		relation[i] = byte(i)
	}
	card := o.open(o.derive(secret, nil, "answer", 32, sum(o.card), relation), b[1153:], b[:1153])
	o.seeds["b"] = o.hex(v.Random)[:32]
	_, key := o.xwing(o.seeds["b"], nil)
	o.same("the key in the card", card[142:1358], hex.EncodeToString(key))
	o.id["b"] = sum(card)
	o.same("the id of b", o.id["b"], v.Keys["device b"])
	keys := o.derive(secret, nil, "root", 160, sum(o.card), sum(card), sum(b[33:1153]), relation)
	o.root, o.hint, o.chains["a"], o.chains["b"] = keys[:32], keys[32:64], keys[96:128], keys[128:]
	o.same("the root", o.root, v.Keys["root"])
	o.same("the hint key", o.hint, v.Keys["hint"])
	o.same("the secret", keys[64:96], v.Keys["secret"])
	o.same("a's chain", o.chains["a"], v.Keys["sending"])
	o.same("b's chain", o.chains["b"], v.Keys["receiving"])
}

func (o *oracle) record(v vector) {
	b, from, to := o.hex(v.Bytes), v.By, map[string]string{"a": "b", "b": "a"}[v.By]
	w, rest := b[40:105], b[105:]
	if b[3] == 1 { // a turn
		o.turn++
		secret, _ := o.xwing(o.seeds[to], rest[:1120])
		info := binary.BigEndian.AppendUint32(nil, o.turn)
		keys := o.derive(secret, o.root, "turn", 64, sum(rest[:2336]), info)
		o.root, o.chains[from], o.counters[from] = keys[:32], keys[32:], 0
		o.seeds[from] = o.hex(v.Random)[32:64]
		_, key := o.xwing(o.seeds[from], nil)
		o.same("the key of the turn", rest[1120:2336], hex.EncodeToString(key))
	}
	index, err := strconv.ParseUint(v.Index, 10, 64)
	if err != nil {
		o.t.Fatal(err)
	}
	at := binary.BigEndian.AppendUint64(o.hex(v.Root), index)
	o.same("the hint", w[:4], hex.EncodeToString(oracleMAC(o.hint, "hint", at)[:4]))
	if counter := binary.BigEndian.Uint32(w[8:]); counter != o.counters[from] {
		o.t.Fatalf("counter %d instead of %d", counter, o.counters[from])
	}
	o.counters[from]++
	message := oracleMAC(o.chains[from], "message", nil)
	o.chains[from] = oracleMAC(o.chains[from], "chain", nil)
	body := sum(append(bytes.Clone(b[:40]), rest...))
	bound := bytes.Join([][]byte{at, o.id[from], o.id[to], body, w[:13]}, nil)
	key := o.open(oracleMAC(message, "wrap", bound), w[13:], nil)[:32]
	o.same("the commitment", sum(append([]byte("murmuration/session/v1 commitment"), key...)),
		hex.EncodeToString(b[8:40]))
	c, err := chacha20.NewUnauthenticatedCipher(o.derive(key, nil, "content", 32),
		make([]byte, 12))
	if err != nil {
		o.t.Fatal(err)
	}
	content := rest[2336*int(b[3]):]
	c.XORKeyStream(content, content)
	o.same("the content", content, v.Content)
	o.same("the root", o.root, v.Keys["root"])
	o.same("the chain", o.chains[from], v.Keys["receiving"])
}
