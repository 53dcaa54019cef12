package sphinx_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"testing"
	"time"

	"pgregory.net/rapid"

	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
)

// world is one random network seen by both implementations.
type world struct {
	t    *rapid.T
	o    oracle
	p    *sphinx.Params
	keys []*suite.PrivateKey
	hops []sphinx.Hop
	path []oracleHop
}

func draw(t *rapid.T, name string, reply bool) *world {
	s := must(suite.ByName(name))
	w := &world{t: t, o: oracle{
		kem:         s.KEM(),
		hops:        rapid.IntRange(1, 6).Draw(t, "hops"),
		userPayload: rapid.IntRange(0, 500).Draw(t, "user payload"),
	}}
	w.p = must(sphinx.NewParams(s, w.o.hops, w.o.userPayload, true))
	n := rapid.IntRange(1, w.o.hops).Draw(t, "path")
	for i := range n {
		w.addHop(s, i == n-1, reply)
	}
	return w
}

func (w *world) addHop(s *suite.Suite, last, reply bool) {
	seed := [32]byte(w.bytes("seed", 32))
	key := must(s.NewPrivateKey(seed))
	ms := rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32()).Draw(w.t, "delay")
	h := sphinx.Hop{
		ID: sphinx.NodeID(w.bytes("id", 32)), Key: key.Public(),
		Delay: time.Duration(ms) * time.Millisecond,
	}
	o := oracleHop{id: h.ID[:], secret: seed[:], public: key.Public().Bytes()}
	if ms > 0 {
		o.commands = binary.BigEndian.AppendUint32([]byte{0x80}, ms)
	}
	if last {
		recipient := sphinx.RecipientID(w.bytes("recipient", 32))
		h.Recipient = &recipient
		o.commands = append(append(o.commands, 0x02), recipient[:]...)
	}
	if last && reply {
		id := sphinx.SURBID(w.bytes("SURB ID", 16))
		h.SURBID = &id
		o.commands = append(append(o.commands, 0x03), id[:]...)
	}
	w.keys, w.hops, w.path = append(w.keys, key), append(w.hops, h), append(w.path, o)
}

func (w *world) bytes(label string, n int) []byte {
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(w.t, label)
}

// carry takes a packet through all hops with both implementations, compares
// what they make of it, and returns what the last hop gets.
func (w *world) carry(packet []byte) sphinx.Result {
	u, tags := sphinx.NewUnwrapper(w.p), map[sphinx.Tag]bool{}
	for i, key := range w.keys {
		commands, want, err := w.o.peel(w.path[i], packet)
		if err != nil {
			w.t.Fatalf("hop %d: %v", i, err)
		}
		mine := w.path[i].commands
		if !bytes.Equal(commands[:len(mine)], mine) {
			w.t.Fatalf("hop %d: the oracle finds commands %x", i, commands)
		}
		tag := sphinx.Tag(sha512.Sum512_256(packet[2 : 2+w.o.element()]))
		r, err := u.Unwrap(key, packet)
		if err != nil {
			w.t.Fatalf("hop %d: %v", i, err)
		}
		if r.Delay != w.hops[i].Delay || r.Tag != tag || tags[tag] {
			w.t.Fatalf("hop %d: delay %v, tag %x", i, r.Delay, r.Tag)
		}
		tags[tag] = true
		if i == len(w.keys)-1 {
			w.checkLast(r, want)
			return r
		}
		if r.Kind != sphinx.Forward || r.Next != w.hops[i+1].ID || r.Payload != nil {
			w.t.Fatalf("hop %d: %+v", i, r)
		}
		if !bytes.Equal(packet, want) {
			w.t.Fatalf("hop %d: the implementations differ on the next packet", i)
		}
	}
	panic("a path without hops")
}

func (w *world) checkLast(r sphinx.Result, body []byte) {
	last := w.hops[len(w.hops)-1]
	if r.Recipient != *last.Recipient {
		w.t.Fatalf("recipient %x", r.Recipient)
	}
	if last.SURBID == nil {
		body = body[32:]
	} else if r.Kind != sphinx.Reply || r.SURBID != *last.SURBID {
		w.t.Fatalf("%v %x", r.Kind, r.SURBID)
	}
	if !bytes.Equal(r.Payload, body) {
		w.t.Fatal("the implementations differ on the payload")
	}
}

func forBothSuites(t *testing.T, f func(t *rapid.T, name string)) {
	for _, name := range suite.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) { f(t, name) })
		})
	}
}

func TestOracleOpensOurPackets(t *testing.T) {
	forBothSuites(t, func(t *rapid.T, name string) {
		w := draw(t, name, false)
		user := w.bytes("user", rapid.IntRange(0, w.o.userPayload).Draw(t, "length"))
		var surb []byte
		if rapid.Bool().Draw(t, "with SURB") {
			surb = w.bytes("SURB", w.p.SURBSize())
		}
		packet := must(w.p.New(rand.Reader, w.hops, surb, user))
		r := w.carry(packet)
		if !bytes.Equal(r.Payload, w.o.payload(surb, user)) {
			t.Fatal("payload differs from the text's")
		}
		gotSURB, gotUser, err := w.p.ParsePayload(r.Payload)
		if err != nil || !bytes.Equal(gotSURB, surb) || !bytes.Equal(gotUser[:len(user)], user) {
			t.Fatalf("parsed %x %x, %v", gotSURB, gotUser, err)
		}
	})
}

func TestWeOpenTheOraclesPackets(t *testing.T) {
	forBothSuites(t, func(t *rapid.T, name string) {
		w := draw(t, name, false)
		payload := w.o.payload(nil, w.bytes("user", w.o.userPayload))
		if r := w.carry(w.o.makePacket(w.path, payload)); !bytes.Equal(r.Payload, payload) {
			t.Fatal("wrong payload")
		}
	})
}

func TestOracleRepliesWithOurSURB(t *testing.T) {
	forBothSuites(t, func(t *rapid.T, name string) {
		w := draw(t, name, true)
		surb, keys, err := w.p.NewSURB(rand.Reader, w.hops)
		if err != nil {
			t.Fatal(err)
		}
		payload := w.bytes("payload", w.p.PayloadSize())
		packet, first := w.o.reply(surb, payload)
		if !bytes.Equal(first, w.path[0].id) {
			t.Fatalf("first hop %x", first)
		}
		got, err := w.p.OpenReply(keys, w.carry(packet).Payload)
		if err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("opened %x, %v", got, err)
		}
	})
}

func TestWeReplyWithTheOraclesSURB(t *testing.T) {
	forBothSuites(t, func(t *rapid.T, name string) {
		w := draw(t, name, true)
		surb, keys := w.o.makeSURB(w.path)
		payload := w.bytes("payload", rapid.IntRange(0, w.p.PayloadSize()).Draw(t, "length"))
		packet, first, err := w.p.FromSURB(surb, payload)
		if err != nil || first != w.hops[0].ID {
			t.Fatalf("first hop %x, %v", first, err)
		}
		got := w.o.openReply(keys, w.carry(packet).Payload)
		if !bytes.Equal(got[:len(payload)], payload) ||
			len(bytes.Trim(got[len(payload):], "\x00")) != 0 {
			t.Fatalf("opened %x", got)
		}
	})
}
