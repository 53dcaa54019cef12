package founding

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/node"
)

// founded is the directories of three founders whose network is founded.
func founded(t *testing.T, label string) (dirs []string, f *directory.Founding) {
	t.Helper()
	f = plan(t, label)
	for i := range 3 {
		dir := filepath.Join(t.TempDir(), fmt.Sprint("founder-", i))
		if err := Enter(dir, f, Member{Name: fmt.Sprint("n", i),
			Address: fmt.Sprint("127.0.0.1:", 9101+i)}); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		if _, _, err := Complete(dir, f); err == nil {
			t.Fatal("complete before all have signed")
		}
		id, err := Identity(dir)
		if err == nil {
			err = f.Consent(id)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range dirs {
		for range 2 { // a second time is fine
			if _, _, err := Complete(dir, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dirs, f
}

// TestSignsOneSuccession: an authority signs one change of a number, as often as it likes, and no
// other; a home takes the genesis when enough have signed, and none of another network.
func TestSignsOneSuccession(t *testing.T) {
	dirs, _ := founded(t, "flock")
	homes := make([]string, len(dirs))
	for i, dir := range dirs {
		homes[i] = filepath.Join(dir, providerDir)
	}
	eve := filepath.Join(t.TempDir(), "eve")
	id, err := Prepare(eve, "eve.example.org:9301", "")
	if err != nil {
		t.Fatal(err)
	}
	comes := "eve=" + id.ID().String() + "@eve.example.org:9301"
	propose := func(c Change) (*directory.Genesis, *directory.Succession) {
		t.Helper()
		g, s, err := Propose(homes[0], c)
		if err != nil {
			t.Fatal(err)
		}
		return g, s
	}
	g, s := propose(Change{With: []string{comes}, Since: 1000})
	_, other := propose(Change{Without: []string{"n2"}, Since: 1000})
	for _, home := range []string{homes[0], homes[0], homes[1]} {
		if err := Agree(home, s); err != nil {
			t.Fatal(err)
		}
		if err := Agree(home, other); !errors.Is(err, ErrSignedOther) {
			t.Errorf("another one: %v", err)
		}
	}
	next, err := g.Succeed(s)
	if err != nil {
		t.Fatal(err)
	}
	for home, joins := range map[string]bool{homes[2]: false, eve: true} {
		if joined, err := Adopt(home, next); err != nil || joined != joins {
			t.Errorf("%s: joined %t, %v", home, joined, err)
		}
		if h, err := node.OpenHome(home); err != nil || h.Genesis.Follows(next) != nil {
			t.Errorf("%s goes by another genesis: %v", home, err)
		}
	}
	_, foreign := founded(t, "other")
	strange, err := foreign.Genesis()
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []*directory.Genesis{strange, g} {
		if _, err := Adopt(eve, wrong); !errors.Is(err, directory.ErrNotSuccessor) {
			t.Errorf("went on to %s: %v", wrong.Label, err)
		}
	}
	for name, c := range map[string]Change{
		"nobody":       {Without: []string{"n9"}, Since: 1000},
		"too soon":     {With: []string{comes}, Since: 1},
		"no candidate": {With: []string{"eve@here"}, Since: 1000},
	} {
		if _, _, err := Propose(homes[1], c); err == nil {
			t.Errorf("%s: proposed", name)
		}
	}
}

// TestKeysStay: a founder who enters again keeps the identity that the others know, and the
// document never holds a key.
func TestKeysStay(t *testing.T) {
	f, dir := plan(t, "flock"), filepath.Join(t.TempDir(), "ada")
	var ids []directory.NodeID
	for _, addr := range []string{"127.0.0.1:9101", "127.0.0.1:9999"} {
		if err := Enter(dir, f, Member{Name: "ada", Address: addr}); err != nil {
			t.Fatal(err)
		}
		id, err := Identity(dir)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id.ID())
	}
	if ids[0] != ids[1] || len(f.Founders) != 1 || f.Founders[0].Addr != "127.0.0.1:9999" {
		t.Errorf("%s became %s, %v", ids[0], ids[1], f.Founders)
	}
	key, err := os.ReadFile(filepath.Join(dir, providerDir, "identity.key"))
	if err != nil {
		t.Fatal(err)
	}
	if raw := string(f.Marshal()); len(key) < 32 || strings.Contains(raw, string(key[:32])) {
		t.Error("a key is in the document")
	}
}

// History: A founder whose homes had their network entered again, all signed anew, and half of the
// founders were in one network and half in another.
//
// TestFoundedIsFounded: homes that have a network enter no other one and not that one anew.
func TestFoundedIsFounded(t *testing.T) {
	dirs, f := founded(t, "flock")
	if err := Open(dirs[0], f); err != nil {
		t.Errorf("the control, its own network: %v", err)
	}
	if err := Open(t.TempDir(), f); err != nil {
		t.Errorf("the control, nobody yet: %v", err)
	}
	again := Member{Name: "n0", Address: "127.0.0.1:9999"}
	if err := Enter(dirs[0], f, again); !errors.Is(err, ErrFounded) || !f.Complete() {
		t.Errorf("entered again: %v, still complete: %t", err, f.Complete())
	}
	_, other := founded(t, "other")
	for _, f := range []*directory.Founding{other, plan(t, "new")} {
		if err := Open(dirs[0], f); !errors.Is(err, ErrFounded) {
			t.Errorf("open to %s: %v", f.Label, err)
		}
	}
}

// TestFoundersAreDistinct: nobody enters whom people or computers would take for another.
func TestFoundersAreDistinct(t *testing.T) {
	f := plan(t, "flock")
	ada := Member{Name: "ada", Address: "127.0.0.1:9101", Mixes: []string{"127.0.0.1:9102"}}
	if err := Enter(filepath.Join(t.TempDir(), "ada"), f, ada); err != nil {
		t.Fatal(err)
	}
	const free, free2 = "127.0.0.1:9103", "127.0.0.1:9104"
	for name, m := range map[string]Member{
		"same name":     {Name: "Ada", Address: free},
		"like a mix":    {Name: "ada-mix-1", Address: free},
		"alike":         {Name: "a-da", Address: free},
		"same address":  {Name: "ben", Address: "[::ffff:127.0.0.1]:9101"},
		"own mix":       {Name: "ben", Address: free, Mixes: []string{free}},
		"two own mixes": {Name: "ben", Address: free, Mixes: []string{free2, free2}},
	} {
		if err := Enter(filepath.Join(t.TempDir(), "ben"), f, m); err == nil {
			t.Errorf("%s: entered", name)
		}
	}
	ben := Member{Name: "ben", Address: free, Mixes: []string{free2}}
	if err := Enter(filepath.Join(t.TempDir(), "ben"), f, ben); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// plan is a founding document that nobody is in.
func plan(t *testing.T, label string) *directory.Founding {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	return &directory.Founding{Label: label, Parameters: par, Count: 3,
		Start: time.Now().UTC().Truncate(time.Second)}
}
