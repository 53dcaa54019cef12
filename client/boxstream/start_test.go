package boxstream

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"murmuration/internal/box"
)

func writeCap(t testing.TB, seed byte) *box.WriteCap {
	c, err := box.NewWriteCap(rand.NewChaCha8([32]byte{seed}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStreamBeginsWhereItSays(t *testing.T) {
	c := writeCap(t, 1)
	before := c.Start()
	r, first, err := NewStart(c.ReadCap(), before).Open()
	if err != nil {
		t.Fatal(err)
	}
	root, number := NewStart(c.ReadCap(), before).Before()
	if number != before.Number() || !bytes.Equal(root[:], c.ReadCap().Marshal()[:32]) {
		t.Error("it says that it begins elsewhere")
	}
	if first != before.Next() {
		t.Fatal("the first index is not the one after the given one")
	}
	var network box.NetworkID
	sealed := c.Seal(first, network, 3, make([]byte, 128))
	if _, err := r.Open(first, network, 3, sealed); err != nil {
		t.Fatal(err)
	}
	// It cannot look back: the index before has no keys in it.
	old := c.Seal(before, network, 3, make([]byte, 128))
	if _, err := r.Open(before, network, 3, old); err != nil {
		t.Fatal("the control: the real index opens the older box", err)
	}
	long := NewStart(c.ReadCap(), before)
	if bytes.Contains(long[:], before.Marshal()[8:40]) ||
		bytes.Contains(long[:], before.Marshal()[40:72]) {
		t.Error("the link carries the keys of the index before")
	}
}
