package authority

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/node"
	"murmuration/internal/suite"
)

// TestStrangersWaitForNobody: what a stranger hands in, or somebody in the name of an admitted
// node, is refused while the tally is at work, and the file of admissions is not read for it but
// once in a while.
func TestStrangersWaitForNobody(t *testing.T) {
	par, err := config.LoadPreset("demo")
	if err != nil {
		t.Fatal(err)
	}
	now, genesis := time.Unix(1_800_000_000, 0), &directory.Genesis{Parameters: par}
	known, stranger := directory.NewIdentity([32]byte{1}), directory.NewIdentity([32]byte{2})
	path := filepath.Join(t.TempDir(), AdmissionsFile)
	admit := func(ids ...*directory.Identity) {
		var list directory.Admissions
		for _, id := range ids {
			list = list.Add(directory.Admission{ID: id.ID(), Role: directory.RoleMix})
		}
		if err := os.WriteFile(path, list.Marshal(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	admit(known)
	r := &roster{path: path}
	if err := r.read(); err != nil {
		t.Fatal(err)
	}
	a := &Authority{Options: Options{Home: &node.Home{Genesis: genesis}}, roster: r,
		wake: make(chan struct{}, 1)}
	a.mu.Lock() // the tally is at work, for good
	forged := described(t, genesis, known)
	forged.Signature[0] ^= 1
	if err := a.Submit(t.Context(), forged); err == nil ||
		errors.Is(err, directory.RefusedNotAdmitted) {
		t.Errorf("a descriptor that somebody else signed: %v", err)
	}
	theirs := described(t, genesis, stranger)
	if err := a.Submit(t.Context(), theirs); !errors.Is(err, directory.RefusedNotAdmitted) {
		t.Errorf("a stranger's: %v", err)
	}
	if list, err := r.vouch(now, genesis, described(t, genesis, known)); err != nil ||
		len(list) != 1 {
		t.Errorf("control: the node's own: %v", err)
	}

	r.again = now.Add(rereadPause) // the file was read just now
	admit(known, stranger)
	if _, err := r.vouch(now, genesis, theirs); err == nil {
		t.Error("the file was read for a stranger, and again")
	}
	if _, err := r.vouch(now.Add(rereadPause), genesis, theirs); err != nil {
		t.Errorf("control: who was admitted meanwhile is refused: %v", err)
	}
}

// described is a mix as it describes itself.
func described(t *testing.T, g *directory.Genesis, id *directory.Identity) *directory.Descriptor {
	t.Helper()
	s, err := suite.ByName(g.Parameters.Suite)
	if err != nil {
		t.Fatal(err)
	}
	d := &directory.Descriptor{Network: g.ID(), ID: id.ID(), Role: directory.RoleMix, Name: "m",
		Addr: "127.0.0.1:1", Serial: 1}
	for i := range d.Keys {
		key, err := s.NewPrivateKey([suite.SeedSize]byte{0, byte(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		d.Keys[i] = key.Public().Bytes()
	}
	d.Sign(id)
	return d
}
