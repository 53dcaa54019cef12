package ticket

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/kem"
	"murmuration/internal/box"
)

var network = boxstream.Network{
	ID: box.NetworkID{1, 2, 3}, Format: box.Format{Plaintext: box.RecordHeaderSize + 8192},
	Calendar: box.Calendar{
		Genesis: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Retention: 14,
	},
}

// meeting is all that was said at one.
type meeting struct {
	keys        Keys
	card, claim []byte
	claimant    Claimant
	theirs      Secret // the claimant's
}

func meet(t *testing.T) meeting {
	t.Helper()
	random := rand.NewChaCha8([32]byte{7})
	keys, err := NewKeys(random)
	if err != nil {
		t.Fatal(err)
	}
	card, err := keys.Card(Profile{Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	c := Claimant{Profile{"Ben", []byte("jpeg")}, door(t), []byte("a card")}
	claim, theirs, err := example.Claim(random, card, c)
	if err != nil {
		t.Fatal(err)
	}
	return meeting{keys, card, claim, c, theirs}
}

func door(t *testing.T) boxstream.Start {
	t.Helper()
	w, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{8}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Start()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMeeting: through real boxes, both come to one secret, and the nonce that was promised.
func TestMeeting(t *testing.T) {
	m := meet(t)
	through := func(s Spot, day box.Day, content []byte) []byte {
		sealed, err := s.Seal(network, day, content)
		if err != nil {
			t.Fatal(err)
		}
		id, err := s.ID(network, day)
		if err != nil || id != sealed.ID {
			t.Fatalf("the box is looked for elsewhere: %v", err)
		}
		got, err := s.Open(network, day, sealed.Box())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	card := through(example.CardSpot(), 17, m.card)
	shown, err := ParseCard(card)
	if err != nil || shown.Profile.Name != "Ada" {
		t.Fatalf("%+v, %v", shown.Profile, err)
	}
	claim := through(example.ClaimSpot(), 20, m.claim)
	c, ours, err := m.keys.Open(example, card, claim)
	if err != nil || c.Profile.Name != "Ben" || c.Door != m.claimant.Door ||
		!bytes.Equal(c.Knock, m.claimant.Knock) {
		t.Fatalf("%+v, %v", c, err)
	}
	if ours.Relation != m.theirs.Relation || ours.Transcript != m.theirs.Transcript {
		t.Error("two secrets")
	}
	said := ours.Answer(Answer{Confirmed, m.keys.Nonce, door(t), []byte("an answer")})
	a, err := m.theirs.Open(shown, through(ours.Spot(), 21, said))
	if err != nil || a.Nonce != m.keys.Nonce || string(a.Answer) != "an answer" {
		t.Errorf("%+v, %v", a, err)
	}
	for _, v := range []Verdict{Declined, TooLate} {
		if a, err := m.theirs.Open(shown, ours.Answer(Answer{Verdict: v})); err != nil ||
			a.Verdict != v {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

// TestTicketAloneOpensTheCard, and nothing behind it: not the claim, and not the answer.
func TestTicketAloneOpensTheCard(t *testing.T) {
	m := meet(t)
	thief, err := NewKeys(rand.NewChaCha8([32]byte{9}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseCard(m.card); err != nil {
		t.Error(err)
	}
	if _, _, err := thief.Open(example, m.card, m.claim); !errors.Is(err, ErrForged) {
		t.Errorf("a claim opens without the key: %v", err)
	}
	if bytes.Contains(m.claim, []byte("Ben")) || bytes.Contains(m.claim, m.claimant.Door[:]) {
		t.Error("the claim is not sealed")
	}
}

// TestClaimsAreForOneCard, one ticket and one key: whatever is changed, they do not open.
func TestClaimsAreForOneCard(t *testing.T) {
	m := meet(t)
	other, err := m.keys.Card(Profile{Name: "Eve"})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, spoilt, cut := example, bytes.Clone(m.claim), m.claim[:claimHead]
	elsewhere.Day++
	spoilt[claimHead+3] ^= 1
	ciphertext := bytes.Clone(m.claim)
	ciphertext[9] ^= 1
	for name, c := range map[string]struct {
		t           Ticket
		card, claim []byte
	}{
		"another card": {example, other, m.claim}, "another ticket": {elsewhere, m.card, m.claim},
		"spoilt": {example, m.card, spoilt}, "cut": {example, m.card, cut},
		"nothing": {example, m.card, nil}, "ciphertext": {example, m.card, ciphertext},
	} {
		if _, _, err := m.keys.Open(c.t, c.card, c.claim); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, _, err := m.keys.Open(example, m.card, m.claim); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// TestAnswersThatAreRefused: a nonce that was not promised, a refusal with more in it, other bytes.
func TestAnswersThatAreRefused(t *testing.T) {
	m := meet(t)
	card, err := ParseCard(m.card)
	if err != nil {
		t.Fatal(err)
	}
	good := Answer{Confirmed, m.keys.Nonce, door(t), []byte("an answer")}
	nonce, verdict, refusal, doorless := good, good, good, good
	nonce.Nonce[0] ^= 1
	verdict.Verdict = 9
	refusal.Verdict = Declined
	doorless.Door = boxstream.Start{}
	for name, a := range map[string]Answer{
		"nonce": nonce, "verdict": verdict, "refusal": refusal, "no door": doorless,
	} {
		if _, err := m.theirs.Open(card, m.theirs.Answer(a)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	b := m.theirs.Answer(good)
	for name, b := range map[string][]byte{
		"nothing": nil, "version": append([]byte{2}, b[1:]...), "cut": b[:len(b)-1],
	} {
		if _, err := m.theirs.Open(card, b); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := m.theirs.Open(card, b); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// TestCardsThatAreRefused: names that move a cursor, keys that are none, second spellings.
func TestCardsThatAreRefused(t *testing.T) {
	m := meet(t)
	key := kem.Public(m.keys.Seed[:])
	for name, c := range map[string]Card{
		"escape":    {Profile{Name: "\x1b[2J"}, key, [32]byte{}},
		"two lines": {Profile{Name: "Ada\nBen: hello"}, key, [32]byte{}},
		"no name":   {Profile{}, key, [32]byte{}},
		"long":      {Profile{Name: strings.Repeat("a", 65)}, key, [32]byte{}},
		"picture":   {Profile{"Ada", make([]byte, MaxPicture+1)}, key, [32]byte{}},
		"key":       {Profile{Name: "Ada"}, key[1:], [32]byte{}},
		"zero key":  {Profile{Name: "Ada"}, make([]byte, kem.KeySize), [32]byte{}},
	} {
		if _, err := ParseCard(encode(c)); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "more": append(bytes.Clone(m.card), 0), "cut": m.card[:40],
		"other": []byte{0xa1, 1, 2},
	} {
		if _, err := ParseCard(b); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseCard(m.card); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// TestBoxesOfATicket: each spot and day has its own, and tombstones are seen.
func TestBoxesOfATicket(t *testing.T) {
	seen := map[box.ID]bool{}
	for _, s := range []Spot{example.CardSpot(), example.ClaimSpot(), meet(t).theirs.Spot()} {
		for day := range box.Day(3) {
			id, err := s.ID(network, day)
			if err != nil || seen[id] {
				t.Fatalf("twice the same box, or %v", err)
			}
			seen[id] = true
		}
	}
	s := example.CardSpot()
	stone, err := s.Tombstone(network, 17)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(network, 17, stone); !errors.Is(err, box.ErrTombstone) {
		t.Errorf("a tombstone: %v", err)
	}
	sealed, err := s.Seal(network, 17, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(network, 18, sealed.Box()); !errors.Is(err, ErrForeign) {
		t.Errorf("a box of another day: %v", err)
	}
	if _, err := s.Seal(network, 17, make([]byte, 8193)); !errors.Is(err, errSmall) {
		t.Errorf("a content that is too large: %v", err)
	}
}

// TestSizes are those of docs/contact.md.
func TestSizes(t *testing.T) {
	keys := Keys{}
	p := Profile{strings.Repeat("n", 64), make([]byte, MaxPicture)}
	card, err := keys.Card(p)
	if err != nil || len(card) > 4400 {
		t.Errorf("a card of %d bytes, %v", len(card), err)
	}
	c := Claimant{p, door(t), make([]byte, maxKnock)}
	claim, s, err := example.Claim(rand.NewChaCha8([32]byte{1}), card, c)
	if err != nil || len(claim) > 6400 {
		t.Errorf("a claim of %d bytes, %v", len(claim), err)
	}
	a := s.Answer(Answer{Confirmed, [32]byte{}, door(t), make([]byte, maxAnswer)})
	if len(a) > 4300 {
		t.Errorf("an answer of %d bytes", len(a))
	}
}

func FuzzBoxes(f *testing.F) {
	keys, _ := NewKeys(rand.NewChaCha8([32]byte{7}))
	card, _ := keys.Card(Profile{Name: "Ada"})
	shown, _ := ParseCard(card)
	f.Add(card)
	f.Add(Profile{Name: "Ada"}.Marshal())
	f.Add([]byte{claimVersion})
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseCard(b); err == nil && !bytes.Equal(encode(c), b) {
			t.Fatal("a card with a second spelling")
		}
		if p, err := ParseProfile(b); err == nil && !bytes.Equal(p.Marshal(), b) {
			t.Fatal("a profile with a second spelling")
		}
		if _, _, err := keys.Open(example, card, b); err == nil {
			t.Fatal("a claim from nothing")
		}
		if _, err := (Secret{}).Open(shown, b); err == nil {
			t.Fatal("an answer from nothing")
		}
	})
}
