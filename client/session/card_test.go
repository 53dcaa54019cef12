package session

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/katzenpost/hpqc/kem/xwing"

	"murmuration/client/kem"
)

// TestKeysAreXWing: hpqc's own functions open what ours made, and the other way round.
func TestKeysAreXWing(t *testing.T) {
	d := newDevice(t, 1)
	for range 5 {
		seeds, _ := draw(d.random, 32+drawSize)
		key := kem.Public(seeds[:32])
		secret, ciphertext, err := kem.Encapsulate(key, seeds[32:])
		if err != nil || checkKey(key) != nil {
			t.Fatal(err)
		}
		_, private := xwing.Scheme().DeriveKeyPair(seeds[:32])
		if theirs, err := xwing.Scheme().Decapsulate(private, ciphertext); err != nil ||
			!bytes.Equal(theirs, secret) {
			t.Error("hpqc does not open it", err)
		}
		public, _ := xwing.Scheme().UnmarshalBinaryPublicKey(key)
		ciphertext, theirs, err := xwing.Scheme().Encapsulate(public)
		if err != nil {
			t.Fatal(err)
		}
		if ours, err := decapsulate(seeds[:32], ciphertext); err != nil ||
			!bytes.Equal(ours, theirs) {
			t.Error("hpqc's is not opened", err)
		}
	}
}

func knockOf(t failer, d *device) []byte {
	next, card, err := d.Knock(d.random, ReasonMeeting, d.startHere(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	d.State = next
	return card
}

func TestCardsAreReadInOneSpelling(t *testing.T) {
	d := newDevice(t, 1)
	first := knockOf(t, d)
	meet(t, d, newDevice(t, 2), false)
	later := knockOf(t, d)
	for _, b := range [][]byte{first, later} {
		c, err := ParseCard(b)
		if err != nil || !bytes.Equal(c.Marshal(), b) || c.ID() != d.Self {
			t.Fatal(err)
		}
	}
	if len(first) != cardBody+1 || len(later) != cardBody+1+proofSize {
		t.Errorf("%d and %d bytes", len(first), len(later))
	}
	wrong := func(at int, b ...byte) []byte {
		card := bytes.Clone(later)
		copy(card[at:], b)
		return card
	}
	for name, b := range map[string][]byte{
		"nothing":                 nil,
		"version":                 wrong(0, 2),
		"short":                   later[:len(later)-1],
		"long":                    append(bytes.Clone(later), 0),
		"more proofs":             wrong(cardBody, 2),
		"too many proofs":         append(wrong(cardBody, 17), make([]byte, 16*proofSize)...),
		"proofs in a first card":  wrong(6, make([]byte, 32)...),
		"an answer to nothing":    wrong(1, byte(ReasonAnswer)),
		"a knock that answers":    wrong(38, 1),
		"a stream without a key":  wrong(70, make([]byte, 32)...),
		"ML-KEM above modulus":    wrong(142, 0xff, 0xff, 0xff),
		"X25519 of a small order": wrong(142+1184, make([]byte, 32)...),
	} {
		if _, err := ParseCard(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBackupNamesNoDevice: who can write a door, but holds no session, is no device that is known.
func TestBackupNamesNoDevice(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	says(t, a, "confirmed", b)
	false_ := newDevice(t, 3)
	false_.Self = a.Self
	if _, _, _, err := b.Answer(b.random, knockOf(t, false_), b.startHere(), false, epoch); err !=
		ErrClaim {
		t.Errorf("a false card: %v", err)
	}
	forgedCard, _ := ParseCard(knockOf(t, false_))
	forgedCard.Proofs = [][proofSize]byte{{1}, forgedCard.prove([32]byte{}), {}}
	if _, _, _, err := b.Answer(b.random, forgedCard.Marshal(), b.startHere(), false, epoch); err !=
		ErrClaim {
		t.Errorf("a false card with proofs: %v", err)
	}
	card := knockOf(t, a)
	if _, _, _, err := b.Answer(b.random, card, b.startHere(), true, epoch); err != ErrClaim {
		t.Errorf("a device of the contact in one's own door: %v", err)
	}
	// The same in answers.
	forger := newDevice(t, 4)
	forger.Self = b.Self
	var forged, answer []byte
	forger.State, forged, _, _ = forger.Answer(forger.random, card, forger.startHere(), false,
		epoch)
	if _, _, err := a.Answered(forged, false, epoch); err != ErrClaim {
		t.Errorf("a false answer: %v", err)
	}
	next, answer, begun, err := b.Answer(b.random, card, b.startHere(), false, epoch)
	if err != nil || begun.Device != a.Self || !begun.Again {
		t.Fatal("control: the device itself", err)
	}
	b.State = next
	if _, _, _, err := b.Answer(b.random, card, b.startHere(), false, epoch); err != ErrOld {
		t.Errorf("the same card again: %v", err)
	}
	if a.State, _, err = a.Answered(answer, false, epoch); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Answered(answer, false, epoch); err != ErrOld {
		t.Errorf("the same answer again: %v", err)
	}
	if _, _, err := newDevice(t, 5).Answered(answer, false, epoch); err != ErrStranger {
		t.Errorf("an answer for somebody else: %v", err)
	}
	if _, _, _, err := a.Answer(a.random, card, a.startHere(), true, epoch); err != ErrOwn {
		t.Errorf("its own card: %v", err)
	}
	answer[len(answer)-1] ^= 1
	if _, _, err := a.Answered(answer, false, epoch); err != ErrForged {
		t.Errorf("a changed answer: %v", err)
	}
	says(t, b, "all the same", a)
}

func TestFiveDevices(t *testing.T) {
	b := newDevice(t, 1)
	for i := range uint64(MostDevices) {
		meet(t, newDevice(t, 10+i), b, false)
		if i > 0 { // this device is the first of its own
			meet(t, newDevice(t, 20+i), b, true)
		}
	}
	for own, seed := range map[bool]uint64{false: 30, true: 31} {
		card := knockOf(t, newDevice(t, seed))
		if _, _, _, err := b.Answer(b.random, card, b.startHere(), own, epoch); err !=
			ErrMostDevices {
			t.Errorf("one more, %v: %v", own, err)
		}
	}
	at, record := b.write(t, "to nine")
	if r, err := parseRecord(record); err != nil || len(r.wraps) != 9 {
		t.Errorf("%v at %v", err, at.Index)
	}
}

// TestKnocksEnd: a card waits for ninety days, and its key is gone then.
func TestKnocksEnd(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	card := knockOf(t, a)
	_, answer, _, err := b.Answer(b.random, card, b.startHere(), false, epoch)
	if err != nil {
		t.Fatal(err)
	}
	early, _ := a.Expire(epoch.Add(Patience - time.Second))
	if _, _, err := early.Answered(answer, false, epoch); err != nil {
		t.Error("control:", err)
	}
	late, _ := a.Expire(epoch.Add(Patience))
	if _, _, err := late.Answered(answer, false, epoch); err != ErrStranger ||
		len(late.Knocks) > 0 {
		t.Error("after ninety days:", err)
	}
	for range mostKnocks {
		knockOf(t, a)
	}
	if _, _, err := a.Answered(answer, false, epoch); err != ErrStranger {
		t.Error("after four more:", err)
	}
}

// TestRefusedAnswerTakesNothing: of two cards that were answered before anything was confirmed, one
// answer may come without a proof. Its session is written in and never read, and the other one is.
func TestRefusedAnswerTakesNothing(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	first, second := knockOf(t, b), knockOf(t, b)
	var answers [2][]byte
	for i, card := range [][]byte{second, first} {
		next, answer, _, err := a.Answer(a.random, card, a.startHere(), false, epoch)
		if err != nil {
			t.Fatal(err)
		}
		a.State, answers[i] = next, answer
	}
	for i, want := range []error{nil, ErrClaim} {
		next, _, err := b.Answered(answers[1-i], false, epoch)
		if b.State = next; err != want {
			t.Fatalf("answer %d: %v", i, err)
		}
	}
	for range 3 {
		says(t, a, "in both", b)
		says(t, b, "in one", a)
	}
	x, _ := a.Peers[0].writing()
	if len(a.Peers[0].Sessions) != 2 || len(b.Peers[0].Sessions) != 1 || x.Turn < 4 {
		t.Errorf("%d and %d sessions, %d turns", len(a.Peers[0].Sessions),
			len(b.Peers[0].Sessions), x.Turn)
	}
	next, _ := a.Expire(epoch.Add(Patience - 1))
	a.Peers[0].Heard += 1000
	if late, _ := a.Expire(epoch.Add(Patience)); len(next.Peers[0].Sessions) != 2 ||
		len(late.Peers[0].Sessions) != 1 {
		t.Error("what nobody confirms stays for ninety days")
	}
}

// TestSecretsOutliveSessions: a device proves itself by a session that the other side has erased.
func TestSecretsOutliveSessions(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	says(t, a, "both know it", b)
	next, card, err := a.Knock(a.random, ReasonReset, a.startHere(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	a.State = next
	state, answer, _, err := b.Answer(b.random, card, b.startHere(), false, epoch)
	if err != nil {
		t.Fatal(err)
	}
	b.State = state
	if a.State, _, err = a.Answered(answer, false, epoch); err != nil {
		t.Fatal(err)
	}
	says(t, b, "in both", a)
	if len(a.Peers[0].Sessions) != 1 || len(b.Peers[0].Sessions) != 2 {
		t.Fatal("the first session is not over at one side alone")
	}
	_, _, _, err = a.Answer(a.random, knockOf(t, b), a.startHere(), false, epoch)
	if err != nil {
		t.Error(err)
	}
}

// TestCardsArePassedOnByNobody: a contact of two people cannot make each take the other one's
// device for the contact's.
func TestCardsArePassedOnByNobody(t *testing.T) {
	for _, same := range []bool{true, false} {
		a, b := newDevice(t, 1), newDevice(t, 2)
		a.Relation, b.Relation = [32]byte{1}, [32]byte{1}
		if !same {
			b.Relation[0] = 2
		}
		card := knockOf(t, a)
		_, answer, _, err := b.Answer(b.random, card, b.startHere(), false, epoch)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Answered(answer, false, epoch); (err == nil) != same {
			t.Errorf("one relation %v: %v", same, err)
		}
	}
}

// TestRecordsHaveFewWraps: a record may ask for no more work than one of ours.
func TestRecordsHaveFewWraps(t *testing.T) {
	for n, want := range map[int]error{1: nil, mostWraps: nil, mostWraps + 1: ErrMalformed,
		255: ErrMalformed} {
		r := record{wraps: make([]wrap, n), ciphertext: []byte("said")}
		if _, err := parseRecord(r.marshal()); err != want {
			t.Errorf("%d wraps: %v", n, err)
		}
	}
}
