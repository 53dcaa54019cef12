package node

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
	"murmuration/internal/transit"
)

var epoch0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func ringConfig(t *testing.T, dir string) keyringConfig {
	t.Helper()
	s, err := suite.ByName("x25519")
	if err != nil {
		t.Fatal(err)
	}
	return keyringConfig{
		Dir: dir, Suite: s, Epochs: directory.Schedule{Start: epoch0, Length: time.Hour},
		Grace: 15 * time.Minute, Capacity: 100,
	}
}

func openRing(t *testing.T, dir string, now time.Time) *keyring {
	t.Helper()
	k, err := openKeyring(ringConfig(t, dir), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.close() })
	return k
}

func public(t *testing.T, k *keyring, e directory.Epoch) []byte {
	t.Helper()
	key, err := k.public(e)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestKeysSurviveARestart: the same epoch has the same key, and no other key is made.
func TestKeysSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	k := openRing(t, dir, epoch0)
	before := public(t, k, 1)
	if bytes.Equal(before, public(t, k, 2)) {
		t.Error("two epochs have one key")
	}
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, public(t, openRing(t, dir, epoch0), 1)) {
		t.Error("the key changed with a restart")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 4 {
		t.Errorf("two keys made %v", files)
	}
}

// TestKeysAreErased: after the grace nothing of a key is left on disk, by Expire or by a restart.
func TestKeysAreErased(t *testing.T) {
	over := epoch0.Add(time.Hour + 15*time.Minute)
	for name, expire := range map[string]func(dir string, k *keyring) error{
		"running": func(_ string, k *keyring) error { _, err := k.expire(over); return err },
		"restart": func(dir string, k *keyring) error {
			_, err := openRing(t, dir, over).expire(over)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			k := openRing(t, dir, epoch0)
			public(t, k, 0)
			public(t, k, 1)
			if gone, err := k.expire(over.Add(-time.Nanosecond)); err != nil || len(gone) > 0 {
				t.Errorf("before its grace ended a key is gone: %v, %v", gone, err)
			}
			if err := expire(dir, k); err != nil {
				t.Fatal(err)
			}
			for file, want := range map[string]bool{"0.key": false, "0.tags": false, "1.key": true,
				"1.tags": true} {
				if _, err := os.Stat(filepath.Join(dir, file)); (err == nil) != want {
					t.Errorf("%s is there: %v, want %v", file, err == nil, want)
				}
			}
		})
	}
}

// TestDamagedKeysAreRefused, each with the file's name and what to do.
func TestDamagedKeysAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(dir string) error
		want   string
	}{
		"no tags": {func(dir string) error { return os.Remove(filepath.Join(dir, "0.tags")) },
			"0.tags is missing"},
		"cut tags": {func(dir string) error {
			return os.Truncate(filepath.Join(dir, "0.tags"),
				7)
		}, "0.tags is missing or damaged"},
		"one bit": {func(dir string) error { return flipBit(filepath.Join(dir, "0.key")) },
			"remove it"},
		"short key": {func(dir string) error {
			return os.Truncate(filepath.Join(dir, "0.key"),
				5)
		}, "remove it"},
		"odd name": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "x.key"),
				nil, 0o600)
		}, "not named after"},
		"bad tags": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "0.tags"),
				[]byte("photo"), 0o600)
		}, "0.tags"},
		"odd header": {func(dir string) error { return flipBit(filepath.Join(dir, "0.tags")) },
			"remove it with its .key file"},
		"no damage ": {func(string) error { return nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			k := openRing(t, dir, epoch0)
			public(t, k, 0)
			k.close()
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			k, err := openKeyring(ringConfig(t, dir), epoch0)
			if err == nil {
				defer k.close()
				_, err = k.open(epoch0.Add(time.Second))
			}
			if (err == nil) != (c.want == "") || err != nil &&
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func flipBit(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	raw[3] ^= 4
	return os.WriteFile(path, raw, 0o600)
}

// TestCrashBetweenJournalAndKey leaves a journal without a key; the next start makes both anew.
func TestCrashBetweenJournalAndKey(t *testing.T) {
	dir := t.TempDir()
	k := openRing(t, dir, epoch0)
	public(t, k, 0)
	k.close()
	if err := os.Remove(filepath.Join(dir, "0.key")); err != nil {
		t.Fatal(err)
	}
	k = openRing(t, dir, epoch0)
	public(t, k, 0)
	opened, err := k.open(epoch0.Add(time.Second))
	if err != nil || len(opened) != 1 || opened[0].Tags.Len() != 0 {
		t.Errorf("opened %v, %v", opened, err)
	}
}

// TestTagsOfNoKey: whatever lies where a new key's tags go, nothing of it is counted as seen.
func TestTagsOfNoKey(t *testing.T) {
	dir := t.TempDir()
	k := openRing(t, dir, epoch0)
	public(t, k, 0)
	if _, err := k.open(epoch0.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := k.persist([]transit.Seen{{Epoch: 0, Tag: sphinx.Tag{1}}}); err != nil {
		t.Fatal(err)
	}
	k.close()
	if err := os.Remove(filepath.Join(dir, "0.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "1.tags"), []byte("photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	k = openRing(t, dir, epoch0)
	public(t, k, 0)
	public(t, k, 1)
	opened, err := k.open(epoch0.Add(time.Hour))
	if err != nil || len(opened) != 2 || opened[0].Tags.Len() != 0 || opened[1].Tags.Len() != 0 {
		t.Errorf("opened %v, %v", opened, err)
	}
}

// TestTagsSurvive: what Persist took is in the set of the next start; what it did not is not.
func TestTagsSurvive(t *testing.T) {
	dir := t.TempDir()
	k := openRing(t, dir, epoch0)
	public(t, k, 0)
	if _, err := k.open(epoch0.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := k.persist([]transit.Seen{{Epoch: 0, Tag: sphinx.Tag{1}},
		{Epoch: 0, Tag: sphinx.Tag{2}}, {Epoch: 9, Tag: sphinx.Tag{3}}}); err != nil {
		t.Fatal(err)
	}
	k.close()
	opened, err := openRing(t, dir, epoch0).open(epoch0.Add(time.Second))
	if err != nil || len(opened) != 1 {
		t.Fatal(opened, err)
	}
	tags := opened[0].Tags
	for tag, want := range map[sphinx.Tag]bool{{1}: false, {2}: false, {3}: true} {
		if fresh, err := tags.Add([32]byte(tag)); fresh != want || err != nil {
			t.Errorf("after the restart tag %d is fresh: %v, %v", tag[0], fresh, err)
		}
	}
}

// TestOnlyOpenKeysUnwrap: a key whose tags are not in memory opens nothing.
func TestOnlyOpenKeysUnwrap(t *testing.T) {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	params, err := par.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	k := openRing(t, t.TempDir(), epoch0)
	raw := public(t, k, 0)
	key, err := params.Suite().ParsePublicKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	packet, err := params.New(constant(7),
		[]sphinx.Hop{{Key: key, Recipient: &sphinx.RecipientID{}}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	u := sphinx.NewUnwrapper(params)
	if _, reason := k.unwrap(epoch0, u, bytes.Clone(packet)); reason != transit.WrongEpoch {
		t.Errorf("a key that is not open: %s", reason)
	}
	if _, err := k.open(epoch0.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, reason := k.unwrap(epoch0, u, bytes.Clone(packet)); reason != transit.Accepted {
		t.Errorf("control: an open key: %s", reason)
	}
	for at, want := range map[time.Duration]transit.Reason{-15 * time.Minute: transit.WrongEpoch,
		75 * time.Minute: transit.WrongEpoch, 75*time.Minute - 1: transit.Accepted} {
		if _, reason := k.unwrap(epoch0.Add(at), u, bytes.Clone(packet)); reason != want {
			t.Errorf("%v after the epoch's start: %s, want %s", at, reason, want)
		}
	}
}

// TestKeysOverlap: around the end of an epoch packets under both keys are accepted, each within its
// own window, and what is damaged is told as damaged.
func TestKeysOverlap(t *testing.T) {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	params, err := par.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	k := openRing(t, t.TempDir(), epoch0)
	var packets [2][]byte
	for e := range packets {
		key, err := params.Suite().ParsePublicKey(public(t, k, directory.Epoch(e)))
		if err != nil {
			t.Fatal(err)
		}
		if packets[e], err = params.New(constant(7),
			[]sphinx.Hop{{Key: key, Recipient: &sphinx.RecipientID{}}}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.open(epoch0.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	u := sphinx.NewUnwrapper(params)
	for _, c := range []struct {
		minute time.Duration
		want   [2]transit.Reason
	}{
		{44, [2]transit.Reason{transit.Accepted, transit.BadMAC}},
		{45, [2]transit.Reason{transit.Accepted, transit.Accepted}},
		{60, [2]transit.Reason{transit.Accepted, transit.Accepted}},
		{74, [2]transit.Reason{transit.Accepted, transit.Accepted}},
		{75, [2]transit.Reason{transit.BadMAC, transit.Accepted}},
		{135, [2]transit.Reason{transit.WrongEpoch, transit.WrongEpoch}},
	} {
		for e, packet := range packets {
			a, reason := k.unwrap(epoch0.Add(c.minute*time.Minute), u, bytes.Clone(packet))
			if reason != c.want[e] || reason == transit.Accepted && a.Epoch != directory.Epoch(e) {
				t.Errorf("minute %d, key %d: %s, of epoch %d", c.minute, e, reason, a.Epoch)
			}
		}
	}
	if _, reason := k.unwrap(epoch0.Add(-time.Hour), u, packets[0]); reason != transit.WrongEpoch {
		t.Errorf("before the network: %s", reason)
	}
}

// TestKeysAreOpenedOnce, when their time comes, and closed with what was seen under them.
func TestKeysAreOpenedOnce(t *testing.T) {
	k := openRing(t, t.TempDir(), epoch0)
	public(t, k, 0)
	public(t, k, 1)
	for i, c := range []struct {
		before time.Duration
		want   int
	}{{-15 * time.Minute, 0}, {-15*time.Minute + 1, 1}, {0, 0}, {45 * time.Minute, 0},
		{46 * time.Minute, 1}, {time.Hour, 0}} {
		opened, err := k.open(epoch0.Add(c.before))
		if err != nil || len(opened) != c.want {
			t.Errorf("step %d: opened %v, %v", i, opened, err)
		}
	}
	journal := k.keys[0].journal
	before := public(t, k, 0)
	gone, err := k.expire(epoch0.Add(75 * time.Minute))
	if err != nil || len(gone) != 1 || gone[0] != 0 {
		t.Errorf("gone are %v, %v", gone, err)
	}
	if err := journal.Append([32]byte{1}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a tag under an erased key: %v", err)
	}
	if bytes.Equal(before, public(t, k, 0)) {
		t.Error("an erased key is there again")
	}
	if err := k.persist([]transit.Seen{{Epoch: 1, Tag: sphinx.Tag{1}}}); err != nil ||
		len(k.unsynced) != 0 {
		t.Errorf("%d journals are left to sync, %v", len(k.unsynced), err)
	}
	if err := k.close(); err != nil || len(k.keys) != 0 {
		t.Errorf("%d keys after the end, %v", len(k.keys), err)
	}
}

// TestNoRoomForKeys: a directory that cannot be made, and a key that cannot be written, are told.
func TestNoRoomForKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openKeyring(ringConfig(t, filepath.Join(file, "keys")), epoch0); err == nil {
		t.Error("a directory below a file")
	}
	dir := filepath.Join(t.TempDir(), "keys")
	k := openRing(t, dir, epoch0)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := k.public(3); !errors.Is(err, os.ErrNotExist) ||
		!strings.Contains(err.Error(), "epoch 3") {
		t.Errorf("a key without a place: %v", err)
	}
	if len(k.keys) != 0 {
		t.Error("it is used all the same")
	}
}

// constant is a source of key material for tests that need none.
type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c) + byte(i)
	}
	return len(p), nil
}
