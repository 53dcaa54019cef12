package daystore_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
)

// TestDiskNamesNothing: no file of a store has an id, a signature, a ciphertext, the identity of
// another holder, a bulletin or a record in it, and reading leaves no trace at all. Once a day's
// key is gone nobody can tell which boxes there were. The control finds the key, which is in a
// file.
func TestDiskNamesNothing(t *testing.T) {
	dir := newDir(t)
	s := openBadger(t, dir, daystore.SmallFiles(daystore.Options{}))
	b, gone := boxtest.Box(1, 'a', 2048), boxtest.Box(2, 'a', 0)
	peer := box.Holder(bytes.Repeat([]byte("peer"), 8))
	mustWrite(t, s, 1, b, peer)
	mustWrite(t, s, 1, gone, peer)
	body, record := bytes.Repeat([]byte("body"), 8), bytes.Repeat([]byte("record"), 300)
	if err := errors.Join(s.Publish(1, 7, body, []box.Listing{{Day: 1, ID: b.ID}}),
		s.Keep(1, box.RecordKey{Kind: 1, Maker: peer}, record)); err != nil {
		t.Fatal(err)
	}
	daystore.Rest(t, dir, 1)
	before := tree(t, dir)
	for _, id := range []box.ID{b.ID, gone.ID, boxtest.Box(3, 'a', 0).ID} {
		_, _, err := s.Read(1, id)
		_, _, _, err2 := s.Listed(7, box.EntryOf(id), 0)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range tree(t, dir) {
		if before[name] != content {
			t.Errorf("reading changed %s", name)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	keyFile, err := os.ReadFile(dir + "/day-00001/key")
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string][]byte{
		"id": b.ID[:], "id of a deleted box": gone.ID[:], "signature": b.Signature[:],
		"ciphertext": b.Ciphertext[:32], "holder": peer[:], "bulletin": body, "record": record,
		"": keyFile[30:60],
	} {
		if found := written(before, secret) ||
			written(tree(t, dir), secret); found != (what == "") {
			t.Errorf("%q is on the disk: %v", what, found)
		}
	}
}

// written says whether a file has the bytes in it, raw or in hexadecimal.
func written(files map[string]string, secret []byte) bool {
	for _, content := range files {
		if strings.Contains(content, string(secret[:16])) ||
			strings.Contains(content, hex.EncodeToString(secret[:16])) {
			return true
		}
	}
	return false
}
