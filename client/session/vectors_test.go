package session

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"murmuration/internal/transcript"
)

// vector is a message between two devices, a and b, in the order of the file: a is read by b.
type vector struct {
	Name    string            `json:"name"`
	Form    string            `json:"form"`              // knock, answer, record
	By      string            `json:"by"`                // who made it
	Random  string            `json:"random,omitempty"`  // what was drawn for it, in this order
	Root    string            `json:"root,omitempty"`    // of the stream it stands in
	Index   string            `json:"index,omitempty"`   // in it
	Start   string            `json:"start,omitempty"`   // in a card
	Content string            `json:"content,omitempty"` // of a record
	Keys    map[string]string `json:"keys,omitempty"`    // of the session after it, at its reader
	Bytes   string            `json:"bytes"`
	Expect  string            `json:"expect"`
}

// TestVectors: the file has what the code makes, and what the code says of it.
func TestVectors(t *testing.T) {
	path := filepath.Join("testdata", "vectors.json")
	want, err := json.MarshalIndent(conversation(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if transcript.Rewriting() {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the vectors are not what the code makes (%v): read the diff of -rewrite", err)
	}
}

// conversation makes and reads the messages of the vectors.
func conversation(t *testing.T) (all []vector) {
	v := &vectorMaker{t: t, a: newDevice(t, 1), b: newDevice(t, 2)}
	v.a.root, v.a.index = startOf(t, 1).Before()
	for i := range v.a.Relation {
		v.a.Relation[i], v.b.Relation[i] = byte(i), byte(i)
	}
	card := v.knock()
	v.answer(card)
	v.record(v.a, v.b, "a", "hello")
	v.record(v.b, v.a, "b", "and to you")
	v.record(v.b, v.a, "b", "")
	v.record(v.a, v.b, "a", "a third turn")
	return v.refuse()
}

// TestWorkedExample: the specification shows what the vectors have.
func TestWorkedExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "session.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := conversation(t)
	knock, answer, record := all[0], all[1], all[2]
	for _, shown := range []string{knock.Random, knock.Start, knock.Keys["device a"], answer.Random,
		answer.Bytes[66:], answer.Keys["device b"], answer.Keys["root"], answer.Keys["hint"],
		answer.Keys["secret"], answer.Keys["sending"], answer.Keys["receiving"],
		record.Bytes[16:], record.Keys["root"], record.Keys["receiving"]} {
		if !bytes.Contains(text, []byte(shown[:16]+"…")) {
			t.Errorf("%s… is not in it", shown[:16])
		}
	}
	if !bytes.Contains(text, []byte(record.Index)) {
		t.Error("the index is another one")
	}
}

type vectorMaker struct {
	t    *testing.T
	a, b *device
	all  []vector
	last State // of b, before the last record
	at   Place
	card []byte
}

// tape remembers what was drawn.
type tape struct {
	from *rand.ChaCha8
	bytes.Buffer
}

func (r *tape) draws() io.Reader { return io.TeeReader(r.from, r) }

func (v *vectorMaker) knock() []byte {
	drawn := &tape{from: v.a.random}
	start := v.a.startHere()
	next, card, err := v.a.Knock(drawn.draws(), ReasonMeeting, start, epoch)
	if err != nil {
		v.t.Fatal(err)
	}
	v.a.State, v.card = next, card
	v.all = append(v.all, vector{Name: "a knocks", Form: "knock", By: "a",
		Random: hex.EncodeToString(drawn.Bytes()), Start: hex.EncodeToString(start[:]),
		Keys:  map[string]string{"device a": hex.EncodeToString(next.Self[:])},
		Bytes: hex.EncodeToString(card), Expect: "accept"})
	return card
}

func (v *vectorMaker) answer(card []byte) {
	drawn := &tape{from: v.b.random}
	start := v.b.startHere()
	next, answer, _, err := v.b.Answer(drawn.draws(), card, start, false, epoch)
	if err != nil {
		v.t.Fatal(err)
	}
	v.b.State = next
	if v.a.State, _, err = v.a.Answered(answer, false, epoch); err != nil {
		v.t.Fatal(err)
	}
	keys := keysOf(v.a)
	keys["device b"] = hex.EncodeToString(next.Self[:])
	v.all = append(v.all, vector{Name: "b answers", Form: "answer", By: "b",
		Random: hex.EncodeToString(drawn.Bytes()), Start: hex.EncodeToString(start[:]),
		Keys: keys, Bytes: hex.EncodeToString(answer), Expect: "accept"})
}

func (v *vectorMaker) record(from, to *device, by, text string) {
	drawn := &tape{from: from.random}
	from.index++
	at := Place{from.root, from.index}
	next, b, err := from.Seal(drawn.draws(), at, recordSize, []byte(text), nil)
	if err != nil {
		v.t.Fatal(err)
	}
	from.State, v.last, v.at = next, to.State, at
	if got, err := to.read(at, b); err != nil || got != text {
		v.t.Fatal(got, err)
	}
	v.all = append(v.all, vector{Name: "a record", Form: "record", By: by,
		Random: hex.EncodeToString(drawn.Bytes()), Root: hex.EncodeToString(at.Root[:]),
		Index:   strconv.FormatUint(at.Index, 10),
		Content: hex.EncodeToString([]byte(text)), Keys: keysOf(to),
		Bytes: hex.EncodeToString(b), Expect: "accept"})
}

func keysOf(d *device) map[string]string {
	x := d.Peers[0].Sessions[0]
	return map[string]string{
		"root": hex.EncodeToString(x.Root[:]), "hint": hex.EncodeToString(x.Hint[:]),
		"secret":    hex.EncodeToString(x.Secret[:]),
		"sending":   hex.EncodeToString(x.Sending.Key[:]),
		"receiving": hex.EncodeToString(x.Receiving.Key[:]),
	}
}

// refuse adds what is not taken: the names are the reasons.
func (v *vectorMaker) refuse() []vector {
	record, _ := hex.DecodeString(v.all[len(v.all)-1].Bytes)
	card := v.card
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0x80
		return b
	}
	for _, b := range [][]byte{flip(record, 0), flip(record, len(record)-1),
		flip(record, recordFixed), flip(record, recordFixed+5), record[:recordFixed],
		flip(record, recordFixed+wrapSize)} {
		_, _, err := v.last.Open(v.at, b, epoch)
		v.add("record", b, err)
	}
	for _, b := range [][]byte{card[:len(card)-1], flip(card, 0), flip(card, 38),
		append(bytes.Clone(card[:142]), make([]byte, keySize+1)...)} {
		_, err := ParseCard(b)
		v.add("knock", b, err)
	}
	return v.all
}

func (v *vectorMaker) add(form string, b []byte, err error) {
	name := "accept"
	for is, reason := range map[string]error{"malformed": ErrMalformed, "forged": ErrForged,
		"not for us": ErrNotForUs, "lost": ErrLost} {
		if errors.Is(err, reason) {
			name = is
		}
	}
	if name == "accept" {
		v.t.Errorf("a %s of %d bytes is taken", form, len(b))
	}
	v.all = append(v.all, vector{Name: name, Form: form, By: "a", Bytes: hex.EncodeToString(b),
		Root:  hex.EncodeToString(v.at.Root[:]),
		Index: strconv.FormatUint(v.at.Index, 10), Expect: name})
}
