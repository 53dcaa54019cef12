package node

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/long"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
)

// damageTags is how many tags are in the journal that is damaged, and in how many groups.
const damageTags, damageGroups = 12, 4

func tagOf(n uint64) (tag sphinx.Tag) {
	binary.BigEndian.PutUint64(tag[:], n+1)
	return tag
}

// ringWithTags is the directory of a keyring with a key and tags.
func ringWithTags(t *testing.T) string {
	dir := t.TempDir()
	k := openRing(t, dir, epoch0)
	public(t, k, 0)
	if _, err := k.open(epoch0.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	for group := range uint64(damageGroups) {
		var seen []transit.Seen
		for n := range uint64(damageTags / damageGroups) {
			seen = append(seen, transit.Seen{Tag: tagOf(group*damageTags/damageGroups + n)})
		}
		if err := k.persist(seen); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fresh counts the tags that a keyring does not know any more, and says so of none: -1 for one that
// refuses to open, or says that tags were torn.
func fresh(t *testing.T, dir string, want []byte) int {
	t.Helper()
	k, err := openKeyring(ringConfig(t, dir), epoch0)
	if err != nil {
		return -1
	}
	defer k.close()
	opened, err := k.open(epoch0.Add(time.Second))
	if err != nil || len(opened) != 1 || opened[0].Torn > 0 {
		return -1
	}
	if key, err := k.public(0); err != nil || string(key) != string(want) {
		return damageTags // another key, and nobody says so
	}
	lost := 0
	for n := range uint64(damageTags) {
		if unknown, err := opened[0].Tags.Add(tagOf(n)); err != nil || unknown {
			lost++
		}
	}
	return lost
}

// TestTornTagsAreTold: that the last group of a journal is gone is in the log, as after a power
// cut.
func TestTornTagsAreTold(t *testing.T) {
	dir := ringWithTags(t)
	path := filepath.Join(dir, "0.tags")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-9] ^= 1 // in the last record
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := openRing(t, dir, epoch0).open(epoch0.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for _, torn := range []bool{true, false} {
		var said bytes.Buffer
		log := slog.New(slog.NewTextHandler(&said, nil))
		n := &Node{Chassis: &Chassis{cfg: Options{Config: Config{Log: log}}}}
		if !torn {
			opened[0].Torn = 0 // the control
		}
		n.warnOfTorn(opened)
		if told := strings.Contains(said.String(), "replay tags"); told != torn {
			t.Errorf("torn %t, and the log says %q", torn, &said)
		}
	}
}

// TestFlippedBytes: of an epoch's key and of its replay tags no byte is flipped in silence: the
// node does not start with them, says that tags are gone, or has all of them.
func TestFlippedBytes(t *testing.T) {
	dir := ringWithTags(t)
	whole := openRing(t, dir, epoch0)
	key := public(t, whole, directory.Epoch(0))
	whole.close()
	if got := fresh(t, dir, key); got != 0 {
		t.Fatalf("control: of the whole keyring %d tags are gone", got)
	}
	flips, stride := 0, 11
	if long.Set("MURMUR_DAMAGE") { // just damage
		stride = 1
	}
	for _, name := range []string{"0.key", "0.tags"} {
		path := filepath.Join(dir, name)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(raw); at += stride {
			damaged := append([]byte(nil), raw...)
			damaged[at] ^= 1 << (at % 8)
			flips++
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := fresh(t, dir, key); got > 0 {
				t.Errorf("%s, byte %d: %d tags are unknown, and nobody says so", name, at, got)
			}
			if err := os.WriteFile(path, raw, 0o600); err != nil { // a torn end was cut off
				t.Fatal(err)
			}
		}
	}
	counted.Say(t, "damage", "a key and its replay tags: %d bytes flipped, none in silence",
		flips)
}
