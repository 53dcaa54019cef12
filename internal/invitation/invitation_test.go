package invitation

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

var example = Code{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// TestVector is the worked example of docs/provider.md.
func TestVector(t *testing.T) {
	const text = "provider-1/aaaqeayeaudaocajbifqydiob6y4audk"
	if got := example.Text("provider-1"); got != text {
		t.Errorf("the text is %s", got)
	}
	hash := example.Hash([32]byte{})
	if got := hex.EncodeToString(hash[:]); got != vectorHash {
		t.Errorf("the hash is %s", got)
	}
}

const vectorHash = "4241383512c61812f87a3f420fdb807d72d1c6cfe5a64b07776c33ecd55ab7fe"

// TestCopying: a text comes back as what it was, and no other spelling of it does.
func TestCopying(t *testing.T) {
	text := example.Text("p.1")
	if name, c, err := Parse(text); err != nil || name != "p.1" || c != example {
		t.Fatalf("%s: %q, %x, %v", text, name, c, err)
	}
	for _, bad := range []string{"", "/", "p.1", text[:len(text)-1], text + "a", "p.2" + text[3:],
		text[3:], strings.ToUpper(text), " " + text, strings.Replace(text, "a", "b", 1)} {
		if _, _, err := Parse(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestHashesAreApart: codes, networks and keys each change what is kept.
func TestHashesAreApart(t *testing.T) {
	other := Code{9}
	net, key := [32]byte{1}, [32]byte{2}
	seen := map[Hash]bool{}
	for _, h := range []Hash{example.Hash(net), other.Hash(net), example.Hash(key),
		example.Bound(net, key), example.Bound(key, net), other.Bound(net, key)} {
		if seen[h] {
			t.Error("two things have one hash")
		}
		seen[h] = true
	}
	if a, b := example.Hash(net), example.Hash(net); a != b {
		t.Error("control: a hash is no function of what it is of")
	}
}

// FuzzParse: whatever a person pastes, what is taken has one spelling.
func FuzzParse(f *testing.F) {
	f.Add(example.Text("provider-1"))
	f.Add("provider-1/")
	f.Fuzz(func(t *testing.T, text string) {
		if name, c, err := Parse(text); err == nil && c.Text(name) != text {
			t.Errorf("%q was taken as %q", text, c.Text(name))
		}
	})
}
