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
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	f = &directory.Founding{Label: label, Parameters: par, Count: 3,
		Start: time.Now().UTC().Truncate(time.Second)}
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
	dirs, f := founded(t, "flock")
	before, err := Identity(dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := Enter(dirs[0], f, Member{Name: "n0", Address: "127.0.0.1:9999"}); err != nil {
		t.Fatal(err)
	}
	after, err := Identity(dirs[0])
	if err != nil || after.ID() != before.ID() || f.Complete() {
		t.Errorf("%v, the same: %t, still complete: %t", err, after.ID() == before.ID(),
			f.Complete())
	}
	key, err := os.ReadFile(filepath.Join(dirs[0], providerDir, "identity.key"))
	if err != nil {
		t.Fatal(err)
	}
	if raw := string(f.Marshal()); len(key) < 32 || strings.Contains(raw, string(key[:32])) {
		t.Error("a key is in the document")
	}
}
