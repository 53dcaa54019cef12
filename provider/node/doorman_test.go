package node

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/invitation"
	"murmuration/internal/link"
)

// TestInvitations: a code is for whoever shows it first, over a restart, too; one that is made
// while the provider runs is taken; and no code is on the disk.
func TestInvitations(t *testing.T) {
	home, network, now := t.TempDir(), directory.NetworkID{1}, time.Unix(1_800_000_000, 0)
	opened := func() *doorman {
		d, err := newDoorman(home, network)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := opened()
	made := func() link.Invitation {
		texts, err := invite(home, network, "p", 3)
		if err != nil || len(texts) != 3 {
			t.Fatalf("%v, %v", texts, err)
		}
		_, code, err := invitation.Parse(texts[1])
		if err != nil {
			t.Fatal(err)
		}
		return link.Invitation(code)
	}
	alice := link.Guest{Peer: link.PublicKey{'a'}, Invitation: made()}
	bob := link.Guest{Peer: link.PublicKey{'b'}, Invitation: alice.Invitation}
	if d.admits(link.Guest{Peer: alice.Peer}, now) {
		t.Error("somebody without an invitation was let in")
	}
	now = now.Add(rereadPause)
	if !d.admits(alice, now) || !d.admits(bob, now) {
		t.Fatal("control: a code that nobody used is not taken")
	}
	if err := d.bind(alice); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*doorman{d, opened()} {
		if !d.admits(alice, now) || d.bind(alice) != nil {
			t.Error("the one whose code it is is not let in again")
		}
		if d.admits(bob, now) || d.bind(bob) == nil {
			t.Error("a code was used twice")
		}
	}
	bob.Invitation = made()
	if now = now.Add(rereadPause); !d.admits(bob, now) || d.bind(bob) != nil {
		t.Error("an invitation that was made while the provider runs is not taken")
	}
	noCode(t, home, alice.Invitation)
}

// noCode looks for a code and a key in all files.
func noCode(t *testing.T, home string, code link.Invitation) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(home, "*"))
	if len(files) != 2 {
		t.Errorf("control: %d files", len(files))
	}
	hash := invitation.Code(code).Hash([32]byte{1})
	found := false
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all, err := readHashes(f)
		if err != nil {
			t.Fatal(err)
		}
		_, here := all[hash]
		found = found || here
		if text := string(raw); strings.Contains(text, string(code[:])) ||
			strings.Contains(text, hex.EncodeToString(code[:])) {
			t.Errorf("%s has the code", f)
		}
	}
	if !found {
		t.Error("control: its hash is nowhere")
	}
}

// TestDamagedInvitations: a file that is not what it was is said, not taken for nobody's.
func TestDamagedInvitations(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, invitationsFile)
	good := strings.Repeat("0a", 32)
	for text, ok := range map[string]bool{
		good + "\n": true, good + " " + good + "\n": true, "": true,
		good[1:] + "\n": false, good + "00\n": false, good + " " + good + " " + good: false,
		"x" + good[1:]: false, "\n": false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := newDoorman(home, directory.NetworkID{}); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
