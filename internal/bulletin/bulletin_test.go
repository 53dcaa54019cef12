package bulletin

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	_ "murmuration/internal/drawn"
	"murmuration/internal/protocol"
)

var testNetwork = directory.NetworkID{1, 2, 3}

// maker is one with a key that everybody knows.
func maker(n byte) (directory.NodeID, ed25519.PrivateKey) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
	return directory.NodeID(private.Public().(ed25519.PublicKey)), private
}

// listed is a signed bulletin of maker 1 behind another.
func listed(slot box.Slot, previous Hash, entries ...box.Entry) Bulletin {
	id, private := maker(1)
	return Body{Network: testNetwork, Maker: id, Slot: slot, Previous: previous,
		Entries: entries}.Sign(private)
}

func drawHash(t *rapid.T) Hash { return Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")) }

// drawEntry is one of few, so that entries collide.
func drawEntry(t *rapid.T) box.Entry {
	return box.Entry{rapid.SampledFrom([]byte{0, 1, 255}).Draw(t, "entry"), 4: 7}
}

func drawBody(t *rapid.T) Body {
	id, _ := maker(byte(rapid.IntRange(1, 4).Draw(t, "maker")))
	b := Body{
		Network: testNetwork, Maker: id, Previous: drawHash(t),
		Slot:    box.Slot(rapid.Uint32Range(0, 3*protocol.RollSlots).Draw(t, "slot")),
		Entries: []box.Entry{},
	}
	for range rapid.IntRange(0, 20).Draw(t, "entries") {
		b.Entries = append(b.Entries, drawEntry(t))
	}
	slices.SortFunc(b.Entries, compareEntries)
	if _, ok := CarriesRoll(b.Slot); ok {
		b.Roll = drawHash(t)
	}
	return b
}

func drawRoll(t *rapid.T) Roll {
	id, _ := maker(byte(rapid.IntRange(1, 4).Draw(t, "maker")))
	r := Roll{Network: testNetwork, Maker: id, Number: rapid.Uint32Range(0, 9).Draw(t, "number"),
		Previous: drawHash(t), Entries: []RollEntry{}}
	for range rapid.IntRange(0, 20).Draw(t, "entries") {
		e := RollEntry{drawEntry(t), rapid.Uint8Range(0, 239).Draw(t, "at")}
		r.Entries = append(r.Entries, e)
	}
	slices.SortFunc(r.Entries, RollEntry.compare)
	return r
}

// TestOneSpelling: what is written is read the same, and has no other length.
func TestOneSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, r := drawBody(t), drawRoll(t)
		_, private := maker(1)
		signed, roll := b.Sign(private), r.Sign(private)
		fraud := NewFraud(signed, drawBody(t).Sign(private))
		for name, form := range map[string]struct {
			raw   []byte
			want  any
			parse func([]byte) (any, error)
		}{
			"body":   {b.Marshal(), b, func(x []byte) (any, error) { return ParseBody(x) }},
			"signed": {signed.Marshal(), signed, func(x []byte) (any, error) { return Parse(x) }},
			"roll":   {r.Marshal(), r, func(x []byte) (any, error) { return ParseRoll(x) }},
			"signed roll": {roll.Marshal(), roll,
				func(x []byte) (any, error) { return ParseSignedRoll(x) }},
			"fraud": {fraud.Marshal(), fraud, func(x []byte) (any, error) { return ParseFraud(x) }},
		} {
			if got, err := form.parse(form.raw); err != nil || !reflect.DeepEqual(got, form.want) {
				t.Fatalf("%s: %+v, want %+v, %v", name, got, form.want, err)
			}
			for _, other := range [][]byte{form.raw[:len(form.raw)-1], append(form.raw, 0), nil} {
				if _, err := form.parse(other); !errors.Is(err, ErrMalformed) {
					t.Fatalf("%s of another length: %v", name, err)
				}
			}
		}
	})
}

// TestMalformed: one byte of each kind that no reader takes.
func TestMalformed(t *testing.T) {
	body := Body{Slot: 9, Entries: []box.Entry{{1}, {2}}}.Marshal()
	roll := Roll{Number: 9, Entries: []RollEntry{{box.Entry{1}, 3}, {box.Entry{1}, 4}}}.Marshal()
	for name, c := range map[string]struct {
		raw   []byte
		at    int
		value byte
		parse func([]byte) error
	}{
		"version of a body":       {body, 0, 2, bodyError},
		"count of a body":         {body, 102, 1, bodyError},
		"entries descend":         {body, 103, 3, bodyError},
		"version of a roll":       {roll, 0, 2, rollError},
		"count of a roll":         {roll, 101, 1, rollError},
		"entries of a roll":       {roll, 105, 3, rollError},
		"slots of equal entries":  {roll, 110, 5, rollError},
		"slot of no roll":         {roll, 116, 240, rollError},
		"number behind all slots": {roll, 65, 255, rollError},
	} {
		if err := c.parse(c.raw); err != nil {
			t.Fatalf("control: %s: %v", name, err)
		}
		bad := bytes.Clone(c.raw)
		bad[c.at] = c.value
		if err := c.parse(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func bodyError(raw []byte) error { _, err := ParseBody(raw); return err }
func rollError(raw []byte) error { _, err := ParseRoll(raw); return err }

func TestVerify(t *testing.T) {
	good := listed(3, Hash{}, box.Entry{1}, box.Entry{2})
	other, forged, late := good, good, good
	other.Network = directory.NetworkID{9}
	forged.Signature[5]++
	late.Slot++
	stolen := good
	stolen.Maker, _ = maker(2)
	for name, c := range map[string]struct {
		b    Bulletin
		most int
		want error
	}{
		"good": {good, 2, nil}, "another network": {other, 2, ErrOtherNetwork},
		"oversized": {good, 1, ErrOversized}, "forged": {forged, 2, ErrSignature},
		"another slot": {late, 2, ErrSignature}, "another maker": {stolen, 2, ErrSignature},
	} {
		if err := c.b.Verify(testNetwork, c.most); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	id, private := maker(1)
	roll := Roll{Network: testNetwork, Maker: id}
	roll.Add(good.Body)
	signed := roll.Sign(private)
	if err := signed.Verify(testNetwork, 2); err != nil {
		t.Error(err)
	}
	if err := signed.Verify(testNetwork, 1); !errors.Is(err, ErrOversized) {
		t.Errorf("oversized roll: %v", err)
	}
	signed.Signature = Signature(good.Signature)
	if err := signed.Verify(testNetwork, 2); !errors.Is(err, ErrSignature) {
		t.Errorf("forged roll: %v", err)
	}
}

func TestChain(t *testing.T) {
	first := listed(3, Hash{7})
	second := listed(5, first.Hash(), box.Entry{1})
	third := listed(6, second.Hash())
	var c Chain
	for i, step := range []struct {
		b    Bulletin
		want error
	}{
		{first, nil}, {third, ErrGap}, {first, ErrRepeated}, {listed(3, Hash{8}), ErrFork},
		{listed(2, first.Hash()), ErrOld}, {second, nil}, {listed(5, first.Hash()), ErrFork},
		{third, nil}, {second, ErrOld},
	} {
		before := c
		if err := c.Next(step.b); !errors.Is(err, step.want) || err != nil && c != before {
			t.Errorf("step %d: %v, want %v; %+v", i, err, step.want, c)
		}
	}
	c.Jump(listed(9, Hash{1}))
	if c.Slot != 9 || c.Next(listed(10, c.Hash)) != nil {
		t.Errorf("after a gap: %+v", c)
	}
}

func TestRoll(t *testing.T) {
	id, _ := maker(1)
	r := Roll{Network: testNetwork, Maker: id, Number: 2}
	r.Add(Body{Slot: 719, Entries: []box.Entry{{1}, {1}}})
	r.Add(Body{Slot: 480, Entries: []box.Entry{{1}, {3}}})
	r.Add(Body{Slot: 720, Entries: []box.Entry{{2}}}) // of the next roll
	got := ""
	for _, e := range r.Entries {
		got += fmt.Sprintf("%d@%d ", e.Entry[0], r.Slot(e))
	}
	if got != "1@480 1@719 1@719 3@480 " {
		t.Error(got)
	}
	if FirstSlot(2) != 480 || LastSlot(2) != 719 || RollNumber(719) != 2 ||
		FirstSlot(math.MaxUint32) != math.MaxUint32 || LastSlot(math.MaxUint32) != math.MaxUint32 {
		t.Error("slots of rolls")
	}
	var carried []box.Slot
	for s := range box.Slot(800) {
		if n, ok := CarriesRoll(s); ok && LastSlot(n)+9 == s {
			carried = append(carried, s)
		}
	}
	if !slices.Equal(carried, []box.Slot{248, 488, 728}) {
		t.Errorf("hashes of rolls stand in %d", carried)
	}
}

func TestFraud(t *testing.T) {
	a, b := listed(3, Hash{}), listed(3, Hash{}, box.Entry{1})
	forged, other := b, listed(4, Hash{})
	forged.Signature[0]++
	for name, c := range map[string]struct {
		fraud Fraud
		want  error
	}{
		"two bodies":           {NewFraud(a, b), nil},
		"in the other order":   {NewFraud(b, a), nil},
		"swapped":              {Fraud{NewFraud(a, b).B, NewFraud(a, b).A}, ErrNoFraud},
		"one body":             {NewFraud(a, a), ErrNoFraud},
		"two slots":            {NewFraud(a, other), ErrNoFraud},
		"one is forged":        {NewFraud(a, forged), ErrSignature},
		"nothing of a network": {Fraud{}, ErrNoFraud},
	} {
		if err := c.fraud.Verify(testNetwork); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := NewFraud(a, b).Verify(directory.NetworkID{}); !errors.Is(err, ErrOtherNetwork) {
		t.Errorf("of another network: %v", err)
	}
}

func TestCalendar(t *testing.T) {
	start := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	c := Calendar{start, 30 * time.Second}
	for after, want := range map[time.Duration]box.Slot{-time.Hour: 0, 0: 0, 30*time.Second - 1: 0,
		30 * time.Second: 1, time.Hour: 120, math.MaxInt64: 307445734} {
		if got := c.Slot(start.Add(after)); got != want {
			t.Errorf("%s after the start is slot %d, want %d", after, got, want)
		}
	}
	if c.Begins(120) != start.Add(time.Hour) || c.Ends(120) != c.Begins(121) ||
		c.Begins(math.MaxUint32).Before(start) {
		t.Error("times of slots")
	}
	if c.Day(239) != 0 || c.Day(240) != 1 {
		t.Errorf("midnight: days %d and %d", c.Day(239), c.Day(240))
	}
}

// TestMakers: who stores no more counts on behind until its last listings are done.
func TestMakers(t *testing.T) {
	start := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	c := Calendar{start, time.Minute}
	a, b, x, y := directory.NodeID{1}, directory.NodeID{2}, directory.NodeID{8}, directory.NodeID{9}
	d := &directory.Document{
		Parameters: directory.Parameters{Hold: 4 * time.Minute},
		Storing: []directory.StoringSet{{Day: 0, Nodes: []directory.NodeID{a, b, y}},
			{Day: 1, Nodes: []directory.NodeID{b, x}}},
	}
	// midnight is slot 120; two hours, three holds of 4 minutes and 8 slots later nothing is left
	for slot, want := range map[box.Slot]Makers{0: {a, b, y}, 119: {a, b, y}, 120: {b, x, a, y},
		259: {b, x, a, y}, 260: {b, x}, 2000: nil} {
		if got := c.Makers(d, slot); !slices.Equal(got, want) {
			t.Errorf("slot %d: %v, want %v", slot, got, want)
		}
	}
	if got := c.RollMakers(d, 0); !slices.Equal(got, Makers{b, x, a, y}) {
		t.Errorf("roll 0: %v", got)
	}
	if got := c.RollMakers(d, 2); !slices.Equal(got, Makers{b, x}) {
		t.Errorf("roll 2: %v", got)
	}
	m := Makers{b, x}
	if i, ok := m.Index(x); i != 1 || !ok {
		t.Error("index of the second")
	}
	if _, ok := m.Index(a); ok {
		t.Error("index of who is no maker")
	}
	if id, ok := m.At(1); id != x || !ok {
		t.Error("the second")
	}
	if _, ok := m.At(2); ok {
		t.Error("the third of two")
	}
}

func TestMaxEntries(t *testing.T) {
	p := directory.Parameters{Clients: 100_000, WritesPerDay: 24, Replicas: 2,
		BulletinEvery: 30 * time.Second}
	for _, c := range []struct{ clients, makers, want int }{
		{100_000, 50, 67}, {1000, 10, 16}, {0, 10, 16}, {1 << 30, 1, 10_000}, {1000, 0, 34},
	} {
		p.Clients = c.clients
		if got := MaxEntries(p, c.makers); got != c.want {
			t.Errorf("%d clients, %d makers: %d, want %d", c.clients, c.makers, got, c.want)
		}
	}
}
