package world_test

// Each test here is of a bug that was there once, with a line of its history.

import (
	"strings"
	"testing"

	"murmuration/sim/world"
)

// History: A text with an arrow in it was taken for a network, and refused as drawn twice.
func TestPeoplePostArrows(t *testing.T) {
	out := play(t, "packets null", "[alice bob] -> p1 -> m1 -> m2 -> m3 -> p2",
		"bob follows alice", "alice posts left -> right", "in 1s alice posts a->b", "run 12s")
	for _, want := range []string{"bob reads alice: left -> right", "bob reads alice: a->b"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// History: Two nodes of one name made a world of which one part could not be reached by its name; a
// range of numbers beyond an int filled the memory; a bracket more or less was overlooked.
func TestDrawingsAreStrict(t *testing.T) {
	for line, want := range map[string]string{
		"p1 p1 -> m1":                     "two called p1",
		"p1 -> m1 -> m1":                  "two called m1",
		"p1 -> [m1 m2 m1]":                "two called m1",
		"[ada ada] -> p1":                 "two called ada",
		"p1 -> m1..m3 -> m3":              "two called m3",
		"p1 -> m1 -> [p2 p2]":             "two called p2",
		"p1 -> [m1 m2":                    "not closed",
		"p1 -> m1 m2]":                    `"m2]" is no name`,
		"[[p1] -> m1":                     `"[p1" is no name`,
		"u9..u99999999999999999999 -> p1": "is no range",
		"u" + strings.Repeat("9", 20) + "..u" + strings.Repeat("9", 20) + " -> p1": "is no range",
		"u1..u200000 -> p1": "is no range",
	} {
		if n, err := world.ParseNetwork(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is read as %+v, %v, want %s", line, n, err, want)
		}
	}
	if _, err := world.ParseNetwork("[p1 p2] -> m1 -> m2 -> [p2 p3]"); err != nil {
		t.Errorf("control: the last place may have a provider of the first: %v", err)
	}
}

// History: A second part of a partition got the mark of an older one when a node was named twice,
// so that both reached each other.
func TestTwoPartsAreTwo(t *testing.T) {
	for heal, want := range map[string]bool{"part m2": false, "heal": true} {
		out := play(t, "packets null", "[alice bob] -> [p1 p2] -> m1 -> m2 -> m3 -> p2",
			"bob follows alice", "part m1 m2", "part m1", heal, "alice posts x", "run 7s")
		if strings.Contains(out, "bob reads alice: x") != want {
			t.Errorf("after %s it is read: %t", heal, !want)
		}
	}
}

// History: A share beyond all, a word too many or too few, an authority that falls asleep: lines
// that mean nothing were taken for others, and a wrong `watch` stopped what was watched. (The lines
// are those of TestRefusedLinesChangeNothing.)
func TestLinesAreTakenAtTheirWord(t *testing.T) {
	for _, line := range []string{"lose 200%", "p1 falls asleep", "bob leaves p1", "watch stars"} {
		s := world.NewScript()
		for _, sound := range drawn {
			if _, err := s.Do(sound); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Do(line); err == nil || !strings.Contains(err.Error(), "want ") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
