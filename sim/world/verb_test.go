package world_test

import (
	"strings"
	"testing"

	"murmuration/sim/world"
)

// play does lines that are sound, and returns what there is to see.
func play(t testing.TB, lines ...string) string {
	t.Helper()
	s, all := world.NewScript(), ""
	for _, line := range lines {
		out, err := s.Do(line)
		if err != nil {
			t.Fatal(err)
		}
		all += out
	}
	return all
}

// drawn are the lines of a small world, in which alice's post reaches bob.
var drawn = []string{
	"packets null", "[alice bob] -> [p1 p2] -> m1 -> m2 -> m3 -> p2", "bob follows alice",
}

// wrong are lines that a drawn world refuses, and a word of why.
var wrong = map[string]string{
	"run -1s":                     "want run",
	"run":                         "want run",
	"in 1s":                       "want in",
	"in soon heal":                "want in",
	"every 1s 2 alice leaves now": "want every",
	"every 1s x times heal":       "want every",
	"every 1s 0 times heal":       "want every",
	"every soon 2 times heal":     "want every",
	"watch stars":                 "want watch",
	"show":                        "want show",
	"show moon":                   "want show",
	"lose":                        "want lose",
	"lose x%":                     "want lose",
	"lose -1%":                    "want lose",
	"lose 101%":                   "want lose",
	"lose NaN%":                   "want lose",
	"lose 3% from alice":          "want lose",
	"lose 3% of alice bob":        "want lose",
	"lose 3% of carol":            "nobody called carol",
	"lose 3% between p1 m9":       "no node called m9",
	"lose 3% between m9 p1":       "no node called m9",
	"part":                        "want part",
	"part m1 m9":                  "no node called m9",
	"heal m1":                     "want heal",
	"carol joins":                 "want PERSON joins",
	"alice joins p1":              "here already",
	"carol joins m1":              "no provider",
	"alice posts":                 "want PERSON posts",
	"carol posts x":               "nobody called carol",
	"alice follows":               "want PERSON follows",
	"alice follows carol":         "nobody called carol",
	"carol follows alice":         "nobody called carol",
	"alice leaves today":          "want PERSON leaves",
	"carol leaves":                "nobody called carol",
	"alice returns home":          "want PERSON returns",
	"carol returns":               "nobody called carol",
	"alice invites":               "want PERSON invites",
	"alice invites carol":         "nobody called carol",
	"carol invites alice":         "nobody called carol",
	"alice invites alice":         "your own",
	"alice saves all":             "want PERSON saves",
	"carol saves":                 "nobody called carol",
	"bob restores":                "want PERSON restores",
	"bob restores alice":          "has saved nothing",
	"bob restores carol":          "nobody called carol",
	"carol restores bob":          "nobody called carol",
	"alice links":                 "want PERSON links",
	"alice links bob":             "has a home already",
	"carol links bob":             "nobody called carol",
	"alice links carol":           "nobody called carol",
	"alice tells bob":             "want PERSON tells",
	"alice tells bob hello":       "you know nobody",
	"carol tells bob hello":       "nobody called carol",
	"alice gathers":               "want PERSON gathers",
	"carol gathers flock":         "nobody called carol",
	"alice dismisses flock":       "want PERSON dismisses",
	"alice dismisses flock bob":   "you know nobody",
	"alice shares flock":          "want PERSON shares",
	"alice shares flock hello":    "no such circle",
	"carol shares flock hello":    "nobody called carol",
	"alice replies bob":           "want PERSON replies",
	"alice replies bob well":      "has no post of bob",
	"alice reacts bob":            "want PERSON reacts",
	"alice reacts bob x":          "has no post of bob",
	"alice restarts again":        "want PERSON restarts",
	"carol restarts":              "nobody called carol",
	"alice shows 0 x":             "want PERSON shows",
	"alice shows many x":          "want PERSON shows",
	"carol shows 9 x":             "nobody called carol",
	"carol fetches alice":         "nobody called carol",
	"m1 crashes with its disk":    "want NODE crashes",
	"m9 crashes":                  "no node called m9",
	"m9 starts":                   "no node called m9",
	"m1 starts again":             "want NODE starts",
	"p1 is empty":                 "want PROVIDER is",
	"p1 is":                       "want PROVIDER is",
	"m1 is full":                  "m1 is no provider",
	"p9 is full":                  "no node called p9",
	"p9 answers found":            "no node called p9",
	"p1 answers":                  "no status",
	"p1 lists":                    "want PROVIDER lists",
	"m1 lists nothing":            "m1 is no provider",
	"p1 serves":                   "want PROVIDER serves",
	"p1 serves all":               "want PROVIDER serves",
	"p9 serves honestly":          "no node called p9",
	"alice clock":                 "want NODE|PERSON clock",
	"alice clock soon":            "want NODE|PERSON clock",
	"m9 clock 1s":                 "no node called m9",
	"p1 falls asleep":             "want PROVIDER falls silent",
	"p1 falls":                    "want PROVIDER falls silent",
	"p2 falls silent":             "is no authority",
	"set replicas 3":              "too late",
}

// TestRefusedLinesChangeNothing: a world in which every wrong line was tried goes on as one in
// which none was.
func TestRefusedLinesChangeNothing(t *testing.T) {
	after := []string{"alice posts one", "run 6s", "show drops", "show asked", "show time"}
	want := play(t, append(drawn, after...)...)
	if !strings.Contains(want, "bob reads alice: one") {
		t.Fatalf("control: nothing is read:\n%s", want)
	}
	s := world.NewScript()
	for _, line := range drawn {
		if _, err := s.Do(line); err != nil {
			t.Fatal(err)
		}
	}
	for line, why := range wrong {
		if _, err := s.Do(line); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %s", line, err, why)
		}
	}
	got := ""
	for _, line := range after {
		out, err := s.Do(line)
		if err != nil {
			t.Fatal(err)
		}
		got += out
	}
	if got != want {
		t.Errorf("after wrong lines\n%s\nwithout\n%s", got, want)
	}
}

// TestEarlyLinesAreRefused: what a world is to be like is checked before it is drawn.
func TestEarlyLinesAreRefused(t *testing.T) {
	for line, want := range map[string]string{
		"seed": "want seed", "seed x": "invalid syntax", "links": "want links",
		"links soon": "want links", "links 1s people -1s": "want links",
		"links 1s folk 1s": "want links", "turns": "want turns", "turns 0s": "want turns",
		"turns often": "want turns",
		"authorities": "want authorities", "authorities 0": "want authorities",
		"authorities many": "want authorities", "set replicas many": "parameter replicas",
		"set poll_share 0.5 loop_every": "want set", "heal": "too early",
	} {
		if _, err := world.NewScript().Do(line); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

// TestWatchIsWhatIsAskedFor: each kind is told when it is watched, and not otherwise.
func TestWatchIsWhatIsAskedFor(t *testing.T) {
	marks := map[string]string{
		"people": "bob reads alice", "packets": " > p1", "directory": "the document of epoch",
	}
	for kind := range marks {
		out := play(t, append(drawn, "watch "+kind, "alice posts x", "run 6s")...)
		for other, mark := range marks {
			if strings.Contains(out, mark) != (kind == other) {
				t.Errorf("watching %s, %s are shown: %t", kind, other, kind != other)
			}
		}
	}
	if out := play(t, append(drawn, "watch", "alice posts x", "run 6s")...); out != "" {
		t.Errorf("watching nothing shows\n%s", out)
	}
}

// TestDiskOutlivesACrash: what holders have is read after all of them crashed with their disks, and
// is gone without.
func TestDiskOutlivesACrash(t *testing.T) {
	for how, want := range map[string]bool{"": true, " without its disk": false} {
		lines := append(drawn, "bob leaves", "alice posts kept", "run 6s")
		for _, p := range []string{"p1", "p2"} {
			lines = append(lines, p+" crashes"+how, p+" starts")
		}
		out := play(t, append(lines, "bob returns", "run 40s")...)
		if !strings.Contains(out, "kept: 1 of 1") {
			t.Fatalf("control: nothing is kept:\n%s", out)
		}
		if strings.Contains(out, "bob reads alice: kept") != want {
			t.Errorf("after crashes%s bob has read it: %t\n%s", how, !want, out)
		}
	}
}

// TestLiarsReachTheirAskers: while every holder denies, nothing is read; a liar alone hides
// nothing, since another holder is asked. (Bob's own provider, the third, is asked by others
// alone.)
func TestLiarsReachTheirAskers(t *testing.T) {
	quick(t)
	net := []string{
		"packets null", "set replicas 3",
		"alice -> [p1 p2] -> m1 -> m2 -> m3 -> p3", "bob joins p3", "bob follows alice",
	}
	for liars, want := range map[string]bool{"": true, "p1": true, "p2": true, "p1 p2": false} {
		lines := append(net, "bob leaves", "alice posts x", "run 6s")
		for _, p := range strings.Fields(liars) {
			lines = append(lines, p+" answers not found")
		}
		out := play(t, append(lines, "bob returns", "run 40s")...)
		if strings.Contains(out, "bob reads alice: x") != want {
			t.Errorf("with liars at %q bob has read it: %t\n%s", liars, !want, out)
		}
		if want {
			continue
		}
		for _, p := range strings.Fields(liars) {
			lines = append(lines, p+" answers honestly")
		}
		if out := play(t, append(lines, "bob returns", "run 40s")...); !strings.Contains(out,
			"bob reads alice: x") {
			t.Errorf("honest again, they hide it still\n%s", out)
		}
	}
}
