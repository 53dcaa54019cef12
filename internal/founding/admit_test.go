package founding

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/authority"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/testnet"
)

// private is a network of one authority, provider-1, that nobody runs.
func private(t *testing.T) *testnet.Network {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	n, err := testnet.New(t.Context(), testnet.Plan{Dir: filepath.Join(t.TempDir(), "net"),
		Label: "test", Host: "127.0.0.1", Providers: 3, Width: 1, Parameters: par,
		Start: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	n.Release()
	return n
}

// apply is the application of a mix.
func apply(t *testing.T, n *testnet.Network, name, addr string) string {
	t.Helper()
	file, err := testnet.Apply(testnet.Volunteer{Role: directory.RoleMix,
		Home: filepath.Join(t.TempDir(), "volunteer"), Genesis: n.Genesis, Name: name,
		Listen: addr})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestAdmit: an authority admits by an application that is as its node signed it, on probation if
// it says so, and knows the name before any document does.
func TestAdmit(t *testing.T) {
	n := private(t)
	file, home := apply(t, n, "volunteer", "127.0.0.1:9999"), n.Nodes[0].Dir
	if _, err := Admit(n.Nodes[1].Dir, file, 0, Terms{}); err == nil {
		t.Error("a provider that is no authority admitted somebody")
	}
	a, err := Admit(home, file, 7, Terms{Probation: 3})
	if err != nil {
		t.Fatal(err)
	}
	list, err := authority.ReadAdmissions(filepath.Join(home, authority.AdmissionsFile))
	if err != nil {
		t.Fatal(err)
	}
	entry := directory.Admission{ID: a.ID, Role: directory.RoleMix, Probation: 11,
		Name: "volunteer"}
	if len(list) != len(n.Nodes)+1 || len(list.Add(entry)) != len(list) || !has(list, entry) {
		t.Errorf("the list has not %v: %v", entry, list)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Admit(home, file, 7, Terms{}); err == nil {
		t.Error("an application with a bad signature was admitted")
	}
	if _, err := Evict(home, "volunteer", false); !errors.Is(err, ErrNeeded) {
		t.Errorf("evicted before any document says who can be spared: %v", err)
	}
	self, err := open(home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Evict(home, self.Identity.ID().String(), false); !errors.Is(err, ErrNeeded) {
		t.Errorf("evicted its own provider: %v", err)
	}
	if all, err := List(home); err != nil || len(all) != len(n.Nodes)+1 {
		t.Errorf("%d are left, %v", len(all), err)
	}
	gone, err := Evict(home, "volunteer", true)
	if err != nil || gone.ID != a.ID {
		t.Errorf("evicted by the name of the application: %v, %v", gone, err)
	}
}

func has(list directory.Admissions, want directory.Admission) bool {
	for _, a := range list {
		if a == want {
			return true
		}
	}
	return false
}

// TestNamesAreLookedAt: nobody is admitted under the name of another node; under one that looks
// like it, or at the same address, only by an operator who says so. Any other name is fine.
func TestNamesAreLookedAt(t *testing.T) {
	n := private(t)
	home := n.Nodes[0].Dir
	if _, err := Admit(home, apply(t, n, "heron", "127.0.0.1:9998"), 0, Terms{}); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		name, addr string
		want       error
	}{
		{"provider-2", "127.0.0.1:9999", ErrNameTaken}, // of the genesis
		{"Mix-1", "127.0.0.1:9999", ErrNameTaken},      // of the list
		{"HERON", "127.0.0.1:9999", ErrNameTaken},
		{"her0n", "127.0.0.1:9999", ErrAlike},
		{"he-ron", "127.0.0.1:9999", ErrAlike},
		{"provider-l", "127.0.0.1:9999", ErrAlike},
		{"stork", n.Nodes[0].Addr, ErrAlike},
		{"gull", "[::ffff:" + strings.Replace(n.Nodes[0].Addr, ":", "]:", 1), ErrAlike},
		{"crane", "127.0.0.1:9999", nil},
	} {
		file := apply(t, n, one.name, one.addr)
		if _, err := Admit(home, file, 0, Terms{}); !errors.Is(err, one.want) {
			t.Errorf("%s at %s: %v, want %v", one.name, one.addr, err, one.want)
		}
		_, err := Admit(home, file, 0, Terms{Anyway: true})
		if (err == nil) == errors.Is(one.want, ErrNameTaken) {
			t.Errorf("%s at %s, anyway: %v", one.name, one.addr, err)
		}
	}
}

// History: An authority that had lost its list of admissions began an empty one.
//
// TestLostAdmissionsAreNotBegunAnew: a list with the newcomer alone on it would shut everybody else
// out.
func TestLostAdmissionsAreNotBegunAnew(t *testing.T) {
	n := private(t)
	file := apply(t, n, "volunteer", "127.0.0.1:9999")
	list := filepath.Join(n.Nodes[0].Dir, authority.AdmissionsFile)
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	_, err := Admit(n.Nodes[0].Dir, file, 0, Terms{})
	if _, there := os.Stat(list); err == nil || there == nil {
		t.Errorf("admitted without the list of the others: %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "who is admitted") {
		t.Errorf("the error names something else: %v", err)
	}
}
