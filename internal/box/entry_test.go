package box

import (
	"encoding/hex"
	"testing"
)

// TestEntry: the first bytes of `printf 'murmuration/entry/v1%s' …| sha256sum`.
func TestEntry(t *testing.T) {
	var id ID
	for i := range id {
		id[i] = byte(i)
	}
	e := EntryOf(id)
	if got := hex.EncodeToString(e[:]); got != "18d1d7c39f" {
		t.Errorf("entry %s", got)
	}
	id[31]++
	if EntryOf(id) == e {
		t.Error("another id has the same entry")
	}
}
