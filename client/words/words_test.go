package words

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// TestList: one spelling each, in order, short, and the list that the documents name.
func TestList(t *testing.T) {
	if n := len(slices.Compact(slices.Clone(list))); n != Count || !slices.IsSorted(list) {
		t.Fatalf("%d different words", n)
	}
	for _, w := range list {
		if len(w) < 3 || len(w) > 7 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q is no word for this", w)
		}
	}
	sum := sha256.Sum256([]byte(file))
	if got := hex.EncodeToString(sum[:8]); got != listSum {
		t.Errorf("the list is another one: %s", got)
	}
}

// TestWordsDiffer with whatever is compared, and are the same for the same.
func TestWordsDiffer(t *testing.T) {
	a, b := Compare([]byte("secret"), []byte("what")), Compare([]byte("secret"), []byte("what"))
	if a != b || strings.Join(a[:], " ") != vector {
		t.Errorf("%v and %v", a, b)
	}
	for _, other := range [][4]string{
		Compare([]byte("Secret"), []byte("what")), Compare([]byte("secret"), []byte("What")),
	} {
		if other == a {
			t.Errorf("%v for something else", other)
		}
	}
}

// The worked example of docs/contact.md.
const (
	listSum = "222a13e604f46c8b"
	vector  = "soprano high foam gossip"
)
