package directory

import (
	"errors"
	"testing"

	"murmuration/internal/token"
)

// tokenKeys are two that tokens can be asked for under.
func tokenKeys(t *testing.T) (keys [2]TokenKey) {
	t.Helper()
	for i := range keys {
		key, err := token.NewKey([32]byte{1}, [32]byte{2}, uint32(i))
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = TokenKey(key.Public())
	}
	return keys
}

// TestTokenKeysOfDescriptors: two different ones of a provider that stores, or none.
func TestTokenKeysOfDescriptors(t *testing.T) {
	keys := tokenKeys(t)
	for name, row := range map[string]struct {
		storing, good bool
		keys          [2]TokenKey
	}{
		"control":         {true, true, keys},
		"none":            {true, true, [2]TokenKey{}},
		"of no holder":    {false, false, keys},
		"the same twice":  {true, false, [2]TokenKey{keys[0], keys[0]}},
		"one alone":       {true, false, [2]TokenKey{keys[0], {}}},
		"not an element":  {true, false, [2]TokenKey{keys[0], {31: 0xff}}},
		"another spelled": {true, false, [2]TokenKey{{0: 0xee}, keys[1]}},
	} {
		d := Descriptor{Role: RoleProvider, Name: "p", Addr: "a:1", Storing: row.storing,
			Tokens: row.keys}
		if err := errors.Join(d.wellFormed(), checkTokens(d.Tokens)); (err == nil) != row.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTokenKey: a document knows the keys of two days, of holders that give tokens.
func TestTokenKey(t *testing.T) {
	keys := tokenKeys(t)
	d := Document{
		Nodes:   []Node{{ID: NodeID{1}, Tokens: keys}, {ID: NodeID{2}}},
		Storing: []StoringSet{{Day: 6}, {Day: 7}, {Day: 8}},
	}
	for _, row := range []struct {
		holder NodeID
		day    uint16
		want   TokenKey
	}{
		{NodeID{1}, 6, TokenKey{}}, {NodeID{1}, 7, keys[0]}, {NodeID{1}, 8, keys[1]},
		{NodeID{1}, 9, TokenKey{}}, {NodeID{2}, 7, TokenKey{}}, {NodeID{3}, 7, TokenKey{}},
	} {
		got, ok := d.TokenKey(row.holder, row.day)
		if got != row.want || ok != (row.want != TokenKey{}) {
			t.Errorf("%x on day %d: %x, %v", row.holder[:1], row.day, got, ok)
		}
	}
	if _, ok := new(Document).TokenKey(NodeID{1}, 0); ok {
		t.Error("an empty document has a key")
	}
}

// TestBatch: a holder's share in whole eights, no more than a question has room for.
func TestBatch(t *testing.T) {
	p, err := Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ tokens, storing, want int }{
		{0, 3, 0}, {300, 0, 0}, {300, 1, 256}, {300, 2, 152}, {300, 3, 104}, {300, 20, 16},
		{300, 100, 8}, {8, 1, 8}, {10_000, 3, 256},
	} {
		p.WriteTokens = row.tokens
		if got := p.Batch(row.storing); got != row.want {
			t.Errorf("%d tokens of %d holders: batches of %d, want %d", row.tokens, row.storing,
				got, row.want)
		}
	}
	p.Suite, p.BoxPlaintext, p.WriteTokens = "x25519", 128, 300
	params, err := p.PacketParams()
	if n := p.Batch(1); err != nil || n < 8 || 38+32*n > params.PacketSize() ||
		38+32*(n+8) <= params.PacketSize() {
		t.Errorf("batches of %d for packets of %d bytes, %v", n, params.PacketSize(), err)
	}
}
