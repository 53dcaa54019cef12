package ticket

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"murmuration/client/boxstream"
	"murmuration/client/words"
)

// vector is one meeting with everything that was drawn; all in hex, but for texts.
type vector struct {
	URI        string    `json:"ticket"`
	Network    string    `json:"network"`
	CardID     string    `json:"card_box"`  // its id on the ticket's day
	ClaimID    string    `json:"claim_box"` // on the day after
	Seed       string    `json:"seed"`
	Nonce      string    `json:"nonce"`
	Inviter    string    `json:"inviter"` // claimed name
	Card       string    `json:"card"`
	Drawn      string    `json:"drawn"` // for encapsulation
	Newcomer   string    `json:"newcomer"`
	Door       string    `json:"door"`
	Knock      string    `json:"knock"`
	Claim      string    `json:"claim"`
	Transcript string    `json:"transcript"`
	Relation   string    `json:"relation_secret"`
	AnswerID   string    `json:"answer_box"` // on the day after
	Answer     string    `json:"answer"`     // confirmed, with the same door, and the knock's bytes
	Words      [4]string `json:"words"`      // before any other device came
}

func fill(n int, from byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = from + byte(i)
	}
	return b
}

// example1 works the vector out.
func example1(t *testing.T) (v vector) {
	t.Helper()
	x := hex.EncodeToString
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	v.URI, v.Network = example.URI(), x(network.ID[:])
	keys := Keys{[32]byte(fill(32, 0)), [32]byte(fill(32, 0x20))}
	v.Seed, v.Nonce, v.Inviter = x(keys.Seed[:]), x(keys.Nonce[:]), "Ada"
	card, err := keys.Card(Profile{Name: v.Inviter})
	must(err)
	v.Card = x(card)
	drawn, start := fill(64, 0x40), door(t)
	c := Claimant{Profile{Name: "Ben"}, start, []byte("a card")}
	v.Drawn, v.Newcomer, v.Door, v.Knock = x(drawn), "Ben", x(start[:]), x(c.Knock)
	claim, s, err := example.Claim(bytes.NewReader(drawn), card, c)
	must(err)
	v.Claim, v.Transcript, v.Relation = x(claim), x(s.Transcript[:]), x(s.Relation[:])
	id, err := example.CardSpot().ID(network, 17)
	must(err)
	v.CardID = x(id[:])
	id, err = example.ClaimSpot().ID(network, 18)
	must(err)
	v.ClaimID = x(id[:])
	id, err = s.Spot().ID(network, 18)
	must(err)
	v.AnswerID = x(id[:])
	v.Answer = x(s.Answer(Answer{Confirmed, keys.Nonce, boxstream.Start(start), c.Knock}))
	v.Words = words.Compare(keys.Nonce[:], s.Transcript[:])
	return v
}

// TestVectors: what is worked out is what stands in testdata/vectors.json.
func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var want vector
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	got := example1(t)
	for i := range reflect.TypeFor[vector]().NumField() {
		g, w := reflect.ValueOf(got).Field(i), reflect.ValueOf(want).Field(i)
		if !reflect.DeepEqual(g.Interface(), w.Interface()) {
			t.Errorf("%s is %.80v", reflect.TypeFor[vector]().Field(i).Name, g)
		}
	}
}
