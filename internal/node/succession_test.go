package node

import (
	"fmt"
	"testing"
	"time"

	"murmuration/internal/directory"
)

// TestSuccessor: of what a stranger gives, a home takes nothing but a genesis that goes on from its
// own, signed by enough of the authorities.
func TestSuccessor(t *testing.T) {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	identity := func(n byte) *directory.Identity { return directory.NewIdentity([32]byte{n}) }
	seat := func(n byte) directory.Authority {
		return directory.Authority{Name: string('a' + rune(n)),
			Addr: fmt.Sprint("127.0.0.1:", 9100+int(n)), ID: identity(n).ID()}
	}
	found := func(label string) *directory.Genesis {
		four := []directory.Authority{seat(1), seat(2), seat(3), seat(4)}
		g, err := directory.NewGenesis(label, time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), par,
			four, four)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	draft := func(g *directory.Genesis, signers ...byte) []byte {
		s, err := g.Propose(9, []directory.Authority{seat(1), seat(2), seat(3), seat(5)},
			g.Entries)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range signers {
			s.Sign(identity(n))
		}
		return g.Draft(s)
	}
	g, other := found("flock"), found("herd")
	good := draft(g, 1, 2, 3)
	next := Successor(g, good)
	if next == nil || next.ID() != g.ID() || !next.Names(identity(5).ID()) {
		t.Fatal("a succession that three of four have signed is not taken")
	}
	for name, raw := range map[string][]byte{
		"the same":             g.Marshal(),
		"two signatures":       draft(g, 1, 2),
		"a stranger's":         draft(g, 1, 2, 5),
		"another network":      other.Marshal(),
		"another network's":    draft(other, 1, 2, 3),
		"nothing":              nil,
		"half of it":           good[:len(good)/2],
		"what is no more than": {0xa2},
	} {
		if Successor(g, raw) != nil {
			t.Errorf("%s is taken", name)
		}
	}
	if Successor(next, g.Marshal()) != nil || Successor(next, good) != nil {
		t.Error("a home goes back, or takes what it has")
	}
}
